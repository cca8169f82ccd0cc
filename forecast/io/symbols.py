"""What a bundle holds of a fitted forecaster of symbols, and the forecaster that it makes again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast import engine
from forecast.archive.errors import BundleError
from forecast.archive.times import decode_times, encode_times
from forecast.io.codec import Own, decode_ids, decode_value, encode_ids, encode_value
from forecast.io.contents import Arrays, Read, check_state
from forecast.io.frames import decode_layout, encode_layout
from forecast.io.headers import Headers, below, check_array
from forecast.io.nesting import check_numbers, decode_model, encode_model
from forecast.io.registry import forecaster_class, known_name
from forecast.io.shapes import check_finite, check_model_arrays
from forecast.pipelines import Frequency
from forecast.protocol import StateBatch
from forecast.store import StateStore
from forecast.symbols import Alphabet, SymbolForecaster
from forecast.symbols.model import SymbolModel
from forecast.symbols.serving import SymbolFit

__all__ = ["check_headers", "describe", "rebuild"]

_ENDS = "store/ends"


def describe(forecaster: SymbolForecaster) -> tuple[dict[str, Any], Arrays]:
    """A fitted forecaster of symbols as JSON and arrays by name.

    Raises:
        BundleError: for a class or an id that a bundle cannot hold.
    """
    fitted, store = forecaster._require_fitted(), forecaster.store_
    model, arrays = encode_model(fitted.model)
    check_finite(arrays)
    times, numbers = encode_times(store.ends)
    content = {
        "forecaster": {
            "class": known_name(forecaster),
            "arguments": encode_value(forecaster.get_params(deep=False)),
        },
        "model": model,
        "fitted": encode_value(
            {"alphabet": fitted.alphabet, "choices": fitted.choices, "history": fitted.history}
        ),
        "store": {"ids": encode_ids(store.ids), "frequency": store.frequency.alias},
        "times": {_ENDS: times},
        "reading": {
            "layout": encode_layout(forecaster.layout_),
            "notes": list(forecaster.notes_),
            "left_out": encode_ids(forecaster.left_out_),
        },
    }  # fmt: skip
    state = store.state
    parts: dict[str, Mapping[str, Any]] = {
        "model": arrays,
        "state": state.arrays,
        "steps": {"clock": state.clock, "count": state.count},
    }
    named = {f"{part}/{name}": array for part in parts for name, array in parts[part].items()}
    return content, {_ENDS: numbers} | named


def check_headers(content: Mapping[str, Any], headers: Headers) -> None:
    """Refuse arrays that do not fit the rest, before memory is taken for any of them.

    Args:
        content: JSON of `describe`.
        headers: of all arrays.

    Raises:
        BundleError: for an array that is missing or of another shape, or a number out of range.
    """
    num_rows = len(content["store"]["ids"])
    if not num_rows:
        raise BundleError("it holds no series.")
    check_numbers(content["forecaster"], content["model"])
    for name in (_ENDS, "steps/clock", "steps/count"):
        check_array(name, headers, "i", (num_rows,))
    state = below(headers, "state/model.")
    check_model_arrays(content["model"], below(headers, "model/"), num_rows, state)


def rebuild(
    content: Mapping[str, Any], headers: Headers, read: Read, own: Own
) -> SymbolForecaster:  # fmt: skip
    """The forecaster of `describe`; `describe` makes the same of it again, or it is refused.

    Args:
        content: JSON, whose arrays `check_headers` has let pass.
        headers: of all arrays.
        read: reads some of them.
        own: transforms of the user's, of which it names none.

    Raises:
        BundleError: for anything that `describe` would not have written.
    """
    about, reading = content["forecaster"], content["reading"]
    forecaster = forecaster_class(about["class"])(**decode_value(about["arguments"], own))
    forecaster.fitted_ = _fitted(content, read, own)
    forecaster.store_ = _store(content, forecaster.fitted_.model, headers, read)
    forecaster.layout_ = decode_layout(reading["layout"])
    forecaster.notes_ = tuple(reading["notes"])
    forecaster.left_out_ = tuple(decode_ids(reading["left_out"]))
    return forecaster


def _fitted(content: Mapping[str, Any], read: Read, own: Own) -> SymbolFit:
    arrays = read("model/")
    check_finite(arrays)
    model: Any = decode_model(content["model"], arrays, own)
    fitted = SymbolFit(model, **decode_value(content["fitted"], own))
    alphabet = fitted.alphabet
    if not isinstance(model, SymbolModel) or not isinstance(alphabet, Alphabet):
        raise BundleError("it holds no model of symbols, or no alphabet.")
    if (alphabet.num_codes, alphabet.end_code) != (model.num_codes, model.end):
        raise BundleError(
            f"its alphabet of {alphabet.num_codes} codes is not that of its model, which has "
            f"{model.num_codes}."
        )
    return fitted


def _store(
    content: Mapping[str, Any], model: Any, headers: Headers, read: Read
) -> StateStore:  # fmt: skip
    entries, times = content["store"], content["times"]
    ids = decode_ids(entries["ids"])
    check_state(model, headers, len(ids))
    state = StateBatch(read("state/"), **read("steps/"))
    model.check_state(engine.inner(state))
    if (state.count < 0).any() or (state.count > state.clock).any():
        raise BundleError("its states have seen more symbols than steps.")
    ends = decode_times(times[_ENDS], *read(_ENDS).values())
    return StateStore(ids, ends, state, Frequency(entries["frequency"]))
