"""Panels in folders, memory-mapped when they are opened."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..calendar.frequency import Frequency
from ..covariates.table import Covariate, CovariateSchema, CovariateTable
from ..panel import Panel
from .ids import decode_ids, encode_ids

__all__ = ["new_folder", "open_panel", "save_panel", "write_panel"]

_FORMAT, _VERSION = "forecast.panel", 1
_MANIFEST, _IDS = "panel.json", "ids.json"
_KINDS = ("future", "past", "static")
# Read when they are looked at; the others have one entry a series.
_MAPPED = ("values", "future", "past")


def save_panel(panel: Panel, folder: str | Path) -> None:
    """Save a panel as a folder: one .npy for each array, ids.json, and a manifest panel.json.

    The folder appears whole or not at all, and holds no pickle.

    Args:
        panel: the panel; ids are text, whole numbers or channels of these.
        folder: a folder that does not exist yet, inside one that does.

    Raises:
        FileExistsError: if the folder exists.
        FileNotFoundError: if the folder to put it in does not.
        TypeError: if an id is neither text nor a whole number.

    Example:
        >>> import tempfile
        >>> panel = Panel(np.array(["a"], object), np.array([1.0, np.nan, 3.0]), np.array([0, 3]),
        ...               pd.DatetimeIndex(["2024-01-01"]), Frequency("D"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_panel(panel, Path(folder) / "panel")
        ...     open_panel(Path(folder) / "panel").row(0).tolist()
        [1.0, nan, 3.0]
    """
    with new_folder(folder) as temporary:
        write_panel(temporary, panel)


@contextmanager
def new_folder(folder: str | Path) -> Iterator[Path]:
    """A temporary folder that gets its name when the block ends without an error.

    Raises:
        FileExistsError: if there is a file or folder of that name.
        FileNotFoundError: if the folder to put it in does not exist.
    """
    target = Path(folder).absolute()
    if target.exists():
        raise FileExistsError(f"{folder} exists; give another name, or remove it first.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"folder {target.parent} does not exist; create it first.")
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    temporary.mkdir()
    try:
        yield temporary
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_panel(folder: Path, panel: Panel, written: Collection[str] = ()) -> None:
    """Write the files of a panel into a folder, without the arrays that are `written` already."""
    arrays = _arrays(panel)
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "frequency": panel.frequency.alias,
        "num_channels": panel.num_channels,
        "starts": _clock(panel.starts),
        "covariates": asdict(panel.covariates.schema),
        "arrays": {name: {"dtype": array.dtype.str, "shape": array.shape}
                   for name, array in arrays.items()},
    }  # fmt: skip
    (folder / _IDS).write_text(json.dumps(encode_ids(panel.ids)))
    for name in arrays.keys() - set(written):
        np.save(folder / f"{name}.npy", arrays[name], allow_pickle=False)
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))


def _arrays(panel: Panel) -> dict[str, np.ndarray]:
    """The arrays of a panel by the names of their files; covariates of no column have none."""
    times = panel.starts
    stamps = times.asi8 if isinstance(times, pd.DatetimeIndex) else times.to_numpy(np.int64)
    tables = {kind: getattr(panel.covariates, kind) for kind in _KINDS}
    return {"values": panel.values, "offsets": panel.offsets, "starts": stamps,
            **{kind: table for kind, table in tables.items() if table.shape[-1]}}  # fmt: skip


def _clock(times: pd.Index) -> dict[str, Any]:
    """What the numbers in starts.npy count."""
    if not isinstance(times, pd.DatetimeIndex):
        return {"kind": "integer"}
    zone = None if times.tz is None else str(times.tz)
    return {"kind": "datetime", "unit": times.unit, "zone": zone}


def open_panel(folder: str | Path) -> Panel:
    """Open a panel that `save_panel` or `read_parquet_panel` wrote.

    Values and covariates are memory-mapped, read-only: nothing of them is read until it is looked
    at, and the panel may be larger than memory. A pickle of it holds the place of the files.

    Args:
        folder: the folder.

    Returns:
        The panel.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it is no folder of a panel, of a newer version, or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; check the path.")
    manifest = _read_manifest(folder)
    try:
        return _build(folder, manifest)
    except (ValueError, TypeError, KeyError, OSError, EOFError) as error:
        raise ValueError(
            f"the panel in {folder} is damaged: {error!s}. Save or read it again."
        ) from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder of this format."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{folder} is no folder of a panel: it has no {_MANIFEST}.") from error
    except ValueError as error:
        raise ValueError(f"the panel in {folder} is damaged: {_MANIFEST}: {error}.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ValueError(f"{folder} is no folder of a panel: its {_MANIFEST} is of something else.")
    if manifest.get("version") != _VERSION:
        raise ValueError(
            f"the panel in {folder} has version {manifest.get('version')}; this release reads "
            f"version {_VERSION}. Update keras-forecast, or write the panel again."
        )
    return manifest


def _build(folder: Path, manifest: dict[str, Any]) -> Panel:
    """The panel of checked files."""
    arrays = {name: _open_array(folder, name, said) for name, said in manifest["arrays"].items()}
    columns = manifest["covariates"]
    schema = CovariateSchema(*(tuple(map(_covariate, columns[kind])) for kind in _KINDS))
    tables = {kind: arrays[kind] for kind in _KINDS if kind in arrays}
    return Panel(
        decode_ids(json.loads((folder / _IDS).read_text(encoding="utf-8"))),
        arrays["values"],
        arrays["offsets"],
        _times(arrays["starts"], manifest["starts"]),
        Frequency(manifest["frequency"]),
        CovariateTable(**tables, schema=schema),
        manifest["num_channels"],
    )


def _open_array(folder: Path, name: str, said: dict[str, Any]) -> np.ndarray:
    """An array of the dtype and the shape that the manifest says."""
    if name not in ("values", "offsets", "starts", *_KINDS):
        raise ValueError(f"unknown array {name!r}")
    array = np.load(folder / f"{name}.npy", mmap_mode="r" if name in _MAPPED else None)
    found = {"dtype": array.dtype.str, "shape": list(array.shape)}
    if found != said:
        raise ValueError(f"{name}.npy holds {found}, where {said} is expected")
    return np.asarray(array)


def _covariate(said: dict[str, Any]) -> Covariate:
    categories = said["categories"]
    return Covariate(said["name"], None if categories is None else tuple(categories))


def _times(stamps: np.ndarray, said: dict[str, Any]) -> pd.Index:
    if said["kind"] == "integer":
        return pd.Index(stamps)
    times = pd.DatetimeIndex(stamps.view(f"datetime64[{said['unit']}]"))
    return times if said["zone"] is None else times.tz_localize("UTC").tz_convert(said["zone"])
