"""Texts as series of characters or words, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

__all__ = ["from_text", "to_text"]

_JOINTS = {"character": "", "word": " "}


def from_text(texts: str | Sequence[str] | Mapping[Any, str], unit: str = "character") -> Any:
    """A text, or each of several, as a series of symbols.

    Args:
        texts: one text (its series is "text"), several (series from 0), or several by the ids of
            their series.
        unit: "character", or "word" for what stands between blanks.

    Returns:
        Long frame: `unique_id`, `ds` (positions from 0), `y`.

    Raises:
        ValueError: for an unknown unit, no text or an empty one.

    Example:
        >>> from_text("to be", unit="word")["y"].tolist()
        ['to', 'be']
    """
    _check_unit(unit)
    if isinstance(texts, str):
        texts = {"text": texts}
    named = dict(texts) if isinstance(texts, Mapping) else dict(enumerate(texts))
    series = {name: list(text) if unit == "character" else text.split()
              for name, text in named.items()}  # fmt: skip
    empty = next((name for name, symbols in series.items() if not symbols), None)
    if empty is not None or not series:
        what = f"text {empty!r} is empty" if series else "there is no text"
        raise ValueError(f"{what}; a series needs one symbol at least. Leave empty texts away.")
    return pd.DataFrame(
        {
            "unique_id": [name for name, symbols in series.items() for _ in symbols],
            "ds": [place for symbols in series.values() for place in range(len(symbols))],
            "y": [symbol for symbols in series.values() for symbol in symbols],
        }
    )


def to_text(
    frame: pd.DataFrame, unit: str = "character", *, end: str | None = None,
    id_col: str = "unique_id", target_col: str = "y",
) -> dict[Any, str]:  # fmt: skip
    """The text of every series of symbols, or of every path.

    Args:
        frame: long frame, such as of `from_text`, `sample`, `generate`, or of `predict` with its
            column as `target_col`; rows of a series in their order.
        unit: that of `from_text`.
        end: end mark, which is left away.
        id_col: name of the id column.
        target_col: name of the column of symbols.

    Returns:
        Texts by the ids of their series; by pairs of id and path where the frame has paths.

    Raises:
        ValueError: for an unknown unit or a column that is missing.

    Example:
        >>> to_text(from_text({"a": "abc", "b": "de"}))
        {'a': 'abc', 'b': 'de'}
    """
    _check_unit(unit)
    keys = [id_col, "path"] if "path" in frame.columns else [id_col]
    missing = [name for name in (*keys, target_col) if name not in frame.columns]
    if missing:
        raise ValueError(
            f"missing column {', '.join(map(repr, missing))}; the frame has "
            f"{', '.join(map(repr, frame.columns))}. Say which they are (id_col=, target_col=)."
        )
    symbols = frame[target_col].astype(object)
    kept = symbols.map(lambda symbol: symbol if symbol != end else "")
    groups = kept.groupby([frame[key] for key in keys], sort=False)
    joined = {
        key if len(key) > 1 else key[0]: _JOINTS[unit].join(map(str, group)).rstrip()
        if unit == "word" else "".join(map(str, group))
        for key, group in groups
    }  # fmt: skip
    return joined


def _check_unit(unit: Any) -> None:
    if unit not in _JOINTS:
        raise ValueError(f"`unit` must be one of {', '.join(_JOINTS)}; got {unit!r}.")
