"""The order of rows and the runs of equal codes, against NumPy's own sorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.pipelines.frames.frame import read_frame
from forecast.pipelines.frames.ordering import id_order, instants, runs, sorting_order

INT64 = np.iinfo(np.int64)
TIMES = st.one_of(st.integers(0, 5), st.integers(INT64.min, INT64.max))


@given(st.lists(st.tuples(st.integers(0, 70_000), TIMES), max_size=40))
def test_the_order_is_that_of_lexsort(rows):
    codes, clock = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    assert sorting_order(codes, clock).tolist() == np.lexsort((clock, codes)).tolist()


@pytest.mark.parametrize("num_times", [3, 5000, 10**12])
@pytest.mark.parametrize("step", [1, 3_600_000_000])
def test_the_order_of_many_rows_is_that_of_lexsort(num_times, step):
    rng = np.random.default_rng(7)
    codes = rng.integers(0, 900, 20_000)
    clock = rng.integers(-num_times, num_times, 20_000) * step
    assert np.array_equal(sorting_order(codes, clock), np.lexsort((clock, codes)))


def test_a_dense_table_and_digits_agree():
    rng = np.random.default_rng(8)
    order = rng.permutation(6000)
    codes, clock = order // 60, order % 60 * 86_400 - 10**6
    assert np.array_equal(sorting_order(codes, clock), np.argsort(order))


@given(st.lists(st.integers(0, 9)))
def test_runs_are_those_of_unique(codes):
    codes = np.sort(np.array(codes, dtype=np.int64))
    expected = np.unique(codes, return_index=True, return_counts=True)
    for found, wanted in zip(runs(codes), expected, strict=True):
        assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_rise_with_time_across_daylight_saving(unit):
    times = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Madrid", unit=unit)
    assert (np.diff(instants(times)) == np.diff(instants(times))[0]).all()


@given(
    st.lists(st.one_of(st.text(max_size=2), st.integers(-3, 3), st.floats(-3, 3), st.booleans(),
                       st.tuples(st.text(max_size=1), st.integers(0, 2))), unique=True),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_ids_are_sorted_alike_in_whatever_order_they_come(entries, random):
    def ordered(some):
        ids = np.empty(len(some), dtype=object)
        ids[:] = some
        return ids[id_order(ids)].tolist()

    shuffled = random.sample(entries, len(entries))
    assert ordered(shuffled) == ordered(entries)
    numbers = [entry for entry in entries if isinstance(entry, (int, float))]
    assert [entry for entry in ordered(entries) if entry in numbers] == sorted(numbers)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_series_stand_as_they_come_or_in_the_order_of_their_ids(make):
    grouped = {"unique_id": ["b"] * 3 + ["c"] * 3 + ["a"] * 3, "ds": [1, 2, 3] * 3, "y": 1.0}
    grouped["y"] = list(np.arange(9.0))
    assert read_frame(make(grouped)).panel.ids.tolist() == ["b", "c", "a"]
    by_time = {name: np.array(column).reshape(3, 3).T.ravel() for name, column in grouped.items()}
    panel = read_frame(make(by_time)).panel
    assert panel.ids.tolist() == ["a", "b", "c"]
    assert panel.values.tolist() == [6, 7, 8, 0, 1, 2, 3, 4, 5]


def test_forecasts_and_backtests_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(4)
    days = pd.date_range("2024", periods=40)
    frame = pd.concat([
        pd.DataFrame({"unique_id": name, "ds": days, "y": rng.normal(size=40).cumsum()})
        for name in "abc"
    ])  # fmt: skip
    # Sums over series are rounded in the order of these: pooled models tell whether it is the same.
    model = fc.PooledAR(lags=3)
    wanted = model.clone().fit(frame).predict(4, level=[80])
    backtest = fc.cross_validation(model, frame, horizon=3, n_windows=2)
    for rows in (frame.sample(frac=1, random_state=1), frame.sort_values(["ds", "unique_id"])):
        pd.testing.assert_frame_equal(model.clone().fit(rows).predict(4, level=[80]), wanted)
        again = fc.cross_validation(model, rows, horizon=3, n_windows=2)
        pd.testing.assert_frame_equal(again, backtest, check_exact=True)


def test_a_hundred_thousand_series_of_one_row_are_read():
    names = [f"series {number}" for number in range(100_000)]
    frame = pd.DataFrame({"unique_id": names, "ds": pd.Timestamp("2024-02-29"), "y": 1.5})
    panel = read_frame(frame, freq="D").panel
    assert panel.num_series == 100_000 and (panel.lengths == 1).all()
    assert panel.ids[[0, -1]].tolist() == ["series 0", "series 99999"]


@pytest.mark.parametrize("step", ["500ns", "1us", "37s", "3h"])
def test_steps_finer_or_coarser_than_the_unit_of_the_times_are_located(step):
    start = pd.Timestamp("2024-02-29 23:59:59")
    times = pd.DatetimeIndex([start, start + 2 * pd.Timedelta(step)])
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": [1.0, 2.0]})
    panel = read_frame(frame, freq=step).panel
    assert np.array_equal(panel.values, [1.0, np.nan, 2.0], equal_nan=True)
