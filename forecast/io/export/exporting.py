"""Writing a fitted forecaster as a TensorFlow SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.io.export.folder import check_new, new_folder
from forecast.io.export.manifest import (
    MANIFEST,
    README,
    STATES,
    describe,
    readme,
    standing,
    to_json,
)
from forecast.io.export.support import check_exportable, served_model, serves_new_series

if TYPE_CHECKING:
    from forecast.forecaster import Forecaster
    from forecast.io.export.signatures import Signatures

__all__ = ["export"]


def export(forecaster: Forecaster, path: str | Path) -> None:
    """Write a fitted forecaster as a SavedModel; see `Forecaster.export`.

    Args:
        forecaster: fitted.
        path: folder to make.

    Raises:
        RuntimeError: if Keras does not run on TensorFlow.
    """
    check_new(path)
    check_exportable(forecaster)
    _require_tensorflow()
    from forecast.io.export.signatures import PREFIX, Signatures

    fitted, least = forecaster.fitted_, -1 if serves_new_series(forecaster) else 0
    positions = range(least, len(fitted.ids))
    signatures = Signatures(served_model(fitted.model), fitted.calibration.default_scale, positions)
    state = signatures.of_state(forecaster.store_.state)
    named = {PREFIX + name: array for name, array in state.items()}
    arrays: dict[str, Any] = standing(forecaster, named)
    with new_folder(path) as folder:
        graphs = _write_model(signatures, folder)
        np.savez(folder / STATES, **arrays)
        texts = {MANIFEST: to_json(describe(forecaster, graphs)), README: readme(forecaster)}
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")


def _write_model(signatures: Signatures, folder: Path) -> dict[str, Any]:
    import tensorflow as tf

    graphs = signatures.graphs()
    tf.saved_model.save(signatures, str(folder), signatures=graphs)
    return graphs


def _require_tensorflow() -> None:
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"a SavedModel is written by Keras on TensorFlow, and Keras runs on {backend} here. "
            "Save the forecaster, load it in a process with KERAS_BACKEND=tensorflow, export there."
        )
