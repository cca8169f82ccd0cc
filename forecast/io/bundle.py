"""A fitted forecaster as one file, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast.archive.archive import DEFAULT_LIMIT, Archive, open_archive, to_json, write_archive
from forecast.archive.errors import BundleError
from forecast.archive.npy import ArrayHeader
from forecast.forecaster import Forecaster
from forecast.io import contents, symbols
from forecast.io.codec import Own
from forecast.io.frames import without_dtypes
from forecast.io.nesting import check_depth
from forecast.io.registry import SYMBOL_FORECASTERS
from forecast.libraries import library_versions
from forecast.pipelines.transforms import Transform
from forecast.symbols import SymbolForecaster

__all__ = ["load", "save"]

_SECTIONS = {"libraries", "forecaster", "model", "fitted", "store", "times", "reading"}
# What reading a manifest of the wrong structure ends in.
_MALFORMED = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def save(forecaster: Forecaster | SymbolForecaster, path: str | Path) -> None:
    """Write a fitted forecaster to one file: parameters, calibration and states.

    The file appears whole or not at all: a process that is killed while it saves leaves the older
    file as it was. Forecasts after `load` equal those before, bit for bit.

    Args:
        forecaster: fitted; of a class of this library.
        path: file to write, `.kfc` by custom; an older one is replaced.

    Raises:
        NotFittedError: before `fit`.
        BundleError: for ids that are neither text nor whole numbers, a class of the user's (a
            transform of the user's is written by name, and `load` asks for its class), a horizon
            above 100,000 steps, a network of more than 64 layers, or more than 4 GiB.
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
    kind = _kind(type(forecaster).__name__)
    content, arrays = kind.describe(forecaster)
    check_depth(content)
    kind.check_headers(content, {name: ArrayHeader.of(array) for name, array in arrays.items()})
    write_archive(path, {"libraries": library_versions(), **content}, arrays)


def load(
    path: str | Path,
    *,
    transforms: Sequence[type[Transform]] = (),
    max_bytes: int = DEFAULT_LIMIT,
) -> Any:
    """Read a forecaster that `save` wrote.

    Integrity, not authenticity: hashes cover every byte, so damage is seen and refused, but anyone
    can write a file with hashes that are right. Such a file executes nothing either: no pickle, no
    import by name, classes from a closed list and from those given here, and memory for a few times
    its own size, beside 1 GiB at most. Its forecasts may be anything, an exception too; take files
    from where you take code.

    Args:
        path: file to read.
        transforms: classes of your own transforms that the file may name, such as `[Halved]`, with
            the code that they had when it was written.
        max_bytes: a larger file is refused.

    Returns:
        The forecaster, ready to forecast.

    Raises:
        FileNotFoundError: if there is no such file.
        BundleError: if the file is no bundle, was changed, or is not of a known format version.
        TypeError: for `transforms` that are no classes of such.
    """
    own = _by_name(transforms)
    with open_archive(path, max_bytes) as archive:
        try:
            return _read(archive, own)
        except _MALFORMED as error:
            if isinstance(error, BundleError):
                raise
            raise BundleError(
                "its manifest describes no forecaster of this library "
                f"({type(error).__name__}: {error})."
            ) from error


def _kind(name: Any) -> Any:
    """The module that knows what a bundle holds of a forecaster of this class."""
    return symbols if name in SYMBOL_FORECASTERS else contents


def _read(archive: Archive, own: Own) -> Any:
    """The forecaster in an opened file: one that `save` would write as this file."""
    manifest = archive.manifest
    check_depth(manifest)
    if set(manifest) != _SECTIONS:
        odd = min(set(manifest) ^ _SECTIONS)
        raise BundleError(f"its manifest has an unknown or a missing section {odd!r}.")
    _check_versions(manifest.pop("libraries"))
    kind = _kind(manifest["forecaster"]["class"])
    kind.check_headers(manifest, archive.headers)
    forecaster = kind.rebuild(manifest, archive.headers, archive.arrays, own)
    content, arrays = kind.describe(forecaster)
    for section in manifest:
        _check_same(section, manifest[section], content[section])
    made = {name: array.shape for name, array in arrays.items()}
    came = {name: header.shape for name, header in archive.headers.items()}
    if made != came:
        first = next(name for name in {**made, **came} if made.get(name) != came.get(name))
        raise BundleError(f"its arrays are not those of its model: {first!r} is another.")
    return forecaster


def _check_same(section: str, came: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Refuse entries that are not known, or not as `save` writes them."""
    for key in sorted(set(came) | set(made)):
        have, want = came.get(key), made.get(key)
        if key == "layout" and have and want:  # a dtype may be unknown to the libraries here
            have, want = without_dtypes(have), without_dtypes(want)
        if to_json(have) != to_json(want):
            raise BundleError(
                f"its section {section!r} has an unknown, missing or odd entry in {key!r}."
            )


def _by_name(transforms: Sequence[type[Transform]]) -> Own:
    for one in transforms:
        if not (isinstance(one, type) and issubclass(one, Transform)):
            raise TypeError(
                "`transforms` must be a list of classes that are derived from fc.Transform; got "
                f"{one!r} in it."
            )
    return {one.__name__: one for one in transforms}


def _check_versions(versions: Any) -> None:
    if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()):
        raise BundleError("it does not name the versions of the libraries that wrote it.")
