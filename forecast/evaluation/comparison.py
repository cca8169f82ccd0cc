"""Models scored at the same origins: table, tests against the linear forecaster, choice."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation.backtest import Backtest
from forecast.evaluation.claims import p_beats
from forecast.evaluation.evidence import Evidence
from forecast.evaluation.metrics import Array
from forecast.evaluation.records import BASELINE_ROLES, Material, Protocol, Run
from forecast.evaluation.score_tables import choices, cutoff_scores, score_table, seed_spread
from forecast.evaluation.segments import segments
from forecast.evaluation.significance import EqualAccuracy, Interval
from forecast.evaluation.significance_report import Significance, significance_of
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

    @cached_property
    def evidence(self) -> Evidence:
        """Losses, skill and tests of pairs of models."""
        return Evidence(self.backtest)

    @cached_property
    def significance(self) -> Significance:
        """Which test these data allow, on how many origins and series, and its pairs."""
        return significance_of(self)

    def losses(self, alias: str) -> Array:
        """(origins, series) MASE of each series at each origin."""
        return self.evidence.losses[alias]

    def origin_scores(self, alias: str) -> Array:
        """(origins,) MASE of each origin."""
        return self.evidence.origin_scores[alias]

    def score(self, alias: str) -> float:
        """MASE: mean over steps, then series, then origins."""
        return self.evidence.score(alias)

    def skill(self, alias: str, against: str | None = None) -> float:
        """Share of the MASE of ``against`` (None: the reference) that ``alias`` saves."""
        return self.evidence.skill(alias, against or self.reference)

    def skill_interval(self, alias: str, against: str | None = None) -> Interval | None:
        """95 % interval of :meth:`skill`; None where there is no test."""
        return self.evidence.interval(alias, against or self.reference)

    def test(self, alias: str, against: str) -> EqualAccuracy:
        """Test of equal accuracy of two models, over origins or series; see `equal_accuracy`."""
        return self.evidence.test(alias, against)

    def step_tests(self, alias: str, against: str | None = None) -> pd.DataFrame:
        """A test of two models at each step ahead, corrected by Holm.

        Args:
            alias: model.
            against: other model; None is the reference.

        Returns:
            A row a step ahead: ``step``, ``difference`` of the MASE (negative: ``alias`` is
            better), ``low`` and ``high`` of a band that holds all differences at once in 95 % of
            samples, ``p_value`` (corrected), ``significant``; NaN where there is no test.
        """
        return self.evidence.step_tests(alias, against or self.reference)

    def segments(self, alias: str, against: str | None = None) -> pd.DataFrame:
        """Skill and test of two models by step ahead, series length and level, and cutoff.

        Args:
            alias: model.
            against: other model; None is the reference.

        Returns:
            A row a segment: ``by``, ``segment``, ``series``, ``origins``, ``skill %``, ``low %``,
            ``high %``, ``p_value`` (corrected by Holm over all segments), ``label`` of its
            test, ``significant``, ``better`` (the model that is ahead).
        """
        pair = alias, against or self.reference
        if pair not in self._segments:
            self._segments[pair] = segments(self, *pair)
        return self._segments[pair].copy()

    def confidence_set(self, level: int | float = 95) -> pd.DataFrame:
        """The models that may be the best: of all, those not shown to be behind.

        Args:
            level: percent of samples in which the set holds the best model.

        Returns:
            A row a model, likeliest first: ``model``, ``p_value``, ``included``; all are included,
            with NaN, where there is no test. See `model_confidence_set`.
        """
        return self.evidence.confidence_set(level)

    def p_beats(self, alias: str, role: str) -> float | None:
        """P-value of the claim that ``alias`` is better than every model of ``role``.

        It is the largest over the models of that role, 1 where one of them is ahead; for networks
        and other contestants it is corrected by Holm over those shown. None where there is no test.
        """
        return p_beats(self, alias, role)

    def p_value(self, alias: str) -> float | None:
        """The p-value that the table shows.

        Ahead of the reference, a network must beat every linear baseline; behind it, and for any
        other model, the test is against the reference alone.
        """
        if self.is_contestant(alias) and self.score(alias) < self.score(self.reference):
            return self.p_beats(alias, "linear")
        return self.test(alias, self.reference).p_value

    def is_contestant(self, alias: str) -> bool:
        """Whether a model is no baseline: a network, or one of another library."""
        return self.protocol.roles[alias] not in BASELINE_ROLES

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a model, lowest MASE first.

        Columns: model, MAE, RMSE, sMAPE, MASE, OWA (where Naive2 is present), ``skill %`` with its
            95 % interval (``low %``, ``high %``), ``p-value`` (a number or words),
            ``coverage 80 %`` ... in percent, ``MSIS 80 %`` ... (scaled interval score), CRPS,
            ``fit s``, ``predict s``.
        """
        return score_table(self)

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
    def by_cutoff(self) -> pd.DataFrame:
        """MASE of each origin (rows, named by the latest of its cutoffs) and model (columns)."""
        return cutoff_scores(self)

    @cached_property
    def seed_spread(self) -> pd.DataFrame:
        """MASE over the seeds of each model that has several.

        Columns: ``model``, ``seeds``, ``MASE`` (their mean), ``standard deviation``, ``lowest``,
        ``highest``.
        """
        return seed_spread(self)

    @cached_property
    def choices(self) -> pd.DataFrame:
        """What each model is, when it was fitted and what was chosen for it."""
        return choices(self)

    @cached_property
    def verdict(self) -> str:
        """Which model to use, by how much it is better and how sure that is, in a sentence."""
        return verdict_sentence(self)

    def best(self, rule: str = "simplest not worse") -> str:
        """Alias of the model to use.

        Args:
            rule: ``"simplest not worse"``: the simplest model (naive, linear, classical, network)
                that is not significantly worse than the one with the lowest MASE, and the reference
                where there is no test; or ``"lowest MASE"``.

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
        """The answer in one figure (needs matplotlib).

        The verdict, the skill of all models, their error per step ahead, and forecasts of the model
        to use.

        Args:
            series: id to draw; None is the series of median skill.
        """
        from forecast.evaluation.plots import overview_figure

        return overview_figure(self, series)

    def to_html(self, path: str | Path) -> Path:
        """Write one self-contained page, which opens offline (needs matplotlib and jinja2)."""
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
    def _segments(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {}
