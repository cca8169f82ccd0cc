"""Train on JAX, break off, go on from the checkpoint; started by test_jax_training.py.

Usage: KERAS_BACKEND=jax python tests/jax_training.py FOLDER, prints what came of it as JSON. The
backend of Keras is fixed at its import, so this is a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from models.material import frame_of, seasonal_values

import forecast as fc

FRAME = frame_of(seasonal_values(4, 60, seed=1))


class Breaks(keras.callbacks.Callback):
    """Breaks off before the last update."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 10:
            raise RuntimeError("broken off")


def network(path: Path, *callbacks: Any) -> fc.RNNForecaster:
    """A network that learns from streams, so that states are carried from update to update."""
    training = fc.Training(
        num_steps=12, num_checks=1, batch_size=4, learning_rate=0.01,
        truncation=fc.Truncation(8, sequences="streams"),
        run=fc.TrainingRun(checkpoint=path, save_every=10, callbacks=callbacks),
    )  # fmt: skip
    alone = fc.NetworkDesign(linear="highway")
    return fc.RNNForecaster(4, 1, training, season_length=4, design=alone)


def resumed(folder: Path) -> dict[str, Any]:
    """Losses of a training that went through, and of one that was broken off and taken up."""
    whole, broken = network(folder / "whole.npz").fit(FRAME), False
    try:
        network(folder / "broken.npz", Breaks()).fit(FRAME)
    except RuntimeError:
        broken = True
    again = network(folder / "broken.npz").fit(FRAME)
    pairs = zip(whole.fitted_.model.body.weights, again.fitted_.model.body.weights, strict=True)
    return {
        "backend": keras.backend.backend(),
        "broken": broken,
        "losses": whole.history_["loss"],
        "same losses": again.history_ == whole.history_,
        "same weights": all(np.array_equal(left, right) for left, right in pairs),
    }


if __name__ == "__main__":
    json.dump(resumed(Path(sys.argv[1])), sys.stdout)
