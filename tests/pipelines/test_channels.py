"""Several targets of one frame: one series for each channel, all of a series on one grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import (
    ChannelId,
    Columns,
    Frequency,
    Panel,
    begun_systems,
    one_system,
    read_frame,
    write_frame,
)

CHANNELS = Columns.named("unique_id", "ds", ["temperature", "load"])


def frame_of(**channels) -> pd.DataFrame:
    length = len(next(iter(channels.values())))
    times = pd.date_range("2024-01-01", periods=length)
    return pd.DataFrame({"unique_id": "a", "ds": times, **channels})


def plain_frame() -> pd.DataFrame:
    parts = [
        frame_of(temperature=np.arange(6.0), load=10.0 * np.arange(6)),
        frame_of(temperature=-np.arange(4.0), load=np.arange(4) ** 2.0).assign(unique_id="b"),
    ]
    return pd.concat(parts, ignore_index=True)


def test_every_channel_is_a_series_beside_the_others():
    panel = read_frame(plain_frame().sample(frac=1, random_state=0), CHANNELS).panel
    assert panel.num_channels == 2
    assert {str(name) for name in panel.ids} == {
        "a/temperature", "a/load", "b/temperature", "b/load"
    }  # fmt: skip
    rows = {name: panel.row(i).tolist() for i, name in enumerate(panel.ids)}
    assert rows[ChannelId("a", "load")] == [0, 10, 20, 30, 40, 50]
    assert rows[ChannelId("b", "temperature")] == [0, -1, -2, -3]
    assert [name.channel for name in panel.ids] == ["temperature", "load"] * 2


def test_channels_of_a_series_share_their_steps():
    frame = frame_of(
        temperature=[np.nan, 1, 2, np.nan, 4, 5, 6], load=[3, 4, np.nan, 6, 7, 8, np.nan]
    ).drop(index=4)
    reading = read_frame(frame, CHANNELS)
    assert reading.panel.lengths.tolist() == [6, 6]
    np.testing.assert_array_equal(reading.panel.row(0), [1, 2, np.nan, np.nan, 5, 6])
    np.testing.assert_array_equal(reading.panel.row(1), [4, np.nan, 6, np.nan, 8, np.nan])
    assert reading.panel.starts[0] == pd.Timestamp("2024-01-02")
    assert any("1 first steps left out" in note for note in reading.notes)
    assert any("5 missing values of channels" in note for note in reading.notes)


def test_rows_that_follow_others_stay_where_they_are():
    frame = frame_of(temperature=[np.nan, 1.0], load=[3.0, np.nan])
    begun = np.array([ChannelId("a", "temperature"), ChannelId("a", "load")], dtype=object)
    panel = read_frame(frame, CHANNELS, "D", begun).panel
    np.testing.assert_array_equal(panel.row(0), [np.nan, 1])
    np.testing.assert_array_equal(panel.row(1), [3, np.nan])
    nothing = read_frame(frame.assign(temperature=np.nan, load=np.nan), CHANNELS, "D", begun)
    assert nothing.panel.num_series == 0


def test_a_series_whose_channels_never_meet_is_left_out_by_name():
    alone = frame_of(temperature=[1, np.nan, 2, np.nan], load=[np.nan, 1, np.nan, 2])
    reading = read_frame(pd.concat([plain_frame(), alone.assign(unique_id="c")]), CHANNELS)
    assert reading.left_out == ("c",) and any("'c'" in note for note in reading.notes)
    assert {name.series for name in reading.panel.ids} == {"a", "b"}
    with pytest.raises(ValueError, match=r"no series has a step at which all .*'load'.*first 'a'"):
        read_frame(alone, CHANNELS)


def test_covariates_are_those_of_the_series_for_each_channel():
    columns = Columns.named("unique_id", "ds", ["temperature", "load"], ["price"])
    frame = plain_frame().assign(price=np.arange(10.0))
    panel = read_frame(frame, columns).panel
    np.testing.assert_array_equal(panel.covariates.future[:12, 0], [*range(6), *range(6)])


def test_polars_frames_have_channels_too():
    frame = plain_frame()
    reading = read_frame(pl.DataFrame({name: frame[name].to_list() for name in frame}), CHANNELS)
    np.testing.assert_array_equal(reading.panel.values, read_frame(frame, CHANNELS).panel.values)


def test_results_have_a_column_for_the_channel():
    reading = read_frame(plain_frame(), CHANNELS)
    panel = reading.panel
    result = pd.DataFrame(
        {"unique_id": panel.ids, "ds": panel.ends, "AR": np.arange(4.0), "y": 1.0}
    )
    found = write_frame(result, reading.layout)
    assert list(found.columns) == ["unique_id", "channel", "ds", "AR", "y"]
    assert found["unique_id"].tolist() == ["a", "a", "b", "b"]
    assert found["channel"].tolist() == ["temperature", "load"] * 2
    assert found["unique_id"].dtype == plain_frame()["unique_id"].dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"load": np.inf}, r"column 'load' of series 'a' is infinite"),
        ({"load": "much"}, r"column 'load' of series 'a' holds text"),
    ],
)
def test_odd_numbers_are_refused_by_column_and_series(change, message):
    with pytest.raises(ValueError, match=message):
        read_frame(plain_frame().assign(**change), CHANNELS)


def test_missing_columns_are_refused():
    with pytest.raises(ValueError, match="missing column 'load'"):
        read_frame(plain_frame().drop(columns="load"), CHANNELS)


@pytest.mark.parametrize("shape", ["wide", "series"])
def test_several_targets_need_a_long_frame(shape):
    wide = plain_frame().head(6).set_index("ds")[["temperature", "load"]]
    with pytest.raises(ValueError, match=r"several target columns .* need a long frame; got a"):
        read_frame(wide if shape == "wide" else wide["load"], CHANNELS)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (("unique_id", "ds", []), ValueError, "names no column"),
        (("unique_id", "ds", 3), TypeError, "a column or a list of columns; got 3"),
        (("unique_id", "ds", ["a", "a"]), ValueError, "must all be different"),
        (("channel", "ds", ["a", "b"]), ValueError, "column 'channel' is needed for the results"),
        (("unique_id", "y", ["a", "b"]), ValueError, "column 'y' is needed for the results"),
    ],
)
def test_names_that_cannot_be(names, error, message):
    with pytest.raises(error, match=message):
        Columns.named(*names)


def system_panel(num_systems=3, num_channels=2, length=5) -> Panel:
    count = num_systems * num_channels
    ids = np.array([f"s{i}" for i in range(count)], dtype=object)
    values = np.random.default_rng(0).normal(size=count * length)
    return Panel(
        ids, values, np.arange(count + 1) * length, pd.Index(np.zeros(count, dtype=np.int64)),
        Frequency(1), num_channels=num_channels,
    )  # fmt: skip


@given(rows=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_a_panel_keeps_its_channels_while_systems_are_whole(rows):
    whole = len(rows) % 2 == 0 and all(
        rows[i] % 2 == 0 and rows[i + 1] == rows[i] + 1 for i in range(0, len(rows) - 1, 2)
    )
    assert system_panel().take(np.array(rows)).num_channels == (2 if whole else 1)


def test_a_panel_keeps_its_channels_while_they_have_the_same_steps():
    panel = system_panel()
    assert panel.head(np.array([3, 3, 2, 2, 5, 5])).num_channels == 2
    assert panel.head(np.array([3, 2, 2, 2, 5, 5])).num_channels == 1
    assert panel.tail(np.array([1, 1, 0, 0, 2, 2])).num_channels == 2
    with pytest.raises(ValueError, match=r"2 channels of each system must have the same steps"):
        Panel(panel.ids, panel.values[:29], np.array([0, 5, 10, 15, 20, 25, 29]), panel.starts,
              panel.frequency, num_channels=2)  # fmt: skip


def test_tail_leaves_out_the_first_steps():
    panel = system_panel()
    tail = panel.tail(np.array([1, 1, 0, 0, 2, 2]))
    np.testing.assert_array_equal(tail.row(4), panel.row(4)[2:])
    assert tail.starts.tolist() == [1, 1, 0, 0, 2, 2]
    assert list(tail.ends) == list(panel.ends)


def test_one_system_lays_all_series_on_the_steps_of_all():
    frame = pd.concat([
        pd.DataFrame({"unique_id": "a", "ds": range(3, 8), "y": np.arange(5.0)}),
        pd.DataFrame({"unique_id": "b", "ds": range(1, 7), "y": 10 + np.arange(6.0)}),
    ])  # fmt: skip
    panel = read_frame(frame).panel
    system = one_system(panel, np.array(["b", "c", "a"], dtype=object))
    assert system.num_channels == 3 and list(system.ids) == ["b", "c", "a"]
    np.testing.assert_array_equal(system.row(0), [10, 11, 12, 13, 14, 15, np.nan])
    np.testing.assert_array_equal(system.row(1), np.full(7, np.nan))
    np.testing.assert_array_equal(system.row(2), [np.nan, np.nan, 0, 1, 2, 3, 4])
    begun, never = begun_systems(one_system(panel, panel.ids))
    assert begun.lengths.tolist() == [5, 5] and not len(never)
    assert begun_systems(system)[1].tolist() == [0]


@given(seed=st.integers(0, 999), num_systems=st.integers(1, 5), num_channels=st.integers(1, 3))
def test_systems_begin_where_a_loop_finds_all_their_channels(seed, num_systems, num_channels):
    rng = np.random.default_rng(seed)
    lengths = np.repeat(rng.integers(0, 7, num_systems), num_channels)
    values = rng.normal(size=lengths.sum())
    values[rng.random(len(values)) < 0.6] = np.nan
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    panel = Panel(ids, values, np.concatenate([[0], np.cumsum(lengths)]),
                  pd.Index(np.zeros(len(ids), dtype=np.int64)), Frequency(1),
                  num_channels=num_channels)  # fmt: skip
    seen = list(ids[::num_channels][rng.random(num_systems) < 0.3])
    rows, never = {}, []
    for first in range(0, len(ids), num_channels):
        system = np.stack([panel.row(first + k) for k in range(num_channels)])
        whole = np.flatnonzero(~np.isnan(system).any(axis=0))
        if ids[first] in seen:
            whole = np.array([0])
        if len(whole):
            rows.update({ids[first + k]: system[k, whole[0] :] for k in range(num_channels)})
        else:
            never.append(first)
    begun, left = begun_systems(panel, seen)
    assert left.tolist() == never
    assert begun.ids.tolist() == list(rows)
    for i, name in enumerate(begun.ids):
        np.testing.assert_array_equal(begun.row(i), rows[name])
        assert begun.starts[i] == panel.lengths[list(ids).index(name)] - len(rows[name])
