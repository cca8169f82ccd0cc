"""An echo-state network fitted on a panel, and the choice of its radius and leak rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.calibration import past_score
from forecast.calibration_origins import calibration_origins
from forecast.fitting import Task
from forecast.models.echo.bank import drawn_bank
from forecast.models.echo.fit import EchoFit, fit_echo
from forecast.models.echo.lesson import EchoLesson
from forecast.models.echo.model import EchoModel
from forecast.models.echo.network import after_washout, side_by_side
from forecast.models.echo.reservoir import EchoDesign
from forecast.models.echo.view import View
from forecast.pipelines import Panel

__all__ = ["chosen_design", "estimate_echo", "newest_inputs"]

# Where the candidates are drawn: uniform radii, leak rates uniform in their logarithm.
_RADII, _LEAKS = (0.2, 1.3), (0.1, 1.0)


def estimate_echo(panel: Panel, design: EchoDesign, seed: int) -> tuple[EchoModel, float]:
    """The model, and the largest of the penalties that were taken.

    Gaps are fed with the value before them and not learned from: a step of a system is, if all of
    its channels are known.

    Args:
        panel: the training series.
        design: of the network.
        seed: of the reservoirs and the noise.
    """
    block = panel.block(0, panel.lengths)
    values = _filled(np.where(block.observed, block.values, np.nan))
    scales = _scales(np.where(block.observed, block.values, np.nan))
    scaled = (values - scales[:, :1]) / scales[:, 1:]
    channels = panel.num_channels
    bank, view = drawn_bank(design, channels, seed), View.of(design.readout, channels)
    inputs, known = (side_by_side(part, channels) for part in (scaled, block.observed))
    complete = np.all(known[:, 1:], axis=2)
    taught = complete & after_washout(design.readout.washout, block.valid[::channels, 1:])
    lesson = EchoLesson(inputs[:, :-1], inputs[:, 1:], taught)
    parts = [lesson]
    if not design.readout.pooled:
        parts = [lesson.take(slice(row, row + 1)) for row in range(len(taught))]
    fits = [_fitted(bank, view, part, design, seed) for part in parts]
    sets = np.stack([fit.coefficients for fit in fits])
    information = fits[0].information if design.readout.pooled else None
    return EchoModel(bank, sets, scales, information), max(fit.ridge for fit in fits)


def chosen_design(task: Task, design: EchoDesign, seed: int) -> EchoDesign:
    """The design with the best pair of radius and leak rate.

    Each is fitted on what lies before the first origin and scored on all of them, running freely.

    Args:
        task: training series and the horizon that matters.
        design: the first candidate; the others differ from it in every reservoir.
        seed: of the draws and the reservoirs.
    """
    panel = task.panel
    origins = calibration_origins(panel.lengths, task.horizon, task.season.length)
    usable = origins.ends >= 0
    if design.num_candidates == 1 or not usable.any():
        return design
    firsts = np.where(usable, origins.ends, panel.lengths).min(axis=0)
    able = np.flatnonzero(firsts > 1)
    before = panel.head(firsts).take(able)
    held = replace(origins, ends=origins.ends[:, able])
    generator, scores = np.random.default_rng(seed), {}
    candidates = [design, *(_drawn(design, generator) for _ in range(design.num_candidates - 1))]
    for candidate in candidates:
        model, _ = estimate_echo(before, candidate, seed)
        score = past_score(model, panel.take(able), held, task.season.length)
        scores[candidate] = score if np.isfinite(score) else np.inf
    return min(scores, key=lambda candidate: scores[candidate])


def newest_inputs(panel: Panel, model: EchoModel, num_steps: int) -> NDArray:
    """The last inputs of the longest system, as the reservoirs see them, `(steps, num_inputs)`.

    Args:
        panel: the training series.
        model: fitted on them.
        num_steps: so many at most.
    """
    channels = panel.num_channels
    first = channels * int(np.argmax(panel.lengths[::channels]))
    rows = np.arange(first, first + channels)
    part = panel.take(rows)
    block = part.block(np.maximum(part.lengths - num_steps, 0), part.lengths)
    values = _filled(np.where(block.observed, block.values, np.nan))
    centre, spread = model.scales[rows].T[:, :, None]
    return side_by_side((values - centre) / spread, channels)[0]


def _drawn(design: EchoDesign, generator: np.random.Generator) -> EchoDesign:
    radius = float(generator.uniform(*_RADII))
    leak_rate = float(np.exp(generator.uniform(*np.log(_LEAKS))))
    moved = tuple(
        replace(one, spectral_radius=radius, leak_rate=leak_rate) for one in design.reservoirs
    )
    return replace(design, reservoirs=moved)


def _fitted(bank, view: View, lesson: EchoLesson, design: EchoDesign, seed: int) -> EchoFit:
    """The readout; the newest value itself where nothing can be learned."""
    if lesson.taught.sum() >= 2:
        return fit_echo(bank, view, lesson, design.readout.ridge, design.readout.noise, seed)
    coefficients = np.zeros((bank.units + view.width + 1, bank.num_inputs))
    coefficients[bank.units : bank.units + bank.num_inputs] = np.eye(bank.num_inputs)
    return EchoFit(coefficients, np.inf, None)


def _scales(values: NDArray) -> NDArray:
    """Mean and deviation of each row, `(rows, 2)`; the deviation is never nothing."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=1), 1)
    centre = np.where(known, values, 0.0).sum(axis=1) / count
    moved = np.where(known, values - centre[:, None], 0.0)
    spread = np.sqrt(np.square(moved).sum(axis=1) / count)
    floor = 1e-9 * np.maximum(np.abs(centre), 1.0)
    return np.stack([centre, np.where(spread > floor, spread, 1.0)], axis=1)


def _filled(values: NDArray) -> NDArray:
    """The newest known value in each gap; the first one before it; 0 where there is none."""
    known = ~np.isnan(values)
    newest = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    newest = np.where(newest < 0, np.argmax(known, axis=1)[:, None], newest)
    return np.nan_to_num(np.take_along_axis(values, newest, axis=1))
