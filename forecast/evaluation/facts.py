"""The first screen of a report: which model, by how much, how sure, where it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.breakdown import series_skill
from forecast.evaluation.drawing import contestants
from forecast.evaluation.formatting import UNKNOWN, counted, skill_words

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
    """Which model, by how much, how sure, on what, and where the other one is ahead."""
    return [_which(comparison), _how_much(comparison), _how_sure(comparison), _on_what(comparison),
            _where(comparison)]  # fmt: skip


def _which(comparison: Comparison) -> Fact:
    best = comparison.best()
    role = comparison.protocol.roles[best]
    words = "the simplest model that is not significantly worse than the one with the lowest MASE"
    return Fact("Model to use", best, f"{role}; {words}")


def _how_much(comparison: Comparison) -> Fact:
    subject, against = contestants(comparison)
    value = skill_words(_skill_row(comparison, subject, against))
    scores = [f"{comparison.score(alias):.3g}" for alias in (subject, against)]
    words = f"MASE that {subject} saves against {against}, 95 % interval; {' against '.join(scores)}"
    return Fact("By how much", f"{value} %" if value != UNKNOWN else value, words)


def _skill_row(comparison: Comparison, subject: str, against: str) -> dict:
    interval = comparison.skill_interval(subject, against)
    ends = (np.nan, np.nan) if interval is None else (interval.low, interval.high)
    return {
        "skill %": 100.0 * comparison.skill(subject, against), "low %": 100.0 * ends[0],
        "high %": 100.0 * ends[1], "p-value": "",
    }  # fmt: skip


def _how_sure(comparison: Comparison) -> Fact:
    subject, against = contestants(comparison)
    result = comparison.test(subject, against)
    words = f"{subject} against {against}"
    if result.p_value is None:
        return Fact("How sure", "cannot be told", f"{words}: {result.words}")
    return Fact("How sure", result.words, words)


def _on_what(comparison: Comparison) -> Fact:
    backtest = comparison.backtest
    value = f"{counted(backtest.num_origins, 'origin')}"
    value += f", {counted(backtest.num_series, 'series', 'series')}"
    words = f"forecast {counted(backtest.horizon, 'step')} ahead"
    return Fact("On what", value, words)


def _where(comparison: Comparison) -> Fact:
    """Where the contestant that is ahead is behind the other one."""
    ahead, behind = sorted(contestants(comparison), key=comparison.score)
    if ahead == behind:
        return Fact("Where it fails", UNKNOWN, "no other model to tell from")
    skill = series_skill(comparison).dropna().to_numpy()
    first = contestants(comparison)[0]
    lost = int((skill < 0.0).sum() if ahead == first else (skill > 0.0).sum())
    steps = comparison.by_step
    worse = steps.index[(steps[ahead] > steps[behind]).to_numpy()]
    words = f"of {counted(len(skill), 'series', 'series')}, {behind} has the lower MASE than {ahead}"
    words += f"; so it has {_steps_words(worse, len(steps))}"
    return Fact("Where it fails", f"{lost:,} {'series' if len(skill) != 1 else ''}".strip(), words)


def _steps_words(steps, number: int) -> str:
    """At which steps ahead, in words."""
    if not len(steps):
        return "at no step ahead"
    if len(steps) == number:
        return "at every step ahead"
    if len(steps) <= 4:
        return f"at step {', '.join(map(str, steps))} ahead"
    return f"at {len(steps)} of {number} steps ahead ({steps[0]} to {steps[-1]})"
