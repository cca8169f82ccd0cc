"""What a bundle holds of a fitted forecaster, and the forecaster that it makes again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.archive.errors import BundleError
from forecast.archive.times import decode_times, encode_times
from forecast.calibration import Calibration
from forecast.fitting import Estimate, Fitted
from forecast.forecaster import Forecaster
from forecast.io.codec import Own, decode_ids, decode_value, encode_ids, encode_value
from forecast.io.frames import decode_layout, encode_layout
from forecast.io.headers import Headers, below, check_array, whole
from forecast.io.nesting import check_numbers, decode_model, encode_model
from forecast.io.registry import forecaster_class, known_name
from forecast.io.shapes import check_finite, check_model_arrays
from forecast.pipelines import Covariate, Encoding, Frequency, Season
from forecast.protocol import Observes, StateBatch, num_channels
from forecast.store import StateStore

__all__ = ["Arrays", "Read", "check_headers", "check_state", "describe", "rebuild"]

Arrays = dict[str, NDArray]
Read = Callable[[str], Arrays]
"""Reads the arrays whose names begin so, named without it."""

_TIMES = ("fitted/starts", "fitted/until", "store/ends")
# `predict()` takes the horizon of the fit: a small file must not ask for hours of forecasting.
_LARGEST_HORIZON = 100_000
# Arrays of weights, three for each layer of each network: a layer is compiled in a quarter of a
# second, whatever its size.
_MOST_WEIGHTS = 500


def describe(forecaster: Forecaster) -> tuple[dict[str, Any], Arrays]:
    """A fitted forecaster as JSON and arrays by name.

    Raises:
        BundleError: for a class or an id that a bundle cannot hold.
    """
    fitted, store = forecaster._require_fitted(), forecaster.store_
    model, model_arrays = encode_model(fitted.model)
    check_finite(model_arrays)
    times = dict(zip(_TIMES, (fitted.starts, fitted.until, store.ends), strict=True))
    content = {
        "forecaster": {
            "class": known_name(forecaster),
            "arguments": encode_value(forecaster.get_params(deep=False)),
        },
        "model": model,
        "fitted": _describe_fitted(fitted),
        "store": {"ids": encode_ids(store.ids), "frequency": store.frequency.alias},
        "times": {name: encode_times(index)[0] for name, index in times.items()},
        "reading": {
            "layout": encode_layout(forecaster.layout_),
            "notes": list(forecaster.notes_),
            "left_out": encode_ids(forecaster.left_out_),
        },
    }  # fmt: skip
    arrays = {name: encode_times(index)[1] for name, index in times.items()}
    return content, arrays | _arrays(fitted, store, model_arrays)


def check_headers(content: Mapping[str, Any], headers: Headers) -> None:
    """Refuse arrays that do not fit the rest, before memory is taken for any of them.

    Args:
        content: JSON of `describe`.
        headers: of all arrays.

    Raises:
        BundleError: for an array that is missing or of another shape, or a number out of range.
    """
    num_series, num_rows = len(content["fitted"]["ids"]), len(content["store"]["ids"])
    if not num_series or not num_rows:
        raise BundleError("it holds no series.")
    whole("horizon", content["fitted"]["horizon"], 1, _LARGEST_HORIZON)
    num_weights = sum("weight." in name for name in headers)
    if num_weights > _MOST_WEIGHTS:
        raise BundleError(f"its networks have {num_weights} weights, more than {_MOST_WEIGHTS}.")
    settings = {name: entry for name, entry in content["fitted"].items() if name != "ids"}
    check_numbers(content["forecaster"], content["model"], settings)
    for name, length in zip(_TIMES, (num_series, num_series, num_rows), strict=True):
        check_array(name, headers, "i", (length,))
    for name in ("steps/clock", "steps/count"):
        check_array(name, headers, "i", (num_rows,))
    check_array("calibration/by_step", headers, "f", (-1, -1))
    check_array("calibration/pool", headers, "f", (-1, -1))
    check_array("estimate/fell_back", headers, "i", (-1,))
    state = below(headers, "state/model.")
    check_model_arrays(content["model"], below(headers, "model/"), num_series, state)


def rebuild(content: Mapping[str, Any], headers: Headers, read: Read, own: Own) -> Forecaster:
    """The forecaster of `describe`; `describe` makes the same of it again, or it is refused.

    Args:
        content: JSON, whose arrays `check_headers` has let pass.
        headers: of all arrays.
        read: reads some of them.
        own: transforms of the user's that it may name.

    Raises:
        BundleError: for anything that `describe` would not have written.
    """
    about = content["forecaster"]
    forecaster = forecaster_class(about["class"])(**decode_value(about["arguments"], own))
    times = {name: decode_times(content["times"][name], *read(name).values()) for name in _TIMES}
    fitted = _fitted(content, times, read, own)
    forecaster.store_ = _store(content["store"], times, fitted, headers, read)
    forecaster.fitted_ = fitted
    reading = content["reading"]
    forecaster.layout_ = decode_layout(reading["layout"])
    forecaster.notes_ = tuple(reading["notes"])
    forecaster.left_out_ = tuple(decode_ids(reading["left_out"]))
    return forecaster


def _describe_fitted(fitted: Fitted) -> dict[str, Any]:
    return {
        "ids": encode_ids(fitted.ids),
        "season": asdict(fitted.season),
        "horizon": int(fitted.horizon),
        "encoding": encode_value(fitted.encoding),
        "estimate": encode_value(_fields(fitted.estimate, arrays=False)),
        "calibration": encode_value(_fields(fitted.calibration, arrays=False)),
    }


def _arrays(fitted: Fitted, store: StateStore, model: Arrays) -> Arrays:
    state = store.state
    parts: dict[str, Mapping[str, NDArray]] = {
        "model": model,
        "state": state.arrays,
        "steps": {"clock": state.clock, "count": state.count},
        "store": {"covariates": store.covariates} if store.covariates.shape[1] else {},
        "estimate": _fields(fitted.estimate, arrays=True),
        "calibration": _fields(fitted.calibration, arrays=True),
    }
    return {f"{part}/{name}": array for part in parts for name, array in parts[part].items()}


def _fields(record: Estimate | Calibration, arrays: bool) -> dict[str, Any]:
    """The fields of a record that are arrays, or those that are not; the model goes its own way."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    values.pop("model", None)
    return {name: v for name, v in values.items() if isinstance(v, np.ndarray) == arrays}


def _fitted(
    content: Mapping[str, Any], times: Mapping[str, pd.Index], read: Read, own: Own
) -> Fitted:
    entries, arrays = content["fitted"], read("model/")
    check_finite(arrays)
    model = decode_model(content["model"], arrays, own)
    learned: dict[str, Any] = {**decode_value(entries["estimate"]), **read("estimate/")}
    residuals: dict[str, Any] = {**decode_value(entries["calibration"]), **read("calibration/")}
    estimate, calibration = Estimate(model=model, **learned), Calibration(**residuals)
    _check_calibration(calibration, estimate)
    ids, season = decode_ids(entries["ids"]), Season(**entries["season"])
    whole("season", season.length, 1)
    fell_back = estimate.fell_back
    if len(fell_back) and not 0 <= fell_back.min() <= fell_back.max() < len(ids):
        raise BundleError(f"its short series {fell_back[:5]} are not among its {len(ids)} series.")
    return Fitted(
        estimate, ids, times["fitted/starts"], times["fitted/until"], season, entries["horizon"],
        calibration, _encoding(entries["encoding"]),
    )  # fmt: skip


def _check_calibration(calibration: Calibration, estimate: Estimate) -> None:
    """Refuse residuals from which no interval or path could be made for the model."""
    channels = num_channels(estimate.model)
    width = channels * whole("block length", estimate.model.block_length, 1)
    fits = calibration.by_step.shape[1] and len(calibration.pool)
    if not fits or calibration.pool.shape[1] != width or calibration.num_channels != channels:
        raise BundleError(
            f"its residuals of the shapes {calibration.by_step.shape} and {calibration.pool.shape} "
            f"are not those of blocks of {width} numbers."
        )
    if not (math.isfinite(calibration.default_scale) and np.isfinite(calibration.pool).all()):
        raise BundleError("its residuals hold NaN or infinity.")


def _encoding(entries: Any) -> Encoding:
    encoding = decode_value(entries)
    if not isinstance(encoding, Encoding):
        raise BundleError("it does not say how covariates become numbers.")
    schema = encoding.schema
    columns = [*schema.future, *schema.past, *schema.static]
    if not all(isinstance(column, Covariate) for column in columns):
        raise BundleError(f"its covariates {columns[:5]} are no columns.")
    return encoding


def _store(
    entries: Mapping[str, Any], times: Mapping[str, pd.Index], fitted: Fitted, headers: Headers,
    read: Read,
) -> StateStore:  # fmt: skip
    ids = decode_ids(entries["ids"])
    check_state(fitted.model, headers, len(ids))
    state = StateBatch(read("state/"), **read("steps/"))
    _check_positions(state, len(fitted.ids))
    covariates = read("store/covariates").get("", np.empty((len(ids), 0)))
    shape = (len(ids), len(fitted.encoding.encoded.future))
    if covariates.shape != shape or np.isnan(covariates).any():
        raise BundleError(f"its covariates {covariates.shape} are not those of {len(ids)} series.")
    frequency = Frequency(entries["frequency"])
    return StateStore(ids, times["store/ends"], state, frequency, covariates)


def check_state(model: Observes, headers: Headers, num_rows: int) -> None:
    """Refuse states that are not those of the model, one row for each id, before they are read.

    Raises:
        BundleError: naming the array.
    """
    blank, found = engine.begin(model, np.zeros(0, dtype=np.int64)), below(headers, "state/")
    odd = set(found) ^ set(blank.arrays)
    if odd:
        raise BundleError(f"its states are not those of its model: {min(odd)!r} is in one of both.")
    for name, array in blank.arrays.items():
        check_array(name, found, array.dtype.kind, (num_rows, *array.shape[1:]))


def _check_positions(state: StateBatch, num_series: int) -> None:
    """Refuse states that point to series that the model does not know, or have seen too much."""
    for name, array in state.arrays.items():
        known = name.rpartition(".")[2] != "series" or -1 <= array.min() <= array.max() < num_series
        if not known:
            raise BundleError(f"its state {name!r} points beyond its {num_series} series.")
    if (state.count < 0).any() or (state.count > state.clock).any():
        raise BundleError("its states have seen more values than steps.")
