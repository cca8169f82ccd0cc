"""A series to be said backwards: attention must run along it from its end to its beginning."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from seq2seq_material import form_of

from forecast.heads import Absolute
from forecast.models.windowed.body import WindowBody
from forecast.models.windowed.student import WindowStudent
from forecast.models.windowed.view import WindowInputs

LENGTH, UPDATES, BATCH = 6, 600, 64


def exercises(num_rows: int, seed: int) -> tuple[WindowInputs, np.ndarray]:
    values = np.random.default_rng(seed).uniform(-1.0, 1.0, (num_rows, LENGTH))
    place = np.broadcast_to(np.arange(LENGTH) / LENGTH, values.shape)
    features = np.stack([values, place - 1.0], axis=2).astype("float32")
    ahead = np.stack([0.0 * place, place, 0.0 * place], axis=2).astype("float32")
    mask = np.ones(values.shape, dtype=bool)
    return WindowInputs(features, mask, ahead), values[:, ::-1].astype("float32")


@pytest.mark.long
def test_attention_of_a_reversal_is_anti_diagonal():
    body = WindowBody(form_of(8, seed=3, cell="GRU", context="state", attention="dot"))
    student = WindowStudent(body.trainable(), Absolute().loss)
    rate = keras.optimizers.schedules.CosineDecay(0.02, UPDATES)
    student.compile(optimizer=keras.optimizers.Adam(rate))
    inputs, targets = exercises(UPDATES * BATCH, seed=0)
    student.fit(
        vars(inputs), targets, sample_weight=np.ones_like(targets), batch_size=BATCH, shuffle=False,
        verbose=0,
    )  # fmt: skip
    body = body.with_weights(student.stack.get_weights())
    inputs, targets = exercises(100, seed=1)
    assert np.abs(body.corrections(inputs) - targets).mean() < 0.1 * np.abs(targets).mean()
    weights = body.attention(inputs).mean(axis=0)
    np.testing.assert_array_equal(weights.argmax(axis=1), np.arange(LENGTH)[::-1])
    assert np.diagonal(weights[:, ::-1]).min() > 0.4
