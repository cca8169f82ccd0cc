"""What every network of a pattern promises: states, masks, seeds, files."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from pattern_material import answers, persistent_frame

import forecast as fc
from forecast.errors import NotFittedError


def _some(network, frame: pd.DataFrame, count: int = 6) -> pd.DataFrame:
    """The rows of a few series; labels are not needed."""
    ids = frame["unique_id"].unique()[:count]
    return frame[frame["unique_id"].isin(ids)].drop(columns=["label", "state"], errors="ignore")


def _standing(network, frame: pd.DataFrame) -> np.ndarray:
    return answers(copy(network).condition(frame))


def test_a_batch_equals_its_rows_alone(fitted):
    network, frame = fitted
    frame = _some(network, frame)
    together = _standing(network, frame)
    alone = [_standing(network, part) for _, part in frame.groupby("unique_id", sort=False)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-5, atol=1e-6)


def test_update_in_parts_equals_the_whole(fitted):
    network, frame = fitted
    frame = _some(network, frame)
    order = frame.groupby("unique_id").cumcount()
    cuts = frame["unique_id"].str[-1].astype(int) % 3 + 2
    moved = copy(network).condition(frame[order < cuts])
    moved.update(frame[(order >= cuts) & (order < 9)]).update(frame[order >= 9])
    expected = _standing(network, frame)
    np.testing.assert_allclose(answers(moved), expected, rtol=1e-5, atol=1e-6)
    assert list(moved.fitted_until_) == list(copy(network).condition(frame).fitted_until_)


def test_a_step_without_a_row_is_one_without_a_value(fitted):
    network, frame = fitted
    frame = _some(network, frame).reset_index(drop=True)
    gone = frame.groupby("unique_id").cumcount() == 4
    empty = frame.assign(y=frame["y"].mask(gone))
    np.testing.assert_array_equal(_standing(network, empty), _standing(network, frame[~gone]))
    assert not np.allclose(_standing(network, empty), _standing(network, frame))


def test_a_new_series_joins(fitted):
    network, frame = fitted
    new = _some(network, frame, 1).assign(unique_id="new")
    joined = copy(network).update(new)
    assert joined.store_.ids[-1] == "new"
    width = len(answers(joined)) - len(answers(network))
    np.testing.assert_allclose(answers(joined)[-width:], _standing(network, new), rtol=1e-6)


def test_saved_and_loaded_are_equal_bit_for_bit(fitted, tmp_path):
    network, frame = fitted
    network.save(tmp_path / "network.kfc")
    loaded = fc.load(tmp_path / "network.kfc")
    assert type(loaded) is type(network) and loaded.get_params() == network.get_params()
    np.testing.assert_array_equal(answers(loaded), answers(network))
    part = _some(network, frame, 3)
    np.testing.assert_array_equal(_standing(loaded, part), _standing(network, part))
    assert loaded.history_ == network.history_


def test_a_damaged_file_is_refused(classified, tmp_path):
    classified.network.save(tmp_path / "network.kfc")
    data = bytearray((tmp_path / "network.kfc").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "network.kfc").write_bytes(data)
    with pytest.raises(ValueError, match="is refused"):
        fc.load(tmp_path / "network.kfc")


def test_the_seed_decides_everything():
    frame = persistent_frame()[:400]
    training = fc.Training(num_steps=3, num_checks=1)
    one, other = (fc.SeriesClassifier(units=3, training=training).fit(frame) for _ in range(2))
    np.testing.assert_array_equal(answers(one), answers(other))
    assert one.num_steps_ == 3 and list(one.history_["step"]) == [0.0, 3.0]
    bodies = [fc.SeriesClassifier(units=3, seed=seed)._body(4, 2) for seed in (0, 1)]
    assert not np.allclose(bodies[0].weights[0], bodies[1].weights[0])


def test_results_come_in_the_library_of_the_frame(summed):
    pl = pytest.importorskip("polars")
    rows = pl.DataFrame({"unique_id": ["a"] * 9, "ds": list(range(9)), "y": [1.0, 2.0, 4.0] * 3})
    network = copy(summed.network).condition(rows)
    assert network.predict().columns == ["unique_id", "ds", "Summary"]


# Refusals -----------------------------------------------------------------------------------------


def test_before_fit_nothing_is_said():
    for network in (fc.SeriesClassifier(), fc.SequenceLabeler(), fc.ColdStartForecaster(),
                    fc.SummaryForecaster()):  # fmt: skip
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            network.predict()


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (fc.Training(teacher_forcing=0.5), "`teacher_forcing` must be 1.0 here"),
        (fc.Training(optimizer=fc.HessianFree()), "this network has another loss"),
        (fc.Training(truncation=fc.Truncation(9, "streams")), "Give truncation=9"),
        (fc.Training(run=fc.TrainingRun(checkpoint="a.npz")), "`run` has a `checkpoint`"),
    ],
)
def test_a_training_that_has_no_meaning_is_refused(training, message):
    with pytest.raises(ValueError, match=message):
        fc.SequenceLabeler(training=training)


def test_rows_that_are_not_newer_change_nothing(fitted):
    network, frame = fitted
    before = answers(network)
    ids = network.store_.ids[:1]
    with pytest.raises(ValueError, match="the state has already seen"):
        network.update(frame[frame["unique_id"].isin(ids)])
    np.testing.assert_array_equal(answers(network), before)


def test_several_targets_are_refused():
    with pytest.raises(ValueError, match="Name one, and the others among the past_covariates"):
        fc.SeriesClassifier().fit(persistent_frame(), target_col=["y", "z"])


def test_a_series_without_values_is_left_out(untrained):
    frame = persistent_frame()[:200]
    empty = pd.DataFrame({"unique_id": "empty", "ds": [1, 2], "y": np.nan, "label": "slow"})
    network = fc.SeriesClassifier(units=3).fit(pd.concat([frame, empty]))
    assert network.left_out_ == ("empty",)
    with pytest.raises(ValueError, match="no series has a value"):
        network.predict(empty)
