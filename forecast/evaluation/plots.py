"""Figures of a comparison. Matplotlib is imported when a figure is made; pyplot never.

Figures of the report are narrow: on a phone they are as wide as the screen, and can be read.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING

from forecast.evaluation.breakdown import representative_series, series_skill
from forecast.evaluation.drawing import TEXT, short_name
from forecast.evaluation.error_picture import (
    draw_coverage,
    draw_cutoffs,
    draw_lengths,
    draw_step_tests,
    draw_steps,
    draw_widths,
)
from forecast.evaluation.forecast_picture import draw_forecasts
from forecast.evaluation.network_picture import draw_curves, draw_linear_shares, first_seeds
from forecast.evaluation.skill_picture import FEWEST_COUNTED, draw_series_skill, draw_skill
from forecast.evaluation.split_picture import draw_origins, draw_split, picture_height
from forecast.figures import new_figure
from forecast.pipelines import Origins, Panel, Split, evenly_spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.evaluation.comparison import Comparison

WIDTH = 4.4  # inches
MOST_BANDS = 3  # series in the picture of the split


def overview_figure(comparison: Comparison, series: Hashable | None = None) -> Figure:
    """The answer in one figure: skill of all models, error per step, forecasts of one series.

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
    names = list(comparison.aliases())
    figure = new_figure(14.0, max(4.0, _rows_height(len(names))))
    figure.suptitle(
        fill(comparison.verdict, 130), x=0.01, ha="left", fontsize=12, fontweight="bold"
    )
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.0, 1.0, 1.25])
    draw_skill(left, comparison, names)
    draw_steps(middle, comparison)
    draw_forecasts(right, comparison, comparison.best(), series)
    if comparison.backtest.num_series > 1:
        right.set_title(f"series {short_name(series)}", loc="right", fontsize=TEXT, pad=22.0)
    return figure


def forecast_figure(comparison: Comparison, alias: str, series: Hashable) -> Figure:
    """History and forecasts of one model for one series."""
    figure = new_figure(WIDTH, 2.6)
    draw_forecasts(figure.subplots(), comparison, alias, series)
    return figure


def skill_figure(comparison: Comparison) -> Figure:
    """Skill of each model against the reference with its 95 % interval, best at the top."""
    names = list(comparison.aliases())
    figure = new_figure(WIDTH, _rows_height(len(names)))
    draw_skill(figure.subplots(), comparison, names)
    return figure


def series_skill_figure(comparison: Comparison) -> Figure:
    """Skill over the series: bars of counts, or a row a series where they are few."""
    count = int(series_skill(comparison).notna().sum())
    figure = new_figure(WIDTH, 2.9 if count >= FEWEST_COUNTED else _rows_height(count))
    draw_series_skill(figure.subplots(), comparison)
    return figure


def steps_figure(comparison: Comparison) -> Figure:
    """Error per step ahead, a line a model, its name at the line's end."""
    figure = new_figure(WIDTH, 3.1)
    draw_steps(figure.subplots(), comparison)
    return figure


def step_tests_figure(comparison: Comparison) -> Figure:
    """Difference of the two contestants per step ahead, with the band of its test."""
    figure = new_figure(WIDTH, 3.1)
    draw_step_tests(figure.subplots(), comparison)
    return figure


def cutoffs_figure(comparison: Comparison) -> Figure:
    """Error per origin, a line a model, its name at the line's end."""
    figure = new_figure(WIDTH, 3.1)
    draw_cutoffs(figure.subplots(), comparison)
    return figure


def lengths_figure(comparison: Comparison) -> Figure:
    """Error of each series against the length of its history."""
    figure = new_figure(WIDTH, 3.1)
    draw_lengths(figure.subplots(), comparison)
    return figure


def coverage_figure(comparison: Comparison) -> Figure:
    """Coverage of the intervals of both contestants per step ahead."""
    figure = new_figure(WIDTH, 3.1)
    draw_coverage(figure.subplots(), comparison)
    return figure


def widths_figure(comparison: Comparison) -> Figure:
    """Width of the widest interval of both contestants per step ahead."""
    figure = new_figure(WIDTH, 3.1)
    draw_widths(figure.subplots(), comparison)
    return figure


def linear_shares_figure(comparison: Comparison) -> Figure:
    """How much of each network's forecast is linear."""
    shares = first_seeds(comparison, comparison.run.linear_shares)
    figure = new_figure(WIDTH, _rows_height(len(shares)))
    draw_linear_shares(figure.subplots(), shares)
    return figure


def curves_figure(comparison: Comparison) -> Figure:
    """Learning curves of the networks: training above, validation below."""
    figure = new_figure(WIDTH, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    draw_curves(upper, lower, comparison)
    return figure


def split_figure(comparison: Comparison) -> Figure:
    """What was known and what was scored at each origin, of at most three series."""
    backtest = comparison.backtest
    ids = [backtest.ids[place] for place in evenly_spread(backtest.num_series, MOST_BANDS)]
    figure = new_figure(WIDTH, picture_height(len(ids), backtest.num_origins))
    draw_split(figure.subplots(), backtest, comparison.material.history, ids)
    return figure


def origins_figure(panel: Panel, origins: Origins, split: Split, most: int) -> Figure:
    """What is known and what is scored at each origin, of at most so many series."""
    rows = evenly_spread(panel.num_series, most)
    shown = replace(origins, ends=origins.ends[:, rows])
    if origins.starts is not None:
        shown = replace(shown, starts=origins.starts[:, rows])
    figure = new_figure(8.0, picture_height(len(rows), origins.num_windows))
    axes = figure.subplots()
    draw_origins(axes, panel.take(rows), shown, split)
    if len(rows) < panel.num_series:
        axes.set_ylabel(f"{len(rows)} of {panel.num_series} series", fontsize=9)
    return figure


def _rows_height(num_rows: int) -> float:
    """Height in inches for so many rows."""
    return 1.1 + 0.24 * max(num_rows, 1)
