"""Trainings that are taken up again, and those that start from an earlier fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import sklearn.base
from models.material import frame_of, seasonal_values
from numpy.typing import NDArray

import forecast as fc
from forecast.models import trained as module
from forecast.models.callback_states import changed_states, recall, states_of

FRAME = frame_of(seasonal_values(4, 60, seed=1))
TRAINING = fc.Training(
    num_steps=30, num_checks=3, batch_size=4, learning_rate=0.01,
    truncation=fc.Truncation(8, sequences="streams"),
)  # fmt: skip


def network(training: fc.Training = TRAINING, cls: Any = fc.RNNForecaster, **options: Any):
    alone = fc.NetworkDesign(linear="highway")
    usual = {"units": 4, "season_length": 4, "training": training, "seed": 0, "design": alone}
    return cls(**(usual | options))


def kept_at(path: Path | None, *callbacks: Any, **options: Any) -> fc.Training:
    run = fc.TrainingRun(checkpoint=path, save_every=8, callbacks=callbacks, patience=50)
    return replace(TRAINING, run=run, **options)


def weights_of(fitted: Any) -> list[NDArray]:
    return list(fitted.fitted_.model.body.weights)


def assert_same(left: Any, right: Any) -> None:
    for one, other in zip(weights_of(left), weights_of(right), strict=True):
        np.testing.assert_array_equal(one, other)
    assert left.history_ == right.history_ and left.choices_ == right.choices_


class StopsAt(keras.callbacks.Callback):
    """Breaks off after some updates."""

    def __init__(self, step: int, error: type[BaseException]) -> None:
        super().__init__()
        self.step, self.error = step, error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch + 1 == self.step:
            raise self.error


@pytest.fixture(autouse=True)
def newest_is_best(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Free running is scored by the size of the weights, so that every one of them matters."""

    monkeypatch.setattr(
        module, "free_running_check", lambda *arguments: lambda body: smallness(body.weights)
    )
    yield


def smallness(weights: Iterable[NDArray]) -> float:
    return -sum(float(np.abs(weight).sum()) for weight in weights)


@pytest.fixture(scope="module")
def uninterrupted() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        score = lambda body: -sum(float(np.abs(w).sum()) for w in body.weights)  # noqa: E731
        patch.setattr(module, "free_running_check", lambda *arguments: score)
        yield network(kept_at(None)).fit(FRAME)


class Crash(Exception):
    """Whatever may break a training off."""


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
    uninterrupted, tmp_path: Path
) -> None:
    path = tmp_path / "training.npz"
    with pytest.raises(Crash):
        network(kept_at(path, StopsAt(21, Crash))).fit(FRAME)
    with np.load(path) as file:
        about = json.loads(file["about"].tobytes())
    assert about["step"] == 16 and not about["is_finished"]
    resumed = network(kept_at(path)).fit(FRAME)
    assert_same(resumed, uninterrupted)
    at_once = network(kept_at(path, StopsAt(1, Crash))).fit(FRAME)  # no update is made
    assert_same(at_once, uninterrupted)


def test_an_interrupt_keeps_the_last_update(uninterrupted, tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    with pytest.warns(UserWarning, match="interrupted; the best weights so far are kept"):
        network(kept_at(path, StopsAt(19, KeyboardInterrupt))).fit(FRAME)
    with np.load(path) as file:
        assert json.loads(file["about"].tobytes())["step"] == 19
    assert_same(network(kept_at(path)).fit(FRAME), uninterrupted)


def test_an_interrupt_between_update_and_note_keeps_the_update(
    uninterrupted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, path = module.descend.__globals__["Guide"].on_train_batch_end, tmp_path / "a.npz"

    def interrupted(self: Any, batch: int, logs: Any = None) -> None:
        if batch + 1 == 19:
            raise KeyboardInterrupt
        original(self, batch, logs)

    with monkeypatch.context() as patch, pytest.warns(UserWarning, match="interrupted"):
        patch.setattr(module.descend.__globals__["Guide"], "on_train_batch_end", interrupted)
        network(kept_at(path)).fit(FRAME)
    with np.load(path) as file:
        assert json.loads(file["about"].tobytes())["step"] == 19
    assert_same(network(kept_at(path)).fit(FRAME), uninterrupted)


def test_a_checkpoint_of_another_fit_is_refused_and_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    short = {"num_steps": 11, "num_checks": 1}
    network(kept_at(path, **short)).fit(FRAME)
    before = path.read_bytes()
    others = [
        (network(kept_at(path, **short), seed=1), FRAME, r"layers' seed \(0 there, 1 here\)"),
        (network(kept_at(path, **short), units=5), FRAME, r"layers' units \(4 there, 5 here\)"),
        (
            network(kept_at(path, **short)),
            FRAME.assign(y=FRAME["y"] + 1),
            r"another training: data",
        ),
        (
            network(kept_at(path, num_steps=12, num_checks=1)),
            FRAME,
            r"another training: num_steps \(11 there, 12 here\)\. Give another path, remove",
        ),
    ]
    for forecaster, frame, message in others:
        with pytest.raises(ValueError, match=message):
            forecaster.fit(frame)
        assert path.read_bytes() == before
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"training\.npz is no checkpoint of a training"):
        network(kept_at(path, **short)).fit(FRAME)
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        network(kept_at(tmp_path / "none" / "a.npz", **short)).fit(FRAME)


def kept_by(path: Path | None, *callbacks: Any) -> fc.Training:
    """Checks at the steps 13, 16, 20, 23, 26 and 30, watched as if smaller were worse."""
    watched = {"monitor": "val_loss", "mode": "max"}
    slower = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0, **watched)
    stops = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True, **watched)
    return kept_at(path, slower, stops, *callbacks, num_checks=6)


def test_callbacks_go_on_from_what_they_remember(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    whole = network(kept_by(None)).fit(FRAME)
    assert whole.history_["step"] == [0.0, 13.0, 16.0, 20.0, 23.0]
    plain = network(kept_at(None, num_checks=6)).fit(FRAME)
    ratios = np.divide(whole.history_["learning_rate"], plain.history_["learning_rate"][:5])
    np.testing.assert_allclose(ratios, [1.0, 1.0, 1.0, 0.5, 0.25], rtol=1e-5)
    with pytest.raises(Crash):
        network(kept_by(path, StopsAt(19, Crash))).fit(FRAME)
    assert_same(network(kept_by(path)).fit(FRAME), whole)


def test_what_a_callback_remembers_is_plain() -> None:
    class Keeps(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.patience, self.best, self.weights = 3, None, None
            self.curve: dict[str, list[float]] = {}
            self.file, self.rule = open, np.less

    keeps, others = Keeps(), [Keeps(), Keeps()]
    begun = states_of([keeps])
    assert begun == {"Keeps 0": {"patience": 3, "best": None, "weights": None,
                                 "curve": {"dict": {}}}}  # fmt: skip
    keeps.best, keeps.curve = np.float32(0.5), {"loss": [1.0, float("nan")]}
    keeps.weights = [np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.zeros(2, np.int64)]
    kept = json.loads(json.dumps(changed_states([keeps], begun)))
    assert set(kept["Keeps 0"]) == {"best", "weights", "curve"}
    recall(others, kept)
    assert others[0].best == 0.5 and np.isnan(others[0].curve["loss"][1])
    for found, wanted in zip(others[0].weights, keeps.weights, strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    assert others[1].best is None and others[1].weights is None


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    text = json.dumps({"format": 1, "fit": {}}).encode()
    np.savez(path, about=np.frombuffer(text, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"has the format 1 of another version .* here it is 2"):
        network(kept_at(path, num_steps=11, num_checks=1)).fit(FRAME)


# Warm start ---------------------------------------------------------------------------------------


def started(start: Any, **options: Any) -> Any:
    run = fc.TrainingRun(start=start, patience=50)
    return network(replace(TRAINING, num_steps=11, num_checks=1, run=run), **options)


def test_a_training_starts_from_the_weights_of_an_earlier_fit(uninterrupted) -> None:
    tuned = started(uninterrupted, units=None)
    again = started(uninterrupted, seed=0).fit(FRAME)
    tuned.fit(FRAME)
    assert_same(tuned, again)
    assert weights_of(tuned)[0].shape == weights_of(uninterrupted)[0].shape
    moved = np.abs(weights_of(tuned)[1] - weights_of(uninterrupted)[1]).max()
    assert 0.0 < moved < 0.2
    fresh = network(replace(TRAINING, num_steps=11, num_checks=1)).fit(FRAME)
    assert (weights_of(fresh)[0] != weights_of(tuned)[0]).any()
    started_at = smallness(weights_of(uninterrupted))  # divided by a unit and multiplied again
    assert tuned.history_["free_running"][0] == pytest.approx(started_at, rel=1e-8)


def test_a_start_of_another_form_is_refused(uninterrupted) -> None:
    with pytest.raises(
        ValueError,
        match=r"cannot start from RNN: its network is 1 x 4 units of SimpleRNN with 8 inputs, the "
        r"one to be trained is 1 x 4 units of GRU with 8 inputs",
    ):
        started(uninterrupted, cls=fc.GRUForecaster).fit(FRAME)
    with pytest.raises(ValueError, match=r"1 x 5 units of SimpleRNN with 8 inputs"):
        started(uninterrupted, units=5).fit(FRAME)


def test_a_start_that_emits_something_else_is_refused(uninterrupted) -> None:
    huber = fc.NetworkDesign(linear="highway", head="huber")
    with pytest.raises(ValueError, match=r"it emits Absolute\(\), the network to be trained Huber"):
        started(uninterrupted, design=huber).fit(FRAME)


def test_a_checkpoint_of_another_horizon_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    network(kept_at(path, num_steps=4)).fit(FRAME, horizon=3)
    with pytest.raises(ValueError, match=r"another training: horizon \(3 there, 12 here\)"):
        network(kept_at(path, num_steps=4)).fit(FRAME, horizon=12)


@pytest.mark.parametrize("start", [fc.RNNForecaster(), fc.Naive(), "model.kfc"])
def test_a_start_that_is_no_fitted_network_is_refused(start: Any) -> None:
    with pytest.raises(ValueError, match=r"`start` must be a fitted network .* not fitted"):
        started(start).fit(FRAME)


def test_a_start_that_knows_the_future_of_a_series_is_refused(uninterrupted) -> None:
    with pytest.raises(
        ValueError, match=r"of series 0 it has learned until 59, later than 49, the"
    ):
        started(uninterrupted).fit(FRAME[FRAME["ds"] < 50])
    others = FRAME[FRAME["ds"] < 50].assign(unique_id=lambda frame: frame["unique_id"] + 10)
    assert started(uninterrupted).fit(others).num_steps_ == 11


def test_copies_share_start_and_callbacks_and_bundles_leave_them_out(
    uninterrupted, tmp_path: Path
) -> None:
    callback = StopsAt(100, Crash)
    run = fc.TrainingRun(
        start=uninterrupted, callbacks=[callback], checkpoint=tmp_path / "a.npz", patience=3
    )
    forecaster = network(replace(TRAINING, num_steps=11, num_checks=1, run=run))
    for copy in (forecaster.clone(), sklearn.base.clone(forecaster), deepcopy(forecaster)):
        assert copy.training.run.start is uninterrupted
        assert copy.training.run.callbacks[0] is callback
    forecaster.fit(FRAME).save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert loaded.training == replace(forecaster.training, run=fc.TrainingRun(patience=3))
    np.testing.assert_array_equal(loaded.predict(3)["RNN"], forecaster.predict(3)["RNN"])
