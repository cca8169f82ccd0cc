"""What comes after a cutoff is changed everywhere, before it nowhere, and stays in its domain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from contracts import mixed_frame
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast.diagnostics.alteration import (
    altered_panel,
    altered_values,
    later_steps,
    steps_known,
)
from forecast.pipelines import CovariateTable, Origins, Panel, read_frame, rolling_origins
from forecast.pipelines.covariates.table import Covariate, CovariateSchema

NUMBERS = st.one_of(
    st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda x: 0.0 if abs(x) < 1e-9 else x),
    st.integers(-5, 40).map(float),
    st.just(float("nan")),
)
SERIES = st.lists(NUMBERS, min_size=1, max_size=30)


@given(values=st.lists(SERIES, min_size=1, max_size=4), data=st.data())
def test_every_value_becomes_another_one_of_the_same_domain(values, data):
    codes = np.repeat(np.arange(len(values)), [len(one) for one in values])
    flat = np.concatenate(values)
    rises = data.draw(hnp.arrays(bool, len(flat)))
    factor = data.draw(hnp.arrays(float, len(flat), elements=st.floats(4.0, 16.0)))
    altered = altered_values(flat, codes, rises, factor)
    np.testing.assert_array_equal(np.isnan(altered), np.isnan(flat))
    for code in range(len(values)):
        own = (codes == code) & ~np.isnan(flat)
        old, new = flat[own], altered[own]
        assert np.isfinite(new).all() and (new != old).all()
        if len(old) and old.min() > 0:
            assert (new > 0).all()
        if len(old) and old.min() >= 0:
            assert (new >= 0).all()
        if (old == np.rint(old)).all():
            np.testing.assert_array_equal(new, np.rint(new))


def test_changes_are_large():
    """At least a factor of four, or four times the mean size of the series."""
    values = np.array([3.0, 5.0, 400.0, -2.5, 7.5, 0.0, 0.5])
    codes = np.array([0, 0, 0, 1, 1, 2, 2])
    for rises in (True, False):
        new = altered_values(values, codes, np.full(7, rises), np.full(7, 4.0))
        ratio = np.maximum(new[:3] / values[:3], values[:3] / new[:3])
        assert (ratio >= 3).all()  # whole numbers are rounded
        np.testing.assert_allclose(np.abs(new[3:5] - values[3:5]), 4.0 * 5.0)
        np.testing.assert_allclose(new[5], 4.0 * 0.25)


def ragged() -> tuple[Panel, Origins]:
    """Five ragged series with gaps, and one too short for the first origins."""
    frame = mixed_frame()
    short = frame[frame["unique_id"] == "level"].tail(9).assign(unique_id="short")
    panel = read_frame(pd.concat([frame, short], ignore_index=True)).panel
    origins = rolling_origins(panel.lengths, 4, n_windows=3, min_length=2)
    return panel, origins


def with_past(panel: Panel) -> Panel:
    """Two past covariates: numbers, in part unknown, and three categories."""
    rng = np.random.default_rng(0)
    past = np.stack([rng.normal(size=panel.num_rows), rng.integers(0, 3, panel.num_rows)], axis=1)
    past[rng.random(panel.num_rows) < 0.2, 0] = np.nan
    schema = CovariateSchema(
        (Covariate("price"),), (Covariate("load"), Covariate("sky", ("a", "b", "c")))
    )
    future = rng.normal(size=(panel.num_rows, 1))
    return replace(panel, covariates=CovariateTable(future, past, schema=schema))


@pytest.mark.parametrize("window", [0, 1, 2])
def test_everything_after_the_cutoff_differs_and_nothing_before(window):
    panel, origins = ragged()
    panel = with_past(panel)
    assert (origins.ends[:2, -1] == -1).any() and np.isnan(panel.values).any()
    known = steps_known(origins, window)
    altered = altered_panel(panel, known, window)
    for i in range(panel.num_series):
        end = max(origins.ends[window, i], 0)
        assert known[i] == end
        np.testing.assert_array_equal(altered.row(i)[:end], panel.row(i)[:end])
        old, new = panel.row(i)[end:], altered.row(i)[end:]
        assert len(old) >= 4
        np.testing.assert_array_equal(np.isnan(new), np.isnan(old))
        assert (new != old)[~np.isnan(old)].all()
        rows = slice(panel.offsets[i], panel.offsets[i + 1])
        old, new = panel.covariates.past[rows], altered.covariates.past[rows]
        np.testing.assert_array_equal(new[:end], old[:end])
        np.testing.assert_array_equal(np.isnan(new), np.isnan(old))
        assert (new != old)[end:][~np.isnan(old[end:])].all()
        assert set(new[:, 1]) <= {0.0, 1.0, 2.0}
    np.testing.assert_array_equal(altered.covariates.future, panel.covariates.future)
    assert altered.ids is panel.ids and altered.starts is panel.starts


def test_a_series_whose_origins_are_over_keeps_what_they_knew():
    """Origins of one moment for all: a series that has ended by then has none any more."""
    origins = Origins(np.array([[5, -1], [8, 3], [-1, 6]]), horizon=2, step_size=3)
    assert [steps_known(origins, k).tolist() for k in range(3)] == [[5, 0], [8, 3], [8, 6]]


def test_changes_depend_on_series_and_step_only():
    panel, origins = ragged()
    known = steps_known(origins, 1)
    altered = altered_panel(panel, known, turn=1)
    np.testing.assert_array_equal(altered.values, altered_panel(panel, known, turn=1).values)
    order = np.array([3, 0, 4])
    part = altered_panel(panel.take(order), known[order], turn=1)
    np.testing.assert_array_equal(part.values, altered.take(order).values)
    # An earlier cutoff changes more values, and these ones alike.
    more = altered_panel(panel, np.maximum(known - 2, 0), turn=1)
    after = later_steps(panel, known)
    np.testing.assert_array_equal(more.values[after], altered.values[after])


def test_one_turn_raises_most_values_the_next_lowers_most():
    panel, _ = ragged()
    nothing = np.zeros(panel.num_series, dtype=np.int64)
    share = [
        np.mean((altered_panel(panel, nothing, turn).values > panel.values)[panel.observed])
        for turn in range(2)
    ]
    assert share[0] > 0.65 and share[1] < 0.35
