"""Covariates known ahead, from `fit` to bundles, with a small model that uses them."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest
from contracts import assert_update_equals_condition
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import forecast as fc
from forecast import baselines, engine
from forecast.baselines.window import Past, WindowModel
from forecast.draws import Bounds, FeedBack
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.io import registry
from forecast.pipelines import Block
from forecast.protocol import Static

FUTURE = ["price", "holiday"]
WEIGHTS = np.array([1.5, -2.0])


class DrivenModel(WindowModel):
    """`y[t+h] = 0.5^h y[t] + w x[t+h]`: forecasts that see the covariates of their own step."""

    saved_settings: ClassVar[tuple[str, ...]] = ("block_length",)
    saved_arrays: ClassVar[tuple[str, ...]] = ("weights",)

    def __init__(self, weights: NDArray, block_length: int) -> None:
        super().__init__(2, block_length)
        self.weights = weights

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:
        assert future.shape == (len(past.clock), num_steps, len(self.weights))
        decay = 0.5 ** np.arange(1, num_steps + 1)
        return np.nan_to_num(past.last)[:, None] * decay + future @ self.weights


class Driven(Forecaster):
    """Takes the weights as given, for as many covariates as it gets."""

    uses_covariates: ClassVar[bool] = True

    def __init__(self, block_length: int = 1, alias: str | None = None) -> None:
        self.block_length = block_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        weights = WEIGHTS[: task.panel.num_covariates]
        return Estimate.closed_form(DrivenModel(weights, self.block_length), "given")


def series(name: str, length: int, seed: int, start: str = "2024-01-01") -> pd.DataFrame:
    """A driven series with steps without a row and rows without a value."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unique_id": name,
            "ds": pd.date_range(start, periods=length),
            "y": rng.normal(0.0, 8.0, length),
            "price": rng.normal(size=length),
            "holiday": (rng.random(length) < 0.3).astype(float),
        }
    )
    gone = rng.random(length) < 0.2
    gone[[0, -1]] = False
    frame.loc[gone, "y"] = np.nan
    return frame[~gone | (rng.random(length) < 0.5)]


FRAME = pd.concat(
    [series("a", 40, 0), series("b", 27, 1, "2024-01-08"), series("c", 33, 2)], ignore_index=True
)


def future_of(frame: pd.DataFrame, horizon: int, seed: int = 9) -> pd.DataFrame:
    """Covariates of the steps after each series, and a few more rows."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, end in frame.dropna(subset="y").groupby("unique_id")["ds"].max().items():
        times = pd.date_range(end, periods=horizon + 4)
        numbers = rng.normal(size=(len(times), 2))
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "price": numbers[:, 0],
                                   "holiday": numbers[:, 1]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module", params=[1, 3], ids=["recursive", "direct"])
def fitted(request):
    return Driven(request.param).fit(FRAME, horizon=4, future_covariates=FUTURE)


def by_hand(last: float, future: NDArray, block_length: int) -> list[float]:
    values = []
    for step, row in enumerate(future):
        ahead = step % block_length + 1
        base = values[step - ahead] if step >= ahead else last
        values.append(0.5**ahead * base + row @ WEIGHTS)
    return values


def test_forecasts_see_the_covariates_of_their_own_steps(fitted):
    future = future_of(FRAME, 7)
    found = fitted.predict(7, future_df=future)
    limits = engine.bounds(fitted.store_.state)
    for i, name in enumerate("abc"):
        own = future[future["unique_id"] == name].iloc[1:8][FUTURE].to_numpy()
        last = fitted.store_.state.arrays["model.window"][i, -1]
        expected = np.array(by_hand(last, own, fitted.block_length))
        assert (expected > limits.low[i]).all() and (expected < limits.high[i]).all()
        np.testing.assert_allclose(found.query(f"unique_id == '{name}'")["Driven"], expected)


def test_the_order_and_the_library_of_the_future_do_not_matter(fitted):
    future = future_of(FRAME, 5)
    expected = fitted.predict(5, [80], future_df=future)
    shuffled = future.sample(frac=1.0, random_state=3)
    polars = pl.DataFrame({name: future[name].to_list() for name in future})
    for given_future in (shuffled, polars):
        found = fitted.predict(5, [80], future_df=given_future)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_longer_horizon_begins_with_the_shorter(fitted):
    future = future_of(FRAME, 8)
    long = fitted.predict(8, future_df=future).groupby("unique_id").head(4)
    short = fitted.predict(4, future_df=future)
    np.testing.assert_allclose(long["Driven"], short["Driven"], rtol=1e-12)


def test_paths_see_the_covariates_too(fitted):
    future, other = future_of(FRAME, 3), future_of(FRAME, 3, seed=10)
    paths = fitted.sample(3, 5, future_df=future)
    pd.testing.assert_frame_equal(paths, fitted.sample(3, 5, future_df=future), check_exact=True)
    assert not np.allclose(paths["y"], fitted.sample(3, 5, future_df=other)["y"])


def test_a_gap_and_one_step_forecasts_see_the_covariates_of_their_step():
    model = DrivenModel(WEIGHTS, 1)
    rng = np.random.default_rng(4)
    values, covariates = rng.normal(size=(2, 9)), rng.normal(size=(2, 9, 2))
    observed = rng.random((2, 9)) > 0.4
    observed[:, 0] = True
    block = Block(np.where(observed, values, 0.0), observed, np.ones((2, 9), bool), covariates)
    state, one_step = model.observe(model.init_state(2, Static(np.arange(2))), block)
    for row in range(2):
        last, forecasts = 0.0, []
        for step in range(9):
            forecasts.append(0.5 * last + covariates[row, step] @ WEIGHTS)
            last = values[row, step] if observed[row, step] else forecasts[-1]
        np.testing.assert_allclose(one_step[row, 1:], forecasts[1:])
        np.testing.assert_allclose(state.arrays["window"][row, -1], last)


def test_the_last_block_repeats_the_last_covariates():
    model, state = DrivenModel(WEIGHTS, 3), None
    state = model.init_state(1, Static(np.zeros(1, int)))
    feedback = FeedBack(Bounds(np.array([-99.0]), np.array([99.0])))
    future = np.random.default_rng(0).normal(size=(1, 4, 2))
    found = model.rollout(state, 4, feedback, future)[0, 0]
    np.testing.assert_allclose(found, by_hand(0.0, future[0], 3))


@cache
def recursive() -> Driven:
    return Driven().fit(FRAME, horizon=3, future_covariates=FUTURE)


@given(cuts=st.tuples(st.integers(3, 26), st.integers(3, 32)), explicit=st.booleans())
def test_update_equals_condition_on_all_rows(cuts, explicit):
    """Old rows, then new ones: gaps at the seam carry the same covariates as inside a history."""
    frame = FRAME[FRAME["unique_id"] != "c"]
    assert_update_equals_condition(recursive(), frame, cuts, explicit, scale=5.0, tolerance=1e-10)


def test_new_series_bring_their_covariates(fitted):
    new = series("new", 20, 7)
    grown = copy(fitted).update(new)
    future = future_of(pd.concat([FRAME, new]), 4)
    alone = copy(fitted).condition(new).predict(4, future_df=future)
    found = grown.predict(4, future_df=future).query("unique_id == 'new'")
    np.testing.assert_allclose(found["Driven"], alone["Driven"], rtol=1e-10)
    there = fitted.predict(4, df=new, future_df=future)
    np.testing.assert_array_equal(there["Driven"], alone["Driven"])


def test_rows_without_any_value_change_nothing(fitted):
    rows = FRAME.groupby("unique_id").tail(1).assign(y=np.nan)
    rows["ds"] += pd.Timedelta("2D")
    tried = copy(fitted)
    assert tried.update(rows) is tried
    assert tried.store_ is fitted.store_
    naive = fc.Naive().fit(FRAME)
    before = naive.predict(2)
    pd.testing.assert_frame_equal(naive.update(rows).predict(2), before)


def test_a_failed_update_names_the_covariate(fitted):
    rows = pd.DataFrame({"unique_id": ["a"], "ds": pd.to_datetime(["2024-03-01"]), "y": [1.0]})
    with pytest.raises(ValueError, match=r"missing covariate 'price'"):
        copy(fitted).update(rows)
    with pytest.raises(ValueError, match=r"column 'holiday' of series 'a', time 2024-03-01"):
        copy(fitted).update(rows.assign(price=1.0, holiday=np.nan))


def test_a_future_that_is_missing_or_to_no_avail_is_refused(fitted):
    message = (
        r"Driven was fitted with the covariates \['price', 'holiday'\]: .* the 4 steps .* "
        r"\(series 'a': from 2024-02-10 .* to 2024-02-13 .*\) as future_df="
    )
    for call in (fitted.predict, fitted.sample):
        with pytest.raises(ValueError, match=message):
            call(4)
        with pytest.raises(ValueError, match=r"2 of the 9 steps needed of series|of the 9 steps"):
            call(9, future_df=future_of(FRAME, 4))
    plain = Driven().fit(FRAME)
    for forecaster in (plain, fc.Naive().fit(FRAME)):
        with pytest.raises(ValueError, match=r"was fitted without covariates.*future_covariates="):
            forecaster.predict(2, future_df=future_of(FRAME, 2))
    assert np.isfinite(plain.predict(2)["Driven"]).all()


def test_a_forecaster_without_a_use_for_covariates_leaves_them_aside():
    plain, given_them = fc.SeasonalNaive(7).fit(FRAME), fc.SeasonalNaive(7)
    given_them.fit(FRAME, future_covariates=FUTURE)
    assert given_them.store_.covariates.shape == (3, 0)
    expected = plain.predict(6, [80])
    for future in (None, future_of(FRAME, 6)):
        found = given_them.predict(6, [80], future_df=future)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    rows = pd.DataFrame({"unique_id": ["a"], "ds": pd.to_datetime(["2024-02-10"]), "y": [1.0]})
    pd.testing.assert_frame_equal(given_them.update(rows).predict(2), plain.update(rows).predict(2))
    assert given_them.condition(FRAME).layout_.columns.future == tuple(FUTURE)


def test_notes_say_where_covariates_were_carried_forward(fitted):
    assert sum("covariates of the step before" in note for note in fitted.notes_) == 1


def spoilt_after(frame: pd.DataFrame, cutoff: pd.Timestamp, columns, until=None) -> pd.DataFrame:
    """The frame with other numbers after a time."""
    changed = frame.copy()
    late = changed["ds"] > cutoff if until is None else changed["ds"] > until
    for column in columns:
        changed.loc[late, column] = changed.loc[late, column] * 3.0 + 100.0
    return changed


@pytest.mark.parametrize("block_length", [1, 3])
def test_no_forecast_sees_beyond_its_cutoff_but_the_covariates_of_its_steps(block_length):
    frame = FRAME[FRAME["unique_id"] == "a"]
    # One step more without a row would move the origins, which are counted from the end.
    settings = {"horizon": 3, "n_windows": 6, "step_size": 2, "future_covariates": FUTURE,
                "freq": "D", "level": [80]}  # fmt: skip
    forecaster = Driven(block_length)
    before = fc.cross_validation(forecaster, frame, **settings)
    cutoff = sorted(before["cutoff"].unique())[2]
    own = before[before["cutoff"] <= cutoff].drop(columns="y")
    last = own["ds"].max()
    for changed in (
        spoilt_after(frame, cutoff, ["y"]), spoilt_after(frame, cutoff, FUTURE, until=last)
    ):  # fmt: skip
        after = fc.cross_validation(forecaster, changed, **settings)
        found = after[after["cutoff"] <= cutoff].drop(columns="y")
        pd.testing.assert_frame_equal(found, own, check_exact=True)
    moved = fc.cross_validation(forecaster, spoilt_after(frame, cutoff, FUTURE), **settings)
    now = moved["cutoff"] == cutoff
    assert not np.allclose(moved[now]["Driven"], before[now]["Driven"])
    # Calibration looks at earlier origins only, so widths at the first origins stay.
    early = moved["cutoff"] < before["ds"].min()
    pd.testing.assert_frame_equal(moved[early], before[early], check_exact=True)


def test_a_backtest_equals_predict_at_its_cutoff(fitted):
    frame = FRAME[FRAME["unique_id"] == "a"]
    cv = fc.cross_validation(fitted, frame, 3, n_windows=2, future_covariates=FUTURE, freq="D")
    for cutoff, part in cv.groupby("cutoff"):
        known = frame[frame["ds"] <= cutoff]
        times = pd.date_range(cutoff, periods=4)[1:]
        own = frame.set_index("ds").reindex(times, method="ffill").rename_axis("ds").reset_index()
        future = own.drop(columns="y")
        alone = fitted.clone().fit(known, 3, freq="D", future_covariates=FUTURE)
        expected = alone.predict(3, future_df=future)
        if frame.set_index("ds").reindex([cutoff])["y"].notna().all():
            np.testing.assert_allclose(part["Driven"], expected["Driven"], rtol=1e-10)


def test_a_fitted_forecaster_is_backtested_with_its_own_covariates():
    early = FRAME[FRAME["ds"] < "2024-01-20"]
    fitted = Driven().fit(early, 2, future_covariates=FUTURE)
    settings = {"horizon": 2, "n_windows": 2, "use_fitted": True}
    found = fc.cross_validation(fitted, FRAME, **settings, future_covariates=FUTURE)
    assert np.isfinite(found["Driven"]).all()
    with pytest.raises(ValueError, match=r"fitted with future_covariates=\['price', 'holiday'\]; "
                                         r"got \['holiday', 'price'\]"):  # fmt: skip
        fc.cross_validation(fitted, FRAME, **settings, future_covariates=FUTURE[::-1])


def test_a_comparison_says_who_used_the_covariates():
    result = fc.compare(
        [Driven(), fc.Naive(alias="Other")], FRAME, 3, n_windows=3, future_covariates=FUTURE,
        season_length=1,
    )  # fmt: skip
    settings = result.run.settings
    assert settings["covariates"] == "price, holiday"
    users = settings["forecasters that use them"].split(", ")
    assert "Driven" in users and "Other" not in users and "Naive" not in users
    without = fc.compare([Driven()], FRAME, 3, n_windows=3, season_length=1)
    assert "covariates" not in without.run.settings


def test_a_bundle_keeps_the_covariates(monkeypatch, tmp_path):
    for cls, table in ((Driven, registry._BASELINES), (DrivenModel, registry._BASELINE_MODELS)):
        monkeypatch.setattr(cls, "__module__", "forecast.tests")
        monkeypatch.setitem(table, cls.__name__, cls)
    fitted = Driven().fit(FRAME, 3, future_covariates=FUTURE)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert loaded.layout_.columns == fitted.layout_.columns
    np.testing.assert_array_equal(loaded.store_.covariates, fitted.store_.covariates)
    future = future_of(FRAME, 3)
    pd.testing.assert_frame_equal(
        loaded.predict(3, [80], future_df=future), fitted.predict(3, [80], future_df=future),
        check_exact=True,
    )  # fmt: skip
    rows = FRAME[FRAME["unique_id"] == "a"].tail(1).assign(ds=pd.Timestamp("2024-02-14"))
    states = [f.update(rows).store_.state.arrays["model.window"] for f in (loaded, fitted)]
    np.testing.assert_array_equal(*states)


def test_every_public_forecaster_takes_covariates_or_leaves_them():
    frame = FRAME[FRAME["unique_id"] != "b"]
    for cls in (baselines.AR, baselines.PooledAR, baselines.Drift):
        forecaster = cls().fit(frame, 3, future_covariates=FUTURE)
        found = forecaster.predict(3, future_df=future_of(frame, 3))
        assert np.isfinite(found[forecaster.name]).all()
