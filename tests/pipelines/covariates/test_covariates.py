"""Covariates known ahead: read beside the values, carried over gaps, and read for the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import (
    Block,
    Columns,
    CovariateTable,
    Frequency,
    Panel,
    Upcoming,
    read_frame,
    read_future,
)

COLUMNS = Columns(future=["price", "holiday"])
START = pd.Timestamp("2024-03-28")


def frame_of(values, covariates, steps, name="a", freq="D", start=START) -> pd.DataFrame:
    """Rows of one series at some steps of a grid."""
    times = Frequency(freq).range(start, max(steps, default=0) + 1)[list(steps)]
    price, holiday = np.asarray(covariates, dtype=float).reshape(-1, 2).T
    return pd.DataFrame(
        {"unique_id": name, "ds": times, "y": values, "price": price, "holiday": holiday}
    )


@st.composite
def gappy(draw):
    """Rows of up to three series in any order: steps without a row, rows without a value."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    parts = []
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        steps = sorted(draw(st.sets(st.integers(0, 14), min_size=1, max_size=10)))
        values = rng.normal(size=len(steps))
        empty = rng.random(len(steps)) < 0.3
        empty[rng.integers(len(steps))] = False
        covariates = rng.normal(size=(len(steps), 2))
        covariates[empty & (rng.random(len(steps)) < 0.5), rng.integers(2)] = np.nan
        parts.append(frame_of(np.where(empty, np.nan, values), covariates, steps, name))
    frame = pd.concat(parts, ignore_index=True)
    return frame.sample(frac=1.0, random_state=int(rng.integers(1000)), ignore_index=True)


def by_hand(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    """Covariates from the first to the last value of a series, and how many were carried."""
    own = frame[frame["unique_id"] == name].set_index("ds").sort_index()
    known = own["y"].dropna().index
    rows, carried = [], 0
    for time in pd.date_range(known[0], known[-1], freq="D"):
        row = own.loc[time, ["price", "holiday"]].to_numpy(float) if time in own.index else None
        if row is None or np.isnan(row).any():
            row, carried = rows[-1], carried + 1
        rows.append(row)
    return np.array(rows), carried


@given(frame=gappy())
def test_covariates_lie_on_the_steps_of_the_values(frame):
    reading = read_frame(frame, COLUMNS, "D")
    panel, total = reading.panel, 0
    for i, name in enumerate(panel.ids):
        expected, carried = by_hand(frame, name)
        total += carried
        found = panel.covariates.future[panel.offsets[i] : panel.offsets[i + 1]]
        np.testing.assert_array_equal(found, expected)
    noted = [note for note in reading.notes if "covariates of the step before" in note]
    assert bool(noted) == bool(total)
    assert not noted or noted[0].startswith(f"{total} step")
    plain = read_frame(frame, Columns(), "D").panel
    np.testing.assert_array_equal(panel.values, plain.values)
    np.testing.assert_array_equal(panel.offsets, plain.offsets)


def panel_of(lengths, num_covariates=2, seed=0) -> Panel:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values, covariates = (
        rng.normal(size=offsets[-1]),
        rng.normal(size=(offsets[-1], num_covariates)),
    )
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    starts = pd.Index(np.arange(len(lengths)))
    return Panel(ids, values, offsets, starts, Frequency(1), CovariateTable(covariates))


@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    horizon=st.integers(0, 5),
    seed=st.integers(0, 100),
)
def test_pieces_of_a_panel_carry_their_covariates(lengths, horizon, seed):
    panel = panel_of(lengths, seed=seed)
    rng = np.random.default_rng(seed)
    ends = np.array([rng.integers(0, length + 1) for length in lengths])
    order = rng.permutation(len(lengths))
    taken, head = panel.take(order), panel.head(ends)
    block, futures = panel.block(ends, ends + horizon), panel.futures(ends, horizon)
    assert futures.shape == (len(lengths), horizon, 2)
    for i, length in enumerate(lengths):
        own = panel.covariates.future[panel.offsets[i] : panel.offsets[i + 1]]
        place = list(order).index(i)
        np.testing.assert_array_equal(
            taken.covariates.future[taken.offsets[place] : taken.offsets[place + 1]], own
        )
        np.testing.assert_array_equal(
            head.covariates.future[head.offsets[i] : head.offsets[i + 1]], own[: ends[i]]
        )
        for step in range(horizon):
            at = min(ends[i] + step, length - 1)
            expected = own[at] if length else np.zeros(2)
            np.testing.assert_array_equal(futures[i, step], expected)
            if step < block.num_steps:
                inside = ends[i] + step < length
                expected = own[ends[i] + step] if inside else np.zeros(2)
                np.testing.assert_array_equal(block.covariates[i, step], expected)


def test_without_covariates_there_is_no_column_and_no_memory():
    frame = frame_of(np.arange(5.0), np.ones((5, 2)), range(5))
    panel = read_frame(frame).panel
    block = panel.block(1, 4)
    panels, blocks = [panel, panel.take([0]), panel.head(2)], [block, block.take(np.array([0]))]
    arrays = [piece.covariates.future for piece in panels] + [piece.covariates for piece in blocks]
    arrays.append(panel.futures(2, 3))
    assert [array.shape for array in arrays] == [
        (5, 0), (5, 0), (2, 0), (1, 3, 0), (1, 3, 0), (1, 3, 0)
    ]  # fmt: skip
    assert all(array.nbytes == 0 for array in arrays)
    assert panel.without_covariates() is panel
    covariates = read_frame(frame, COLUMNS).panel
    assert covariates.without_covariates().num_covariates == 0
    assert covariates.without_covariates().values is covariates.values


def test_covariates_of_the_wrong_shape_are_refused():
    panel, yes = panel_of([3, 2]), np.ones((1, 2), bool)
    with pytest.raises(
        ValueError, match=r"shape \(5, num_columns\), one row for each step; got \(4,"
    ):
        Panel(
            panel.ids,
            panel.values,
            panel.offsets,
            panel.starts,
            panel.frequency,
            CovariateTable(np.ones((4, 1))),
        )
    with pytest.raises(ValueError, match=r"rows and steps \(1, 2\); got \(1, 3, 1\)"):
        Block(np.ones((1, 2)), yes, yes, np.ones((1, 3, 1)))


def test_polars_frames_bring_their_covariates():
    frame = frame_of([1.0, 2.0, 4.0], [[1, 0], [2, 1], [3, 0]], [0, 1, 3])
    polars = pl.DataFrame({name: frame[name].to_list() for name in frame})
    found, expected = read_frame(polars, COLUMNS).panel, read_frame(frame, COLUMNS).panel
    np.testing.assert_array_equal(found.covariates.future, expected.covariates.future)
    assert expected.covariates.future.tolist() == [[1, 0], [2, 1], [2, 1], [3, 0]]


def test_true_and_false_are_one_and_zero():
    frame = frame_of([1.0, 2.0], [[1, 0], [2, 1]], [0, 1]).astype({"holiday": bool})
    assert read_frame(frame, COLUMNS).panel.covariates.future.tolist() == [[1, 0], [2, 1]]


def test_rows_after_the_last_value_are_trimmed_with_their_covariates():
    frame = frame_of([1.0, 2.0, np.nan], [[1, 0], [2, 1], [9, 9]], [0, 1, 2])
    assert read_frame(frame, COLUMNS).panel.covariates.future.tolist() == [[1, 0], [2, 1]]


def spoilt(column: str, value, row: int = 2) -> pd.DataFrame:
    frame = frame_of(np.arange(4.0), np.ones((4, 2)), range(4)).astype({column: object})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (spoilt("price", np.nan), r"column 'price' of series 'a', time 2024-03-30 .* is empty in 1 "
                                  r"rows that have a value of 'y'.*ffill"),
        (spoilt("price", np.inf), r"column 'price' of series 'a', time 2024-03-30 .* is infinite"),
        (spoilt("holiday", "yes"), r"column 'holiday' of series 'a'.* holds text, .*'yes'"),
        (spoilt("price", 1.0).drop(columns="price"), r"missing covariate 'price'; .*'holiday'"),
        (
            spoilt("price", 1.0).set_axis(["unique_id", "ds", "y", "price", "price"], axis=1),
            r"covariate 'price' occurs 2 times; keep one",
        ),
    ],
    ids=["missing", "infinite", "text", "no column", "twice"],
)  # fmt: skip
def test_a_covariate_that_cannot_be_used_is_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        read_frame(frame, COLUMNS)


@pytest.mark.parametrize("kind", ["series", "wide", "one series and its covariates"])
def test_wide_frames_and_series_are_told_to_be_long(kind):
    index = pd.date_range("2024", periods=3)
    data = {
        "series": pd.Series([1.0, 2.0, 3.0], index=index),
        "wide": pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=index),
        "one series and its covariates": pd.DataFrame(
            {"y": [1.0, 2.0, 3.0], "price": 1.0, "holiday": 0.0}, index=index
        ),
    }[kind]
    with pytest.raises(
        ValueError, match=r"\['price', 'holiday'\] need a long frame; .*'unique_id'"
    ):
        read_frame(data, COLUMNS)


def test_names_of_covariates_are_checked():
    assert COLUMNS.all_names == ("unique_id", "ds", "y", "price", "holiday")
    assert COLUMNS.keeping(future=False, past=True, static=True) == Columns()
    with pytest.raises(TypeError, match=r"must be a list of columns; write \['price'\]"):
        Columns(future="price")
    for future in (["y"], ["price", "price"]):
        with pytest.raises(ValueError, match=rf"future covariate '{future[0]}' is named twice"):
            Columns(future=future)


def test_rows_before_the_first_value_stay_where_a_series_began_earlier():
    old = frame_of([np.nan, np.nan, 5.0], [[np.nan, 1], [2, 0], [3, 1]], [0, 1, 2])
    new = frame_of([np.nan, 7.0], [[8, 0], [9, 1]], [1, 2], "b")
    panel = read_frame(pd.concat([old, new]), COLUMNS, "D", begun=["a"]).panel
    assert panel.lengths.tolist() == [2, 1]
    assert panel.covariates.future.tolist() == [[2, 0], [3, 1], [9, 1]]
    np.testing.assert_array_equal(panel.values, [np.nan, 5.0, 7.0])


def test_a_frame_without_values_is_empty_where_series_began_earlier():
    frame = frame_of([np.nan, np.nan], np.ones((2, 2)), [0, 1])
    for columns in (COLUMNS, Columns()):
        reading = read_frame(frame, columns, "D", begun=["a"])
        assert reading.panel.num_series == 0 and reading.left_out == ("a",)
        with pytest.raises(ValueError, match=r"no series has a value"):
            read_frame(frame, columns, "D")


FREQUENCIES = [("D", None), ("h", "Europe/Berlin"), ("MS", None), ("W-SAT", None), (2, None)]


def upcoming_of(freq, zone, horizon):
    frequency = Frequency(freq)
    first = 7 if isinstance(freq, int) else pd.Timestamp("2024-03-29 23:00", tz=zone)
    grid = frequency.range(first, 60)
    ends = grid[[3, 30, 11]]
    return Upcoming(np.array(["a", "b", "c"], object), ends, frequency, horizon), grid


@given(kind=st.sampled_from(FREQUENCIES), horizon=st.integers(1, 9), seed=st.integers(0, 1000))
def test_the_future_is_read_in_any_order_among_other_rows(kind, horizon, seed):
    upcoming, grid = upcoming_of(*kind, horizon)
    rng = np.random.default_rng(seed)
    parts, expected = [], np.empty((3, horizon, 2))
    for i, (name, end) in enumerate(zip([*upcoming.ids, "other"], [3, 30, 11, 5], strict=True)):
        steps = np.arange(max(end - 2, 0), end + horizon + 3)  # the end itself and more than needed
        numbers = rng.normal(size=(len(steps), 2))
        if i < 3:
            expected[i] = numbers[(steps > end) & (steps <= end + horizon)]
        frame = pd.DataFrame({"unique_id": name, "ds": grid[steps], "price": numbers[:, 0]})
        parts.append(frame.assign(holiday=numbers[:, 1]))
    frame = pd.concat(parts).sample(frac=1.0, random_state=seed)
    np.testing.assert_array_equal(read_future(frame, COLUMNS, upcoming).values, expected)


def ahead(steps=(4, 5, 6), name="a") -> pd.DataFrame:
    return frame_of(np.nan, np.ones((len(steps), 2)), steps, name).drop(columns="y")


UPCOMING = Upcoming(
    np.array(["a", "b"], object), pd.DatetimeIndex([START + pd.Timedelta("3D")] * 2),
    Frequency("D"), 3,
)  # fmt: skip
BOTH = pd.concat([ahead(), ahead(name="b")], ignore_index=True)
SPAN = r"from 2024-04-01 00:00:00 to 2024-04-03 00:00:00"


def test_the_future_may_be_polars_text_dates_and_categories():
    expected = read_future(BOTH, COLUMNS, UPCOMING).values
    polars = pl.DataFrame({name: BOTH[name].to_list() for name in BOTH})
    text = BOTH.assign(ds=BOTH["ds"].dt.strftime("%Y-%m-%d"))
    for frame in (polars, text, BOTH.astype({"unique_id": "category"})):
        np.testing.assert_array_equal(read_future(frame, COLUMNS, UPCOMING).values, expected)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (BOTH.drop(columns="price"), r"future_df lacks the column 'price'; it has 'unique_id'"),
        (
            BOTH.set_axis(["unique_id", "ds", "price", "price"], axis=1),
            r"future_df has twice the column 'price'",
        ),
        (ahead(), rf"lacks 1 of 2 series, first 'b'; \['price', 'holiday'\] is needed "
                  rf"for it {SPAN} \(3 steps\). Its series begin with 'a'\."),
        (BOTH[:0], r"lacks 2 of 2 series, first 'a'.* It has no row\."),
        (BOTH.drop(index=[2, 4]), rf"2 of the 3 steps needed of series 'a'.*{SPAN}, and 2024-04-03 "
                                  r"00:00:00 is missing; its rows are from "
                                  r"2024-04-01 00:00:00 to 2024-04-0[12] 00:00:00\. Add"),
        (pd.concat([BOTH, ahead((5,))]), r"2 rows for series 'a', time 2024-04-02 00:00:00; keep"),
        (BOTH.assign(price=[1, 1, 1, 1, np.nan, 1]), r"covariate 'price' of series 'b', time "
                                                     r"2024-04-02 .* is missing \(1 such"),
        (BOTH.assign(price=[1, 1, 1, 1, 1, -np.inf]), r"'price' of series 'b', time 2024-04-03 .* "
                                                      r"is infinite"),
        (BOTH.assign(holiday=[1, 0, 1, 1, "no", 1]), r"'holiday' of series 'b'.* holds text"),
        (BOTH.assign(unique_id=None), r"id column 'unique_id' is empty in row 0"),
        (BOTH.assign(ds=BOTH["ds"].dt.tz_localize("UTC")), r"time zone UTC, those of the series "
                                                           r"None.*tz_localize"),
        (BOTH.assign(ds=np.arange(6)), r"future_df are integers, those of the series dates"),
        (BOTH["price"], r"must be a long frame with the columns .*; got a Series"),
    ],
    ids=["column", "twice", "series", "empty", "steps", "repeated", "nan", "inf", "text", "no id",
         "zone", "integers", "a Series"],
)  # fmt: skip
def test_a_future_that_does_not_cover_the_forecast_is_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        read_future(frame, COLUMNS, UPCOMING)


def test_what_is_no_frame_is_refused():
    with pytest.raises(TypeError, match=r"DataFrame or a pandas Series is expected; got list"):
        read_future([1, 2], COLUMNS, UPCOMING)
