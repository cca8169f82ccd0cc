"""A network of a pattern beside simple models, on series that none of them has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.checks import check_seed, is_number
from forecast.evaluation.significance import MINIMUM_SERIES, SIGNIFICANT, p_words, paired_test
from forecast.patterns.network import PatternNetwork
from forecast.patterns.trials import Trial, trial_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["HeldOut", "compare_held_out", "judged"]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A network beside simple models on series held out.

    Args:
        table: a row a model, the best first: `accuracy` and `log_loss`, or `mae`; `difference`,
            its mean loss a series less that of the network (above 0: the network is better), and
            the `p_value` of that difference.
        by_series: loss of each model for each series: share of wrong labels, or mean absolute
            error.
        trial: what came, and what each model said.
        test: name of the paired test.
        network: as fitted, on the series that were not held out.
    """

    table: pd.DataFrame
    by_series: pd.DataFrame
    trial: Trial
    test: str
    network: PatternNetwork

    @property
    def verdict(self) -> str:
        """Whether the network pays, in a sentence."""
        network, score = self.trial.network, str(self.table.columns[0])
        rivals = self.table.drop(index=network)
        rival, best = str(rivals.index[0]), rivals.iloc[0]
        here, there = float(self.table[score][network]), float(best[score])
        p_value = float(best["p_value"])
        scores = f"{score} {here:.3g} against {there:.3g} of {rival}, the best beside it"
        about = f"({scores}; {len(self.by_series)} series held out, {self._words(p_value)})"
        if np.isnan(p_value) or p_value >= SIGNIFICANT:
            return f"{network} is not told apart from {rival}: take the simpler one {about}."
        better = float(best["difference"]) > 0
        return f"{network} {'pays' if better else f'loses to {rival}'} {about}."

    def plot(self) -> Figure:
        """Confusion matrices, curves of new series, or forecasts against what came.

        Returns:
            A new figure; `figure.savefig("held-out.png")` writes it.
        """
        from forecast.patterns.picture import held_out_figure

        return held_out_figure(self)

    def _words(self, p_value: float) -> str:
        if np.isnan(p_value):
            return f"too few to tell: at least {MINIMUM_SERIES} are needed"
        return f"{p_words(p_value)}, {self.test}"


def compare_held_out(
    network: PatternNetwork, df: Any, *, test_share: float = 0.25, seed: int = 0, **fit: Any
) -> HeldOut:
    """Set a network of a pattern beside simple models on series that none of them has seen.

    A clone is fitted on the other series. Beside it stand, fitted on the same series: for labels
    the most frequent one and a logistic regression on simple features (of the last 8 steps, where
    steps are labelled); for a cold start the mean curve of all series, that of the same category
    and a ridge on the static covariates per step; for a summary a ridge on the last steps and the
    summary of the last H steps. Labels of series are tested by McNemar's exact test, all else by a
    paired test over series (`fc.compare` tests over origins: here each series is new).

    Args:
        network: with its settings; a clone is fitted.
        df: frame with all that `fit` needs. Long: a row a series and time.
        test_share: share of the series that are held out, above 0 and below 1.
        seed: of the draw of these series.
        **fit: further arguments of `fit`, such as `label_col` or `static_covariates`.

    Returns:
        The table, a verdict and a picture.

    Raises:
        TypeError: for what is no network of a pattern.
        ValueError: for fewer than four series, or a frame that cannot be used.

    Example:
        >>> import numpy as np, pandas as pd, forecast as fc
        >>> rng = np.random.default_rng(0)
        >>> df = pd.DataFrame({
        ...     "unique_id": np.repeat(range(40), 9), "ds": np.tile(range(9), 40),
        ...     "label": np.repeat(["low", "high"], 180)})
        >>> df["y"] = rng.normal(np.where(df["label"] == "low", -2.0, 2.0))
        >>> few = fc.Training(num_steps=30, num_checks=1, learning_rate=0.02)
        >>> result = fc.compare_held_out(fc.SeriesClassifier(units=4, training=few), df)
        >>> result.table.index.tolist()
        ['SeriesClassifier', 'logistic regression', 'most frequent class']
    """
    if not isinstance(network, PatternNetwork):
        raise TypeError(
            "compare_held_out takes a SeriesClassifier, SequenceLabeler, ColdStartForecaster or "
            f"SummaryForecaster; got {type(network).__name__}. Forecasters of the next steps are "
            "compared by fc.compare."
        )
    check_seed(seed)
    if not is_number(test_share) or not 0.0 < test_share < 1.0:
        raise ValueError(f"`test_share` must be above 0 and below 1; got {test_share!r}.")
    learned, held = _parted(df, fit.get("id_col", "unique_id"), test_share, seed)
    network = network.clone().fit(learned, **fit)
    return judged(trial_of(network, learned, held), network)


def _parted(df: Any, id_col: str, test_share: float, seed: int) -> tuple[Any, Any]:
    """The rows of the series to learn from, and of those held out."""
    if not hasattr(df, "columns") or id_col not in df.columns:
        raise ValueError(f"a long frame with the id column {id_col!r} is needed.")
    column = df[id_col]
    ids = np.asarray(pd.unique(np.asarray(column)))
    if len(ids) < 4:
        raise ValueError(
            f"{len(ids)} series cannot be parted into those to learn from and those held out; give "
            "four or more."
        )
    count = int(np.clip(round(test_share * len(ids)), 1, len(ids) - 2))
    held = np.random.default_rng(seed).choice(len(ids), count, replace=False)
    is_held = np.isin(pd.factorize(np.asarray(column))[0], held)
    if isinstance(df, pd.DataFrame):
        return df[~is_held], df[is_held]
    return df.filter(~is_held), df.filter(is_held)


def judged(trial: Trial, network: PatternNetwork) -> HeldOut:
    """Scores and tests of all models of a trial.

    Args:
        trial: what came, and what the network and the models beside it said.
        network: as fitted.
    """
    losses = trial.losses()
    scores = pd.DataFrame({name: trial.scores(name) for name in trial.said}).T
    own = losses[trial.network]
    rows = {}
    for name in trial.said:
        found = losses[name] - own
        p_value = np.nan if name == trial.network else _p_value(trial, losses[name], own)
        rows[name] = {"difference": found.mean(), "p_value": p_value}
    table = scores.join(pd.DataFrame(rows).T)
    rising = trial.kind == "numbers"
    ordered = table.sort_values(table.columns[0], ascending=rising, kind="stable")
    ordered.index.name = "model"
    test = "McNemar's exact test" if trial.is_one_label else "paired test over series"
    return HeldOut(ordered, losses, trial, test, network)


def _p_value(trial: Trial, rival: pd.Series, own: pd.Series) -> float:
    """Of the difference over series; NaN where there are too few."""
    if trial.is_one_label:
        from scipy.stats import binomtest  # a second to import

        worse, better = int((own > rival).sum()), int((own < rival).sum())
        return binomtest(worse, worse + better).pvalue if worse + better else 1.0
    differences: NDArray = (own - rival).dropna().to_numpy()
    if len(differences) < MINIMUM_SERIES:
        return float("nan")
    return paired_test(differences).p_value
