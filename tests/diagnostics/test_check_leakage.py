"""No public forecaster leaks, on data of any shape, and the check looks at what it says."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from contracts import forecaster_classes, is_exact, mixed_frame, small
from diagnostics.planted import HORIZON, Mean, frame_of

import forecast as fc
from forecast.diagnostics import leakage_trial

# It chooses among several ways, and none of those that take long.
CHOOSES = fc.PooledAR(lags=2, season_length=1, regression=fc.Regression("squared", ridge=0.01))


def classes() -> list[Any]:
    """All that are fitted in closed form; of the others, which share their code, one."""
    slow = [pytest.mark.slow]
    found = [cls for cls in forecaster_classes() if small(cls).closed_form]
    marked = [pytest.param(c, id=c.__name__, marks=slow * (not is_exact(small(c)))) for c in found]
    return [*marked, pytest.param(fc.LSTMForecaster, id="LSTMForecaster", marks=slow)]


@pytest.mark.parametrize("cls", classes())
def test_no_public_forecaster_leaks(cls):
    """On ragged series with gaps, one of which has no early origin."""
    network = "training" in inspect.signature(cls).parameters
    changes = {"training": fc.Training(num_steps=2), "num_layers": 1} if network else {}
    forecaster = small(cls, **changes)
    frame = mixed_frame().query("unique_id in ('crossing', 'small')")
    short = frame[frame["unique_id"] == "crossing"].tail(7).assign(unique_id="short")
    frame = pd.concat([frame, short], ignore_index=True)
    report = fc.check_leakage(forecaster, frame, HORIZON, n_windows=2)
    assert report.passed and report.deterministic and report, report.verdict
    assert report.num_compared == (2 + 2 + 3) * HORIZON * 3 and report.num_changed > 20


def test_the_report_counts_what_was_looked_at():
    report = fc.check_leakage([fc.Naive(), fc.Drift()], frame_of(), HORIZON, level=[50, 90])
    # Origins 1, 2 and 3 of three series, two forecasters with four limits beside each forecast.
    assert report.num_compared == (1 + 2 + 3) * 3 * HORIZON * 2 * 5
    assert report.num_changed == (3 + 2 + 1) * 3 * HORIZON
    assert report.num_windows == 3 and report.step is None and not report.steps
    assert len(report.leaks) == len(report.differences) == 0
    assert list(report.leaks) == [
        "forecaster", "column", "unique_id", "cutoff", "ds", "step", "before", "after"
    ]  # fmt: skip
    assert str(report) == report.verdict
    assert "No leak: the forecasts of Naive, Drift stayed the same bit for bit" in report.verdict
    assert "(3 cutoffs, 72 values changed, 720 forecasts and limits compared)" in report.verdict


def shapes() -> dict[str, Any]:
    frame = frame_of()
    wide = frame.pivot(index="ds", columns="unique_id", values="y")
    return {
        "wide": wide,
        "series": wide["s0"],
        "polars": pl.DataFrame({name: frame[name].to_list() for name in frame}),
        "levels": frame.set_index(["unique_id", "ds"]),
        "integer time": frame.assign(ds=frame.groupby("unique_id").cumcount()),
        "counts": frame.assign(y=frame["y"].round().astype("int16")),
        "time zone": frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Madrid")),
    }


@pytest.mark.parametrize("shape", shapes())
def test_data_of_any_shape(shape):
    data = shapes()[shape]
    report = fc.check_leakage([fc.AR(lags=2), fc.SeasonalNaive()], data, HORIZON, n_windows=2)
    assert report and report.num_changed >= 12, report.verdict


def test_leaks_come_back_in_the_users_library_and_names():
    frame = frame_of().rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    data = pl.DataFrame({name: frame[name].to_list() for name in frame})
    names = {"id_col": "shop", "time_col": "day", "target_col": "sold"}
    report = fc.check_leakage(lambda df: Mean(df["sold"].mean()), data, HORIZON, **names)
    assert not report and isinstance(report.leaks, pl.DataFrame)
    assert {"shop", "day", "cutoff", "step"} <= set(report.leaks.columns)


def test_channels_and_covariates():
    frame = frame_of().assign(price=lambda df: np.sin(np.arange(len(df))))
    report = fc.check_leakage(CHOOSES, frame, HORIZON, future_covariates=["price"])
    assert report, report.verdict
    frame = frame.assign(load=frame["y"].shift(1).fillna(3.0))
    report = fc.check_leakage(fc.VAR(lags=1), frame, HORIZON, target_col=["y", "load"])
    assert report and report.num_changed == 6 * 3 * HORIZON * 2, report.verdict
    same_end = frame_of(steps=40).groupby("unique_id").tail(25)
    same_end = same_end.assign(ds=same_end.groupby("unique_id").cumcount())
    report = fc.check_leakage(fc.VAR(lags=1, channels="unique_id"), same_end, HORIZON)
    assert report, report.verdict


def with_covariates() -> pd.DataFrame:
    """Past numbers with gaps, past labels of which the last one is new, a static label."""
    frame = frame_of()
    rng = np.random.default_rng(5)
    sky = np.array(["dry", "rain", "wind"])[rng.integers(0, 3, len(frame))]
    load = np.where(rng.random(len(frame)) < 0.2, np.nan, frame["y"] ** 2)
    frame = frame.assign(load=load, sky=sky, kind=frame["unique_id"].str.replace("s", "k"))
    frame.loc[frame.groupby("unique_id").tail(2).index, "sky"] = "snow"
    return frame


class LooksAtLoad(fc.Naive):
    """Its forecast is the largest number of a past covariate in the whole panel."""

    def _arranged(self, reading, ids=None, begun=False):
        LooksAtLoad.largest = np.nanmax(reading.panel.covariates.past[:, 0])
        return super()._arranged(reading, ids, begun)

    def _estimate(self, task):
        return Mean(self.largest)._estimate(task)


def test_past_covariates_are_changed_too():
    frame = with_covariates()
    names = {"past_covariates": ["load", "sky"], "static_covariates": ["kind"]}
    report = fc.check_leakage(LooksAtLoad(), frame, HORIZON, **names)
    assert report.step == "the forecaster LooksAtLoad itself"
    report = fc.check_leakage(CHOOSES, frame, HORIZON, n_windows=1, **names)
    assert report.passed, report.verdict
    data = pl.DataFrame({name: frame[name].to_list() for name in frame})
    report = fc.check_leakage(fc.AR(lags=2), data, HORIZON, **names)
    assert report.passed, report.verdict
    loads = sum(frame.groupby("unique_id").tail(n)["load"].count() for n in (4, 8, 12))
    assert report.num_changed == 2 * 6 * 3 * HORIZON + loads


@pytest.mark.parametrize(
    "settings",
    [{"refit": False}, {"refit": 2}, {"gap": 2}, {"max_train_size": 20}, {"align": "calendar"},
     {"step_size": 1}],
    ids=str,
)  # fmt: skip
def test_as_a_backtest_is_run(settings):
    forecasters = [fc.AR(lags=2), CHOOSES]
    report = fc.check_leakage(forecasters, frame_of(), HORIZON, **settings)
    assert report, report.verdict


def test_the_users_forecaster_and_frame_are_left_as_they_are():
    frame, forecaster = frame_of(), fc.AR(lags=2)
    before = frame.copy()
    fc.check_leakage(forecaster, frame, HORIZON)
    pd.testing.assert_frame_equal(frame, before)
    assert not hasattr(forecaster, "fitted_")


def test_a_function_is_given_frames_of_the_users_shape():
    frame, seen = frame_of(), []

    def make(df):
        seen.append(df)
        return [fc.AR(lags=2), fc.Naive()]

    assert fc.check_leakage(make, frame, HORIZON)
    assert len(seen) == 2 + 3 and seen[0] is frame and seen[1] is frame
    for window, given in enumerate(seen[2:]):
        later = frame.groupby("unique_id").cumcount(ascending=False) < (3 - window) * HORIZON
        np.testing.assert_array_equal(given["y"] != frame["y"], later)
        pd.testing.assert_frame_equal(given.drop(columns="y"), frame.drop(columns="y"))


@pytest.mark.parametrize(
    ("forecaster", "error", "message"),
    [
        (fc.AR, TypeError, r"or a function of a frame that returns such is expected"),
        ("AR", TypeError, r"a forecaster such as fc.AR\(\), a list of them, or a function"),
        ([fc.AR], TypeError, r"is expected; got .*Call the class to make one"),
        ([fc.AR(), fc.AR()], ValueError, r"two forecasters are called 'AR'"),
        ([], ValueError, r"no forecaster was given"),
        (lambda df: "AR", TypeError, r"a forecaster such as fc.AR\(\), a list of them"),
    ],
)
def test_what_is_no_forecaster_is_refused(forecaster, error, message):
    with pytest.raises(error, match=message):
        fc.check_leakage(forecaster, frame_of(), HORIZON)


def test_a_function_must_make_the_same_names_each_time():
    frame = frame_of()

    def make(df):
        return fc.Naive(alias="first" if df is frame else "later")

    with pytest.raises(ValueError, match=r"made \['first'\] for one frame and \['later'\] for"):
        fc.check_leakage(make, frame, HORIZON)


def test_values_that_cannot_be_changed_are_refused(monkeypatch):
    """The check refuses to compare where nothing was changed."""
    monkeypatch.setattr(leakage_trial, "altered_panel", lambda panel, known, turn: panel)
    with pytest.raises(ValueError, match=r"cannot be changed: series 's0' has .* at 2024-01-29"):
        fc.check_leakage(fc.Naive(), frame_of(), HORIZON)


def test_cutoffs_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"3 origins of horizon 20.* do not fit"):
        fc.check_leakage(fc.Naive(), frame_of(), 20)
    with pytest.raises(ValueError, match=r"n_windows must be a whole number of at least 1"):
        fc.check_leakage(fc.Naive(), frame_of(), 2, n_windows=0)
