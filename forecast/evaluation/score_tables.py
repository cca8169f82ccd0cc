"""The scores of a comparison as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation import metrics
from forecast.evaluation.metrics import Array
from forecast.evaluation.names import CUTOFF
from forecast.evaluation.significance import Interval

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["NAIVE2", "choices", "cutoff_scores", "score_table", "seed_spread"]

NAIVE2 = "Naive2"  # alias of the model that OWA divides by


def score_table(comparison: Comparison) -> pd.DataFrame:
    """One row a model, lowest MASE first; see `Comparison.table`."""
    table = pd.DataFrame([_row(comparison, alias) for alias in comparison.aliases()])
    if NAIVE2 in comparison.backtest.aliases:
        table.insert(list(table.columns).index("MASE") + 1, "OWA", _owa(table))
    return table


def cutoff_scores(comparison: Comparison) -> pd.DataFrame:
    """MASE of each origin (rows, named by the latest of its cutoffs) and model (columns)."""
    backtest = comparison.backtest
    latest = backtest.frame[CUTOFF].groupby(backtest.origin_codes).max()
    scores = {alias: comparison.origin_scores(alias) for alias in comparison.aliases()}
    return pd.DataFrame(scores, index=pd.Index(latest.sort_index(), name=CUTOFF))


def seed_spread(comparison: Comparison) -> pd.DataFrame:
    """MASE over the seeds of each model that has several; see `Comparison.seed_spread`."""
    rows = []
    for alias in comparison.aliases():
        scores = comparison.backtest.seed_scores(alias)
        if len(scores) > 1:
            spread = {"lowest": scores.min(), "highest": scores.max()}
            deviation = scores.std(ddof=1)
            rows.append(
                {"model": alias, "seeds": len(scores), "MASE": scores.mean(),
                 "standard deviation": deviation, **spread}
            )  # fmt: skip
    names = ["model", "seeds", "MASE", "standard deviation", "lowest", "highest"]
    return pd.DataFrame(rows, columns=names)


def choices(comparison: Comparison) -> pd.DataFrame:
    """What each model is, when it was fitted and what was chosen for it."""
    protocol = comparison.protocol
    rows = [
        {
            "model": alias,
            "role": protocol.roles[alias],
            "fitted": protocol.refit.get(alias, ""),
            "choice": protocol.choices.get(alias, ""),
        }
        for alias in comparison.aliases()
    ]
    return pd.DataFrame(rows)


def _owa(table: pd.DataFrame) -> Array:
    """Overall weighted average of M4: ratios of averages, never averages of ratios."""
    rows = table.to_dict("records")
    naive2 = next(row for row in rows if row["model"] == NAIVE2)
    return np.array(
        [metrics.owa(row["sMAPE"], row["MASE"], naive2["sMAPE"], naive2["MASE"]) for row in rows]
    )


def _row(comparison: Comparison, alias: str) -> dict[str, Any]:
    backtest = comparison.backtest
    row: dict[str, Any] = {
        "model": alias,
        "MAE": _average(backtest.absolute_errors(alias)),
        "RMSE": float(np.sqrt(_average(backtest.squared_errors(alias)))),
        "sMAPE": _average(backtest.percentage_errors(alias)),
        "MASE": comparison.score(alias),
    }
    row |= _skill_cells(comparison, alias)
    for level in backtest.levels:
        row[f"coverage {level:g} %"] = 100.0 * _average(backtest.covered(alias, level))
    for level in backtest.levels:
        row[f"MSIS {level:g} %"] = _average(backtest.interval_scores(alias, level))
    if backtest.levels or backtest.has_crps:
        row["CRPS"] = _average(backtest.crps(alias))
    for name in ("fit", "predict"):
        row[f"{name} s"] = _seconds(comparison, alias, f"{name}_seconds")
    return row


def _skill_cells(comparison: Comparison, alias: str) -> dict[str, Any]:
    if alias == comparison.reference:
        return {"skill %": 0.0, "low %": np.nan, "high %": np.nan, "p-value": "reference"}
    interval = comparison.skill_interval(alias) or Interval(np.nan, np.nan)
    p_value = comparison.p_value(alias)
    words = comparison.test(alias, comparison.reference).words if p_value is None else p_value
    return {
        "skill %": 100.0 * comparison.skill(alias),
        "low %": 100.0 * interval.low,
        "high %": 100.0 * interval.high,
        "p-value": words,
    }


def _seconds(comparison: Comparison, alias: str, column: str) -> float:
    seconds = comparison.run.seconds
    known = alias in seconds.index and column in seconds.columns
    return float(seconds.loc[alias, column]) if known else np.nan  # type: ignore[arg-type]


def _average(cube: Array) -> float:
    """Mean over steps, then over series, then over origins: each origin counts the same."""
    return float(metrics.mean(metrics.mean(metrics.mean(cube, 2), 1)))
