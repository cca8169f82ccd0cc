"""Linear dynamical systems as users see them: choices, channels, smoothing, odd series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from state_space_material import oscillator, random_system, simulated

import forecast as fc

LDS = fc.LinearDynamicalSystem


def frame_of(**series: np.ndarray) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": np.arange(len(values)), "y": values})
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def panel(num_series: int = 6, num_steps: int = 90, seed: int = 0) -> pd.DataFrame:
    values = simulated(oscillator(), num_series, num_steps, seed)[:, :, 0]
    rows = {f"s{i}": 10.0**i * (5.0 + row) for i, row in enumerate(values)}
    return frame_of(**rows)


def test_forecasts_are_those_of_the_filter_and_widths_those_of_the_equation():
    """By hand, in float64, from the fitted parameters."""
    frame = panel(1)
    model = LDS(2, max_iterations=20, intervals="analytic").fit(frame, horizon=5)
    system, scale = model.system_, model.fitted_.model.scale
    mean, spread = system.start_mean[0], system.start_covariance[0]
    A, C, Q = system.transition[0], system.readout[0, 0], system.state_noise[0]
    R, shift, factor = system.output_noise[0, 0, 0], scale.shift[0, 0], scale.factor[0, 0]
    for value in frame["y"]:
        gain = spread @ C / (C @ spread @ C + R)
        mean = A @ (mean + gain * ((value - shift) / factor - C @ mean))
        spread = A @ (spread - np.outer(gain, C @ spread)) @ A.T + Q
    found = model.predict(5, level=95)
    for step in range(5):
        middle = shift + factor * (C @ mean)
        width = 1.959963984540054 * factor * np.sqrt(C @ spread @ C + R)
        wanted = [middle, middle - width, middle + width]
        np.testing.assert_allclose(found.iloc[step, 2:].astype(float), wanted, rtol=1e-9)
        mean, spread = A @ mean, A @ spread @ A.T + Q


def test_size_centre_and_sharing_are_chosen_on_rolling_folds():
    frame = panel(3, 50)
    model = LDS(max_iterations=5).fit(frame, horizon=4)
    assert "9 folds" in model.choices_ and "state" in model.choices_
    size, pooled, centre, why = model.fitted_.estimate.settled
    assert model.system_.state_size == size and size in (1, 2, 3, 4, 6)
    assert f"about the {'mean' if centre == 'mean' else 'first value'}" in model.choices_
    assert ("shared by 3 systems" in model.choices_) == pooled and why == "9 folds"
    assert "each its own" in LDS(2, pooled=False, max_iterations=3).fit(frame, horizon=4).choices_


def test_an_oscillation_is_forecast_better_than_by_its_last_value():
    frame = panel(4, 120)
    cut = frame["ds"] < 108
    errors = {}
    for forecaster in (LDS(3, True, 30), fc.Naive()):
        found = forecaster.fit(frame[cut], horizon=12).predict(12)
        apart = (found[forecaster.name].to_numpy() - frame[~cut]["y"].to_numpy()).reshape(4, 12)
        errors[forecaster.name] = (np.abs(apart).mean(axis=1) / 10.0 ** np.arange(4)).mean()
    assert errors["LinearDynamicalSystem"] < 0.8 * errors["Naive"]


def test_channels_tell_of_each_other():
    """A value of one channel moves the forecast of the other; a missing one is skipped."""
    values = simulated(random_system(2, 2, seed=3), 3, 80, seed=1)
    rows = pd.DataFrame(values.reshape(-1, 2), columns=["load", "heat"])
    rows.insert(0, "unique_id", np.repeat(["a", "b", "c"], 80))
    rows.insert(1, "ds", np.tile(np.arange(80), 3))
    rows.loc[rows["ds"] == 40, "load"] = np.nan
    model = LDS(2, True, 20).fit(rows[rows["ds"] < 75], horizon=3, target_col=["load", "heat"])
    assert model.system_.num_channels == 2
    before = model.predict(2)
    assert list(before.columns[:3]) == ["unique_id", "channel", "ds"] and len(before) == 12
    part = rows[rows["ds"] == 75].assign(heat=np.nan)
    other = part.assign(load=part["load"] + 3.0)
    first, second = (
        LDS.condition(model, rows[rows["ds"] < 75]).update(new).predict(1) for new in (part, other)
    )
    heat = first["channel"] == "heat"
    changed = second["LinearDynamicalSystem"] - first["LinearDynamicalSystem"]
    assert (changed[heat].abs() > 1e-3).all()
    assert len(model.smooth(rows[rows["ds"] < 75])) == 3 * 75 * 2


def test_smoothed_states_are_tidy_and_surer_in_the_middle():
    frame = panel(2, 60).drop(index=[20, 21])
    model = LDS(2, True, 10).fit(frame, horizon=4)
    found = model.smooth(frame)
    assert list(found.columns) == ["unique_id", "ds", "state", "mean", "deviation"]
    assert len(found) == 2 * 60 * 2
    assert (found["deviation"] > 0).all() and np.isfinite(found["mean"]).all()
    seen = found.query("unique_id == 's0' and state == 1").set_index("ds")["deviation"]
    assert seen[20] > seen[15] and seen[59] > seen[30]
    with pytest.raises(ValueError, match=r"was not fitted on \['other'\]"):
        model.smooth(frame.query("unique_id == 's0'").assign(unique_id="other"))


def test_the_unit_of_a_series_does_not_matter():
    frame = panel(3, 60)
    wanted = LDS(2, True, 8).fit(frame, horizon=4).predict(4)["LinearDynamicalSystem"]
    for factor in (1e-150, 1e150):
        model = LDS(2, True, 8).fit(frame.assign(y=factor * frame["y"]), horizon=4)
        found = model.predict(4)["LinearDynamicalSystem"] / factor
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    "values",
    [np.full(30, 7.0), np.array([3.0]), np.array([1.0, 2.0, 4.0]), np.zeros(12)],
    ids=["constant", "one value", "three values", "zeros"],
)
def test_what_cannot_be_learned_from_is_forecast_by_its_last_value(values):
    model = LDS().fit(frame_of(a=values), horizon=3)
    np.testing.assert_array_equal(model.predict(3)["LinearDynamicalSystem"], values[-1])
    assert "the last value" in model.choices_
    assert model.fell_back_ == ([] if len(values) >= 5 else ["a"])


@pytest.mark.parametrize("pooled", [True, False])
def test_more_states_than_values_tell_fall_back(pooled):
    model = LDS(40, pooled).fit(frame_of(a=np.sin(np.arange(20.0))), horizon=3)
    assert model.fell_back_ == ["a"] and "too few values for 40 states" in model.choices_
    np.testing.assert_allclose(model.predict(2)["LinearDynamicalSystem"], np.sin(19.0))


def test_series_without_values_and_long_gaps_do_no_harm():
    frame = panel(3, 60)
    frame.loc[frame["unique_id"] == "s1", "y"] = np.nan
    gone = (frame["unique_id"] == "s2") & frame["ds"].between(10, 45)
    frame.loc[gone, "y"] = np.nan
    model = LDS(2, True, 10).fit(frame, horizon=4)
    assert model.left_out_ == ("s1",)
    assert np.isfinite(model.predict(40, level=90).iloc[:, 2:].to_numpy()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"state_size": 0}, r"`state_size` must be a whole number of at least 1; got 0"),
        ({"state_size": 1.5}, r"`state_size` must be a whole number"),
        ({"max_iterations": 0}, r"`max_iterations` must be a whole number of at least 1"),
        ({"pooled": "yes"}, r"`pooled` must be True or False; got 'yes'"),
        (
            {"intervals": "normal"},
            r"`intervals` must be 'conformal', 'adaptive', 'analytic' or 'paths'",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LDS(**arguments)
