"""Hidden Markov models as users see them: forecasts, classes, paths of states, odd series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

import forecast as fc

HMM = fc.HiddenMarkov


def frame_of(**series: np.ndarray) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": np.arange(len(values)), "y": values})
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def regimes(num_steps: int, seed: int, level: float = 0.0, size: float = 1.0) -> np.ndarray:
    """Two levels, each kept for a while."""
    rng = np.random.default_rng(seed)
    state, values = 0, []
    for _ in range(num_steps):
        state = state if rng.random() < 0.93 else 1 - state
        values.append((-2.0, 2.5)[state] + (0.5, 1.0)[state] * rng.normal())
    return level + size * np.array(values)


@pytest.fixture(scope="module")
def pair() -> pd.DataFrame:
    return frame_of(
        a=regimes(150, 1, 50.0, 3.0), b=regimes(150, 2, -1e4, 700.0)
    )  # fmt: skip


def test_forecasts_are_the_median_of_the_rolled_posterior(pair):
    """By hand, in probabilities, from the fitted parameters."""
    model = HMM(2).fit(pair, horizon=6)
    chain, scale = model.fitted_.model.chain, model.fitted_.model.scale
    found = model.predict(6)["HiddenMarkov"].to_numpy().reshape(2, 6)
    means, sizes = chain.emission.means[0], chain.emission.deviations[0]
    for row, values in enumerate(pair["y"].to_numpy().reshape(2, -1)):
        ahead = chain.start[0]
        for z in (values - scale.shift[row, 0]) / scale.factor[row, 0]:
            ahead = ahead * norm.pdf(z, means, sizes)
            ahead = ahead / ahead.sum() @ chain.transition[0]
        for step in range(6):
            middle = brentq(
                lambda z, p=ahead: p @ norm.cdf((z - means) / sizes) - 0.5, -9, 9, xtol=1e-14
            )
            wanted = scale.shift[row, 0] + scale.factor[row, 0] * middle
            np.testing.assert_allclose(found[row, step], wanted, rtol=1e-9)
            ahead = ahead @ chain.transition[0]


def test_paths_of_states_are_found_again(pair):
    model = HMM(2).fit(pair, horizon=6)
    found = model.decode(pair)
    assert list(found.columns) == ["unique_id", "ds", "state", "probability"]
    assert len(found) == len(pair) and set(found["state"]) == {1, 2}
    high = np.where(pair["unique_id"] == "a", pair["y"] > 51.0, pair["y"] > -9800.0)
    assert np.mean((found["state"] == 2) == high) > 0.97
    assert (found["probability"] > 0.5).mean() > 0.98
    with pytest.raises(ValueError, match=r"was not fitted on \['c'\]"):
        model.decode(pair.query("unique_id == 'a'").assign(unique_id="c"))


def test_the_number_of_states_is_chosen_by_bic(pair):
    model = HMM().fit(pair, horizon=6)
    assert model.choices_ == "2 states, one chain for 2 series (BIC); no season"
    noise = np.random.default_rng(0).normal(size=120)
    assert HMM().fit(frame_of(a=noise), horizon=6).choices_.startswith("1 state, one chain (BIC)")
    own = HMM(2, pooled=False).fit(pair, horizon=6)
    assert own.choices_.startswith("2 states, a chain for each of 2 series")


def test_a_path_that_jumps_stays_there_for_a_while(pair):
    """Draws are evidence about the hidden state: paths keep their level, as the data do."""
    paths = HMM(2).fit(pair, horizon=6).sample(6, 400, seed=3)
    steps = paths[paths["unique_id"] == "a"]["y"].to_numpy().reshape(400, 6) > 51.0
    stays = (steps[:, 1:] == steps[:, :-1]).mean()
    assert steps.any() and not steps.all() and stays > 0.75


def dice(num_steps: int, seed: int) -> np.ndarray:
    """Classes 0 to 2 that mostly follow each other in a circle."""
    rng, state, values = np.random.default_rng(seed), 0, []
    for _ in range(num_steps):
        state = (state + 1) % 3 if rng.random() < 0.9 else state
        values.append(float(state if rng.random() < 0.95 else rng.integers(3)))
    return np.array(values)


def test_classes_are_forecast_with_their_probabilities():
    frame = frame_of(a=dice(200, 1), b=dice(160, 2), short=np.array([1.0, 2.0]))
    model = HMM(3, emission="categorical").fit(frame, horizon=4)
    found = model.class_probabilities(3)
    assert list(found.columns) == ["unique_id", "ds", "class", "probability"]
    assert set(found["unique_id"]) == {"a", "b"}
    table = found["probability"].to_numpy().reshape(2, 3, 3)
    np.testing.assert_allclose(table.sum(axis=2), 1.0)
    points = model.predict(3).query("unique_id != 'short'")["HiddenMarkov"]
    np.testing.assert_array_equal(points.to_numpy().reshape(2, 3), table.argmax(axis=2))
    assert points.iloc[0] == (frame.query("unique_id == 'a'")["y"].iloc[-1] + 1) % 3
    assert set(model.sample(4, 50)["y"]) <= {0.0, 1.0, 2.0}
    assert set(model.decode(frame)["unique_id"]) == {"a", "b"}


def test_a_class_that_training_never_saw_tells_nothing():
    frame = frame_of(a=dice(120, 3))
    model = HMM(3, emission="categorical").fit(frame, horizon=2)
    rows = pd.DataFrame({"unique_id": "a", "ds": [120, 121], "y": [9.0, 1.0]})
    gap = rows.assign(y=[np.nan, 1.0])
    tables = [HMM.condition(model, frame).update(new).class_probabilities(2) for new in (rows, gap)]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("value", [-1.0, 0.5, 300.0])
def test_values_that_are_no_classes_are_refused(value):
    frame = frame_of(good=dice(40, 1), bad=np.append(dice(40, 2), value))
    with pytest.raises(ValueError, match=rf"series 'bad' has the value {value:g}\. Number the"):
        HMM(2, emission="categorical").fit(frame)


def test_class_probabilities_are_for_classes(pair):
    with pytest.raises(ValueError, match=r"has normal values, not classes"):
        HMM(1).fit(pair, horizon=2).class_probabilities(2)


@pytest.mark.parametrize("emission", ["gaussian", "categorical"])
@pytest.mark.parametrize(
    "values",
    [np.full(30, 7.0), np.array([3.0]), np.array([1.0, 2.0, 4.0])],
    ids=["constant", "one value", "three values"],
)
def test_little_to_learn_from_is_forecast_by_its_last_value(values, emission):
    model = HMM(emission=emission).fit(frame_of(a=values), horizon=3)
    np.testing.assert_array_equal(model.predict(3)["HiddenMarkov"], values[-1])
    assert model.fell_back_ == ([] if len(values) >= 5 else ["a"])


def test_more_states_than_values_fall_back():
    model = HMM(40).fit(frame_of(a=np.sin(np.arange(20.0))), horizon=3)
    assert model.fell_back_ == ["a"] and "too few values for 40 states" in model.choices_
    np.testing.assert_allclose(model.predict(2)["HiddenMarkov"], np.sin(19.0))
    assert not len(model.decode(frame_of(a=np.arange(3.0))))


def test_one_state_is_the_mean(pair):
    model = HMM(1).fit(pair, horizon=2)
    means = pair.groupby("unique_id")["y"].mean().repeat(2)
    np.testing.assert_allclose(model.predict(2)["HiddenMarkov"], means, rtol=1e-9)


def test_the_unit_of_a_series_does_not_matter(pair):
    wanted = HMM(2).fit(pair, horizon=3).predict(3)["HiddenMarkov"]
    for factor in (1e-150, 1e150):
        model = HMM(2).fit(pair.assign(y=factor * pair["y"]), horizon=3)
        np.testing.assert_allclose(model.predict(3)["HiddenMarkov"] / factor, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_states": 0}, r"`num_states` must be a whole number of at least 1; got 0"),
        ({"emission": "poisson"}, r"`emission` must be 'gaussian' or 'categorical'; got 'poisson'"),
        ({"num_starts": 0}, r"`num_starts` must be a whole number of at least 1"),
        ({"seed": -1}, r"`seed` must be a whole number of at least 0"),
        ({"pooled": 1}, r"`pooled` must be True or False; got 1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HMM(**arguments)
