"""Past, static and calendar covariates and labels, from `fit` to bundles."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from contracts import assert_update_equals_condition
from hypothesis import given
from hypothesis import strategies as st
from io_samples import members, with_manifest, write_members
from numpy.typing import NDArray

import forecast as fc
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.io import BundleError
from forecast.pipelines import Block
from forecast.protocol import Feedback, StateBatch, Static

KINDS = {
    "future_covariates": ["price", "weather"],
    "past_covariates": ["wind", "sky"],
    "static_covariates": ["kind", "size"],
    "calendar_features": ["hour_of_day"],
}
START = "2024-10-25"


class RecorderModel:
    """`y[t+1] = 0.5 y[t] + seen[t] + sum_k x_k[t+1] / k`, `seen[t] = 0.5 seen[t-1] + past[t]`.

    It sees every covariate of every step, so that one that is lost or moved shows in its state.
    """

    block_length = 1

    def __init__(self, num_past: int) -> None:
        self.num_past = num_past

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        arrays = {"last": np.zeros(num_rows), "seen": np.zeros((num_rows, self.num_past))}
        zeros = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays, zeros, zeros)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        last, seen = state.arrays["last"].copy(), state.arrays["seen"].copy()
        one_step = np.full(block.values.shape, np.nan)
        for step in range(block.num_steps):
            valid = block.valid[:, step]
            ahead = self._next(last, seen, block.covariates[:, step])
            one_step[valid, step] = ahead[valid]
            now = np.where(block.observed[:, step], block.values[:, step], ahead)
            last = np.where(valid, now, last)
            past = np.nan_to_num(block.past_covariates[:, step])
            seen = np.where(valid[:, None], 0.5 * seen + past, seen)
        return state.advance({"last": last, "seen": seen}, block), one_step

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        last, seen, values = state.arrays["last"], state.arrays["seen"], []
        for step in range(horizon):
            ahead = self._next(last, seen, future[:, step])
            found = feedback(np.repeat(ahead[:, None, None], feedback.num_paths, axis=1), step)
            values.append(found)
            last = found[:, 0, 0]
        return np.concatenate(values, axis=2)

    def _next(self, last: NDArray, seen: NDArray, ahead: NDArray) -> NDArray:
        return (
            0.5 * last + seen.sum(axis=1) + (ahead / np.arange(1, ahead.shape[1] + 1)).sum(axis=1)
        )


class Recorder(Forecaster):
    """Uses every kind of covariates, and keeps the panels that it was fitted on."""

    uses_covariates: ClassVar[bool] = True
    uses_past_covariates: ClassVar[bool] = True
    uses_static_covariates: ClassVar[bool] = True
    tasks: ClassVar[list[Task]] = []

    def __init__(self, alias: str | None = None) -> None:
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        self.tasks.append(task)
        num_past = task.panel.covariates.past.shape[1]
        return Estimate.closed_form(RecorderModel(num_past), "nothing")  # type: ignore[arg-type]


def series(name: str, length: int, seed: int) -> pd.DataFrame:
    """Hours over the end of summer time; steps without a row, without a value, without a label."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unique_id": name,
            "ds": pd.date_range(START, periods=length, freq="h", tz="Europe/Madrid"),
            "y": rng.normal(0.0, 8.0, length), "price": rng.normal(size=length),
            "weather": rng.choice(["rain", "sun", "fog"], length),
            "wind": np.where(rng.random(length) < 0.3, np.nan, rng.normal(size=length)),
            "sky": np.where(rng.random(length) < 0.3, None, rng.choice(["clear", "grey"], length)),
            "kind": {"a": "mall", "b": "street", "c": "mall"}[name], "size": float(length),
        }
    )  # fmt: skip
    gone = rng.random(length) < 0.25
    gone[[0, -1]] = False
    frame.loc[gone, "y"] = np.nan
    frame.loc[gone & (rng.random(length) < 0.5), ["price", "weather"]] = None
    return frame[~gone | (rng.random(length) < 0.6)]


FRAME = pd.concat([series("a", 70, 0), series("b", 57, 1), series("c", 63, 2)], ignore_index=True)


def future_of(frame: pd.DataFrame, horizon: int = 6, label: str | None = "sun") -> pd.DataFrame:
    parts = []
    for name, end in frame.dropna(subset="y").groupby("unique_id")["ds"].max().items():
        times = pd.date_range(end, periods=horizon + 1, freq="h")[1:]
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "price": 0.5}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(weather=pd.Series([label] * len(frame), dtype="string"))


@cache
def fitted() -> Recorder:
    return Recorder().fit(FRAME, horizon=3, freq="h", **KINDS)


def test_a_forecaster_sees_encoded_numbers_and_what_is_static_last():
    table = fitted().fitted_.encoding.apply(fitted()._read(FRAME).panel).covariates
    assert [column.name for column in table.schema.future] == [
        "price", "weather=unseen", "weather=fog", "weather=rain", "weather=sun",
        "hour_of_day_sin", "hour_of_day_cos", "kind=unseen", "kind=mall", "kind=street", "size",
    ]  # fmt: skip
    assert [column.name for column in table.schema.past] == [
        "wind", "sky=unseen", "sky=clear", "sky=grey"
    ]  # fmt: skip
    assert fitted().store_.covariates[:, -4:].tolist() == [
        [0, 1, 0, 70], [0, 0, 1, 57], [0, 1, 0, 63]
    ]  # fmt: skip


def test_forecasts_equal_the_equation():
    forecaster, future = fitted(), future_of(FRAME, 4)
    found = forecaster.predict(4, future_df=future)
    state = forecaster.store_.state.arrays
    for i, (name, own) in enumerate(found.groupby("unique_id")):
        rows = future[future["unique_id"] == name]
        angle = 2.0 * np.pi * rows["ds"].dt.hour.to_numpy() / 24.0
        labels = np.tile([0.0, 0.0, 0.0, 1.0], (4, 1))
        static = np.tile(forecaster.store_.covariates[i, -4:], (4, 1))
        ahead = np.column_stack([rows["price"], labels, np.sin(angle), np.cos(angle), static])
        value, seen = state["model.last"][i], state["model.seen"][i].sum()
        for step, forecast in enumerate(own["Recorder"]):
            value = 0.5 * value + seen + (ahead[step] / np.arange(1, 12)).sum()
            np.testing.assert_allclose(forecast, value, rtol=1e-12)


@given(cuts=st.tuples(st.integers(3, 50), st.integers(3, 45)), explicit=st.booleans())
def test_update_equals_condition_on_all_rows(cuts, explicit):
    """Also where a gap at the seam ends a day, and only past covariates are known in it."""
    frame = FRAME[FRAME["unique_id"] != "c"]
    assert_update_equals_condition(fitted(), frame, cuts, explicit, scale=5.0, tolerance=1e-10)


def test_labels_that_training_has_not_shown_are_all_alike():
    forecaster = fitted()
    hail, snow, missing, sun = (
        forecaster.predict(3, [80], future_df=future_of(FRAME, label=label))
        for label in ("hail", "snow", None, "sun")
    )
    pd.testing.assert_frame_equal(hail, snow, check_exact=True)
    pd.testing.assert_frame_equal(hail, missing, check_exact=True)
    assert not np.allclose(hail["Recorder"], sun["Recorder"])


def test_a_new_series_may_be_of_an_unseen_kind():
    new = FRAME[FRAME["unique_id"] == "c"].assign(unique_id="d", kind="kiosk")
    updated = copy(fitted()).update(new)
    assert updated.store_.covariates[-1, -4:].tolist() == [1, 0, 0, 63]


def test_the_encoding_is_that_of_the_rows_before_each_cutoff():
    frame = FRAME[FRAME["unique_id"] == "a"].reset_index(drop=True)
    late = frame["ds"] > frame["ds"].iloc[-1] - pd.Timedelta("8h")
    frame.loc[late & frame["weather"].notna(), "weather"] = "hail"
    Recorder.tasks.clear()
    fc.cross_validation(Recorder(), frame, 3, n_windows=4, step_size=3, freq="h", **KINDS)
    names = [[c.name for c in task.panel.covariates.schema.future] for task in Recorder.tasks]
    shown = ["weather=hail" in columns for columns in names]
    assert not shown[0] and shown[-1] and shown == sorted(shown)
    assert all(columns[-2:] == ["kind=mall", "size"] for columns in names)


def test_calendar_features_alone_need_no_future_frame():
    forecaster = Recorder().fit(FRAME, 3, freq="h", calendar_features=True)
    names = [column.name for column in forecaster.fitted_.encoding.encoded.future]
    assert names[:3] == ["hour_of_day_sin", "hour_of_day_cos", "day_of_week_sin"]
    assert forecaster.layout_.columns.calendar[0] == "hour_of_day"
    found = forecaster.predict(5, [80])
    assert np.isfinite(found["Recorder"]).all()
    assert np.isfinite(forecaster.sample(3, 4)["y"]).all()
    with pytest.raises(ValueError, match=r"future_df was given, but Recorder was fitted without"):
        forecaster.predict(5, future_df=future_of(FRAME))
    wide = pd.DataFrame(
        {"a": np.arange(9.0), "b": 1.0}, index=pd.date_range("2024-01-05", periods=9)
    )
    weekly = Recorder().fit(wide, 2, calendar_features=["day_of_week"])
    assert weekly.predict(2).shape == (2, 2)
    cv = fc.cross_validation(Recorder(), wide, 2, n_windows=2, calendar_features=["is_weekend"])
    assert np.isfinite(cv["Recorder"]).all()


def test_a_forecaster_that_uses_no_kind_leaves_all_aside():
    plain = fc.SeasonalNaive(24).fit(FRAME, freq="h")
    given_them = fc.SeasonalNaive(24).fit(FRAME, freq="h", **KINDS)
    assert given_them.store_.covariates.shape == (3, 0)
    pd.testing.assert_frame_equal(given_them.predict(4), plain.predict(4), check_exact=True)
    rows = FRAME[["unique_id", "ds", "y"]].dropna().groupby("unique_id").tail(1)
    rows = rows.assign(ds=rows["ds"] + pd.Timedelta("3h"))
    found, expected = (f.update(rows).predict(2) for f in (given_them, plain))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_ar_leaves_past_and_static_covariates_aside():
    ahead = {name: KINDS[name] for name in ("future_covariates", "calendar_features")}
    every, some = (fc.AR(lags=2).fit(FRAME, 3, freq="h", **kinds) for kinds in (KINDS, ahead))
    found, expected = (f.predict(3, future_df=future_of(FRAME)) for f in (every, some))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert every.fitted_.encoding == some.fitted_.encoding


def test_pooled_ar_takes_static_covariates():
    rng = np.random.default_rng(0)
    parts = []
    for i in range(12):  # too short to tell the level from: the kind does
        level = 40.0 if i % 2 else 0.0
        y = 50.0 + level + rng.normal(size=24)
        times = pd.date_range("2024-01-01", periods=24)
        parts.append(pd.DataFrame({"unique_id": f"s{i}", "ds": times, "y": y,
                                   "kind": "high" if i % 2 else "low"}))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    model = fc.PooledAR(lags=1).fit(frame, 2, static_covariates=["kind"])
    names = [column.name for column in model.fitted_.encoding.encoded.future]
    assert names == ["kind=unseen", "kind=high", "kind=low"]
    assert np.isfinite(model.predict(2)["PooledAR"]).all()


def test_pooled_ar_takes_past_covariates():
    """The value is that of a covariate one step before: it helps one step ahead, and no more."""
    rng = np.random.default_rng(0)
    parts = []
    for name in "abc":
        wind = rng.normal(size=120)
        y = 20.0 + 3.0 * np.r_[0.0, wind[:-1]] + 0.1 * rng.normal(size=120)
        times = pd.date_range("2024-01-01", periods=120)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": y, "wind": wind}))
    frame, model = pd.concat(parts, ignore_index=True), fc.PooledAR(lags=2)
    errors = []
    for kinds in ({}, {"past_covariates": ["wind"]}):
        cv = fc.cross_validation(model, frame, 1, n_windows=8, refit=False, **kinds)
        errors.append((cv["y"] - cv["PooledAR"]).abs().mean())
    assert errors[1] < 0.3 * errors[0]


def test_members_of_a_combination_see_what_they_use():
    ar, recorder = fc.AR(lags=2), Recorder()
    both = fc.Combine([fc.AR(lags=2), recorder, fc.Naive()], method="mean")
    assert both.uses_covariates and both.uses_past_covariates and both.uses_static_covariates
    Recorder.tasks.clear()
    both.fit(FRAME, 3, freq="h", **KINDS)
    assert all(task.panel.covariates.past.shape[1] == 4 for task in Recorder.tasks)
    future = future_of(FRAME)
    alone = [f.fit(FRAME, 3, freq="h", **KINDS) for f in (ar, Recorder(), fc.Naive())]
    points = [f.predict(3, future_df=future)[f.name].to_numpy() for f in alone]
    found = both.predict(3, future_df=future)["Combine"]
    np.testing.assert_allclose(found, np.mean(points, axis=0), rtol=1e-10)
    assert not fc.Combine([fc.AR()]).uses_static_covariates
    weighted = fc.Combine([fc.AR(lags=2), Recorder()], method="weighted")
    weighted.fit(FRAME, 3, freq="h", **KINDS)
    assert np.isfinite(weighted.predict(3, future_df=future)["Combine"]).all()


def test_a_combination_inside_a_combination_passes_its_own_share():
    inner = fc.Combine([fc.AR(lags=2)], alias="Inner")
    outer = fc.Combine([inner, Recorder()], method="mean")
    outer.fit(FRAME, 3, freq="h", **KINDS)
    alone = [f.fit(FRAME, 3, freq="h", **KINDS) for f in (fc.AR(lags=2), Recorder())]
    future = future_of(FRAME)
    points = [f.predict(3, future_df=future)[f.name].to_numpy() for f in alone]
    found = outer.predict(3, future_df=future)["Combine"]
    np.testing.assert_allclose(found, np.mean(points, axis=0), rtol=1e-10)


def test_channels_share_all_kinds():
    frame = FRAME.assign(load=FRAME["y"] * 2.0 + 1.0)
    forecaster = Recorder().fit(frame, 2, freq="h", target_col=["y", "load"], **KINDS)
    assert forecaster.store_.covariates.shape == (6, 11)
    first, second = forecaster.store_.covariates.reshape(3, 2, 11).swapaxes(0, 1)
    np.testing.assert_array_equal(first, second)
    found = forecaster.predict(2, future_df=future_of(FRAME))
    assert list(found.columns) == ["unique_id", "channel", "ds", "Recorder"]


def newer(**changes) -> pd.DataFrame:
    """One row of series "a", after all others."""
    row = FRAME[FRAME["unique_id"] == "a"].tail(1)
    return row.assign(ds=row["ds"] + pd.Timedelta("2h")).assign(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"kind": "street"},
            r"'kind' of series 'a' is 'street' in these rows and was 'mall' before",
        ),
        (
            {"kind": "kiosk"},
            r"'kind' of series 'a' is 'unseen' in these rows and was 'mall' before",
        ),
        ({"size": 71.0}, r"'size' of series 'a' is 71.0 in these rows and was 70.0 before"),
        ({"size": np.nan}, r"static covariate 'size' is missing in all rows of series 'a'"),
        ({"price": "cheap"}, r"'price' holds text, for example 'cheap', where the training part"),
        ({"weather": 3.0}, r"'weather' holds numbers where the training part had the labels"),
        ({"wind": np.inf}, r"column 'wind' of series 'a', time 2024-.* is infinite"),
    ],
    ids=["label", "unseen label", "number", "missing", "text", "numbers", "inf"],
)
def test_rows_that_do_not_fit_change_nothing(changes, message):
    forecaster = copy(fitted())
    before = forecaster.store_
    with pytest.raises(ValueError, match=message):
        forecaster.update(newer(**changes))
    assert forecaster.store_ is before
    forecaster.update(newer())
    assert forecaster.store_ is not before


def test_a_future_of_another_kind_is_refused():
    future = future_of(FRAME)
    with pytest.raises(ValueError, match=r"'price' holds text, for example 'cheap', where"):
        fitted().predict(3, future_df=future.assign(price="cheap"))
    with pytest.raises(ValueError, match=r"covariates \['price', 'weather'\]: give their values"):
        fitted().predict(3)
    with pytest.raises(ValueError, match=r"6 of the 7 steps needed of series 'a'"):
        fitted().predict(7, future_df=future)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("past_covariates", ["wind"]), ("static_covariates", ["kind"]),
     ("calendar_features", ["is_weekend"])],
)  # fmt: skip
def test_a_fitted_forecaster_is_backtested_with_its_own_columns(kind, columns):
    early = FRAME[FRAME["ds"] < "2024-10-26"]
    forecaster = Recorder().fit(early, 2, freq="h", **KINDS)
    settings = {"horizon": 2, "n_windows": 2, "use_fitted": True, "freq": "h"}
    found = fc.cross_validation(forecaster, FRAME, **settings, **KINDS)
    assert np.isfinite(found["Recorder"]).all()
    message = rf"fitted with {kind}=\[.*\]; got \['{columns[0]}'\]"
    with pytest.raises(ValueError, match=message):
        fc.cross_validation(forecaster, FRAME, **settings, **{**KINDS, kind: columns})


def test_a_comparison_says_who_used_which_kind():
    result = fc.compare([Recorder()], FRAME, 2, n_windows=2, season_length=1, freq="h", **KINDS)
    settings = result.run.settings
    assert settings["covariates"] == "price, weather, hour_of_day"
    assert settings["past covariates"] == "wind, sky"
    assert settings["static covariates"] == "kind, size"
    for kind in ("them", "past covariates", "static covariates"):
        assert "Recorder" in settings[f"forecasters that use {kind}"].split(", ")
    users = settings["forecasters that use static covariates"].split(", ")
    assert "PooledAR" in users and "AR" not in users


def test_a_bundle_whose_encoding_was_changed_is_refused(tmp_path):
    path = tmp_path / "model.kfc"
    fc.PooledAR(lags=2).fit(FRAME, 2, freq="h", **KINDS).save(path)
    good = members(path)

    def spoil(change, message):
        bad = write_members(tmp_path / "bad.kfc", with_manifest(good, change))
        with pytest.raises(BundleError, match=message):
            fc.load(bad)

    def without_labels(manifest):
        schema = manifest["fitted"]["encoding"]["fields"]["schema"]["fields"]
        schema["future"]["$tuple"][1]["fields"]["categories"] = None

    spoil(lambda manifest: manifest["fitted"].update(encoding=[1]), r"how covariates become")
    spoil(lambda manifest: manifest["fitted"].pop("encoding"), r"describes no forecaster")
    spoil(without_labels, r"its covariates \(3, \d+\) are not those of 3 series")
