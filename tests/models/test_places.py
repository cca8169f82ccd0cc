"""Where sequences lie: stretches, windows and streams, and what of them counts."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.models.places import placing_of
from forecast.models.teaching import Lesson, Sequences
from forecast.models.training import Truncation

LENGTHS = np.array([23, 10, 4, 0, 40])
NUM_STEPS = 40


def lesson() -> Lesson:
    """Features say where they are from: series * 100 + step; nothing is learned in a last step."""
    steps = np.arange(NUM_STEPS)
    valid = steps < LENGTHS[:, None]
    weights = np.where(steps < LENGTHS[:, None] - 1, 1.0 + steps / 100.0, 0.0)
    features = (np.arange(5)[:, None] * 100 + steps)[..., None].astype(np.float32)
    return Lesson(features, np.where(valid, steps, 0.0), weights, LENGTHS)


def sequences(kind: str, num_updates: int = 60, **options) -> Sequences:
    cut = Truncation(sequences=kind, **options)
    return Sequences(lesson(), 6, 3, num_updates, seed=2, cut=cut)


@pytest.mark.parametrize("kind", ["stretches", "windows", "streams"])
def test_a_batch_is_the_same_whenever_it_is_asked_for(kind: str) -> None:
    first, again = sequences(kind), sequences(kind)
    later = sequences(kind)
    later.first = 7
    for name, array in first.material(9)[0].items():
        np.testing.assert_array_equal(array, again.material(9)[0][name])
        np.testing.assert_array_equal(array, later[2][0][name])
    assert len(later) == 53


@pytest.mark.parametrize("kind", ["stretches", "windows", "streams"])
def test_steps_follow_each_other_within_one_series(kind: str) -> None:
    material = sequences(kind)
    for number in range(20):
        features, mask, targets, weights = material.batch(number)
        for row, valid in zip(features[..., 0], mask, strict=True):
            steps = row[valid]
            assert valid[: len(steps)].all() and (np.diff(steps) == 1).all()
            assert len(set(steps // 100)) == 1 and steps[0] // 100 != 3
        assert not weights[~mask].any()
        np.testing.assert_array_equal(targets[mask], features[mask][:, 0] % 100)


def test_a_stream_walks_along_whole_series_and_its_state_begins_with_each() -> None:
    stream = sequences("streams")
    batches = [stream.material(number)[0] for number in range(60)]
    seen: set[float] = set()
    for row in range(3):
        before = None
        for batch in batches:
            steps = batch["features"][row, batch["mask"][row], 0]
            seen |= set(steps.tolist())
            if batch["begins"][row]:
                ended = before is None or before % 100 == LENGTHS[int(before // 100)] - 1
                assert ended and (before is None or steps[0] % 100 == 0)
            else:
                assert steps[0] == before + 1
            before = steps[-1]
    taught = [series * 100 + step for series in (0, 1, 2, 4) for step in range(LENGTHS[series])]
    assert seen == set(taught)


def test_rows_of_one_long_series_begin_at_different_chunks() -> None:
    taught = np.ones((1, 600), dtype=bool)
    places = placing_of("streams", np.array([600]), taught, (4, 8, 10), seed=0)(0)
    assert len(set(places.starts.tolist())) > 4 and (places.starts % 10 == 0).all()


def test_only_the_last_steps_of_a_window_count() -> None:
    for loss_steps in (1, 2):
        windows = sequences("windows", loss_steps=loss_steps)
        for number in range(20):
            features, mask, _, weights = windows.batch(number)
            for row, valid, weight in zip(features[..., 0], mask, weights, strict=True):
                last = valid.sum() - 1
                expected = 1.0 + row % 100 / 100.0
                expected[: max(last + 1 - loss_steps, 0)] = expected[last + 1 :] = 0.0
                np.testing.assert_allclose(weight, expected, rtol=1e-6)
