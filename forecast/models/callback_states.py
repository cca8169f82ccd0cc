"""What Keras callbacks remember from check to check, as plain values for a checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["changed_states", "recall", "states_of"]

States = dict[str, dict[str, Any]]
# What Keras gives every callback.
_GIVEN = ("params", "_model", "validation_data")


def states_of(callbacks: Sequence[Any]) -> States:
    """The attributes of each callback that are numbers, text, arrays, or lists and dicts of these.

    Keras asks nothing of a callback, so all else (functions, open files) is left out.

    Args:
        callbacks: of the user.

    Returns:
        Values for JSON by the name of the attribute, by class and number among its class.

    Example:
        >>> class Counts:
        ...     seen = None
        >>> counts = Counts()
        >>> counts.seen = np.float32(2.0)
        >>> states_of([counts])
        {'Counts 0': {'seen': 2.0}}
    """
    found = {}
    for name, callback in _named(callbacks).items():
        values = {key: _plain(value) for key, value in vars(callback).items() if key not in _GIVEN}
        found[name] = {key: value for key, value in values.items() if value is not _plain}
    return found


def changed_states(callbacks: Sequence[Any], begun: States) -> States:
    """The attributes that are not as they were when the training began: no settings.

    Args:
        callbacks: of the user.
        begun: their `states_of` then.
    """
    return {
        name: {key: value for key, value in state.items() if begun[name].get(key, _plain) != value}
        for name, state in states_of(callbacks).items()
    }


def recall(callbacks: Sequence[Any], states: Mapping[str, Mapping[str, Any]]) -> None:
    """Give callbacks back what those of the same class remembered; others begin anew."""
    for name, callback in _named(callbacks).items():
        for key, value in states.get(name, {}).items():
            setattr(callback, key, _restored(value))


def _named(callbacks: Sequence[Any]) -> dict[str, Any]:
    """Each by its class and its number among those of its class."""
    seen: Counter[str] = Counter()
    named = {}
    for callback in callbacks:
        kind = type(callback).__name__
        named[f"{kind} {seen[kind]}"] = callback
        seen[kind] += 1
    return named


def _plain(value: Any) -> Any:
    """The value for JSON; this function itself for what has none."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"array": value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, list | tuple):
        parts = [_plain(part) for part in value]
        return _plain if _plain in parts else parts
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        entries = {key: _plain(part) for key, part in value.items()}
        return _plain if _plain in entries.values() else {"dict": entries}
    return _plain


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {key: _restored(part) for key, part in value["dict"].items()}
    return np.array(value["array"], dtype=value["dtype"])
