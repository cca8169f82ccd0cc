"""Windows against a loop over series and ends."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from window_material import all_ends, make_panel, panels, system_values

from forecast.pipelines import Columns, Windows

settings_of_windows = st.fixed_dictionaries({
    "context_length": st.integers(1, 9),
    "horizon": st.integers(1, 4),
    "stride": st.integers(1, 4),
    "min_context": st.none() | st.integers(1, 9),
    "targets": st.sampled_from(["horizon", "every_step"]),
})  # fmt: skip


def padded(rows, width):
    """Rows of steps on the left of `width` steps, NaN on the right."""
    out = np.full((width, *rows.shape[1:]), np.nan)
    out[: len(rows)] = rows
    return out


def steps_after(values, step, horizon):
    """The `horizon` steps from `step` on, NaN beyond the end."""
    return padded(values[step : step + horizon], horizon)


@given(panel=panels, chosen=settings_of_windows, data=st.data())
def test_windows_equal_a_loop(panel, chosen, data):
    context, horizon, least = (chosen[n] for n in ("context_length", "horizon", "min_context"))
    assume(least is None or least <= context)
    expected = all_ends(panel, context, horizon, chosen["stride"], least)
    if not expected:
        with pytest.raises(ValueError, match="no series gives a window"):
            Windows(panel, **chosen)
        return
    windows = Windows(panel, **chosen)
    assert len(windows) == len(expected)
    indices = data.draw(st.lists(st.integers(0, len(expected) - 1), min_size=1, max_size=9))
    batch = windows.gather(indices, dtype=np.float64)
    for row, index in enumerate(indices):
        system, end = expected[index]
        assert (batch.series[row], batch.ends[row]) == (system, end)
        values, begin = system_values(panel, system), max(0, end - context)
        given_values = padded(values[begin:end], context)
        if chosen["targets"] == "horizon":
            targets = steps_after(values, end, horizon)
        else:
            every = [steps_after(values, step + 1, horizon) for step in range(begin, end)]
            targets = padded(np.stack(every), context)
        if panel.num_channels == 1:
            given_values, targets = given_values[..., 0], targets[..., 0]
        check_row(batch, row, given_values, targets)
        np.testing.assert_array_equal(batch.valid[row], np.arange(context) < end - begin)
        check_covariates(panel, batch, row, system, (begin, end, horizon), context)


def check_row(batch, row, values, targets):
    np.testing.assert_array_equal(batch.values[row], np.nan_to_num(values))
    np.testing.assert_array_equal(batch.observed[row], ~np.isnan(values))
    np.testing.assert_array_equal(batch.targets[row], np.nan_to_num(targets))
    np.testing.assert_array_equal(batch.target_observed[row], ~np.isnan(targets))
    np.testing.assert_array_equal(batch.weights[row], ~np.isnan(targets))


def check_covariates(panel, batch, row, system, span, context):
    names = {"covariates", "past_covariates", "past_observed", "future_covariates"}
    if panel.covariates.is_empty:
        assert set(batch.inputs) == {"values", "observed", "valid"}
        return
    assert set(batch.inputs) == names | {"values", "observed", "valid", "static_covariates"}
    (begin, end, horizon), series = span, system * panel.num_channels
    at = slice(panel.offsets[series], panel.offsets[series + 1])
    future, past = panel.covariates.future[at], panel.covariates.past[at]
    inputs = {name: array[row] for name, array in batch.inputs.items()}
    np.testing.assert_array_equal(
        inputs["covariates"], np.nan_to_num(padded(future[begin:end], context))
    )
    known = padded(past[begin:end], context)
    np.testing.assert_array_equal(inputs["past_covariates"], np.nan_to_num(known))
    np.testing.assert_array_equal(inputs["past_observed"], ~np.isnan(known))
    np.testing.assert_array_equal(inputs["static_covariates"], panel.covariates.static[series])
    if batch.targets.ndim == batch.values.ndim:
        after = steps_after(future, end, horizon)
    else:
        every = [steps_after(future, step + 1, horizon) for step in range(begin, end)]
        after = padded(np.stack(every), context)
    np.testing.assert_array_equal(inputs["future_covariates"], np.nan_to_num(after))


@given(panel=panels, kind=st.sampled_from(["series", "steps"]), seed=st.integers(0, 9))
def test_weights_equal_a_loop(panel, kind, seed):
    assume(panel.lengths.max() > 3)
    count = panel.num_series if kind == "series" else panel.num_rows
    weights = np.random.default_rng(seed).random(count).astype(np.float32)
    per_step = weights if kind == "steps" else np.repeat(weights, panel.lengths)
    windows = Windows(panel, 2, 2, weights=weights)
    batch = windows.gather(np.arange(len(windows)))
    channels = panel.num_channels
    for row, (system, end) in enumerate(zip(batch.series, batch.ends, strict=True)):
        firsts = panel.offsets[system * channels : (system + 1) * channels]
        expected = np.stack([per_step[f + end : f + end + 2] for f in firsts], axis=1)
        expected = expected * batch.target_observed[row].reshape(2, channels)
        np.testing.assert_array_equal(batch.weights[row].reshape(2, channels), expected)


def test_batches_are_float32_and_large_levels_can_be_float64():
    panel = make_panel([9, 12], gaps=0.0)
    panel.values[:] += 1e9
    windows = Windows(panel, 3, 1)
    assert windows.gather([0]).values.dtype == np.float32
    np.testing.assert_array_equal(windows.gather([0], np.float64).values[0], panel.values[:3])


def test_a_mapped_panel_is_read_where_it_is(tmp_path):
    panel = make_panel([30, 5, 60], seed=3)
    panel.values.tofile(tmp_path / "values")
    mapped = np.memmap(tmp_path / "values", dtype=np.float64, mode="r")
    there = Windows(make_like(panel, mapped), 7, 2, min_context=2)
    here = Windows(panel, 7, 2, min_context=2)
    everything = np.arange(len(here))
    for name in ("values", "targets", "weights", "observed"):
        np.testing.assert_array_equal(
            getattr(there.gather(everything), name), getattr(here.gather(everything), name)
        )
    assert np.shares_memory(there._tape.single, mapped), "no copy in memory"
    assert there.has_gaps


def make_like(panel, values):
    return replace(panel, values=values)


def test_a_pickled_source_carries_no_copy_of_the_values():
    windows = Windows(make_panel([500, 700], gaps=0.0), 20, 3)
    before = len(pickle.dumps(windows))
    batch = windows.gather([3, 5])
    assert len(pickle.dumps(windows)) == before
    again = pickle.loads(pickle.dumps(windows)).gather([3, 5])
    np.testing.assert_array_equal(again.values, batch.values)


def test_millions_of_windows_need_one_number_a_series():
    panel = make_panel([2_000] * 1_000, gaps=0.0)
    windows = Windows(panel, 10, 5)
    assert len(windows) == 1_000 * (2_000 - 14)
    series, ends = windows.locate([0, 1985, 1986, len(windows) - 1])
    assert (series.tolist(), ends.tolist()) == ([0, 0, 1, 999], [10, 1995, 10, 1995])
    sizes = [a.nbytes for a in vars(windows).values() if isinstance(a, np.ndarray)]
    assert sum(sizes) < 100_000


def test_windows_of_a_frame():
    frame = pd.DataFrame({
        "shop": ["a"] * 6, "day": pd.date_range("2024", periods=6), "sold": np.arange(6.0),
    })  # fmt: skip
    columns = Columns("shop", "day", "sold")
    windows = Windows.of_frame(frame, 2, 3, columns=columns, stride=2)
    assert windows.gather([0]).targets.tolist() == [[2.0, 3.0, 4.0]]


def test_a_window_reads_nothing_of_the_next_series():
    panel = make_panel([4, 6], gaps=0.0)
    batch = Windows(panel, 10, 1, min_context=1, targets="every_step").gather([2])
    values = panel.row(0)
    np.testing.assert_allclose(batch.values[0, :3], values[:3])
    assert not batch.values[0, 3:].any() and not batch.targets[0, 3:].any()


@pytest.mark.parametrize("name", ["context_length", "horizon", "stride", "min_context"])
@pytest.mark.parametrize("value", [0, -2])
def test_lengths_below_one_are_refused(name, value):
    chosen = {"context_length": 3, "horizon": 2} | {name: value}
    with pytest.raises(ValueError, match=f"{name} must be at least 1; got {value}"):
        Windows(make_panel([9]), **chosen)


def test_what_makes_no_windows_is_refused():
    panel = make_panel([9, 4])
    with pytest.raises(ValueError, match=r"longest has 9 steps.* horizon of 9 needs 10"):
        Windows(panel, 3, 9)
    with pytest.raises(ValueError, match=r"longest has 9 steps, and a context of 5 .* needs 11"):
        Windows(panel, 8, 6, min_context=5)
    with pytest.raises(TypeError, match=r"horizon must be a whole number; got 2\.5"):
        Windows(panel, 3, 2.5)
    with pytest.raises(ValueError, match="min_context=4 is above context_length=3"):
        Windows(panel, 3, 1, min_context=4)
    with pytest.raises(ValueError, match="targets must be 'horizon' or 'every_step'; got 'all'"):
        Windows(panel, 3, 1, targets="all")
    with pytest.raises(ValueError, match=r"shape \(2,\), .* or \(13,\), .*; got \(3,\)"):
        Windows(panel, 3, 1, weights=[1, 2, 3])
    with pytest.raises(ValueError, match=r"weights must be finite and at least 0; got -1\.0"):
        Windows(panel, 3, 1, weights=[1, -1])


@pytest.mark.parametrize("indices", [3, [[0, 1]], [1.0], [True, False]])
def test_numbers_of_windows_are_whole_and_in_a_row(indices):
    windows = Windows(make_panel([9]), 2, 1)
    with pytest.raises(TypeError, match=r"numbers of windows are whole, of shape \(rows,\); got"):
        windows.gather(indices)
    assert windows.gather([]).values.shape == (0, 2)


@pytest.mark.parametrize("dtype", [np.int32, np.float16, "complex128"])
def test_a_dtype_that_cannot_hold_the_values_is_refused(dtype):
    with pytest.raises(TypeError, match="dtype must be float32 or float64; got"):
        Windows(make_panel([9]), 2, 1).gather([0], dtype)


@pytest.mark.parametrize("index", [-1, 7])
def test_a_window_that_is_not_there_is_refused(index):
    windows = Windows(make_panel([9]), 2, 1)
    with pytest.raises(IndexError, match=f"no window {index}: they count from 0 to 6"):
        windows.gather([0, index])
