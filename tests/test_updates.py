"""Rows that cannot follow are refused by name, before anything changes."""

from __future__ import annotations

from copy import copy, deepcopy

import numpy as np
import pandas as pd
import pytest
from contracts import assert_states_equal

from forecast import AR, Naive, PooledAR
from forecast.pipelines import Columns, read_frame
from forecast.store import StateStore


def rows_of(name, first, values, *, start="2024-01-01", zone=None, x=None):
    times = pd.date_range(start, periods=first + len(values), freq="h", tz=zone)[first:]
    frame = pd.DataFrame({"unique_id": name, "ds": times, "y": values})
    return frame if x is None else frame.assign(x=x)


def history(zone=None):
    rng = np.random.default_rng(5)
    parts = [rows_of("a", 0, 5 + rng.normal(size=40), zone=zone),
             rows_of("b", 3, 9 + rng.normal(size=30), zone=zone)]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return AR(lags=2).fit(history(), horizon=2)


@pytest.fixture(scope="module")
def pooled():
    frame = history().assign(x=np.random.default_rng(6).normal(size=70))
    return PooledAR(lags=2).fit(frame, horizon=2, future_covariates=["x"])


def refused(forecaster, rows, message, error=ValueError, learn=False):
    """An update that fails, and leaves every part of the forecaster as it was."""
    tried = copy(forecaster)
    store, fit, said = tried.store_, tried.fitted_, (tried.notes_, tried.left_out_, tried.layout_)
    kept, ends = deepcopy(store.state), store.ends.copy()
    forecasts = None if tried.layout_.columns.future else tried.predict(3, [80])
    with pytest.raises(error, match=message):
        tried.update(rows, learn=learn)
    assert tried.store_ is store and tried.fitted_ is fit
    assert (tried.notes_, tried.left_out_, tried.layout_) == said
    assert_states_equal(store.state, kept)
    pd.testing.assert_index_equal(store.ends, ends)
    if forecasts is not None:
        pd.testing.assert_frame_equal(tried.predict(3, [80]), forecasts, check_exact=True)


GOOD = rows_of("b", 33, [8.0, 9.0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.concat([GOOD, GOOD]), r"series 'b', time 2024-01-02 09:00:00 occurs more than once"),
        (rows_of("a", 39, [1.0, 2.0]), r"series 'a': the rows begin at 2024-01-02 15:00:00, but"),
        (rows_of("a", 7, [1.0]), r"already seen 2024-01-02 15:00:00\. Give rows later than that"),
        (
            rows_of("a", 41, [1.0], start="2024-01-01 00:30"),
            r"series 'a', time 2024-01-02 17:30:00 is not on the grid of freq='h'",
        ),
        (rows_of("a", 40, [1.0, np.inf]), r"infinite in 1 rows of column 'y', first at series 'a'"),
        (rows_of("a", 40, ["many"]), r"column 'y' of series 'a' holds text, for example 'many'"),
        (rows_of("a", 40, [1j]), r"column 'y' of series '.' holds complex"),
        (rows_of(None, 40, [1.0]), r"id column 'unique_id' is empty in row 2"),
        (rows_of("a", 40, [1.0]).assign(ds=pd.NaT), r"time column 'ds' is empty in series 'a'"),
        (
            rows_of("a", 40, [1.0], start="2064-01-01"),
            r"series 'a': the rows begin at 2064-.*, 350,\d+ steps after the last one seen, "
            r"2024-01-02 15:00:00\. Correct the time, or call condition\(df\)",
        ),
        (rows_of("new", 40, [1.0]), r"AR has one model a series and was not fitted on \['new'\]"),
    ],
    ids=[
        "duplicate", "overlapping", "older", "off the grid", "inf", "text", "complex", "no id",
        "no time", "wrong year", "new series",
    ],
)  # fmt: skip
def test_rows_that_cannot_follow_are_refused(fitted, rows, message):
    refused(fitted, pd.concat([GOOD, rows]), message)
    if "more than once" not in message:
        refused(fitted, pd.concat([rows, GOOD]), message.replace("row 2", "row 0"))


def test_a_series_beside_its_own_grid_is_named(fitted):
    rows = rows_of("a", 41, [1.0], start="2024-01-01 00:30")
    message = r"series 'a': time 2024-01-02 17:30:00 is not on the grid of freq='h' on which 2024-"
    refused(fitted, rows, message)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (GOOD.drop(columns="y"), ValueError, r"missing column 'y'; the frame has 'unique_id', 'ds"),
        (GOOD.drop(columns="ds"), ValueError, r"missing column 'ds'"),
        (GOOD[:0], ValueError, r"the frame has no rows"),
        (GOOD.assign(ds=[1, 2]), ValueError, r"freq='h' is for dates, but the times are integers"),
        (None, TypeError, r"a pandas or polars DataFrame .* is expected; got NoneType"),
    ],
)
def test_frames_of_another_form_are_refused(fitted, rows, error, message):
    refused(fitted, rows, message, error)


def test_times_with_and_without_a_zone_do_not_mix(fitted, pooled):
    zoned = Naive().fit(history("Europe/Berlin"), horizon=2)
    message = r"series '{}': the rows have time zone {}, what was seen before has {}\. Give .* {}"
    rows = rows_of("a", 50, [1.0], zone="UTC")
    refused(fitted, rows, message.format("a", "UTC", "None", r"tz_localize\(None\) removes"))
    bare = rows_of("b", 50, [1.0])
    refused(zoned, bare, message.format("b", "None", "Europe/Berlin", "tz_localize adds"))
    new = rows_of("new", 50, [1.0], zone="UTC", x=1.0)
    refused(pooled, new, message.format("new", "UTC", "None", "tz_localize"))


@pytest.mark.parametrize("channels", ["y", ["y", "z"]])
def test_ids_that_became_text_are_no_new_series(channels):
    frame = pd.concat([rows_of(name, 0, np.arange(40.0) % 7) for name in (1, 20)])
    frame = frame.assign(z=frame["y"] ** 2)
    rows = frame.assign(ds=frame["ds"] + pd.Timedelta(hours=40))
    for model in (PooledAR(lags=2), AR(lags=2)):
        fitted = model.fit(frame, horizon=2, target_col=channels)
        text = rows.assign(unique_id=rows["unique_id"].astype(str))
        refused(fitted, text, r"'1'.* is new, but .*1.* has been seen before: the ids are of ano")
        same = copy(fitted).update(rows.assign(unique_id=rows["unique_id"].astype(float)))
        assert list(same.store_.ids) == list(fitted.store_.ids)
        more = text.assign(unique_id="3" + text["unique_id"])
        if model.takes_new_series:
            assert len(copy(fitted).update(more).store_.ids) == 2 * len(fitted.store_.ids)


def test_another_zone_is_the_same_moment():
    zoned = PooledAR(lags=2).fit(history("Europe/Berlin"), horizon=2)
    moments = pd.concat(
        [rows_of("a", 40, [5.0, 6.0], zone="Europe/Berlin"),
         rows_of("new", 40, [5.0, 7.0, 6.0], zone="Europe/Berlin")]
    )  # fmt: skip
    there = copy(zoned).update(moments.assign(ds=moments["ds"].dt.tz_convert("UTC")))
    here = copy(zoned).update(moments)
    assert str(there.store_.ends.tz) == "Europe/Berlin"
    pd.testing.assert_frame_equal(there.predict(3, [80]), here.predict(3, [80]), check_exact=True)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.inf, r"column 'x' of series 'a', time 2024-01-02 16:00:00, is infinite"),
        (np.nan, r"covariate missing: column 'x' of series 'a', time 2024-01-02 16:00:00"),
        ("dear", r"covariate 'x' holds text, for example 'dear'"),
        (None, r"missing covariate 'x'"),
    ],
)
def test_covariates_are_checked_as_well(pooled, x, message):
    refused(pooled, rows_of("a", 40, [1.0], x=x), message)


def test_rows_of_a_subset_in_any_order(fitted):
    rows = pd.concat([rows_of("b", 33, [8.0, np.nan, 9.5, 9.0]), rows_of("a", 42, [5.0, 6.0])])
    moved = copy(fitted).update(rows.sample(frac=1.0, random_state=2))
    one = copy(fitted).update(rows[rows["unique_id"] == "a"])
    np.testing.assert_array_equal(moved.store_.state.clock, [44, 34])
    np.testing.assert_array_equal(one.store_.state.clock, [44, 30])
    assert_states_equal(one.store_.state.take([1]), fitted.store_.state.take([1]))
    np.testing.assert_allclose(one.predict(3)["AR"][:3], moved.predict(3)["AR"][:3], rtol=1e-12)


def test_rows_without_a_value_change_nothing(fitted):
    moved = copy(fitted).update(rows_of("a", 40, [np.nan, np.nan]))
    assert_states_equal(moved.store_.state, fitted.store_.state)


def test_one_long_gap_among_many_series_costs_no_padding(monkeypatch):
    """A series that comes back after a year must not widen the block of all the others."""
    ids = np.array([f"s{i}" for i in range(50)], dtype=object)
    frame = pd.DataFrame({"unique_id": np.repeat(ids, 10), "ds": np.tile(np.arange(10), 50),
                          "y": np.random.default_rng(1).normal(size=500)})  # fmt: skip
    model = Naive().fit(frame, horizon=1)
    rows = pd.DataFrame({"unique_id": ids, "ds": np.where(ids == "s7", 4000, 10), "y": 1.0})
    plain = copy(model).update(rows)
    monkeypatch.setattr("forecast.store._LARGEST_BLOCK", 1000)
    parted = copy(model).update(rows)
    assert_states_equal(parted.store_.state, plain.store_.state)
    assert parted.store_.state.clock[7] == 4001 and parted.store_.state.clock[8] == 11


def test_stores_of_the_same_series_look_ids_up_alike(fitted):
    panel = read_frame(rows_of("b", 33, [8.0]), Columns(), "h").panel
    after = fitted.store_.after(fitted.fitted_.model, panel, np.array([1]))
    assert isinstance(after, StateStore)
    asked = np.array(["b", "x", "a"], dtype=object)
    np.testing.assert_array_equal(after.positions(asked), [1, -1, 0])
    np.testing.assert_array_equal(fitted.fitted_.positions(asked), [1, -1, 0])
