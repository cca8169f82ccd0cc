"""Random ragged panels and the windows of one, found by a loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from forecast.pipelines import CovariateTable, Frequency, Panel


def make_panel(lengths, seed=0, gaps=0.3, channels=1, covariates=False):
    """Systems of the given lengths, each of some channels; a covariate is 1000 + its step."""
    rng = np.random.default_rng(seed)
    lengths = np.repeat(lengths, channels)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = rng.normal(size=offsets[-1])
    values[rng.random(len(values)) < gaps] = np.nan
    table = CovariateTable()
    if covariates:
        past = rng.normal(size=(len(values), 2))
        past[rng.random(past.shape) < 0.3] = np.nan
        table = CovariateTable(
            rng.normal(size=(len(values), 3)), past, rng.normal(size=(len(lengths), 2))
        )
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    starts = pd.DatetimeIndex(["2024-01-01"] * len(lengths))
    return Panel(ids, values, offsets, starts, Frequency("D"), table, channels)


panels = st.builds(
    make_panel,
    lengths=st.lists(st.integers(0, 14), min_size=1, max_size=6).filter(any),
    seed=st.integers(0, 99),
    gaps=st.sampled_from([0.0, 0.3]),
    channels=st.integers(1, 3),
    covariates=st.booleans(),
)


def system_values(panel, system):
    """Values of a system, (steps, channels)."""
    rows = range(system * panel.num_channels, (system + 1) * panel.num_channels)
    return np.stack([panel.row(i) for i in rows], axis=1)


def all_ends(panel, context, horizon, stride, min_context):
    """(system, end) of every window, by trying every end."""
    found = []
    for system in range(panel.num_series // panel.num_channels):
        room = len(system_values(panel, system)) - horizon
        begin = min(context, room) if min_context is None else min_context
        ends = [end for end in range(1, room + 1) if end >= begin and (end - begin) % stride == 0]
        found += [(system, end) for end in ends]
    return found
