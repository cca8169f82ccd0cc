"""Pictures of symbols: how probable each is along the way ahead, and how networks learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import INK, MUTED, NETWORK_COLOURS, quiet
from forecast.figures import new_figure
from forecast.symbols.forecaster import SymbolForecaster

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_learning", "plot_probabilities"]

_ROW, _MOST_INCHES = 0.28, 12.0
_FEW_FIELDS, _MOST_TIMES = 120, 8
_LEVELS = ("--", "-.", ":")


def plot_probabilities(
    frame: pd.DataFrame, series: Any = None, *, id_col: str = "unique_id", time_col: str = "ds",
    target_col: str = "y",
) -> Figure:  # fmt: skip
    """Heat map of the probability of each symbol at each time ahead.

    Args:
        frame: output of `predict_proba`.
        series: id of the series; the first by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the column of symbols.

    Returns:
        A new figure; `figure.savefig("probabilities.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: for a series that is not in the frame.

    Example:
        >>> import forecast as fc
        >>> chain = fc.MarkovChain().fit(fc.symbols.from_text("abcabc"))
        >>> plot_probabilities(chain.predict_proba(4)).axes[0].get_title(loc="left")
        'Probability of each symbol, series text'
    """
    series = frame[id_col].iloc[0] if series is None else series
    part = frame[frame[id_col] == series]
    if not len(part):
        known = ", ".join(map(repr, frame[id_col].unique()[:5]))
        raise ValueError(f"series {series!r} is not in the frame, which has {known}.")
    table = part.pivot(index=target_col, columns=time_col, values="probability")
    table = table.reindex(part[target_col].unique())
    height = min(1.4 + _ROW * len(table), _MOST_INCHES)
    figure = new_figure(7.2, height)
    axes = figure.subplots()
    axes.set_title(f"Probability of each symbol, series {series}", loc="left", fontsize=10)
    _draw_shares(axes, table)
    return figure


def plot_learning(
    forecasters: SymbolForecaster | Sequence[SymbolForecaster],
    references: Mapping[str, float] | None = None,
) -> Figure:
    """Perplexity of networks at each check of the training, on the symbols that were held out.

    The check before the first update, of the shares of the symbols alone, is left away.

    Args:
        forecasters: fitted networks of symbols.
        references: perplexities to draw as level lines, by name: such as of a Markov chain, or of
            the truth where it is known.

    Returns:
        A new figure; `figure.savefig("learning.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: for a forecaster without learning curves.

    Example:
        >>> import forecast as fc
        >>> chain = fc.MarkovChain().fit(fc.symbols.from_text("abcabc"))
        >>> fc.symbols.plot_learning(chain)
        Traceback (most recent call last):
        ...
        ValueError: MarkovChain has no learning curve; give networks such as fc.SymbolLSTM().
    """
    several = [forecasters] if isinstance(forecasters, SymbolForecaster) else list(forecasters)
    for one in several:
        if len(one.history_.get("step", ())) < 2:
            raise ValueError(
                f"{one.name} has no learning curve; give networks such as fc.SymbolLSTM()."
            )
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots()
    hues = [NETWORK_COLOURS[index % len(NETWORK_COLOURS)] for index in range(len(several))]
    for one, hue in zip(several, hues, strict=True):
        steps, perplexity = one.history_["step"][1:], np.exp(one.history_["free_running"][1:])
        axes.plot(steps, perplexity, "o-", color=hue, ms=4, label=one.name)
    for index, (name, level) in enumerate((references or {}).items()):
        line = _LEVELS[index % len(_LEVELS)]
        axes.axhline(level, color=MUTED, linestyle=line, linewidth=1.2, label=name)
    quiet(axes, "Perplexity of held-out symbols")
    axes.set_xlabel("weight updates")
    axes.set_ylim(bottom=1.0)  # of what is certain
    axes.legend(frameon=False, fontsize=8.5)
    return figure


def _draw_shares(axes: Any, table: pd.DataFrame) -> None:
    """A field for each symbol and time, with its percentage where there is room."""
    image = axes.imshow(table, aspect="auto", cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_yticks(range(len(table)), [_shown(symbol) for symbol in table.index], fontsize=9)
    every = max(1, -(-table.shape[1] // _MOST_TIMES))
    names = [_time(time) for time in table.columns[::every]]
    axes.set_xticks(range(0, table.shape[1], every), names, fontsize=8.5)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    if table.size <= _FEW_FIELDS:
        _write_numbers(axes, table.to_numpy())
    bar = axes.get_figure().colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.outline.set_visible(False)


def _write_numbers(axes: Any, shares: np.ndarray) -> None:
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.55 else INK
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour,
                  fontsize=8)  # fmt: skip


def _shown(symbol: Any) -> str:
    """A symbol that can be seen: blanks and line ends have marks."""
    return {" ": "␣", "\n": "⏎"}.get(symbol, str(symbol))


def _time(time: Any) -> str:
    return f"{time:%Y-%m-%d}" if isinstance(time, pd.Timestamp) else str(time)
