"""Figures of a comparison. Matplotlib is imported when a figure is made; pyplot never."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.drawing import contestants, draw_forecasts, draw_skill, draw_steps
from forecast.evaluation.split_picture import draw_origins, picture_height
from forecast.pipelines import Origins, Panel, Split, evenly_spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.evaluation.comparison import Comparison


def overview_figure(comparison: Comparison, series: Hashable | None = None) -> Figure:
    """History and forecasts of the model to use beside the error per step ahead.

    Args:
        comparison: what to draw.
        series: id; None is the series of median skill.

    Raises:
        ValueError: an id that is not in the comparison.
    """
    if series is None:
        series = representative_series(comparison)["median"]
    if series not in comparison.backtest.ids:
        raise ValueError(
            f"series {series!r} is not in the comparison, but {comparison.backtest.ids[0]!r} is"
        )
    figure = _figure(11.0, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1.0])
    draw_forecasts(left, comparison, comparison.best(), series)
    draw_steps(right, comparison, pad=22.0)
    return figure


def forecast_figure(comparison: Comparison, alias: str, series: Hashable) -> Figure:
    """History and forecasts of one model for one series."""
    figure = _figure(5.2, 2.8)
    draw_forecasts(figure.subplots(), comparison, alias, series)
    return figure


def steps_figure(comparison: Comparison) -> Figure:
    """Error per step ahead, a line a model, its name at the line's end."""
    figure = _figure(5.8, 3.5)
    draw_steps(figure.subplots(), comparison)
    return figure


def skill_figure(comparison: Comparison) -> Figure:
    """Skill of each model against the reference with its 95 % interval, best at the top."""
    names = [alias for alias in comparison.aliases() if alias != comparison.reference]
    figure = _figure(5.8, 1.0 + 0.3 * max(len(names), 1))
    draw_skill(figure.subplots(), comparison, names)
    return figure


def origins_figure(panel: Panel, origins: Origins, split: Split, most: int) -> Figure:
    """What is known and what is scored at each origin, of at most so many series."""
    rows = evenly_spread(panel.num_series, most)
    shown = replace(origins, ends=origins.ends[:, rows])
    if origins.starts is not None:
        shown = replace(shown, starts=origins.starts[:, rows])
    figure = _figure(8.0, picture_height(len(rows), origins.num_windows))
    axes = figure.subplots()
    draw_origins(axes, panel.take(rows), shown, split)
    if len(rows) < panel.num_series:
        axes.set_ylabel(f"{len(rows)} of {panel.num_series} series", fontsize=9)
    return figure


def representative_series(comparison: Comparison) -> dict[str, Hashable]:
    """The series to show, by rule: median, best and worst skill of the two contestants.

    With fewer than three series that can be scored it is the median one alone.
    """
    backtest = comparison.backtest
    subject, against = contestants(comparison)
    scores = backtest.series_scores(subject)
    reference = backtest.series_scores(against)
    skill = 1.0 - scores / np.where(reference > 0.0, reference, np.nan)
    order = [
        int(index) for index in np.argsort(-skill, kind="stable") if not np.isnan(skill[index])
    ]
    if len(order) < 3:
        return {"median": backtest.ids[order[len(order) // 2] if order else 0]}
    picked = {"median": order[len(order) // 2], "best": order[0], "worst": order[-1]}
    return {name: backtest.ids[index] for name, index in picked.items()}


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
