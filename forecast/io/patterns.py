"""What a bundle holds of a fitted network of a pattern, and the network that it makes again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.archive.times import decode_times, encode_times
from forecast.io.codec import Own, decode_ids, decode_value, encode_ids, encode_value
from forecast.io.contents import Arrays, Read, encoding_of, store_of
from forecast.io.frames import decode_layout, encode_layout
from forecast.io.headers import Headers, below, check_array, whole
from forecast.io.nesting import check_numbers, decode_model, encode_model
from forecast.io.registry import forecaster_class, known_name
from forecast.io.shapes import check_finite, check_model_arrays

if TYPE_CHECKING:
    from forecast.patterns.network import PatternNetwork

__all__ = ["check_headers", "describe", "rebuild"]

_ENDS = "store/ends"
_LARGEST_HORIZON = 100_000


def describe(network: PatternNetwork) -> tuple[dict[str, Any], Arrays]:
    """A fitted network as JSON and arrays by name.

    Raises:
        BundleError: for an id or a class that a bundle cannot hold.
    """
    fitted, store = network.fitted_, network.store_
    model, model_arrays = encode_model(fitted.model)
    check_finite(model_arrays)
    content = {
        "forecaster": {
            "class": known_name(network),
            "arguments": encode_value(network.get_params(deep=False)),
        },
        "model": model,
        "fitted": {
            "ids": encode_ids(fitted.ids),
            "encoding": encode_value(fitted.encoding),
            "label": fitted.label,
            "classes": encode_value(fitted.classes),
            "horizon": int(fitted.horizon),
            "history": encode_value(fitted.history),
        },
        "store": {"ids": encode_ids(store.ids), "frequency": store.frequency.alias},
        "times": {_ENDS: encode_times(store.ends)[0]},
        "reading": {
            "layout": encode_layout(network.layout_),
            "notes": list(network.notes_),
            "left_out": encode_ids(network.left_out_),
        },
    }
    parts: dict[str, Mapping[str, NDArray]] = {
        "model": model_arrays,
        "state": store.state.arrays,
        "steps": {"clock": store.state.clock, "count": store.state.count},
        "store": {"covariates": store.covariates} if store.covariates.shape[1] else {},
    }
    arrays = {f"{part}/{name}": array for part in parts for name, array in parts[part].items()}
    return content, {_ENDS: encode_times(store.ends)[1]} | arrays


def check_headers(content: Mapping[str, Any], headers: Headers) -> None:
    """Refuse arrays that do not fit the rest, before memory is taken for any of them.

    Raises:
        BundleError: for an array that is missing or of another shape, or a number out of range.
    """
    num_rows = len(content["store"]["ids"])
    if not num_rows:
        raise BundleError("it holds no series.")
    whole("horizon", content["fitted"]["horizon"], 0, _LARGEST_HORIZON)
    check_numbers(content["forecaster"], content["model"])
    for name in (_ENDS, "steps/clock", "steps/count"):
        check_array(name, headers, "i", (num_rows,))
    state = below(headers, "state/model.")
    check_model_arrays(content["model"], below(headers, "model/"), num_rows, state)


def rebuild(content: Mapping[str, Any], headers: Headers, read: Read, own: Own) -> PatternNetwork:
    """The network of `describe`, which makes the same of it again, or it is refused.

    Args:
        content: JSON, whose arrays `check_headers` has let pass.
        headers: of all arrays.
        read: reads some of them.
        own: transforms of the user's, of which it names none.

    Raises:
        BundleError: for anything that `describe` would not have written.
    """
    from forecast.patterns.network import Learned

    about, entries = content["forecaster"], content["fitted"]
    network = forecaster_class(about["class"])(**decode_value(about["arguments"], own))
    arrays = read("model/")
    check_finite(arrays)
    model = decode_model(content["model"], arrays, own)
    network.fitted_ = fitted = Learned(
        model, encoding_of(entries["encoding"]), decode_ids(entries["ids"]), entries["label"],
        decode_value(entries["classes"]), entries["horizon"], decode_value(entries["history"]),
    )  # fmt: skip
    _check_width(fitted)
    times: dict[str, pd.Index] = {
        _ENDS: decode_times(content["times"][_ENDS], *read(_ENDS).values())
    }
    network.store_ = store_of(content["store"], times, fitted, headers, read)
    reading = content["reading"]
    network.layout_ = decode_layout(reading["layout"])
    network.notes_ = tuple(reading["notes"])
    network.left_out_ = tuple(decode_ids(reading["left_out"]))
    return network


def _check_width(fitted: Any) -> None:
    """Refuse a network whose inputs or outputs are not those that the rest speaks of."""
    encoded, inputs, body = fitted.encoding.encoded, fitted.model.inputs, fitted.model.body
    columns = 1 + len(encoded.future) + len(encoded.past)
    ages = int(hasattr(fitted.model, "num_ages"))
    same = len(inputs.centres) == columns and inputs.num_past == len(encoded.past)
    if not same or body.num_features != inputs.width + ages:
        raise BundleError(f"its network does not fit its {columns} columns of a step.")
    wanted = len(fitted.classes) or 1
    if body.num_outputs != wanted:
        raise BundleError(f"its network has {body.num_outputs} outputs for {wanted} answers.")
