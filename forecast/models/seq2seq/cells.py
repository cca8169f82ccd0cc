"""Recurrent layers by the name of their cell, or made of a cell of the user's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from forecast.models.blueprint import Blueprint

__all__ = ["CELLS", "cell_text", "cell_units", "largest_number", "recurrent_layers", "words_of"]

CELLS = ("LSTM", "GRU", "SimpleRNN")
_SERIALIZABLE = "@keras.saving.register_keras_serializable()"


def cell_text(cell: Any) -> str:
    """A name of `CELLS` as it is; a cell as the JSON text of its configuration.

    Raises:
        ValueError: for an unknown name; for a cell of a class that Keras would not find again, or
            that is not one recurrent cell whose output is as wide as its first state.
        TypeError: for anything else.

    Example:
        >>> cell_text("GRU"), words_of(cell_text(keras.layers.GRUCell(3)))
        ('GRU', 'GRUCell')
    """
    if isinstance(cell, keras.layers.Layer):
        found = keras.saving.serialize_keras_object(cell)
        found["config"].pop("name", None)  # the only thing in which two equal cells differ
        cell = json.dumps({"class": found, "name": type(cell).__name__}, sort_keys=True)
        _ = cell_units(cell)
    if not isinstance(cell, str):
        raise TypeError(f"`cell` must be one of {', '.join(CELLS)} or a Keras cell; got {cell!r}.")
    if cell not in CELLS and not cell.startswith("{"):
        raise ValueError(f"`cell` must be one of {', '.join(CELLS)} or a Keras cell; got {cell!r}.")
    return cell


def words_of(text: str) -> str:
    """The cell in a word."""
    return text if text in CELLS else str(json.loads(text)["name"])


@lru_cache
def cell_units(text: str) -> int:
    """Units of a cell of the user's: its output, and its first state.

    Raises:
        ValueError: if it is no such cell.
    """
    cell = _made(text, seed=0)
    sizes = getattr(cell, "state_size", None)
    first = sizes[0] if isinstance(sizes, list | tuple) and sizes else sizes
    if not isinstance(first, int) or getattr(cell, "output_size", None) != first:
        raise ValueError(
            f"{words_of(text)} must be one recurrent cell whose output is as wide as its first "
            f"state; its state_size is {sizes!r}, its output_size "
            f"{getattr(cell, 'output_size', None)!r}. Stack layers by num_layers."
        )
    return first


def largest_number(text: str) -> int:
    """The largest whole number in the configuration of a cell, seeds apart; 0 for a name."""
    if text in CELLS:
        return 0
    entries = (pair for part in _dicts(json.loads(text)) for pair in part.items())
    return max((v for k, v in entries if type(v) is int and k != "seed"), default=0)


def recurrent_layers(
    text: str, units: int, num_layers: int, seed: int
) -> list[keras.layers.Layer]:  # fmt: skip
    """New layers with seeded weights, which give their outputs at every step and their states.

    Args:
        text: see `cell_text`.
        units: of each layer; those of the cell where one was given.
        num_layers: layers one above the other.
        seed: of the initial weights.
    """
    if text in CELLS:
        return Blueprint(text, units, num_layers, 1, seed).layers()
    seeds = np.random.SeedSequence(seed).generate_state(num_layers)
    return [
        keras.layers.RNN(_made(text, int(one)), return_sequences=True, return_state=True)
        for one in seeds
    ]


def _made(text: str, seed: int) -> Any:
    """The cell anew; what would be drawn without a seed is drawn with this one."""
    found = deepcopy(json.loads(text)["class"])
    seeds = iter(np.random.SeedSequence(seed).generate_state(1000))
    for part in _dicts(found):
        _refuse_unknown(part)
        if part.get("seed", 0) is None:
            part["seed"] = int(next(seeds))
    return keras.saving.deserialize_keras_object(found)


def _refuse_unknown(part: dict[str, Any]) -> None:
    """Refuse a class that Keras would import by its name: a file could name any."""
    module = part.get("module")
    if "class_name" not in part or module in (None, "builtins", "keras"):
        return
    if str(module).startswith("keras."):
        return
    if keras.saving.get_registered_object(part.get("registered_name") or "") is None:
        raise ValueError(
            f"{part['class_name']} is a class of your own: decorate it with {_SERIALIZABLE}, so "
            "that its cells can be built anew in every fit and after loading."
        )


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a configuration, at every depth."""
    if isinstance(value, dict):
        yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for entry in inside:
        yield from _dicts(entry)
