"""Frames and forecasters that the tests of bundles share, and bundles written by hand."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast import baselines
from forecast.archive.archive import to_json
from forecast.archive.container import write_container
from forecast.archive.npy import ArrayHeader, array_data
from forecast.forecaster import Forecaster

BASELINES = [
    value
    for name in baselines.__all__
    if inspect.isclass(value := getattr(baselines, name)) and issubclass(value, Forecaster)
]


def long_frame(ids: tuple[Any, ...] = ("a", "b"), steps: int = 60, **times: Any) -> pd.DataFrame:
    """Seasonal random walks of unequal length, one with a gap."""
    random = np.random.default_rng(5)
    times = {"start": "2020-01-31", "freq": "ME"} | times
    parts = []
    for number, name in enumerate(ids):
        dates = pd.date_range(periods=steps - 7 * number, **times)
        walk = 50 + np.cumsum(random.normal(size=len(dates))) + 3 * np.sin(np.arange(len(dates)))
        part = pd.DataFrame({"unique_id": name, "ds": dates, "y": walk})
        parts.append(part.drop(index=[20, 21]) if number == 1 else part)
    return pd.concat(parts, ignore_index=True)


def later_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The last 5 rows of each series; `frame` without them is what came before."""
    return frame.groupby("unique_id", sort=False).tail(5)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, content: dict[str, bytes]) -> Path:
    """A bundle of these members, with the right hash of the manifest, as an attacker would."""
    if "manifest.json" in content:
        digest = hashlib.sha256(content["manifest.json"]).hexdigest()
        content = content | {"manifest.sha256": f"{digest}  manifest.json\n".encode()}
    with path.open("wb") as file:
        write_container(file, {name: [data] for name, data in content.items()})
    return path


def write_zip(path: Path, content: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    """The members as another program would write them."""
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def with_manifest(content: dict[str, bytes], change: Callable[[dict], Any]) -> dict[str, bytes]:
    """The members with a changed manifest."""
    manifest = json.loads(content["manifest.json"])
    change(manifest)
    return content | {"manifest.json": to_json(manifest)}


def with_array(content: dict[str, bytes], name: str, data: bytes) -> dict[str, bytes]:
    """The members with one array replaced and its hash corrected, as an attacker would."""
    digest = hashlib.sha256(data).hexdigest()
    changed = with_manifest(content, lambda manifest: manifest["arrays"].update({name: digest}))
    return changed | {name: data}


def npy(array: Any, **options: Any) -> bytes:
    """An array as NumPy writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def ours(array: np.ndarray) -> bytes:
    """An array as a bundle holds it."""
    return ArrayHeader.of(array).to_bytes() + bytes(array_data(array))
