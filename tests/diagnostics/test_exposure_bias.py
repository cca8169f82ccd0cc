"""Exposure bias: against plain NumPy, a closed form, backtests and forecasts after each row."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ar_material import frame_of, simulated, with_gaps

import forecast as fc
from forecast.baselines.window import WindowModel
from forecast.diagnostics import ExposureBias
from forecast.errors import NotFittedError

HORIZON = 4
FRAME = frame_of(simulated([0.8], 80, 1), 50.0 * simulated([0.8], 60, 2))


class Persistent(WindowModel):
    """`y[t+1] = a y[t]`."""

    def __init__(self, a: float) -> None:
        super().__init__(1, 1)
        self.a = a

    def emit(self, past, num_steps, future):
        return self.a * past.last[:, None]


class Known(fc.Naive):
    """An autoregression of known coefficient."""

    def __init__(self, a: float = 0.8, alias: str | None = None) -> None:
        self.a, self.alias = a, alias

    def _estimate(self, task):
        return replace(super()._estimate(task), model=Persistent(self.a))


class Direct(fc.Naive):
    """Decays towards zero, eight steps emitted at once."""

    def _estimate(self, task):
        model = Persistent(0.8)
        model.block_length = 8
        model.emit = lambda past, num_steps, future: (
            past.last[:, None] * 0.8 ** np.arange(1, num_steps + 1)
        )
        return replace(super()._estimate(task), model=model)


class NeverFitted(fc.Naive):
    """Whatever is wrong must be said before."""

    def _estimate(self, task):
        raise AssertionError("fitted")


def errors(found: ExposureBias, model: str, kind: str) -> np.ndarray:
    return found.table.query("model == @model")[kind].to_numpy()


# Numbers ------------------------------------------------------------------------------------------


def test_known_autoregressions_have_the_errors_of_plain_loops():
    found = fc.exposure_bias(Known(), FRAME, HORIZON, n_windows=6, step_size=2, season_length=1)
    pairs = []
    for _, rows in FRAME.groupby("unique_id"):
        y = rows["y"].to_numpy()
        first = len(y) - HORIZON - 5 * 2
        scale = np.abs(np.diff(y[:first])).mean()
        for end in range(first, len(y) - HORIZON + 1, 2):
            for step in range(1, HORIZON + 1):
                actual = y[end + step - 1]
                fed, free = 0.8 * y[end + step - 2], 0.8**step * y[end - 1]
                pairs.append((step, abs(actual - fed) / scale, abs(actual - free) / scale))
    wanted = pd.DataFrame(pairs, columns=["step", "fed", "free"]).groupby("step").mean()
    np.testing.assert_allclose(errors(found, "Known", "teacher_forced"), wanted["fed"], rtol=1e-12)
    np.testing.assert_allclose(errors(found, "Known", "free_running"), wanted["free"], rtol=1e-12)
    ratio = wanted["free"] / wanted["fed"]
    np.testing.assert_allclose(errors(found, "Known", "ratio"), ratio, rtol=1e-12)
    assert (found.num_origins, found.num_series) == (6, 2)
    assert found.table["count"].tolist() == [12] * HORIZON


def test_the_true_model_of_an_autoregression_has_the_ratio_of_the_closed_form():
    rng, a = np.random.default_rng(4), 0.9
    noise = rng.normal(size=(500, 60))
    y = np.zeros_like(noise)
    for step in range(60):
        y[:, step] = a * (y[:, step - 1] if step else 0.0) + noise[:, step]
    times = np.tile(np.arange(60), 500)
    frame = pd.DataFrame({"unique_id": np.repeat(np.arange(500), 60), "ds": times, "y": y.ravel()})
    found = fc.exposure_bias(Known(a), frame, HORIZON, n_windows=6, season_length=1)
    steps = np.arange(1, HORIZON + 1)
    expected = np.sqrt((1.0 - a ** (2 * steps)) / (1.0 - a**2))
    np.testing.assert_allclose(errors(found, "Known", "ratio"), expected, rtol=0.04)


def test_one_step_ahead_both_are_the_same():
    found = fc.exposure_bias([fc.AR(lags=2), fc.PooledAR(lags=2), fc.Drift()], FRAME, 1)
    table = found.table
    np.testing.assert_allclose(table["teacher_forced"], table["free_running"], rtol=1e-10)
    assert "AR: one step ahead nothing has been fed back yet, so both errors are" in str(found)


def test_series_of_any_size_count_alike():
    larger = FRAME.assign(y=np.where(FRAME["unique_id"] == "s0", 1e4, 1.0) * FRAME["y"])
    found = [fc.exposure_bias(Known(), one, HORIZON, n_windows=5).table for one in (FRAME, larger)]
    pd.testing.assert_frame_equal(*found)


def by_step(frame: pd.DataFrame, cv: pd.DataFrame, name: str) -> np.ndarray:
    """Mean absolute errors of a backtest at each step, over the changes before its cutoffs."""
    first = cv.groupby("unique_id")["cutoff"].min()
    known = frame[frame["ds"] <= frame["unique_id"].map(first)]
    scale = known.groupby("unique_id")["y"].apply(lambda y: y.diff().abs().mean())
    step = cv.groupby(["unique_id", "cutoff"]).cumcount()
    scaled = (cv["y"] - cv[name]).abs() / cv["unique_id"].map(scale)
    return scaled.groupby(step).mean().to_numpy()


@pytest.mark.parametrize(
    "forecaster",
    [fc.AR(lags=2), fc.PooledAR(lags=[1, 2]), fc.ESNForecaster(units=8, season_length=1)],
    ids=lambda one: one.name,
)
def test_running_freely_is_what_a_backtest_with_one_fit_does(forecaster):
    """With a missing value among the targets."""
    frame = FRAME.copy()
    frame.loc[[70, 130], "y"] = np.nan
    found = fc.exposure_bias(forecaster, frame, HORIZON, n_windows=5, season_length=1)
    cv = fc.cross_validation(forecaster, frame, HORIZON, n_windows=5, refit=False)
    wanted = by_step(frame, cv, forecaster.name)
    np.testing.assert_allclose(errors(found, forecaster.name, "free_running"), wanted, rtol=1e-9)
    assert found.table["count"].sum() == cv["y"].count() == 5 * 2 * HORIZON - 2


@pytest.mark.parametrize("forecaster", [fc.AR(lags=3), fc.PooledAR(lags=[1, 2])], ids=str)
def test_fed_the_truth_is_a_forecast_of_one_step_after_each_row(forecaster):
    """Of a series with gaps: after each row of the truth one step is predicted."""
    y = with_gaps(simulated([0.5, 0.3], 70, 5, mean=9.0), 0.1, 3, known=10)
    frame = frame_of(y)
    found = fc.exposure_bias(forecaster, frame, HORIZON, n_windows=2, season_length=1)
    ends = [len(y) - 2 * HORIZON, len(y) - HORIZON]
    fitted = forecaster.clone().fit(frame[: ends[0]], horizon=HORIZON)
    scale = pd.Series(y[: ends[0]]).diff().abs().mean()
    table = np.full((2, HORIZON), np.nan)
    for row, end in enumerate(ends):
        for step in range(HORIZON):
            one = copy(fitted).condition(frame[: end + step])
            table[row, step] = abs(y[end + step] - one.predict(1)[fitted.name].iloc[0]) / scale
    np.testing.assert_allclose(
        errors(found, fitted.name, "teacher_forced"), np.nanmean(table, axis=0), rtol=1e-9
    )


def test_series_of_one_system_are_measured_as_in_a_backtest():
    frame = frame_of(*(simulated([0.7], 60, seed, mean=5.0) for seed in (3, 4)))
    frame = frame[5:]  # one of them begins later
    joint = fc.VAR(lags=1, channels="unique_id")
    found = fc.exposure_bias(joint, frame, HORIZON, n_windows=3, season_length=1)
    cv = fc.cross_validation(joint, frame, HORIZON, n_windows=3, refit=False)
    np.testing.assert_allclose(
        errors(found, "VAR", "free_running"), by_step(frame, cv, "VAR"), rtol=1e-9
    )
    assert found.table["count"].tolist() == [6] * HORIZON


# Fitted forecasters -------------------------------------------------------------------------------


def test_a_fitted_forecaster_learns_nothing_and_is_left_as_it_is():
    early = FRAME.groupby("unique_id").head(40)
    fitted = fc.AR(lags=2).fit(early, horizon=HORIZON)
    before = fitted.store_, fitted.fitted_
    found = fc.exposure_bias(fitted, FRAME, n_windows=5)
    assert (fitted.store_, fitted.fitted_) == before and found.table["step"].max() == HORIZON
    # Later values decide the errors, never the coefficients: those of the backtest with this fit.
    cv = fc.cross_validation(fitted, FRAME, HORIZON, n_windows=5, use_fitted=True)
    anew = fc.exposure_bias(fitted, FRAME, HORIZON, n_windows=5, season_length=1, use_fitted=False)
    kept = fc.exposure_bias(fitted, FRAME, HORIZON, n_windows=5, season_length=1)
    np.testing.assert_allclose(
        errors(kept, "AR", "free_running"), by_step(FRAME, cv, "AR"), rtol=1e-9
    )
    assert not np.allclose(errors(anew, "AR", "free_running"), errors(kept, "AR", "free_running"))


def test_origins_lie_behind_what_a_fitted_forecaster_has_learned_from():
    one = FRAME[FRAME["unique_id"] == "s0"]
    fitted = fc.AR(lags=2).fit(one[:70], horizon=HORIZON)
    assert fc.exposure_bias(fitted, one).num_origins == 2
    assert fc.exposure_bias([fitted, fc.Naive()], one, HORIZON).num_origins == 2
    with pytest.raises(
        ValueError, match=r"AR has learned from series 's0' until 2024-03-10.*use_f"
    ):
        fc.exposure_bias(fitted, one, n_windows=3)
    whole = fc.AR(lags=2).fit(one, horizon=HORIZON)
    with pytest.raises(ValueError, match=r"fit it on earlier data, or set use_fitted=False"):
        fc.exposure_bias(whole, one)
    assert fc.exposure_bias(whole, one, HORIZON, use_fitted=False).num_origins > 2


# Words and pictures -------------------------------------------------------------------------------


def test_the_verdict_says_what_feeding_back_costs_and_what_it_does_not_mean():
    found = fc.exposure_bias(Known(0.9), FRAME, HORIZON, n_windows=5, season_length=7)
    fed, free = (errors(found, "Known", kind)[-1] for kind in ("teacher_forced", "free_running"))
    share = f"{100 * (1 - fed / free):.0f} % of the free-running error comes from feeding back"
    assert share in found.verdict and str(found) == found.verdict
    assert f"4 steps ahead the error is {free:.3g} running freely and {fed:.3g} fed" in str(found)
    assert "an error that grows with the horizon is normal" in found.verdict
    assert "models beside each other at the same step: give several, such as" in found.verdict
    assert "(5 origins of 2 series; errors are in mean absolute changes over 7 steps" in str(found)


def test_models_are_set_beside_each_other():
    """The best one step ahead need not be the best of those that live on their own forecasts."""
    steps = np.arange(120)
    y = 10.0 + np.where(steps % 2, 1.0, -1.0) + 0.01 * np.random.default_rng(0).normal(size=120)
    drifts, alternates = Known(1.02, alias="drifts"), fc.SeasonalNaive(2, alias="alternates")
    found = fc.exposure_bias([drifts, alternates], frame_of(y), HORIZON, season_length=1)
    assert "alternates has the smallest error both ways." in found.verdict
    assert "give several" not in found.verdict
    worse = pd.DataFrame({
        "model": ["a", "a", "b", "b"], "step": [1, 2, 1, 2], "count": 3,
        "teacher_forced": [1.0, 1.0, 1.5, 1.5], "free_running": [1.0, 3.0, 1.5, 1.4],
    })  # fmt: skip
    from forecast.diagnostics.exposure_verdict import exposure_verdict

    words = exposure_verdict(worse, {"a": 1, "b": 1}, "(unit)")
    assert "Fed the true values a has the smallest error, running freely b: beside it a" in words
    assert "b: 2 steps ahead the error is 1.4 running freely" in words
    assert "its own forecasts in their place cost nothing there" in words
    blocks = exposure_verdict(worse, {"a": 24, "b": 1}, "(unit)")
    assert "from the distance alone, for it emits 24 steps at once and feeds none back" in blocks


def test_direct_forecasts_feed_nothing_back():
    both = fc.Combine([fc.AR(lags=2), fc.Naive()])
    found = fc.exposure_bias([Direct(), both, Known()], FRAME, HORIZON)
    for kind in ("teacher_forced", "free_running"):
        direct, recursive = (errors(found, name, kind) for name in ("Direct", "Known"))
        np.testing.assert_allclose(direct, recursive, rtol=1e-12)
    direct, combined = found.verdict.split("Combine: ")
    assert "it emits 8 steps at once and feeds none back" in direct
    # A combination emits its horizon at once, but its members live on their own forecasts.
    assert "comes from feeding back" in combined.split(". ")[0]


def test_the_picture_names_its_lines_without_a_box():
    pytest.importorskip("matplotlib")
    found = fc.exposure_bias([fc.AR(lags=2), fc.Naive()], FRAME, HORIZON, n_windows=3)
    left, right = found.plot().axes
    assert left.get_title(loc="left") == "Scaled error per step (dashed: teacher-forced)"
    assert right.get_title(loc="left") == "Free-running over teacher-forced error"
    names = {text.get_text() for text in left.texts}
    assert names == {"AR", "Naive", "AR, forced", "Naive, forced"}
    assert {text.get_text() for text in right.texts} == {"AR", "Naive"}
    assert left.get_legend() is None and right.get_legend() is None
    lines = {tuple(line.get_ydata()) for line in left.lines}
    assert tuple(errors(found, "AR", "teacher_forced")) in lines


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forecasters", "changes", "error", "message"),
    [
        (NeverFitted(), {"df": None}, ValueError, r"nothing to measure NeverFitted on: give df"),
        (NeverFitted(), {"horizon": None}, ValueError, r"give a horizon.* such as horizon=12"),
        (NeverFitted(), {"horizon": 0}, ValueError, r"`?horizon`? must be a whole number of at l"),
        (NeverFitted(), {"horizon": 90}, ValueError, r"1 origin of horizon 90 does not fit"),
        (NeverFitted(), {"n_windows": 30}, ValueError, r"30 origins of horizon 4.* do not fit"),
        (NeverFitted(), {"season_length": 79}, ValueError, r"no series varies before its first"),
        (NeverFitted(), {"use_fitted": True}, NotFittedError, r"NeverFitted is not fitted yet"),
        (NeverFitted, {}, TypeError, r"a forecaster such as fc\.AR\(\).*Call the class to make"),
        ("AR", {}, TypeError, r"a list of such, is expected.*got 'AR'\."),
        ([NeverFitted(), object()], {}, TypeError, r"says nothing of its one-step forecasts"),
        ([], {}, ValueError, r"no forecaster was given"),
        ([NeverFitted(), NeverFitted()], {}, ValueError, r"two forecasters are called 'Never"),
        (NeverFitted(alias="y"), {}, ValueError, r"'y'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_measured_is_refused_before_any_fit(forecasters, changes, error, message):
    with pytest.raises(error, match=message):
        fc.exposure_bias(forecasters, **{"df": FRAME, "horizon": HORIZON, **changes})
