"""What a backtest says of pairs of models: skill, its interval, tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from forecast.evaluation import metrics, significance
from forecast.evaluation.backtest import Backtest
from forecast.evaluation.metrics import Array
from forecast.evaluation.significance import EqualAccuracy, Interval

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Losses of the models of a backtest, and the tests on them.

    The loss of a series at an origin is the mean over its steps of ``|y - f| / q``.

    Args:
        backtest: the forecasts.

    Example:
        >>> from forecast.pipelines import Columns
        >>> rows = {"unique_id": "a", "ds": [2, 3], "cutoff": [1, 2], "y": [1.0, 4.0]}
        >>> frame = pd.DataFrame({**rows, "Naive": [0.0, 0.0], "AR": [1.0, 2.0]})
        >>> backtest = Backtest(frame, Columns(), ("Naive", "AR"), {"a": 4.0}, horizon=1)
        >>> Evidence(backtest).skill("AR", "Naive")
        0.6
    """

    backtest: Backtest

    @cached_property
    def losses(self) -> dict[str, Array]:
        """Alias to its (origins, series) losses."""
        return {alias: self.backtest.losses(alias) for alias in self.backtest.aliases}

    @cached_property
    def origin_scores(self) -> dict[str, Array]:
        """Alias to its (origins,) MASE, a mean over series."""
        return {alias: metrics.mean(losses, axis=1) for alias, losses in self.losses.items()}

    @cached_property
    def basis(self) -> str:
        """What the tests resample: ``"origins"``, ``"series"``, or ``"none"``: there is no test."""
        return significance.basis_of(next(iter(self.losses.values())), *self._reach)

    def score(self, alias: str) -> float:
        """MASE: mean over steps, then series, then origins."""
        return float(metrics.mean(self.origin_scores[alias]))

    def skill(self, alias: str, against: str) -> float:
        """Share of the MASE of ``against`` that ``alias`` saves."""
        return significance.skill(self.origin_scores[alias], self.origin_scores[against])

    def interval(self, alias: str, against: str) -> Interval | None:
        """95 % interval of :meth:`skill`; None where there is no test."""
        key = (alias, against)
        if key not in self._intervals:
            first, second = self.losses[alias], self.losses[against]
            self._intervals[key] = significance.panel_skill_interval(first, second, *self._reach)
        return self._intervals[key]

    def test(self, alias: str, against: str) -> EqualAccuracy:
        """Test of equal accuracy; negative: ``alias`` has the lower loss."""
        key = (alias, against)
        if key not in self._tests:
            differences = self.losses[alias] - self.losses[against]
            self._tests[key] = significance.equal_accuracy(differences, *self._reach)
        return self._tests[key]

    def step_tests(self, alias: str, against: str) -> pd.DataFrame:
        """A test at each step ahead, see `Comparison.step_tests`."""
        backtest = self.backtest
        differences = backtest.scaled_errors(alias) - backtest.scaled_errors(against)
        steps = range(backtest.split.gap + 1, backtest.steps_ahead + 1)
        results = [
            significance.equal_accuracy(
                differences[:, :, number], step, backtest.step_size, self.basis
            )
            for number, step in enumerate(steps)
        ]
        return _step_frame(steps, results)

    def confidence_set(self, level: int | float) -> pd.DataFrame:
        """The models that may be the best, see `Comparison.confidence_set`."""
        if not 0.0 < level < 100.0:
            raise ValueError(f"level is {level}; it must lie between 0 and 100 percent")
        p_values = self._set_p_values
        names = sorted(p_values, key=lambda alias: (-p_values[alias], self.score(alias)))
        known = pd.Series([p_values[alias] for alias in names], dtype=float)
        included = known.isna() | (known >= 1.0 - level / 100.0)
        return pd.DataFrame({"model": names, "p_value": known, "included": included})

    @cached_property
    def _set_p_values(self) -> dict[str, float]:
        aliases = self.backtest.aliases
        if self.basis == "none":
            return dict.fromkeys(aliases, float("nan"))
        if self.basis == "origins":
            reach = significance.overlap(*self._reach)
            return significance.model_confidence_set(self.origin_scores, reach)
        return significance.model_confidence_set(
            {alias: metrics.mean(losses, axis=0) for alias, losses in self.losses.items()}
        )

    @property
    def _reach(self) -> tuple[int, int]:
        return self.backtest.steps_ahead, self.backtest.step_size

    @cached_property
    def _tests(self) -> dict[tuple[str, str], EqualAccuracy]:
        return {}

    @cached_property
    def _intervals(self) -> dict[tuple[str, str], Interval | None]:
        return {}


def _step_frame(steps: range, results: list[EqualAccuracy]) -> pd.DataFrame:
    """The band holds all differences at once (Bonferroni), as Holm's correction does."""
    known = [float("nan") if r.p_value is None else r.p_value for r in results]
    corrected = pd.Series(significance.holm(known), dtype=float)
    ends = [result.interval(0.05 / len(results)) for result in results]
    return pd.DataFrame(
        {
            "step": list(steps),
            "difference": [result.difference for result in results],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
            "p_value": corrected,
            "significant": corrected < significance.SIGNIFICANT,
        }
    )
