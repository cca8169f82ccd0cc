"""Frame -> panel -> frame is the identity, whatever the shape, the dtypes and the zone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.pipelines import (
    Columns,
    Covariate,
    CovariateSchema,
    CovariateTable,
    Frequency,
    Layout,
    Panel,
    panel_frame,
    read_frame,
)

SHAPES = ["long", "wide", "series", "multiindex", "multiindex series", "polars"]
ALIASES = ["h", "30min", "D", "B", "W-SAT", "MS", "QE-DEC", 1, 5]
# Midnight does not exist on one day of the year in the last two.
ZONES = [None, "UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut"]
IDS = {
    "text": (["b", "a", "c"], object),
    "string": (["b", "a", "c"], "string"),
    "categories": (["b", "a", "c"], pd.CategoricalDtype(["unused", "c", "a", "b"])),
    "ordered": (["b", "a", "c"], pd.CategoricalDtype(["c", "a", "b"], ordered=True)),
    "integers": ([7, 5, 6], "int32"),
    "nullable": ([7, 5, 6], "Int64"),
    "mixed": (["b", 5, 2.5], object),
}
CHOICES = st.fixed_dictionaries({
    "alias": st.sampled_from(ALIASES), "zone": st.sampled_from(ZONES),
    "unit": st.sampled_from(["s", "ms", "us", "ns"]), "ids": st.sampled_from(sorted(IDS)),
    "start": st.sampled_from(["2024-03-28 05:00", "2017-10-13", "2018-02-15", "2024-10-25 22:00"]),
})  # fmt: skip


@st.composite
def values(draw, length):
    """A series that begins and ends with a value, missing ones inside."""
    inner = st.one_of(st.floats(-1e9, 1e9), st.just(np.nan))
    edge = st.floats(-1e9, 1e9)
    middle = draw(st.lists(inner, min_size=length - 2, max_size=length - 2))
    return np.array([draw(edge), *middle, draw(edge)])


def grid(choice, periods) -> pd.Index:
    frequency = Frequency(choice["alias"])
    if frequency.is_integer:
        return frequency.range(3, periods)
    start = pd.Timestamp(choice["start"]).as_unit("us")
    zone = choice["zone"]
    start = start if zone is None else start.tz_localize(zone, nonexistent="shift_forward")
    return frequency.range(start, periods).as_unit(choice["unit"])


@st.composite
def long_frames(draw):
    """Choices and a long frame in the order of series and time."""
    choice = draw(CHOICES)
    names, dtype = IDS[choice["ids"]]
    times = grid(choice, 14)
    parts = []
    for name in names[: draw(st.integers(1, 3))]:
        first, length = draw(st.integers(0, 5)), draw(st.integers(2, 9))
        part = {"ds": times[first : first + length], "y": draw(values(length))}
        parts.append(pd.DataFrame({"unique_id": pd.Series([name] * length, dtype=object), **part}))
    frame = pd.concat(parts, ignore_index=True)
    return choice, frame.astype({"unique_id": dtype, "ds": times.dtype})


def as_shape(frame: pd.DataFrame, shape: str):
    """The same data in another shape."""
    if shape == "long":
        return frame
    if shape.startswith("multiindex"):
        indexed = frame.set_index(["unique_id", "ds"])
        return indexed if shape == "multiindex" else indexed["y"]
    if shape == "polars":
        return pl.DataFrame({name: frame[name].tolist() for name in ("unique_id", "ds", "y")})
    if shape == "wide":
        return frame.pivot(index="ds", columns="unique_id", values="y")
    first = frame.loc[frame["unique_id"] == frame["unique_id"][0]]
    return first.set_index("ds")["y"].rename_axis(None)


def assert_same(back, given):
    """Equal values, names, dtypes and order."""
    if isinstance(given, pd.Series):
        pd.testing.assert_series_equal(back, given, check_freq=False)
    elif isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(back, given, check_freq=False)
    else:
        polars.testing.assert_frame_equal(back, given)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=30)
@given(case=long_frames())
def test_frame_to_panel_to_frame_is_the_identity(shape, case):
    choice, frame = case
    if shape == "polars" and (choice["ids"] in ("mixed", "ordered") or choice["unit"] == "ns"):
        return  # no such columns in polars, or none that Python's own datetimes can hold
    data = as_shape(frame, shape)
    if shape == "wide":
        explicit = grid(choice, 14)
        data = data.reindex(explicit[(explicit >= data.index[0]) & (explicit <= data.index[-1])])
        data.index.name = "ds"
    assert_same(panel_frame(read_frame(data, freq=choice["alias"])), data)


@settings(max_examples=50)
@given(case=long_frames(), seed=st.integers(0, 99))
def test_a_permuted_frame_gives_the_same_panel(case, seed):
    choice, frame = case
    panel = read_frame(frame, freq=choice["alias"]).panel
    rows = frame.sample(frac=1, random_state=seed)
    shuffled = read_frame(rows, freq=choice["alias"]).panel
    ids = rows["unique_id"].tolist()
    if sum(a != b for a, b in pairwise(ids)) >= len(panel.ids):  # the rows of a series are apart
        order = sorted(set(ids), key=lambda name: (isinstance(name, str), name))
        assert shuffled.ids.tolist() == order
    # Series whose rows lie together stand as they come, as users expect of the results.
    again = shuffled.take(np.array([list(shuffled.ids).index(name) for name in panel.ids]))
    np.testing.assert_array_equal(again.values, panel.values)
    np.testing.assert_array_equal(again.offsets, panel.offsets)
    assert list(again.starts) == list(panel.starts)
    assert again.frequency == panel.frequency


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["z", "b", "a"])])
def test_categories_of_polars_come_back(kind):
    frame = pl.DataFrame({"unique_id": ["b", "b", "a", "a"], "ds": [1, 2, 1, 2],
                          "y": [1.0, 2.0, 3.0, 4.0]})  # fmt: skip
    frame = frame.with_columns(pl.col("unique_id").cast(kind))
    assert_same(panel_frame(read_frame(frame)), frame)


def test_arrow_columns_come_back():
    pa = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"unique_id": ["b", "b", "a", "a"], "y": [1.0, 2.0, 3.0, 4.0],
                          "ds": list(pd.date_range("2024-03-30", periods=2)) * 2})  # fmt: skip
    stamps = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns")
              for zone in (None, "UTC", "Europe/Berlin")]  # fmt: skip
    for stamp in [*stamps, pa.date32()]:
        zone = getattr(stamp, "tz", None)
        times = frame["ds"].dt.tz_localize(zone).astype(pd.ArrowDtype(stamp))
        typed = frame.assign(ds=times).astype({"unique_id": "string[pyarrow]"})
        assert_same(panel_frame(read_frame(typed))[list(typed.columns)], typed)
    doubles = frame.astype({"y": pd.ArrowDtype(pa.float64())})
    assert panel_frame(read_frame(doubles))["y"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_gaps_come_back_as_rows_without_a_value_and_ends_are_gone():
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3, 5, 6], "y": [np.nan, 2, 3, 5, np.nan]})
    back = panel_frame(read_frame(frame))
    assert back["ds"].tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(back["y"], [2, 3, np.nan, 5])


def test_columns_of_a_wide_frame_without_any_value_come_back_from_a_reading():
    wide = pd.DataFrame({"b": [1.0, np.nan, 3.0], "none": np.nan, "a": [np.nan, 2.0, 3.0]},
                        index=pd.date_range("2024", periods=3, name="day"))  # fmt: skip
    assert_same(panel_frame(read_frame(wide)), wide)
    reading = read_frame(wide)
    assert panel_frame(reading.panel, reading.layout).columns.tolist() == ["b", "a"]


def test_channels_and_covariates_come_back_in_columns():
    frame = pd.DataFrame({"shop": np.repeat(["b", "a"], 3), "day": [1, 2, 3] * 2,
                          "load": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0], "price": np.arange(6.0),
                          "sun": [0.5, 0.25, np.nan, 1.0, 2.0, 4.0]})  # fmt: skip
    named = Columns.named("shop", "day", ["load", "sun"])
    whole = frame[["shop", "day", "load", "sun"]]
    assert_same(panel_frame(read_frame(whole, named)), whole)
    future = frame[["shop", "day", "load", "price"]]
    assert_same(panel_frame(read_frame(future, Columns("shop", "day", "load", ["price"]))), future)


def test_past_static_and_categorical_covariates_are_written():
    table = CovariateTable(
        future=np.array([[0.0], [1.0], [0.0]]), past=np.array([[1.5], [np.nan], [2.5]]),
        static=np.array([[1.0], [0.0]]),
        schema=CovariateSchema((Covariate("promotion", ("no", "yes")),), (Covariate("wind"),),
                               (Covariate("kind", ("shop", "kiosk")),)),
    )  # fmt: skip
    panel = Panel(np.array(["a", "b"], object), np.arange(3.0), np.array([0, 2, 3]),
                  pd.Index([1, 1]), Frequency(1), table)  # fmt: skip
    frame = panel_frame(panel)
    assert frame.columns.tolist() == ["unique_id", "ds", "y", "promotion", "wind", "kind"]
    assert frame["promotion"].tolist() == ["no", "yes", "no"]
    assert frame["kind"].tolist() == ["kiosk", "kiosk", "shop"]
    np.testing.assert_array_equal(frame["wind"], [1.5, np.nan, 2.5])


def test_a_layout_of_several_targets_needs_their_channels():
    panel = read_frame(pd.Series([1.0, 2.0])).panel
    layout = Layout(columns=Columns.named("unique_id", "ds", ["load", "sun"]))
    with pytest.raises(
        ValueError, match=r"targets \['load', 'sun'\], but the panel has 1 channels"
    ):
        panel_frame(panel, layout)
    assert panel_frame(panel).columns.tolist() == ["unique_id", "ds", "y"]
