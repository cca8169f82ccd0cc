"""Series ids and labels as JSON: text, whole numbers and channels of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..channels import ChannelId

__all__ = ["decode_ids", "encode_ids", "plain_label"]


def plain_label(label: Any, what: str = "series id") -> str | int:
    """A label as the text or the whole number that it is.

    Args:
        label: an id, or the name of a column.
        what: what it is, for the message.

    Raises:
        TypeError: if it is of another type.

    Example:
        >>> plain_label(np.int64(7)), plain_label("a")
        (7, 'a')
    """
    label = label.item() if isinstance(label, np.generic) else label
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise TypeError(
            f"{what} {label!r} is of type {type(label).__name__}; a file holds text and whole "
            "numbers. Convert it before, for example with .astype(str)."
        )
    return label


def encode_ids(ids: Iterable[Any]) -> list[Any]:
    """Ids as JSON, each as the text or the whole number that it is; a channel's as a pair.

    Raises:
        TypeError: for an id of another type.

    Example:
        >>> encode_ids(["a", 7, ChannelId("b", "load")])
        ['a', 7, ['b', 'load']]
    """
    return [_encode_id(entry) for entry in ids]


def decode_ids(entries: list[Any]) -> NDArray:
    """The ids of `encode_ids`, object array of shape (num_series,).

    Raises:
        TypeError: for what is no id.

    Example:
        >>> decode_ids(["a", ["b", "load"]])[1].channel
        'load'
    """
    ids = np.empty(len(entries), dtype=object)
    ids[:] = [ChannelId(*entry) if isinstance(entry, list) else entry for entry in entries]
    encode_ids(ids)  # refuses what is no id
    return ids


def _encode_id(entry: Any) -> Any:
    if isinstance(entry, ChannelId):
        return [plain_label(entry.series), plain_label(entry.channel, "channel")]
    return plain_label(entry)
