"""The parts of a report that hold pictures, each picture with what it shows in words."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from forecast.evaluation import plots
from forecast.evaluation.breakdown import (
    coverage_by_step,
    pooled_steps,
    representative_series,
    scaled_widths,
)
from forecast.evaluation.drawing import contestants
from forecast.evaluation.formatting import (
    counted,
    cutoff_words,
    format_column,
    origin_words,
    percent_words,
)
from forecast.evaluation.network_picture import best_checks, first_seeds
from forecast.evaluation.pictures import Numbers, Picture, picture

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["Group", "forecasts", "intervals", "networks", "skill", "split"]


@dataclass(frozen=True)
class Group:
    """Pictures that belong together.

    Args:
        pictures: the pictures.
        heading: above them, or "".
        notes: sentences, also in place of pictures that would show nothing.
        table: below them, and what it says.
    """

    pictures: tuple[Picture, ...] = ()
    heading: str = ""
    notes: tuple[str, ...] = ()
    table: tuple[str, Numbers] | None = None


def skill(comparison: Comparison, anchor: str) -> Picture:
    """Skill of all models against the reference."""
    others = [alias for alias in comparison.aliases() if alias != comparison.reference]
    words = [f"{alias} {percent_words(100.0 * comparison.skill(alias))} %" for alias in others]
    text = f"Skill of each model against {comparison.reference}: {', '.join(words)}."
    if comparison.significance.basis == "none":
        caption = "No intervals: there are too few origins and series to tell."
    else:
        found = comparison.confidence_set()
        out = [str(name) for name in found.loc[~found["included"], "model"]]
        caption = (
            "Filled marks are the 95 % confidence set: the models that may well be the best. "
            f"{'Out of it: ' + ', '.join(out) + '.' if out else 'No model is out of it.'}"
        )
    return picture(plots.skill_figure(comparison), f"{text} {caption}", f"{anchor}-skill", caption)


def forecasts(comparison: Comparison, anchor: str) -> list[Group]:
    """For each series shown: why it is shown, and a picture of each of the two contestants."""
    subject, against = contestants(comparison)
    groups = []
    for rule, series in representative_series(comparison).items():
        pictures = tuple(
            picture(
                plots.forecast_figure(comparison, alias, series),
                f"Actual values of series {series} and forecasts of {alias} with intervals.",
                f"{anchor}-{rule}-{number}",
            )
            for number, alias in enumerate(dict.fromkeys((against, subject)))
        )
        groups.append(Group(pictures, _series_heading(comparison, rule, series)))
    groups.append(Group(notes=(cutoff_words(comparison.backtest.split),)))
    return groups


def _series_heading(comparison: Comparison, rule: str, series: Hashable) -> str:
    if comparison.backtest.num_series == 1:
        return ""
    subject, against = contestants(comparison)
    place = comparison.backtest.ids.index(series)
    scores = comparison.by_series.iloc[place]
    number = counted(comparison.backtest.num_series, "series", "series")
    return (
        f"{series}: {rule} skill of {subject} against {against} among {number} "
        f"(MASE {scores[subject]:.3g} and {scores[against]:.3g})"
    )


def intervals(comparison: Comparison, anchor: str) -> Group:
    """Coverage and width of the intervals per step ahead."""
    levels = comparison.backtest.levels
    if not levels:
        return Group(notes=("No intervals were asked for.",))
    return Group((_coverage(comparison, anchor), _widths(comparison, anchor, max(levels))))


def _coverage(comparison: Comparison, anchor: str) -> Picture:
    table = coverage_by_step(comparison)
    table = table[table["model"].isin(contestants(comparison))]
    wide = table.pivot(index="step", columns=["model", "level"], values="coverage")
    keys = [(str(alias), float(level)) for alias, level in wide.columns.to_frame().to_numpy()]
    means = ", ".join(
        f"{alias} {share:.0f} % where {level:g} % is right"
        for (alias, level), share in zip(keys, wide.mean(), strict=True)
    )
    wide.columns = pd.Index([f"{alias} {level:g} %" for alias, level in keys])
    text = f"Share of actual values inside the intervals, mean over steps: {means}."
    caption = "On the dotted line an interval holds what it promises; below it, it is too narrow."
    if len(pooled_steps(wide.iloc[:, 0])) < len(wide):
        caption += " Neighbouring steps are drawn together; the numbers are of single ones."
    figure = plots.coverage_figure(comparison)
    return picture(
        figure, text, f"{anchor}-coverage", caption, Numbers.of_frame(wide, "step")
    )  # fmt: skip


def _widths(comparison: Comparison, anchor: str, level: float) -> Picture:
    names = dict.fromkeys(contestants(comparison))
    widths = {alias: scaled_widths(comparison, alias, level) for alias in names}
    table = pd.DataFrame(widths, index=comparison.by_step.index)
    text = f"Width of the {level:g} % interval in units of the MASE: {_ends(table)}."
    caption = "Of two intervals that hold what they promise, the narrower one says more."
    figure = plots.widths_figure(comparison)
    return picture(figure, text, f"{anchor}-widths", caption, Numbers.of_frame(table, "step"))


def networks(comparison: Comparison, anchor: str) -> Group:
    """How much of each network is linear, and how it learned."""
    pictures = []
    if len(comparison.run.linear_shares):
        pictures.append(_linear_shares(comparison, anchor))
    if len(comparison.run.curves):
        pictures.append(_curves(comparison, anchor))
    return Group(tuple(pictures), table=_seeds(comparison))


def _seeds(comparison: Comparison) -> tuple[str, Numbers] | None:
    """How far the seeds of a network lie apart."""
    spread = comparison.seed_spread.set_index("model")
    if spread.empty:
        return None
    words = (
        "MASE of networks over their seeds. All scores are means over seeds; pictures of single "
        "forecasts, learning curves and linear shares show the first seed."
    )
    return words, Numbers.of_frame(spread.drop(columns="seeds"), "model")


def _linear_shares(comparison: Comparison, anchor: str) -> Picture:
    shares = first_seeds(comparison, comparison.run.linear_shares).set_index("model")
    words = ", ".join(f"{name} {row['linear %']:.0f} %" for name, row in shares.iterrows())
    text = f"Share of the linear part in the forecasts: {words}."
    caption = (
        "A network is a linear forecast and a correction. Shown is how far the linear part alone "
        "goes from the last known value, on average, beside how far the correction then moves "
        "the forecast; both in units of the MASE, rolled out from the same (the last) origins."
    )
    figure = plots.linear_shares_figure(comparison)
    return picture(figure, text, f"{anchor}-linear", caption, Numbers.of_frame(shares, "model"))


def _curves(comparison: Comparison, anchor: str) -> Picture:
    curves = first_seeds(comparison, comparison.run.curves)
    checks = curves["model"].value_counts().to_dict()
    kept = "; ".join(
        f"{row['model']} keeps step {row['step']:.0f}, MASE {row['validation']:.3g}, the best of "
        f"{checks[row['model']]} checks"
        for row in best_checks(curves).to_dict("records")
    )
    caption = (
        "Weights are kept from the check with the lowest error (ring). Step 0 is the linear part "
        "alone. Validation forecasts whole horizons before the first cutoff."
    )
    rows = Numbers.of_frame(
        curves.set_index("step")[["loss", "validation"]], "step", most_rows=len(curves)
    )
    named = tuple((str(name), *row) for name, row in zip(curves["model"], rows.rows, strict=True))
    numbers = Numbers(("model", *rows.headers), named)
    figure = plots.curves_figure(comparison)
    return picture(figure, f"Learning curves. {kept}.", f"{anchor}-curves", caption, numbers)


def split(comparison: Comparison, anchor: str) -> Picture:
    """What was known and what was scored at each origin."""
    backtest = comparison.backtest
    number = min(backtest.num_series, plots.MOST_BANDS)
    text = (
        f"{origin_words(backtest.num_origins, backtest.step_size)}: "
        f"what came before each is known, {counted(backtest.horizon, 'step')} after it are scored."
    )
    if number < backtest.num_series:
        text += f" {number} of {counted(backtest.num_series, 'series', 'series')} are shown."
    return picture(plots.split_figure(comparison), text, f"{anchor}-split", text)


def _ends(table: pd.DataFrame) -> str:
    """First and last score of each model."""
    ends = (format_column(list(table.iloc[place])) for place in (0, -1))
    return "; ".join(
        f"{alias} from {start} to {end}"
        for alias, start, end in zip(table.columns, *ends, strict=True)
    )
