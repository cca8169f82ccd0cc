"""Gaps: counted by a loop, filled as the policies say, never at the ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast as fc
from forecast.pipelines import (
    Frequency,
    Panel,
    SeriesGaps,
    fill_gaps,
    fill_panel,
    gap_steps,
    read_frame,
    series_gaps,
)

POLICIES = ["mask", "forward", "interpolate", "seasonal"]
NAN = np.nan


@st.composite
def panels(draw):
    """A panel whose series may begin, end or consist of missing values."""
    lengths = draw(st.lists(st.integers(0, 14), min_size=1, max_size=5))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    values = rng.normal(size=offsets[-1])
    values[rng.random(len(values)) < draw(st.sampled_from([0.0, 0.3, 0.7, 1.0]))] = NAN
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    return Panel(ids, values, offsets, pd.Index([3] * len(lengths)), Frequency(1))


def filled_by_hand(row: np.ndarray, policy: str, season: int) -> np.ndarray:
    """One series by a loop over its steps."""
    known = np.flatnonzero(~np.isnan(row))
    result = row.copy()
    for t in np.flatnonzero(np.isnan(row)):
        before, after = known[known < t], known[known > t]
        if policy == "mask" or not len(before) or not len(after):
            continue
        line = np.interp(t, [before[-1], after[0]], row[[before[-1], after[0]]])
        same = [s for s in before[::-1] if (t - s) % season == 0]
        later = [s for s in after if (s - t) % season == 0]
        result[t] = {
            "forward": row[before[-1]],
            "interpolate": line,
            "seasonal": row[same[0]] if same else row[later[0]] if later else line,
        }[policy]
    return result


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=60)
@given(panel=panels(), season=st.integers(1, 5))
def test_policies_equal_a_loop(policy, panel, season):
    before = panel.values.copy()
    done, filled = fill_panel(panel, policy, season if policy == "seasonal" else None)
    rows = [filled_by_hand(panel.row(i), policy, season) for i in range(panel.num_series)]
    expected = np.concatenate(rows)
    np.testing.assert_allclose(done.values, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(filled, np.isnan(before) & ~np.isnan(expected))
    np.testing.assert_array_equal(panel.values, before)
    np.testing.assert_array_equal(done.values[~filled], before[~filled])


@given(panel=panels())
@settings(max_examples=60)
def test_counts_equal_a_loop(panel):
    expected = {}
    for i, name in enumerate(panel.ids):
        marks = "".join("." if np.isnan(value) else "x" for value in panel.row(i)).strip(".")
        runs = [len(run) for run in marks.split("x") if run]
        if runs:
            expected[name] = SeriesGaps(name, sum(runs), len(runs), max(runs))
    found = series_gaps(panel)
    assert {entry.series: entry for entry in found} == expected
    assert [entry.missing for entry in found] == sorted(
        (entry.missing for entry in found), reverse=True
    )
    assert gap_steps(panel).sum() == sum(entry.missing for entry in found)


def gappy() -> pd.DataFrame:
    """Two series, rows missing and rows without a value."""
    return pd.DataFrame({
        "unique_id": ["b"] * 5 + ["a"] * 4,
        "ds": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06", "2024-01-07",
                              "2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"]),
        "y": [NAN, 1.0, 2.0, 5.0, NAN, 10.0, NAN, 40.0, 50.0],
    })  # fmt: skip


def test_a_long_frame_says_what_was_observed():
    out = fill_gaps(gappy(), "interpolate")
    assert out.columns.tolist() == ["unique_id", "ds", "y", "observed"]
    assert out["unique_id"].tolist() == ["b"] * 5 + ["a"] * 5
    assert out["y"].tolist() == [1, 2, 3, 4, 5, 10, 20, 30, 40, 50]
    assert out["observed"].tolist() == [True, True, False, False, True, True, False, False,
                                        True, True]  # fmt: skip
    assert out["ds"].iloc[0] == pd.Timestamp("2024-01-02")
    assert out.attrs["notes"] == (
        "3 steps without a row made explicit as missing.",
        "1 missing value between observations kept as missing.",
        "2 missing values at the start or the end of series trimmed.",
        "4 of 4 steps without a value in 2 series filled by policy 'interpolate'.",
    )
    pd.testing.assert_frame_equal(out.dropna(), out)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("shape", ["long", "multiindex", "polars", "channels"])
def test_other_columns_come_along_missing_in_new_rows(shape, shuffled):
    rng = np.random.default_rng(5)
    frame = gappy().assign(price=rng.normal(size=9), split=list("rstuvwxyz"))
    frame = frame.sample(frac=1, random_state=1) if shuffled else frame
    keys = ["unique_id", "ds"]
    options = {"target_col": ["y", "price"]} if shape == "channels" else {}
    data = {"multiindex": frame.set_index(keys), "polars": pl.DataFrame(
        {name: frame[name].tolist() for name in frame})}.get(shape, frame)  # fmt: skip
    out = fill_gaps(data, "interpolate", **options)
    others = ["split"] if shape == "channels" else ["price", "split"]
    assert list(out.columns)[-len(others) :] == others
    if shape == "polars":
        columns = {name: pd.Series(out[name].to_list()) for name in out.columns}
        out = pd.DataFrame(columns).astype({"ds": frame["ds"].dtype})
    else:
        named = "column 'split' is" if shape == "channels" else "columns 'price', 'split' are"
        assert out.attrs["notes"][-1] == f"{named} missing in 3 new rows."
        out = out.reset_index() if shape == "multiindex" else out
    merged = out[keys].merge(frame, on=keys, how="left")
    for name in others:
        assert merged[name].isna().any()
        assert merged[name].where(merged[name].notna(), "none").tolist() == (
            out[name].where(out[name].notna(), "none").tolist()
        )


def test_whole_columns_keep_their_dtypes_and_a_mark_is_replaced():
    whole = gappy().dropna().head(2).assign(number=[3, 5], observed="yes")
    out = fill_gaps(whole)
    assert out["number"].tolist() == [3, 5]
    assert out["number"].dtype == np.int64
    assert out["observed"].dtype == bool
    assert out.attrs["notes"][-1] == "column 'observed' is replaced by a new one."
    twice = pd.concat([whole.drop(columns="observed"), whole[["number"]]], axis=1)
    assert fill_gaps(twice).columns.tolist()[3:] == ["observed", "number", "number"]
    again = fill_gaps(fill_gaps(gappy(), "forward"))
    assert again["observed"].all()


def test_the_mask_fills_nothing():
    out = fill_gaps(gappy())
    assert out["y"].isna().tolist() == (~out["observed"]).tolist()
    assert out.attrs["notes"][-1].startswith("0 of 4 steps without a value in 2 series filled")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_shape_is_filled_alike(policy):
    season = 2 if policy == "seasonal" else None
    long = fill_gaps(gappy(), policy, season_length=season)
    wide = fill_gaps(gappy().pivot(index="ds", columns="unique_id", values="y"), policy,
                     season_length=season)  # fmt: skip
    expected = long.pivot(index="ds", columns="unique_id", values="y")
    pd.testing.assert_frame_equal(wide, expected, check_freq=False)
    indexed = gappy().set_index(["unique_id", "ds"])
    out = fill_gaps(indexed, policy, season_length=season)
    pd.testing.assert_frame_equal(out, long.set_index(["unique_id", "ds"]))
    series = fill_gaps(indexed["y"], policy, season_length=season)
    pd.testing.assert_series_equal(series, out["y"])
    polars = pl.DataFrame({name: gappy()[name].tolist() for name in gappy()})
    filled = fill_gaps(polars, policy, season_length=season)
    assert isinstance(filled, pl.DataFrame)
    assert filled["observed"].to_list() == long["observed"].tolist()
    np.testing.assert_array_equal(filled["y"].to_numpy(), long["y"])


def test_several_targets_have_a_mark_each():
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 4], "load": [1.0, NAN, 4.0],
                          "sun": [2.0, 4.0, 8.0]})  # fmt: skip
    out = fill_gaps(frame, "interpolate", target_col=["load", "sun"])
    assert out["load"].tolist() == [1, 2, 3, 4]
    assert out["sun"].tolist() == [2, 4, 6, 8]
    assert out["observed_load"].tolist() == [True, False, False, True]
    assert out["observed_sun"].tolist() == [True, True, False, True]


def test_no_value_after_a_gap_is_seen_by_forward():
    early = gappy()
    late = early.assign(y=early["y"].where(early["ds"] < "2024-01-05", early["y"] * 100))
    one, two = (fill_gaps(frame, "forward").query("ds < '2024-01-05'") for frame in (early, late))
    pd.testing.assert_frame_equal(one, two)


def test_a_season_is_found_or_asked_for():
    times = pd.date_range("2024-01-01", periods=24 * 10, freq="h")
    y = np.tile(np.arange(24.0), 10)
    y[100:103] = NAN
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": y})
    assert fill_gaps(frame, "seasonal")["y"].tolist() == np.tile(np.arange(24.0), 10).tolist()
    with pytest.raises(ValueError, match="needs a season, and none was found: freq=1 has no usual"):
        fill_gaps(frame.assign(ds=np.arange(len(frame))), "seasonal")


def test_what_is_refused():
    with pytest.raises(ValueError, match="policy='mean' is none of 'mask', 'interpolate'"):
        fill_gaps(gappy(), "mean")
    with pytest.raises(ValueError, match="column 'observed' is needed for the result"):
        fill_gaps(gappy().rename(columns={"y": "observed"}), target_col="observed")
    with pytest.raises(ValueError, match="season_length must be at least 1"):
        fill_gaps(gappy(), "seasonal", season_length=0)


def test_the_check_lists_the_gaps():
    summary = fc.check(gappy(), horizon=1)
    assert summary.odd.gaps == (SeriesGaps("b", 2, 1, 2), SeriesGaps("a", 2, 1, 2))
    assert "gaps       2 series: b (2 steps in 1 gap), a (2 steps in 1 gap)" in str(summary)
    whole = fc.check(gappy().dropna().head(2), horizon=1)
    assert "gaps       no series" in str(whole)


def test_gaps_of_channels_are_those_of_each():
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "load": [1.0, NAN, 4.0],
                          "sun": [2.0, 4.0, 8.0]})  # fmt: skip
    from forecast.pipelines import Columns

    panel = read_frame(frame, Columns.named("unique_id", "ds", ["load", "sun"])).panel
    assert [str(entry) for entry in series_gaps(panel)] == ["a/load (1 step in 1 gap)"]
