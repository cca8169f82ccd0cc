"""Sample paths of a network by compiled rollouts, some rows at a time on all cores."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import FeedBack
from forecast.models.compiled import tensor
from forecast.models.lens import Lens
from forecast.models.rollout import RolloutForm, compiled_rollout
from forecast.protocol import StateBatch

_CHUNK_PATHS = 2048


def rolled(model, state: StateBatch, cells, horizon: int, feedback: FeedBack) -> NDArray:
    features, highway = model.highway.features, model.highway
    lens = Lens(highway)
    body = getattr(model.body, "body", model.body)
    readout = getattr(model.body, "coefficients", np.zeros(0))
    form = RolloutForm(highway.power.exponent, len(features.seasons), features.scale == "window",
                       int(features.span).bit_length())
    run = compiled_rollout(body.program, form).run
    arrays = state.arrays
    coefs = lens.coefficients(arrays["series"])
    values = np.empty((state.num_rows, feedback.num_paths, horizon))
    groups = tensor(lens.groups)

    def one(rows: slice) -> NDArray:
        prepared = feedback.prepared(horizon, rows)
        found, moved = run(arrays["window"][rows], arrays["total"][rows], state.clock[rows], features.span,
            groups, *(c[rows] for c in coefs), arrays["forecast"][rows],
            np.moveaxis(prepared.noise, 2, 0), prepared.low, prepared.high, readout,
            *(cell[rows] for cell in cells), *body.tensors)
        values[rows] = found[:, ::-1].swapaxes(1, 2)
        return moved

    size = max(1, _CHUNK_PATHS // feedback.num_paths)
    chunks = [slice(i, min(i + size, state.num_rows)) for i in range(0, state.num_rows, size)]
    with ThreadPoolExecutor(2) as pool:
        moved = list(pool.map(one, chunks))
    feedback.count_clipped(np.concatenate(moved))
    return values
