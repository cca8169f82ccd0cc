"""Models scored at the same origins: table, tests against the linear forecaster, choice."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation import metrics, significance
from forecast.evaluation.backtest import Backtest
from forecast.evaluation.metrics import Array
from forecast.evaluation.records import BASELINE_ROLES, Material, Protocol, Run
from forecast.evaluation.significance import DieboldMariano, Interval
from forecast.evaluation.verdict import RULES, choose, verdict_sentence

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models scored at the same origins, against the linear forecaster chosen on the training part.

    Args:
        backtest: their forecasts.
        protocol: roles, reference, refits and choices.
        material: the data and what was done to them.
        run: title, command, settings and seconds.

    Raises:
        ValueError: a model of the backtest without a role, or a reference that is not in the
            backtest.

    Example:
        >>> from forecast.pipelines import Columns
        >>> rows = {"unique_id": "a", "ds": [2, 3], "cutoff": 1, "y": [1.0, 4.0]}
        >>> frame = pd.DataFrame({**rows, "Naive": [0.0, 0.0], "AR": [1.0, 2.0]})
        >>> backtest = Backtest(frame, Columns(), ("Naive", "AR"), {"a": 4.0}, horizon=2)
        >>> protocol = Protocol({"Naive": "naive", "AR": "linear"}, reference="AR")
        >>> result = Comparison(backtest, protocol, Material(frame), Run("two steps"))
        >>> result.verdict[:50]
        'Too few origins to tell (1; at least 8 are needed)'
        >>> result.best()
        'AR'
    """

    backtest: Backtest
    protocol: Protocol
    material: Material
    run: Run

    def __post_init__(self) -> None:
        for alias in (*self.backtest.aliases, self.protocol.reference):
            if alias not in self.protocol.roles or alias not in self.backtest.aliases:
                raise ValueError(
                    f"{alias!r} is not both in the backtest ({', '.join(self.backtest.aliases)}) "
                    f"and has a role ({', '.join(self.protocol.roles)}); every model needs both"
                )

    def __repr__(self) -> str:
        """The verdict and the table."""
        return f"{self.verdict}\n\n{self.table}"

    @property
    def reference(self) -> str:
        """Alias of the linear forecaster chosen on the training part."""
        return self.protocol.reference

    def aliases(self, role: str | None = None) -> tuple[str, ...]:
        """Aliases of one role (all: None), lowest MASE first."""
        chosen = [a for a in self.backtest.aliases if role in (None, self.protocol.roles[a])]
        return tuple(sorted(chosen, key=lambda alias: np.nan_to_num(self.score(alias), nan=np.inf)))

    def origin_scores(self, alias: str) -> Array:
        """(origins,) MASE of each origin."""
        return self._origin_scores[alias]

    def score(self, alias: str) -> float:
        """MASE: mean over steps, then series, then origins."""
        return float(metrics.mean(self.origin_scores(alias)))

    def skill(self, alias: str, against: str | None = None) -> float:
        """Share of the MASE of ``against`` (None: the reference) that ``alias`` saves."""
        other = against or self.reference
        return significance.skill(self.origin_scores(alias), self.origin_scores(other))

    def skill_interval(self, alias: str, against: str | None = None) -> Interval | None:
        """95 % interval of :meth:`skill`; None with too few origins."""
        other = against or self.reference
        return significance.skill_interval(
            self.origin_scores(alias),
            self.origin_scores(other),
            self.backtest.steps_ahead,
            self.backtest.step_size,
        )

    def test(self, alias: str, against: str) -> DieboldMariano:
        """Diebold-Mariano test of ``alias`` against another model, on per-origin scores."""
        differences = self.origin_scores(alias) - self.origin_scores(against)
        return significance.diebold_mariano(
            differences, self.backtest.steps_ahead, self.backtest.step_size
        )

    def p_beats(self, alias: str, role: str) -> float | None:
        """P-value of the claim that ``alias`` is better than every model of ``role``.

        It is the largest over the models of that role, 1 where one of them is ahead; for networks
        it is corrected by Holm over the networks shown. None with too few origins.
        """
        peers: tuple[str, ...] = (alias,)
        if self.protocol.roles[alias] not in BASELINE_ROLES:
            peers = self.aliases(self.protocol.roles[alias])
        claims = [self._largest_p(peer, role) for peer in peers]
        known = [claim for claim in claims if claim is not None]
        if len(known) < len(claims):
            return None
        return significance.holm(known)[peers.index(alias)]

    def p_value(self, alias: str) -> float | None:
        """The p-value that the table shows.

        Ahead of the reference, a network must beat every linear baseline; behind it, and for any
        other model, the test is against the reference alone.
        """
        network = self.protocol.roles[alias] not in BASELINE_ROLES
        if network and self.score(alias) < self.score(self.reference):
            return self.p_beats(alias, "linear")
        return self.test(alias, self.reference).p_value

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a model, lowest MASE first.

        Columns: model, MAE, RMSE, sMAPE, MASE, ``skill %`` with its 95 % interval (``low %``,
            ``high %``),
        ``p-value`` (a number or words), ``coverage 80 %`` ... in percent, ``fit s``, ``predict s``.
        """
        return pd.DataFrame([self._row(alias) for alias in self.aliases()])

    @cached_property
    def by_step(self) -> pd.DataFrame:
        """MASE of each step ahead (rows) and model (columns)."""
        scores = {alias: self.backtest.step_scores(alias) for alias in self.aliases()}
        first = self.backtest.split.gap + 1
        steps = pd.RangeIndex(first, self.backtest.steps_ahead + 1, name="step")
        return pd.DataFrame(scores, index=steps)

    @cached_property
    def by_series(self) -> pd.DataFrame:
        """MASE of each series (rows) and model (columns), after the id; NaN where q is 0."""
        scores = {alias: self.backtest.series_scores(alias) for alias in self.aliases()}
        ids = pd.Series(list(self.backtest.ids), name=self.backtest.columns.id)
        return pd.concat([ids, pd.DataFrame(scores)], axis=1)

    @cached_property
    def choices(self) -> pd.DataFrame:
        """What each model is, when it was fitted and what was chosen for it."""
        rows = [
            {
                "model": alias,
                "role": self.protocol.roles[alias],
                "fitted": self.protocol.refit.get(alias, ""),
                "choice": self.protocol.choices.get(alias, ""),
            }
            for alias in self.aliases()
        ]
        return pd.DataFrame(rows)

    @cached_property
    def verdict(self) -> str:
        """Which model to use, by how much it is better and how sure that is, in a sentence."""
        return verdict_sentence(self)

    def best(self, rule: str = "simplest not worse") -> str:
        """Alias of the model to use.

        Args:
            rule: ``"simplest not worse"``: the simplest model (naive, linear, classical, network)
                that is not significantly worse than the one with the lowest MASE, and the reference
                with too few origins to tell; or ``"lowest MASE"``.

        Raises:
            ValueError: unknown rule.
        """
        if rule not in RULES:
            raise ValueError(f"rule is {rule!r}; it must be one of {', '.join(map(repr, RULES))}")
        return choose(self) if rule == RULES[0] else self.aliases()[0]

    def to_frame(self) -> pd.DataFrame:
        """The forecasts as a long frame: id, time, cutoff, actual, a column a model, intervals."""
        return self.backtest.frame.copy()

    def plot(self, series: Hashable | None = None) -> Figure:
        """History and forecasts of one series beside the error per step ahead (needs matplotlib).

        Args:
            series: id to draw; None is the series of median skill.
        """
        from forecast.evaluation.plots import overview_figure

        return overview_figure(self, series)

    def to_html(self, path: str | Path) -> Path:
        """Writes one self-contained page (needs matplotlib, jinja2); see :func:`write_report`."""
        from forecast.evaluation.report import write_report

        return write_report(path, [self])

    def save(self, path: str | Path) -> None:
        """Write all of it to one file, which `fc.load_comparison` reads.

        Args:
            path: file to write, `.kfr` by custom; an older one is replaced.

        Raises:
            BundleError: for ids that are neither text nor whole numbers.
            OSError: if the file cannot be written; an older one is left as it was.
        """
        from forecast.evaluation.storage import save_comparison

        save_comparison(self, path)

    @cached_property
    def _origin_scores(self) -> dict[str, Array]:
        return {alias: self.backtest.origin_scores(alias) for alias in self.backtest.aliases}

    def _largest_p(self, alias: str, role: str) -> float | None:
        largest = 0.0
        for other in self.aliases(role):
            p_value = self.test(alias, other).p_value
            if p_value is None:
                return None
            ahead = self.score(alias) < self.score(other)
            largest = max(largest, p_value if ahead else 1.0)
        return largest

    def _row(self, alias: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "model": alias,
            "MAE": _average(self.backtest.absolute_errors(alias)),
            "RMSE": float(np.sqrt(_average(self.backtest.squared_errors(alias)))),
            "sMAPE": _average(self.backtest.percentage_errors(alias)),
            "MASE": self.score(alias),
        }
        row |= self._skill_cells(alias)
        for level in self.backtest.levels:
            row[f"coverage {level:g} %"] = 100.0 * _average(self.backtest.covered(alias, level))
        for name in ("fit", "predict"):
            row[f"{name} s"] = self._seconds(alias, f"{name}_seconds")
        return row

    def _skill_cells(self, alias: str) -> dict[str, Any]:
        if alias == self.reference:
            return {"skill %": 0.0, "low %": np.nan, "high %": np.nan, "p-value": "reference"}
        interval = self.skill_interval(alias) or Interval(np.nan, np.nan)
        p_value = self.p_value(alias)
        words = self.test(alias, self.reference).words if p_value is None else p_value
        return {
            "skill %": 100.0 * self.skill(alias),
            "low %": 100.0 * interval.low,
            "high %": 100.0 * interval.high,
            "p-value": words,
        }

    def _seconds(self, alias: str, column: str) -> float:
        seconds = self.run.seconds
        known = alias in seconds.index and column in seconds.columns
        return float(seconds.loc[alias, column]) if known else np.nan  # type: ignore[arg-type]


def _average(cube: Array) -> float:
    """Mean over steps, then over series, then over origins: each origin counts the same."""
    return float(metrics.mean(metrics.mean(metrics.mean(cube, 2), 1)))
