"""Real series go in as they are: counts and gaps against pandas, zones, and back as they came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.pipelines import (
    Columns,
    Reading,
    default_season,
    fill_gaps,
    panel_frame,
    read_frame,
    series_gaps,
)

# Number of series, frequency, season and the longer one, zone to look at the times in.
EXPECTED = {
    "air_quality_valencia": (10, "h", 24, 168, "Europe/Madrid"),
    "pedestrian": (4, "h", 24, 168, "Australia/Melbourne"),
    "vic_elec": (1, "30min", 48, 336, "Australia/Melbourne"),
    "nn5_daily": (111, "D", 7, None, "Europe/London"),
}


@pytest.fixture(params=EXPECTED)
def name(request) -> str:
    return request.param


@pytest.fixture
def frame(name, shared_data: Path) -> pd.DataFrame:
    """The file as it lies there."""
    pytest.importorskip("pyarrow")
    return pd.read_parquet(shared_data / name / "data.parquet")


def by_pandas(frame: pd.DataFrame, freq: str) -> dict[str, pd.Series]:
    """Each series on its own grid from its first to its last value, by reindexing."""
    found = {}
    for series, part in frame.groupby("unique_id", observed=True):
        values = part.set_index("ds")["y"].sort_index()
        values = values.loc[values.first_valid_index() : values.last_valid_index()]
        grid = pd.date_range(values.index[0], values.index[-1], freq=freq)
        found[series] = values.reindex(grid)
    return found


def test_series_frequency_season_and_gaps_are_those_of_pandas(name, frame):
    count, freq, season, longer, _ = EXPECTED[name]
    reading = read_frame(frame)
    panel, expected = reading.panel, by_pandas(frame, freq)
    assert panel.num_series == count == len(expected)
    assert panel.frequency.alias == freq
    chosen = default_season(panel)
    assert (chosen.length, chosen.long) == (season, longer)
    assert f"usual season of freq={freq!r} is {season}" in chosen.reason
    for i, series in enumerate(panel.ids):
        np.testing.assert_array_equal(panel.row(i), expected[series].to_numpy())
        assert panel.times(i).equals(expected[series].index.as_unit(panel.times(i).unit))
    whole = sum(len(values) for values in expected.values())
    assert panel.num_rows == whole
    assert (~panel.observed).sum() == sum(values.isna().sum() for values in expected.values())
    assert reading.left_out == ()


def test_implicit_and_explicit_gaps_are_told_apart(name, frame):
    expected = by_pandas(frame, EXPECTED[name][1])
    steps = sum(len(values) for values in expected.values())
    explicit = int(frame["y"].isna().sum())
    implicit = steps - len(frame)
    notes = "\n".join(read_frame(frame).notes)
    told = {
        f"{implicit} steps without a row made explicit": implicit,
        f"{explicit} missing values between observations": explicit,
    }
    for note, number in told.items():
        assert (note in notes) == (number > 0)
    known = {"air_quality_valencia": (1750, 7328), "pedestrian": (3011, 0), "vic_elec": (0, 0),
             "nn5_daily": (0, 1677)}  # fmt: skip
    assert (implicit, explicit) == known[name]


def test_the_gaps_of_each_series_are_listed(name, frame):
    found = {entry.series: entry for entry in series_gaps(read_frame(frame).panel)}
    for series, values in by_pandas(frame, EXPECTED[name][1]).items():
        missing = values.isna()
        runs = missing.groupby((~missing).cumsum()).sum()
        runs = runs[runs > 0]
        if not len(runs):
            assert series not in found
            continue
        entry = found[series]
        assert (entry.missing, entry.count, entry.longest) == (runs.sum(), len(runs), runs.max())


def test_daylight_saving_changes_no_step(name, frame):
    if EXPECTED[name][1] == "D":
        frame = frame.assign(ds=frame["ds"].dt.tz_localize(EXPECTED[name][4]))
        utc = read_frame(frame.assign(ds=frame["ds"].dt.tz_localize(None))).panel
        local = read_frame(frame).panel
        assert all((local.times(i).hour == 0).all() for i in range(0, local.num_series, 40))
    else:
        utc = read_frame(frame.assign(ds=frame["ds"].dt.tz_localize("UTC"))).panel
        aware = frame["ds"].dt.tz_localize("UTC").dt.tz_convert(EXPECTED[name][4])
        local = read_frame(frame.assign(ds=aware)).panel
        assert local.times(0).tz_convert("UTC").equals(utc.times(0))
    assert local.frequency == utc.frequency
    np.testing.assert_array_equal(local.offsets, utc.offsets)
    np.testing.assert_array_equal(local.values, utc.values)


@pytest.mark.parametrize("name", ["air_quality_valencia", "pedestrian", "vic_elec"])
def test_forecasts_over_a_change_of_the_clock_have_its_hours(name, frame):
    _, freq, _, _, zone = EXPECTED[name]
    aware = frame.assign(ds=frame["ds"].dt.tz_localize("UTC").dt.tz_convert(zone))
    # The last hour before and the first one after a change of the clock, in the local zone.
    change = pd.DatetimeIndex(aware["ds"].drop_duplicates().sort_values())
    shift = np.flatnonzero(np.diff([time.utcoffset().seconds for time in change[:9000]]))[0]
    before = aware[aware["ds"] <= change[shift - 5]]
    out = fc.Naive().fit(before).predict(12)
    expected = pd.date_range(before["ds"].max(), periods=13, freq=freq)[1:]
    latest = out[out["unique_id"] == before.loc[before["ds"].idxmax(), "unique_id"]]
    assert out["ds"].dtype == aware["ds"].dtype
    assert latest["ds"].tolist() == expected.tolist()
    assert len({time.utcoffset() for time in latest["ds"]}) == 2


def test_a_permuted_frame_gives_the_same_panel(frame):
    panel = read_frame(frame).panel
    shuffled = read_frame(frame.sample(frac=1, random_state=0)).panel
    order = [list(shuffled.ids).index(series) for series in panel.ids]
    again = shuffled.take(np.array(order))
    np.testing.assert_array_equal(again.values, panel.values)
    assert again.starts.equals(panel.starts)


@pytest.mark.parametrize("shape", ["long", "wide", "multiindex", "polars"])
def test_the_panel_comes_back_as_the_frame_that_came(shape, name, frame):
    # The whole grid, so that there are no rows to make explicit.
    long = fill_gaps(frame, "mask")[["unique_id", "ds", "y"]]
    for before, after in zip(frame.dtypes[["unique_id", "ds"]], long.dtypes, strict=False):
        assert before == after
    if shape == "polars":
        polars = pytest.importorskip("polars")
        columns = {name: long[name].to_numpy() for name in ("ds", "y")}
        texts = long["unique_id"].astype(str).to_numpy()
        data = polars.DataFrame({"unique_id": texts, **columns})
        assert panel_frame(read_frame(data)).equals(data)
        return
    indexed = long.set_index(["unique_id", "ds"])
    data = {"long": long, "multiindex": indexed,
            "wide": long.pivot(index="ds", columns="unique_id", values="y")}[shape]  # fmt: skip
    reading: Reading = read_frame(data)
    pd.testing.assert_frame_equal(panel_frame(reading), data, check_freq=False)


def test_temperature_and_holidays_go_in_and_come_back(shared_data):
    pytest.importorskip("pyarrow")
    frame = pd.read_parquet(shared_data / "vic_elec" / "data.parquet")
    reading = read_frame(frame, Columns(future=["temperature", "holiday"]))
    np.testing.assert_array_equal(
        reading.panel.covariates.future, frame[["temperature", "holiday"]].astype(float)
    )
    back = panel_frame(reading)
    expected = frame.astype({"holiday": float})
    pd.testing.assert_frame_equal(back, expected[list(back.columns)])


def test_policies_fill_what_is_listed(name, frame):
    panel = read_frame(frame).panel
    missing = sum(entry.missing for entry in series_gaps(panel))
    for policy in ("forward", "interpolate", "seasonal"):
        out = fill_gaps(frame, policy)
        assert (~out["observed"]).sum() == missing
        assert out["y"].notna().all()
        np.testing.assert_array_equal(out.loc[out["observed"], "y"], panel.values[panel.observed])
