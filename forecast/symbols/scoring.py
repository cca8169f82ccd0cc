"""How well forecasters of symbols foresee what comes: bits a symbol, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.evaluation.significance.equality import equal_accuracy
from forecast.symbols.forecaster import SymbolForecaster

__all__ = ["score"]


def score(
    forecasters: SymbolForecaster | Sequence[SymbolForecaster], df: Any, complete: bool = False
) -> pd.DataFrame:
    """Score fitted forecasters on rows that follow, one pass over each; their states stay.

    `bits = -mean log2 P(y[t] | all before)`, `perplexity = 2^bits`: a choice among so many
    symbols, all equally likely, is as hard.

    Args:
        forecasters: fitted on the same series; the first is what the others are compared with.
        df: rows that `update` would take, of symbols that no forecaster has seen.
        complete: whether the series of `df` end there: their end marks count too.

    Returns:
        A row for each forecaster: `model`, `symbols` (scored), `bits`, `perplexity`, `accuracy`
        (share of symbols that were the most probable ones), and `p_value`: of equal bits as the
        first, by the Diebold-Mariano test over steps, each the mean over series; NaN where there
        are fewer than 8 steps and 20 series.

    Raises:
        ValueError: for equal names, or none; and as of `log_probabilities`.

    Example:
        >>> import forecast as fc
        >>> df = fc.symbols.from_text("abcabdabcabd" * 20)
        >>> models = [fc.MarkovChain(order).fit(df[:200]) for order in (1, 4)]
        >>> models = [model.set_params(alias=f"order {model.order}") for model in models]
        >>> fc.symbols.score(models, df[200:])["accuracy"].tolist()
        [0.825, 1.0]
    """
    several = [forecasters] if isinstance(forecasters, SymbolForecaster) else list(forecasters)
    _refuse_equal_names([one.name for one in several])
    found = [one.log_probabilities(df, complete) for one in several]
    columns = several[0].layout_.columns
    losses = [
        frame.pivot(index=columns.time, columns=columns.id, values=one.name) / -np.log(2.0)
        for one, frame in zip(several, found, strict=True)
    ]
    rows = []
    for one, frame, loss in zip(several, found, losses, strict=True):
        bits = float(-frame[one.name].mean() / np.log(2.0))
        hits = frame["likeliest"].to_numpy() == frame[columns.target].to_numpy()
        rows.append(
            {
                "model": one.name,
                "symbols": len(frame),
                "bits": bits,
                "perplexity": 2.0**bits,
                "accuracy": float(hits.mean()),
                "p_value": _p_value(loss - losses[0]),
            }
        )
    return pd.DataFrame(rows)


def _p_value(differences: pd.DataFrame) -> float:
    """Of no difference, over steps; NaN of a forecaster and itself."""
    if not differences.to_numpy(dtype=float, na_value=0.0).any():
        return float("nan")
    found = equal_accuracy(differences.to_numpy(), horizon=1, step_size=1).p_value
    return float("nan") if found is None else found


def _refuse_equal_names(names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not names:
        what = f"the name {twice!r} stands twice" if names else "there is no forecaster"
        raise ValueError(
            f"{what}; give each forecaster its own, as in MarkovChain(2, alias='order 2')."
        )
