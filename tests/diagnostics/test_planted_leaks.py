"""Leaks planted in forecasters are found and named, and so is what is not deterministic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from diagnostics.planted import HORIZON, Mean, frame_of

import forecast as fc


def check(forecaster, **settings):
    return fc.check_leakage(forecaster, frame_of(), HORIZON, **settings)


class Peeks(fc.Naive):
    """Looks at the whole panel before the backtest cuts it, and keeps a mean."""

    def _arranged(self, reading, ids=None, begun=False):
        self._mean = float(np.nanmean(reading.panel.values))
        Peeks.mean = self._mean
        return super()._arranged(reading, ids, begun)

    def _estimate(self, task):
        return Mean(Peeks.mean)._estimate(task)


class Base(fc.Naive):
    """Looks behind the view that it is given."""

    def _estimate(self, task):
        values = task.panel.values
        whole = values if values.base is None else values.base
        return Mean(np.nanmean(whole))._estimate(task)


class Knows(fc.Naive):
    """Was given the whole frame; the constructor looks into it."""

    def __init__(self, frame=None, alias=None) -> None:
        self.frame, self.alias = frame, alias
        self.number = float(frame["y"].mean()) / 100.0

    def _estimate(self, task):
        return Mean(self.number)._estimate(task)


class Centred(fc.Transform):
    """Less the mean of the training part: a scaler as it should be."""

    def fit(self, panel, season_length):
        return {"centre": self.centres(panel)}

    def centres(self, panel):
        return np.array([np.nanmean(panel.row(i)) for i in range(panel.num_series)])

    def forward(self, values, view):
        return values - view.column("centre")

    def inverse(self, values, view):
        return values + view.column("centre")


class CentredByFrame(Centred):
    """Less the mean of the whole frame, which it was given."""

    def __init__(self, frame=None):
        self.frame = frame
        self.mean = float(frame["y"].mean())

    def centres(self, panel):
        return np.full(panel.num_series, self.mean)


class CentredByBase(Centred):
    """Less the mean of what lies behind the view that it is given."""

    def centres(self, panel):
        values = panel.values
        return np.full(panel.num_series, np.nanmean(values if values.base is None else values.base))


class CentredByClass(Centred):
    """Less a number that grows whenever it is fitted."""

    fits = 0

    def centres(self, panel):
        CentredByClass.fits += 1
        return super().centres(panel) + CentredByClass.fits


class Grows(fc.Naive):
    """Remembers in its class what it has seen."""

    seen = 0

    def _estimate(self, task):
        Grows.seen += 1
        return Mean(10.0 + 0.5 * Grows.seen)._estimate(task)


class Draws(fc.Naive):
    """Draws from global random state."""

    def _estimate(self, task):
        return Mean(np.random.random())._estimate(task)  # noqa: NPY002


def test_a_forecaster_that_looks_at_the_whole_panel():
    report = check([fc.AR(lags=2), Peeks()])
    assert not report and not report.passed and report.deterministic
    assert report.steps == {"Peeks": "the forecaster Peeks itself"}
    assert report.step == "the forecaster Peeks itself"
    assert set(report.leaks["forecaster"]) == {"Peeks"}
    assert f"Peeks leaks: {3 * 3 * HORIZON * 3} of its forecasts and limits mov" in report.verdict
    assert "The step that leaks: the forecaster Peeks itself." in report.verdict
    assert "Learn from what comes before each cutoff only" in report.verdict
    assert "No leak: the forecasts of AR stayed the same" in report.verdict


def test_every_forecast_that_moves_is_listed_once_with_its_values():
    report, frame = check(Peeks(), level=None), frame_of()
    leaks = report.leaks
    assert len(leaks) == 3 * 3 * HORIZON
    assert not leaks.duplicated(["unique_id", "cutoff", "ds"]).any()
    np.testing.assert_allclose(leaks["before"], frame["y"].mean())
    assert (leaks["before"] != leaks["after"]).all()
    steps = (leaks["ds"] - leaks["cutoff"]).dt.days
    np.testing.assert_array_equal(leaks["step"], steps)
    largest = leaks.loc[(leaks["after"] - leaks["before"]).abs().idxmax()]
    shown = f"series {largest['unique_id']!r}, cutoff {largest['cutoff']}, step {largest['step']}"
    assert shown in report.verdict
    assert f"{largest['before']:.6g} became {largest['after']:.6g}" in report.verdict


def test_one_forecast_that_leaks_is_found():
    """Only the last step of one series at the last cutoff looks at its own actual value."""

    class Tiny(Mean):
        def _estimate(self, task):
            estimate = super()._estimate(task)
            number = self.number

            def rollout(self, state, horizon, feedback, future):
                values = np.zeros((state.num_rows, feedback.num_paths, horizon))
                last = state.num_rows == 3 and state.clock.max() == 36
                values[-1, :, -1] = number * 1e-12 if last else 0.0
                feedback(values, 0)
                return values

            type(estimate.model).rollout = rollout
            return estimate

    def make(df):
        return Tiny(df["y"].iloc[-1])

    report = check(make, level=None)
    assert len(report.leaks) == 1 and report.leaks["step"].tolist() == [HORIZON]
    assert report.step == "what the function makes of the whole frame"


def test_a_function_that_standardises_the_whole_frame():
    def make(df):
        return Mean(df["y"].mean() / df["y"].std())

    report = check(make)
    assert report.steps == {"Mean": "what the function makes of the whole frame"}
    assert check(lambda df: fc.AR(lags=2))


def test_a_users_scaler_that_was_given_the_whole_frame():
    frame = frame_of()
    both = [fc.Pipeline([CentredByFrame(frame), Mean()], alias="leaky"), fc.Naive()]
    report = fc.check_leakage(both, frame, HORIZON)
    wanted = "the transform CentredByFrame, by the frame in its parameter 'CentredByFrame__frame'"
    assert report.steps == {"leaky": wanted}
    assert "most at series" in report.verdict and wanted in report.verdict
    assert len(report.leaks) == 3 * 3 * HORIZON * 3
    assert fc.check_leakage(fc.Pipeline([Centred(), Mean()]), frame, HORIZON)


def test_a_scaler_that_was_fitted_outside():
    def make(df):
        return fc.Pipeline([fc.Log1p(), CentredByFrame(np.log1p(df[["y"]])), Mean()])

    report = check(make)
    assert (
        report.step == "the transform CentredByFrame, by what the function makes of the whole frame"
    )


def test_a_scaler_that_looks_behind_the_view_that_it_is_given():
    report = fc.check_leakage(fc.Pipeline([CentredByBase(), Mean()]), frame_of(1), HORIZON)
    assert report.steps == {"CentredByBase+Mean": "the transform CentredByBase"}
    # Several series are cut into a copy: there is nothing behind it.
    assert fc.check_leakage(fc.Pipeline([CentredByBase(), Mean()]), frame_of(), HORIZON)


def test_two_transforms_that_leak_are_named_together():
    frame = frame_of()
    both = fc.Pipeline([CentredByFrame(frame), Centred(), CentredByFrame(frame), Mean()])
    report = fc.check_leakage(both, frame, HORIZON)
    assert report.step is not None
    assert report.step.startswith(
        "the transforms CentredByFrame, Centred, CentredByFrame2 together"
    )


def test_a_forecaster_that_leaks_behind_honest_transforms():
    leaky = Knows(frame := frame_of())
    report = fc.check_leakage(fc.Pipeline([fc.Log1p(), Centred(), leaky]), frame, HORIZON)
    assert (
        report.step == "the forecaster Knows itself, by the frame in its parameter 'Knows__frame'"
    )
    both = fc.Combine([fc.AR(lags=2), leaky])
    report = fc.check_leakage(fc.Pipeline([fc.Log1p(), both]), frame, HORIZON)
    assert report.step == (
        "the forecaster Knows itself, in Combine, by the frame in its parameter "
        "'Combine__Knows__frame'"
    )


def test_a_scaler_with_a_memory_of_its_own_is_not_deterministic():
    report = check(fc.Pipeline([CentredByClass(), Mean()]))
    assert not report.deterministic
    assert "CentredByClass+Mean is not deterministic" in report.verdict


class CentredByBlock(Centred):
    """Less the mean of whatever block it is given: the past learns from what follows it."""

    def forward(self, values, view):
        return values - np.nan_to_num(values).mean(axis=-1, keepdims=True)


class CentredByFirst(Centred):
    """Less the mean of the first panel that it ever saw."""

    mean: float | None = None

    def centres(self, panel):
        self.mean = np.nanmean(panel.values) if self.mean is None else self.mean
        return np.full(panel.num_series, self.mean)


def test_a_scaler_that_looks_ahead_within_its_block_is_refused():
    """No forecast moves by it, so that it is found where it is fitted."""
    with pytest.raises(ValueError, match=r"CentredByBlock.forward gives other .* it looks ahead"):
        check(fc.Pipeline([fc.Log1p(), CentredByBlock(), fc.AR(lags=2)]))


def test_a_scaler_that_keeps_what_it_has_learned_is_refused():
    with pytest.raises(ValueError, match=r"CentredByFirst keeps what it has learned in self.mean"):
        check(fc.Pipeline([CentredByFirst(), Mean()]))


def test_a_difference_in_the_last_digits_is_shown():
    class Creeps(fc.Naive):
        seen = 0

        def _estimate(self, task):
            Creeps.seen += 1
            return Mean(20.0 + 1e-12 * Creeps.seen)._estimate(task)

    verdict = check(Creeps(), level=None).verdict
    before, after = verdict.split("): ")[1].split(". Give")[0].split(" became ")
    assert before != after and float(before) == pytest.approx(float(after))


def test_a_frame_in_a_parameter_is_changed_too():
    frame = frame_of()
    report = fc.check_leakage(Knows(frame), frame, HORIZON)
    assert report.step == "the frame in its parameter 'frame'"
    # Another object is the user's own affair: a function of the frame finds that.
    assert fc.check_leakage(Knows(frame.copy()), frame, HORIZON)
    assert not fc.check_leakage(lambda df: Knows(df.copy()), frame, HORIZON)


def test_a_frame_in_a_parameter_of_a_member_is_changed_too():
    frame = frame_of()
    both = fc.Combine([fc.AR(lags=2), Knows(frame)], method="mean")
    report = fc.check_leakage(both, frame, HORIZON)
    wanted = "the forecaster Knows itself, by the frame in its parameter 'Knows__frame'"
    assert report.steps == {"Combine": wanted}
    assert both.forecasters[1].frame is frame


class Seeded(Knows):
    """With a seed that changes nothing."""

    def __init__(self, frame=None, seed=0, alias=None) -> None:
        super().__init__(frame, alias)
        self.seed = seed


def test_the_forecaster_that_an_ensemble_is_made_of_is_named():
    frame = frame_of()
    report = fc.check_leakage(fc.Ensemble(Seeded(frame), 2), frame, HORIZON, n_windows=1)
    wanted = "the forecaster Seeded itself, by the frame in its parameter 'forecaster__frame'"
    assert report.steps == {"Ensemble": wanted}


def test_the_member_of_a_combination_that_leaks():
    """A single series before a cutoff is a view of the whole one: what lies behind it is found."""
    frame = frame_of(1)
    inner = fc.Combine([fc.Naive(), Base(alias="peeks")], method="mean", alias="inner")
    both = fc.Combine([fc.AR(lags=2), inner], method="mean")
    report = fc.check_leakage(both, frame, HORIZON)
    assert report.steps == {"Combine": "the forecaster peeks itself, in inner"}
    # Several series are cut into a copy, transformed ones too: there is nothing behind it.
    assert fc.check_leakage(both, frame_of(), HORIZON)
    assert fc.check_leakage(fc.Pipeline([fc.Log1p(), both]), frame, HORIZON)


@pytest.mark.parametrize("forecaster", [Grows(), Draws()], ids=repr)
def test_what_is_not_deterministic_is_named(forecaster):
    report = check([fc.Naive(), forecaster])
    assert not report and not report.deterministic and not report.passed
    assert set(report.differences["forecaster"]) == {forecaster.name}
    assert not len(report.leaks) and not report.steps
    assert f"{forecaster.name} is not deterministic: two runs on the same data" in report.verdict
    assert "Give it a seed (seed=0)" in report.verdict
    assert "No leak: the forecasts of Naive stayed the same" in report.verdict


def test_a_function_that_is_not_deterministic_is_named():
    rng = np.random.default_rng(0)
    report = check(lambda df: Mean(rng.random()))
    assert not report.deterministic and report.num_compared == 0 and report.num_changed == 0


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize(
    "statistic", ["mean", "median", "std", "min", "max", "last", "sum of logs"]
)
def test_any_statistic_of_the_whole_series_is_found(statistic, horizon):
    """Even of one series whose extremes lie before the cutoffs: values fall and rise."""
    values = np.array([9.0, 30.0, 12.0, 17.0, 21.0, 13.0, 19.0, 16.0, 18.0, 15.0] * 3)
    series = pd.Series(values, index=pd.date_range("2024", periods=30), name="y")
    functions = {
        "last": lambda df: df.iloc[-1],
        "sum of logs": lambda df: np.log(df).sum(),
    }  # fmt: skip
    found = functions.get(statistic, lambda df: getattr(df, statistic)())
    assert not fc.check_leakage(lambda df: Mean(found(df)), series, horizon)
