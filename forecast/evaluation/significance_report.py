"""Which test a comparison allows, and what it says of every pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.evaluation.formatting import counted
from forecast.evaluation.significance import Interval, OriginsThatFit, origins_that_fit

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["Significance", "significance_of"]


@dataclass(frozen=True, eq=False)
class Significance:
    """Which test was used, on how much, and its result for each pair of models.

    Args:
        basis: ``"origins"``, ``"series"`` or ``"none"``.
        label: words that stand beside each p-value: ``"over series, this period only"`` or empty.
        num_origins: origins that count.
        num_series: series that count.
        origins_needed: fewest origins for the test over origins.
        fit: how many origins the data hold.
        pairs: a row for each model against the reference and each linear model: ``model``,
            ``against``, ``difference`` of the MASE, ``skill %``, ``low %``, ``high %``,
            ``statistic``, ``p_value`` (uncorrected; NaN where there is no test).
    """

    basis: str
    label: str
    num_origins: int
    num_series: int
    origins_needed: int
    fit: OriginsThatFit
    pairs: pd.DataFrame

    @property
    def words(self) -> str:
        """The test in a sentence."""
        origins = counted(self.num_origins, "origin")
        series = counted(self.num_series, "series", "series")
        if self.basis == "origins":
            one = "one number an origin: the mean over"
            return f"Diebold-Mariano test over {origins}, {one} {series}."
        if self.basis == "series":
            few = "is" if self.num_origins == 1 else "are"
            return (
                f"Paired t test and sign-flip permutation over {series}, the larger p-value of the "
                f"two; {origins} {few} too few for a test over origins ({self.origins_needed} are "
                f"needed), so it speaks of this period only. {self.fit.words}"
            )
        return (
            f"No test: {origins} ({self.origins_needed} are needed) and {series} (20 are needed). "
            f"{self.fit.words}"
        )


def significance_of(comparison: Comparison) -> Significance:
    """Which test a comparison allows, and its results."""
    reference = comparison.reference
    result = comparison.test(reference, reference)
    against = dict.fromkeys((reference, *comparison.aliases("linear")))
    pairs = [
        _pair(comparison, alias, other)
        for alias in comparison.aliases()
        for other in against
        if alias != other
    ]
    return Significance(
        result.basis, result.label, result.num_origins, result.num_series, result.origins_needed,
        _fit(comparison), pd.DataFrame(pairs),
    )  # fmt: skip


def _pair(comparison: Comparison, alias: str, against: str) -> dict[str, Any]:
    result = comparison.test(alias, against)
    interval = comparison.skill_interval(alias, against) or Interval(float("nan"), float("nan"))
    return {
        "model": alias,
        "against": against,
        "difference": result.difference,
        "skill %": 100.0 * comparison.skill(alias, against),
        "low %": 100.0 * interval.low,
        "high %": 100.0 * interval.high,
        "statistic": float("nan") if result.statistic is None else result.statistic,
        "p_value": float("nan") if result.p_value is None else result.p_value,
    }


def _fit(comparison: Comparison) -> OriginsThatFit:
    backtest = comparison.backtest
    lengths = comparison.material.history[backtest.columns.id].value_counts()
    return origins_that_fit(int(lengths.max()), backtest.steps_ahead, backtest.step_size)
