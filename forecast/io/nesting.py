"""Models that hold other models, and how deep a manifest may go."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.io.codec import Own, decode_value, encode_value
from forecast.io.registry import known_name, model_class
from forecast.protocol import Model, Observes

__all__ = ["check_depth", "check_numbers", "decode_model", "encode_model"]

# Levels of lists and objects in a manifest; a combination within a combination takes four.
_DEEPEST = 64
# What the settings of a manifest may add up to: some classes list their lags as they are made.
_LARGEST_SUM = 3_000_000
# These settings cost nothing before a fit.
_FREE = ("seed", "num_steps")


def check_depth(manifest: Any) -> None:
    """Refuse what is nested so deep that reading it would end in a stack overflow.

    Raises:
        BundleError: beyond 64 levels of lists and objects.

    Example:
        >>> check_depth({"a": [1, 2]})
    """
    level = [manifest]
    for _ in range(_DEEPEST):
        level = [entry for value in level for entry in _entries(value)]
        if not level:
            return
    raise BundleError(f"it is nested deeper than {_DEEPEST} levels; combine fewer combinations.")


def check_numbers(*sections: Any) -> None:
    """Refuse settings that would cost gigabytes or minutes, such as a billion lags.

    Args:
        sections: parts of a manifest that hold settings.

    Raises:
        BundleError: where the whole numbers among them add up to more than 3 million.

    Example:
        >>> check_numbers({"lags": 24, "seed": 10**12})
    """
    level, total = list(sections), 0
    while level:
        for value in level:
            items = value.items() if isinstance(value, dict) else ()
            total += sum(abs(v) for key, v in items if type(v) is int and key not in _FREE)
        level = [entry for value in level for entry in _entries(value)]
    if total > _LARGEST_SUM:
        raise BundleError(
            f"its settings are too large: they add up to more than {_LARGEST_SUM:,}, which no "
            "forecaster needs."
        )


def encode_model(model: Observes) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """A model as JSON and arrays; the members of a combination go the same way.

    Raises:
        BundleError: for a class that is not in the registry.
    """
    name = known_name(model)
    config, arrays = model.to_saved()  # type: ignore[attr-defined]
    entry = {"class": name, "config": encode_value(config)}
    members = [encode_model(member) for member in getattr(model, "members", ())]
    if members:
        entry["members"] = [member for member, _ in members]
    for index, (_, inner) in enumerate(members):
        arrays = arrays | {f"member{index}.{key}": array for key, array in inner.items()}
    return entry, arrays


def decode_model(entry: dict[str, Any], arrays: dict[str, NDArray], own: Own) -> Model:
    """The model of `encode_model`.

    Args:
        entry: JSON.
        arrays: those of the model and of its members.
        own: transforms of the user's that it may name.

    Raises:
        BundleError: for a class that is not in the registry.
    """
    found, config = model_class(entry["class"]), decode_value(entry["config"], own)
    if "members" not in entry:
        return found.from_saved(config, arrays)
    outer, inner = _apart(arrays, len(entry["members"]))
    config["members"] = [
        decode_model(member, member_arrays, own)
        for member, member_arrays in zip(entry["members"], inner, strict=True)
    ]
    return found.from_saved(config, outer)


def _entries(value: Any) -> list[Any]:
    """What a list or an object holds."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _apart(
    arrays: dict[str, NDArray], num_members: int
) -> tuple[dict[str, NDArray], list[dict[str, NDArray]]]:
    """The arrays of a model itself, and those of each member, named as the member named them."""
    inner: dict[str, dict[str, NDArray]] = {f"member{index}": {} for index in range(num_members)}
    own = {}
    for key, array in arrays.items():
        owner, _, name = key.partition(".")
        if owner in inner:
            inner[owner][name] = array
        else:
            own[key] = array
    return own, list(inner.values())
