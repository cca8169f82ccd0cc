"""Arrays of a backtest against loops over its frame, and its refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from evaluation.synthetic import make_comparison

from forecast.evaluation import Backtest
from forecast.pipelines import Columns, Split


def ragged_frame() -> pd.DataFrame:
    """Series "b" has one origin, "a" has two; rows out of order, one actual missing."""
    rows = [
        ("a", 3, 1, 5.0, 4.0),
        ("a", 2, 1, 1.0, 2.0),
        ("a", 4, 3, np.nan, 0.0),
        ("a", 5, 3, 2.0, 5.0),
        ("b", 8, 7, 10.0, 8.0),
        ("b", 9, 7, 10.0, 14.0),
    ]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "cutoff", "y", "AR"])


def make(frame: pd.DataFrame, denominators: dict | None = None, horizon: int = 2) -> Backtest:
    scale = denominators or {"a": 1.0, "b": 2.0}
    return Backtest(frame, Columns(), ("AR",), scale, horizon, Split(step_size=2))


def test_origins_are_aligned_from_the_end_of_each_series() -> None:
    backtest = make(ragged_frame())
    assert (backtest.num_origins, backtest.num_series, backtest.ids) == (2, 2, ("a", "b"))
    expected = [[[1.0, 1.0], [np.nan, np.nan]], [[np.nan, 3.0], [2.0, 4.0]]]
    np.testing.assert_array_equal(backtest.absolute_errors("AR"), expected)


def test_scores_are_means_over_steps_series_origins() -> None:
    backtest = make(ragged_frame())
    np.testing.assert_allclose(backtest.origin_scores("AR"), [1.0, (3.0 + 1.5) / 2])
    np.testing.assert_allclose(backtest.series_scores("AR"), [2.0, 1.5])
    np.testing.assert_allclose(
        backtest.step_scores("AR"), [(1.0 + 1.0) / 2, (1.0 + (3.0 + 2.0) / 2) / 2]
    )


def test_row_order_does_not_matter() -> None:
    comparison = make_comparison(num_series=3)
    backtest = comparison.backtest
    shuffled = backtest.frame.sample(frac=1.0, random_state=0)
    other = Backtest(
        shuffled, Columns(), backtest.aliases, backtest.denominators, 12, levels=backtest.levels
    )
    np.testing.assert_array_equal(backtest.origin_scores("AR"), other.origin_scores("AR"))


def test_origins_of_the_calendar_are_aligned_by_their_moment() -> None:
    """Series b has ended before the last moment: its only origin is the first one."""
    rows = [("a", 2, 3, 1.0), ("a", 2, 4, 2.0), ("a", 4, 5, 3.0), ("a", 4, 6, 4.0),
            ("b", 2, 3, 5.0), ("b", 2, 4, np.nan)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unique_id", "cutoff", "ds", "y"]).assign(AR=0.0)
    errors = {
        align: Backtest(frame, Columns(), ("AR",), {"a": 1.0, "b": 1.0}, 2, Split(align=align))
        .absolute_errors("AR").tolist()
        for align in ("series", "calendar")
    }  # fmt: skip
    unknown = [np.nan, np.nan]
    np.testing.assert_array_equal(errors["series"], [[[1, 2], unknown], [[3, 4], [5, np.nan]]])
    np.testing.assert_array_equal(errors["calendar"], [[[1, 2], [5, np.nan]], [[3, 4], unknown]])


def test_a_series_that_lacks_an_origin_keeps_the_moments_of_its_others() -> None:
    """As where a sliding window holds no value: b has no origin at 4, c ended earlier."""
    cutoffs = {"a": [2, 4, 6], "b": [2, 6], "c": [1, 3]}
    rows = [(name, end, end + 1, 10.0 * end) for name, ends in cutoffs.items() for end in ends]
    frame = pd.DataFrame(rows, columns=["unique_id", "cutoff", "ds", "y"]).assign(AR=0.0)
    backtest = Backtest(frame, Columns(), ("AR",), dict.fromkeys("abc", 1.0), 1, Split(step_size=2))
    np.testing.assert_array_equal(
        backtest.actuals[:, :, 0], [[20, 20, np.nan], [40, np.nan, 10], [60, 60, 30]]
    )


def test_steps_ahead_count_the_gap() -> None:
    backtest = make_comparison().backtest
    gapped = replace(backtest, split=Split(step_size=12, gap=3))
    assert (backtest.steps_ahead, gapped.steps_ahead, gapped.step_size) == (12, 15, 12)
    comparison = replace(make_comparison(), backtest=gapped)
    assert list(comparison.by_step.index) == list(range(4, 16))
    # Two successive horizons overlap once the gap is counted: more origins are needed.
    assert comparison.test("AR", "PooledAR").origins_needed == 20
    assert make_comparison().test("AR", "PooledAR").origins_needed == 8


def test_scores_equal_a_group_by() -> None:
    backtest = make_comparison(num_series=4, step_size=5).backtest
    frame = backtest.frame
    scale = frame["unique_id"].map(dict(backtest.denominators))
    scaled = (frame["y"] - frame["ESN"]).abs() / scale
    by_series = scaled.groupby(frame["unique_id"]).mean()
    np.testing.assert_allclose(backtest.series_scores("ESN"), by_series[list(backtest.ids)])
    np.testing.assert_allclose(backtest.origin_scores("ESN").mean(), scaled.mean())


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_with_and_without_a_zone(zone: str | None) -> None:
    frame = ragged_frame()
    start = pd.Timestamp("2024-01-01", tz=zone)
    for name in ("ds", "cutoff"):
        frame[name] = start + pd.to_timedelta(frame[name], unit="D")
    np.testing.assert_allclose(make(frame).series_scores("AR"), [2.0, 1.5])


def test_categorical_ids() -> None:
    frame = ragged_frame().astype({"unique_id": "category"})
    assert make(frame).ids == ("a", "b")


def test_a_series_without_scale_counts_in_mae_alone() -> None:
    backtest = make(ragged_frame(), {"a": 1.0, "b": 0.0})
    assert backtest.unscaled_ids == ("b",)
    np.testing.assert_allclose(backtest.origin_scores("AR"), [1.0, 3.0])
    assert np.isfinite(backtest.absolute_errors("AR")[1, 1]).all()


def test_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="has no column 'AR'; it has unique_id, ds"):
        make(ragged_frame().drop(columns="AR"))


def test_missing_denominator_is_named() -> None:
    with pytest.raises(ValueError, match="series 'b' has no MASE denominator"):
        make(ragged_frame(), {"a": 1.0})


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="has no rows"):
        make(ragged_frame().iloc[:0])


def test_an_origin_with_missing_or_double_rows_is_named() -> None:
    with pytest.raises(ValueError, match=r"series 'b' has 1 times in 1 rows at cutoff 7"):
        make(ragged_frame().iloc[:-1])
    double = ragged_frame()
    double.loc[5, "ds"] = 8
    with pytest.raises(ValueError, match=r"series 'b' has 1 times in 2 rows at cutoff 7"):
        make(double)


def test_a_missing_forecast_is_named() -> None:
    frame = ragged_frame()
    frame.loc[4, "AR"] = np.nan
    with pytest.raises(ValueError, match=r"AR has no forecast \(NaN\) for series 'b' at cutoff 7"):
        make(frame)


def test_unknown_and_double_aliases_are_refused() -> None:
    with pytest.raises(ValueError, match="'LSTM' is not in this backtest; it has AR"):
        make(ragged_frame()).forecasts("LSTM")
    with pytest.raises(ValueError, match="different names are needed"):
        Backtest(ragged_frame(), Columns(), ("AR", "AR"), {"a": 1.0, "b": 1.0}, 2)
