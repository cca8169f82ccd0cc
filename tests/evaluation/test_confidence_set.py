"""The model confidence set: two models as the test, more by simulation and plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.evaluation import diebold_mariano, model_confidence_set
from forecast.evaluation.significance.resampling import block_positions, resampled_means


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_two_models_are_told_apart_as_by_the_test(shift: float) -> None:
    losses = np.random.default_rng(3).normal(1.0, 0.5, (2, 30)) + np.array([[0.0], [shift]])
    expected = diebold_mariano(losses[0] - losses[1], 1, 1).p_value
    found = model_confidence_set({"A": losses[0], "B": losses[1]})
    worse = "A" if losses[0].mean() > losses[1].mean() else "B"
    assert found[worse] == pytest.approx(expected, abs=0.02)
    assert max(found.values()) == 1.0


def test_elimination_equals_plain_loops() -> None:
    generator = np.random.default_rng(0)
    common = generator.normal(size=(1000, 1))
    losses = common + generator.normal(size=(1000, 4)) + [0.0, 0.05, 0.1, 0.3]
    names = ["A", "B", "C", "D"]
    found = model_confidence_set(dict(zip(names, losses.T, strict=True)), seed=5)
    drawn = resampled_means(losses, 1, seed=5)
    left, largest, wanted = [0, 1, 2, 3], 0.0, dict.fromkeys(names, 1.0)
    while len(left) > 1:
        gap = losses[:, left].mean(axis=0) - losses[:, left].mean()
        deviations = [[row[i] - losses[:, i].mean() for i in left] for row in drawn]
        deviations = np.array([np.array(row) - np.mean(row) for row in deviations])
        scale = np.sqrt((deviations**2).mean(axis=0))
        t = gap / scale
        largest = max(largest, float(np.mean((deviations / scale).max(axis=1) >= t.max())))
        wanted[names[left.pop(int(t.argmax()))]] = largest
    for name in names:  # 1,000 units: the tails of Student's t hardly differ from the normal's
        assert found[name] == pytest.approx(wanted[name], abs=0.01)
    assert found["D"] < 0.05 < found["A"]


def test_equal_models_and_one_model_stay_in() -> None:
    losses = np.random.default_rng(0).normal(size=12)
    assert model_confidence_set({"A": losses}) == {"A": 1.0}
    assert model_confidence_set({"A": losses, "B": losses, "C": losses + 1.0}) == {
        "A": 1.0,
        "B": 1.0,
        "C": 0.0,
    }


def test_a_unit_that_one_model_lacks_does_not_count() -> None:
    losses = np.random.default_rng(1).normal(size=(3, 15))
    losses[2, 4] = np.nan
    whole = {name: np.delete(row, 4) for name, row in zip("ABC", losses, strict=True)}
    assert model_confidence_set(dict(zip("ABC", losses, strict=True))) == model_confidence_set(
        whole
    )


def test_no_model_and_no_units_are_refused() -> None:
    with pytest.raises(ValueError, match="no model was given"):
        model_confidence_set({})
    with pytest.raises(ValueError, match="1 units have a loss of every model"):
        model_confidence_set({"A": [1.0, np.nan], "B": [1.0, 2.0]})


def test_blocks_are_successive_and_every_row_is_drawn_as_often() -> None:
    positions = block_positions(10, 3, np.random.default_rng(0), num_draws=500)
    assert positions.shape == (500, 10) and positions.min() == 0 and positions.max() == 9
    assert np.all(np.diff(positions.reshape(500, 10)[:, :3]) == 1)
    means = resampled_means(np.arange(20.0)[:, None], 1, seed=0, num_draws=4000)
    assert means.mean() == pytest.approx(9.5, abs=0.1)
    assert means.std() == pytest.approx(np.arange(20).std() / np.sqrt(20), rel=0.05)


def test_all_of_five_equal_models_are_held_in_most_samples() -> None:
    generator = np.random.default_rng(2)
    held = 0
    for run in range(150):
        losses = generator.normal(size=12) + generator.normal(size=(5, 12))
        held += min(model_confidence_set(dict(enumerate(losses)), seed=run).values()) >= 0.05
    assert held >= 0.9 * 150
