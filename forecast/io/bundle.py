"""A fitted forecaster as one file, and back."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast import __version__, engine
from forecast.calibration import Calibration
from forecast.checks import check_positive_integer
from forecast.fitting import Estimate, Fitted
from forecast.forecaster import Forecaster
from forecast.io.archive import DEFAULT_LIMIT, read_archive, write_archive
from forecast.io.codec import (
    Own,
    decode_ids,
    decode_layout,
    decode_times,
    decode_value,
    encode_ids,
    encode_layout,
    encode_times,
    encode_value,
)
from forecast.io.errors import BundleError
from forecast.io.nesting import check_depth, decode_model, encode_model
from forecast.io.registry import forecaster_class, known_name
from forecast.pipelines import Covariate, Encoding, Frequency, Season
from forecast.pipelines.transforms import Transform
from forecast.protocol import StateBatch
from forecast.store import StateStore

__all__ = ["load", "save"]

_LIBRARIES = ("numpy", "pandas", "scipy", "keras", "tensorflow")
_SECTIONS = {"libraries", "forecaster", "model", "fitted", "store", "reading"}
# What reading a manifest of the wrong structure ends in.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def save(forecaster: Forecaster, path: str | Path) -> None:
    """Write a fitted forecaster to one file: parameters, calibration and states.

    The file appears whole or not at all. Forecasts after `load` equal those before, bit for bit.

    Args:
        forecaster: fitted; of a class of this library.
        path: file to write, `.kfc` by custom; an older one is replaced.

    Raises:
        NotFittedError: before `fit`.
        BundleError: for ids that are neither text nor whole numbers, or a class of the user's. (A
            transform of the user's is written by name, and `load` asks for its class.)
        OSError: if the file cannot be written; an older one is left as it was.

    Example:
        >>> import tempfile
        >>> import forecast as fc
        >>> model = fc.Naive().fit(fc.load_dataset("sunspots"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(model, Path(folder) / "model.kfc")
        ...     load(Path(folder) / "model.kfc").predict(horizon=1)["Naive"].tolist()
        [2.9]
    """
    fitted, store = forecaster._require_fitted(), forecaster.store_
    model, model_arrays = encode_model(fitted.model)
    content = {
        "libraries": _versions(),
        "forecaster": {
            "class": known_name(forecaster),
            "arguments": encode_value(forecaster.get_params(deep=False)),
        },
        "model": model,
        "fitted": _encode_fitted(fitted),
        "store": {
            "ids": encode_ids(store.ids),
            "ends": encode_times(store.ends),
            "frequency": store.frequency.alias,
        },
        "reading": {
            "layout": encode_layout(forecaster.layout_),
            "notes": list(forecaster.notes_),
            "left_out": encode_ids(forecaster.left_out_),
        },
    }  # fmt: skip
    check_depth(content)
    write_archive(path, content, _arrays(fitted, store, model_arrays))


def load(
    path: str | Path,
    *,
    transforms: Sequence[type[Transform]] = (),
    max_bytes: int = DEFAULT_LIMIT,
) -> Forecaster:
    """Read a forecaster that `save` wrote.

    Nothing in the file is executed: no pickle, no import by name, classes from a closed list and
    from those given here. The hashes of the file detect damage, not malice.

    Args:
        path: file to read.
        transforms: classes of your own transforms that the file may name, such as `[Halved]`, with
            the code that they had when it was written.
        max_bytes: members of a larger total size are refused.

    Returns:
        The forecaster, ready to forecast.

    Raises:
        FileNotFoundError: if there is no such file.
        BundleError: if the file is no bundle, was changed, or is not of a known format version.
        TypeError: for `transforms` that are no classes of such.
    """
    own = _by_name(transforms)
    manifest, arrays = read_archive(path, max_bytes)
    try:
        return _decode_forecaster(manifest, arrays, own)
    except BundleError as error:
        raise BundleError(f"{path} is refused: {error}") from error
    except _MALFORMED as error:
        raise BundleError(
            f"{path} is refused: its manifest describes no forecaster of this library "
            f"({type(error).__name__}: {error})."
        ) from error


def _by_name(transforms: Sequence[type[Transform]]) -> Own:
    for one in transforms:
        if not (isinstance(one, type) and issubclass(one, Transform)):
            raise TypeError(
                "`transforms` must be a list of classes that are derived from fc.Transform; got "
                f"{one!r} in it."
            )
    return {one.__name__: one for one in transforms}


def _versions() -> dict[str, str]:
    """Versions of what computed the parameters, as far as installed."""
    versions = {"keras-forecast": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _encode_fitted(fitted: Fitted) -> dict[str, Any]:
    return {
        "ids": encode_ids(fitted.ids),
        "starts": encode_times(fitted.starts),
        "until": encode_times(fitted.until),
        "season": asdict(fitted.season),
        "horizon": int(fitted.horizon),
        "encoding": encode_value(fitted.encoding),
        "estimate": encode_value(_fields(fitted.estimate, arrays=False)),
        "calibration": encode_value(_fields(fitted.calibration, arrays=False)),
    }


def _arrays(fitted: Fitted, store: StateStore, model: dict[str, NDArray]) -> dict[str, NDArray]:
    state = store.state
    parts = {
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


def _decode_forecaster(
    manifest: dict[str, Any], arrays: dict[str, NDArray], own: Own
) -> Forecaster:  # fmt: skip
    check_depth(manifest)
    if set(manifest) != _SECTIONS:
        odd = min(set(manifest) ^ _SECTIONS)
        raise BundleError(f"its manifest has an unknown or a missing section {odd!r}.")
    about = manifest["forecaster"]
    forecaster = forecaster_class(about["class"])(**decode_value(about["arguments"], own))
    fitted = _decode_fitted(manifest, arrays, own)
    forecaster.store_ = _decode_store(manifest["store"], arrays, fitted)
    forecaster.fitted_ = fitted
    reading = manifest["reading"]
    forecaster.layout_ = decode_layout(reading["layout"])
    forecaster.notes_ = tuple(reading["notes"])
    forecaster.left_out_ = tuple(decode_ids(reading["left_out"]))
    return forecaster


def _decode_fitted(manifest: dict[str, Any], arrays: dict[str, NDArray], own: Own) -> Fitted:
    entries = manifest["fitted"]
    model = decode_model(manifest["model"], _select(arrays, "model/"), own)
    estimate = Estimate(model=model, **_values(entries, arrays, "estimate"))
    calibration = Calibration(**_values(entries, arrays, "calibration"))
    if calibration.by_step.ndim != 2 or calibration.pool.ndim != 2 or not len(calibration.pool):
        raise BundleError("its residuals do not have the shapes that intervals need.")
    season = Season(**entries["season"])
    check_positive_integer("horizon", entries["horizon"])
    ids, starts = decode_ids(entries["ids"]), decode_times(entries["starts"])
    until = decode_times(entries["until"])
    if not len(ids) == len(starts) == len(until):
        raise BundleError(f"its {len(ids)} series have {len(starts)} starts and {len(until)} ends.")
    encoding = _decode_encoding(entries["encoding"])
    return Fitted(
        estimate, ids, starts, until, season, entries["horizon"], calibration, encoding
    )  # fmt: skip


def _decode_encoding(entries: Any) -> Encoding:
    encoding = decode_value(entries)
    if not isinstance(encoding, Encoding):
        raise BundleError("it does not say how covariates become numbers.")
    schema = encoding.schema
    columns = [*schema.future, *schema.past, *schema.static]
    if not all(isinstance(column, Covariate) for column in columns):
        raise BundleError(f"its covariates {columns[:5]} are no columns.")
    return encoding


def _values(entries: dict[str, Any], arrays: dict[str, NDArray], name: str) -> dict[str, Any]:
    """The fields that `_fields` took apart."""
    return {**decode_value(entries[name]), **_select(arrays, f"{name}/")}


def _decode_store(
    entries: dict[str, Any], arrays: dict[str, NDArray], fitted: Fitted
) -> StateStore:  # fmt: skip
    ids, ends = decode_ids(entries["ids"]), decode_times(entries["ends"])
    state = StateBatch(_select(arrays, "state/"), **_select(arrays, "steps/"))
    blank = engine.begin(fitted.model, np.zeros(0, dtype=np.int64))
    _check_state(state, blank, (len(ids), len(ends)))
    covariates = arrays.get("store/covariates", np.empty((len(ids), 0)))
    shape = (len(ids), len(fitted.encoding.encoded.future))
    if covariates.shape != shape or np.isnan(covariates).any():
        raise BundleError(f"its covariates {covariates.shape} are not those of {len(ids)} series.")
    return StateStore(ids, ends, state, Frequency(entries["frequency"]), covariates)


def _check_state(state: StateBatch, blank: StateBatch, lengths: tuple[int, ...]) -> None:
    """Refuse states that are not those of the model, one row for each id."""
    shapes = {name: array.shape[1:] for name, array in state.arrays.items()}
    expected = {name: array.shape[1:] for name, array in blank.arrays.items()}
    rows = {len(array) for array in (*state.arrays.values(), state.clock, state.count)}
    if shapes != expected or rows | set(lengths) != {lengths[0]}:
        raise BundleError(
            f"its states {shapes} of {sorted(rows)} rows are not those of its model, {expected}, "
            f"for {lengths[0]} series."
        )


def _select(arrays: dict[str, NDArray], prefix: str) -> dict[str, NDArray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
