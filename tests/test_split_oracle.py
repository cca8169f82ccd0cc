"""Every combination of the settings of a split, against a loop over days in plain pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast as fc

DAYS = pd.date_range("2024-02-20", periods=80)
spans = st.lists(st.tuples(st.integers(0, 12), st.integers(2, 25)), min_size=1, max_size=3)


def ragged(spans: list[tuple[int, int]]) -> pd.DataFrame:
    """Random series from the day `first` on, `length` days each."""
    generator = np.random.default_rng(7)
    parts = [
        pd.DataFrame(
            {
                "unique_id": index,
                "ds": DAYS[first : first + length],
                "y": generator.normal(10.0, 3.0, length),
            }
        )
        for index, (first, length) in enumerate(spans)
    ]
    return pd.concat(parts, ignore_index=True)


def drift(known: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The mean change goes on, within the history's range plus one range."""
    slope = (known[-1] - known[0]) / (len(known) - 1)
    low, span = known.min(), np.ptp(known)
    floor = max(low - span, 0.0) if low >= 0 else low - span
    return np.clip(known[-1] + slope * steps, floor, known.max() + span)


def by_hand(frame, horizon, windows, step, gap, most, align) -> pd.DataFrame:
    """Cut each series with pandas at each cutoff, and forecast its tail."""
    rows = []
    for back in range(windows):
        for name, series in frame.groupby("unique_id"):
            end = (frame if align == "calendar" else series)["ds"].max()
            cutoff = end - pd.Timedelta(days=gap + horizon + back * step)
            known = series[series["ds"] <= cutoff]
            if most is not None:
                known = known[known["ds"] > cutoff - pd.Timedelta(days=most)]
            steps = np.arange(gap + 1, gap + horizon + 1)
            times = cutoff + pd.to_timedelta(steps, "D")
            actual = series.set_index("ds")["y"].reindex(times)
            if len(known) < 2 or actual.isna().all():
                continue
            values = drift(known["y"].to_numpy(), steps)
            part = {"unique_id": name, "ds": times, "cutoff": cutoff, "y": actual.to_numpy()}
            rows.append(pd.DataFrame({**part, "Drift": values}))
    return pd.concat(rows) if rows else pd.DataFrame()


@settings(max_examples=40)
@given(
    spans=spans,
    horizon=st.integers(1, 4),
    windows=st.integers(1, 4),
    step=st.integers(1, 5),
    gap=st.integers(0, 4),
    most=st.none() | st.integers(2, 12),
    align=st.sampled_from(["series", "calendar"]),
    refit=st.sampled_from([True, False, 2]),
)
def test_a_backtest_equals_a_loop(spans, horizon, windows, step, gap, most, align, refit):
    frame = ragged(spans)
    split = {"step_size": step, "gap": gap, "max_train_size": most, "align": align}
    wanted = by_hand(frame, horizon, windows, step, gap, most, align)

    def run():
        shuffled = frame.sample(frac=1.0, random_state=1)
        return fc.cross_validation(
            fc.Drift(), shuffled, horizon, n_windows=windows, refit=refit, freq="D", **split
        )

    try:
        found = run()
    except ValueError as error:
        assert "not fit: " in str(error) or (wanted.empty and "no origin is left" in str(error))
        return
    order = ["unique_id", "cutoff", "ds"]
    found, wanted = (each.sort_values(order, ignore_index=True) for each in (found, wanted))
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-10)
    assert found.groupby("unique_id")["cutoff"].nunique().max() <= windows


def test_the_oracle_is_not_empty():
    assert len(by_hand(ragged([(0, 25), (3, 9)]), 2, 3, 2, 1, 6, "series")) == 12
