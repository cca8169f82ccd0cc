"""The first screen of a report: which model, by how much, how sure, where it fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from forecast.evaluation.drawing import contestants
from forecast.evaluation.formatting import UNKNOWN, counted
from forecast.evaluation.names import CUTOFF
from forecast.evaluation.significance import p_words

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["Fact", "key_facts"]


@dataclass(frozen=True)
class Fact:
    """One key number of a comparison.

    Args:
        name: what it answers.
        value: the number, or a few words.
        words: what it means.
    """

    name: str
    value: str
    words: str


def key_facts(comparison: Comparison) -> list[Fact]:
    """Which model, by how much, how sure, on what, and where another one is ahead."""
    makers = (_which, _how_much, _how_sure, _on_what, _where)
    return [make(comparison) for make in makers]


def better_or_worse(skill: float) -> str:
    """A skill in plain words.

    Example:
        >>> better_or_worse(0.123), better_or_worse(-0.004), better_or_worse(0.0)
        ('12 % better', '0.4 % worse', 'equal')
    """
    percent = abs(100.0 * skill)
    number = f"{percent:.1f}" if percent < 1.95 else f"{percent:,.0f}"
    if math.isnan(skill):
        return UNKNOWN
    if float(number.replace(",", "")) == 0.0:
        return "equal"
    return f"{number} % {'better' if skill > 0.0 else 'worse'}"


def _which(comparison: Comparison) -> Fact:
    best, leader = comparison.best(), comparison.aliases()[0]
    role = comparison.protocol.roles[best]
    if comparison.significance.basis == "none":
        words = "chosen before the first cutoff; there is too little to choose another"
    elif best == leader:
        words = "it has the lowest MASE"
    else:
        words = f"the simplest that is not significantly worse than {leader}, whose MASE is lowest"
    return Fact("Model to use", best, f"{role}: {words}")


def _how_much(comparison: Comparison) -> Fact:
    subject, against = contestants(comparison)
    scores = " against ".join(f"{comparison.score(alias):.3g}" for alias in (subject, against))
    words = f"{subject} than {against}, MASE {scores}"
    interval = comparison.skill_interval(subject, against)
    if interval is not None:
        ends = [better_or_worse(end) for end in (interval.low, interval.high)]
        words += f"; 95 % interval: {ends[0]} to {ends[1]}"
    return Fact("By how much", better_or_worse(comparison.skill(subject, against)), words)


def _how_sure(comparison: Comparison) -> Fact:
    subject, against = contestants(comparison)
    known = against == comparison.reference and subject != against
    p_value = comparison.p_value(subject) if known else comparison.test(subject, against).p_value
    result = comparison.significance
    if p_value is None:
        return Fact("How sure", "cannot be told", result.words)
    test = {
        "origins": f"Diebold-Mariano test over {counted(result.num_origins, 'origin')}",
        "series": f"paired test over {counted(result.num_series, 'series', 'series')}; "
        f"{counted(result.num_origins, 'origin')} tell of no other period",
    }[result.basis]
    label = f" {result.label}" if result.label else ""
    claim = _claim(comparison, subject, against) if known else f"{subject} against {against}"
    return Fact("How sure", f"{p_words(p_value)}{label}", f"{claim}, {test}")


def _claim(comparison: Comparison, subject: str, against: str) -> str:
    """What the p-value of a model against the reference is of, see `Comparison.p_value`."""
    if not comparison.is_contestant(subject) or comparison.skill(subject) <= 0.0:
        return f"{subject} against {against}"
    claim = f"{subject} better than all linear models"
    best = comparison.aliases("linear")[0]
    behind = comparison.score(best) <= comparison.score(subject)
    return f"{claim} (but {best} has the lower MASE)" if behind else claim


def _on_what(comparison: Comparison) -> Fact:
    backtest = comparison.backtest
    seeds = max(len(backtest.members(alias)) for alias in backtest.aliases)
    parts = [
        counted(backtest.num_series, "series", "series"), counted(backtest.num_origins, "origin"),
    ]  # fmt: skip
    if seeds > 1 or comparison.aliases("network"):
        parts.append(counted(seeds, "seed"))
    cutoffs = backtest.frame[CUTOFF]
    first, last = (_moment(each) for each in (cutoffs.min(), cutoffs.max()))
    when = f"cutoffs from {first} to {last}" if first != last else f"cutoff {first}"
    return Fact("On what", ", ".join(parts), f"{counted(backtest.horizon, 'step')} ahead; {when}")


def _moment(time: object) -> str:
    """A time without what is 0 in it."""
    if not isinstance(time, pd.Timestamp):
        return f"{time}"
    return f"{time:%Y-%m-%d}" if time == time.normalize() else f"{time:%Y-%m-%d %H:%M}"


def _where(comparison: Comparison) -> Fact:
    """Where another model is ahead of the model to use."""
    used = comparison.best()
    pair = contestants(comparison)
    other = next((alias for alias in pair if alias != used), used)
    if other == used:
        return Fact("Where it fails", UNKNOWN, "there is no other model")
    words = f"where {other} has a lower MASE than {used}; {_segment_words(comparison, used, other)}"
    return Fact("Where it fails", _lost(comparison, used, other), words)


def _lost(comparison: Comparison, used: str, other: str) -> str:
    """Series (or cutoffs, or steps, where there is but one) at which another model is ahead."""
    for table, noun, plural in (
        (comparison.by_series, "series", "series"),
        (comparison.by_cutoff, "cutoff", "cutoffs"),
        (comparison.by_step, "step ahead", "steps ahead"),
    ):
        known = table[[used, other]].dropna()
        if len(known) > 1:
            lost = int((known[other] < known[used]).sum())
            return f"{lost:,} of {counted(len(known), noun, plural)}"
    return UNKNOWN


def _segment_words(comparison: Comparison, used: str, other: str) -> str:
    """The segments in which the model to use is behind."""
    found = comparison.segments(other, used)
    behind = found[found["better"] == other].nlargest(2, "skill %")
    if behind.empty:
        return "in no segment (steps, lengths, levels, cutoffs) is it behind"
    parts = [
        f"{row['segment']} ({better_or_worse(row['skill %'] / 100.0)}"
        f"{'' if math.isnan(row['p_value']) else ', ' + p_words(row['p_value'])})"
        for row in behind.to_dict("records")
    ]
    chance = "" if behind["significant"].any() else ", which may be chance"
    if behind["p_value"].isna().all():
        chance = ", too few origins to tell from chance"
    return f"{other} is ahead on {' and '.join(parts)}{chance}"
