"""Other values in the user's own frame: whatever its shape, and nothing else in it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from contracts import mixed_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.diagnostics.alteration import altered_panel
from forecast.diagnostics.frame_template import FrameTemplate
from forecast.pipelines import Columns, read_frame


def long(**changes: Any) -> pd.DataFrame:
    """Ragged, with gaps, a series without values, in disorder, with a column that nobody reads."""
    frame = mixed_frame()
    nothing = frame.head(4).assign(unique_id="nothing", y=np.nan)
    frame = pd.concat([frame, nothing], ignore_index=True).assign(note="as it came", **changes)
    return frame.sample(frac=1.0, random_state=1)


def wide() -> pd.DataFrame:
    frame = mixed_frame().pivot(index="ds", columns="unique_id", values="y")
    return frame.asfreq("D").rename(columns={"level": 7})


def whole() -> pd.DataFrame:
    frame = mixed_frame().dropna()
    return frame.assign(y=np.clip(frame["y"], 0, 100).round().astype("int8"))


def two_targets() -> pd.DataFrame:
    frame = mixed_frame()
    load = 2.0 * frame["y"].shift(1).fillna(1.0)
    return frame.assign(load=load, heat=frame["y"] - 3.0).drop(columns="y")


def polars_frame(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({name: frame[name].to_list() for name in frame.columns}, strict=False)


def nullable() -> pl.DataFrame:
    frame = polars_frame(whole().drop(columns="ds").assign(ds=mixed_frame().dropna()["ds"]))
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 9 == 4).then(None).otherwise(pl.col("y")).alias("y")
    )


SHAPES: dict[str, tuple[Callable[[], Any], Columns]] = {
    "long": (long, Columns()),
    "renamed": (
        lambda: long().rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"}),
        Columns("shop", "day", "sold"),
    ),
    "float32": (lambda: long().astype({"y": "float32"}), Columns()),
    "8 bits": (whole, Columns()),
    "nullable": (lambda: long().astype({"y": "Float64"}), Columns()),
    "objects": (lambda: long().astype({"y": object}), Columns()),
    "categories": (lambda: long().astype({"unique_id": "category"}), Columns()),
    "time zone": (lambda: long(ds=lambda df: df["ds"].dt.tz_localize("Europe/Madrid")), Columns()),
    "levels": (lambda: mixed_frame().set_index(["unique_id", "ds"]), Columns()),
    "wide": (wide, Columns()),
    "series": (lambda: wide()[7], Columns()),
    "nameless series": (lambda: wide()[7].rename(None), Columns()),
    "integer time": (lambda: wide()[[7, "large"]].reset_index(drop=True), Columns()),
    "channels": (two_targets, Columns(channels=["load", "heat"])),
    "polars": (lambda: polars_frame(long()), Columns()),
    "polars, nulls": (nullable, Columns()),
}  # fmt: skip


@pytest.fixture(params=SHAPES)
def shape(request) -> tuple[Any, Columns]:
    make, columns = SHAPES[request.param]
    return make(), columns


def entries(frame: Any) -> pd.DataFrame:
    """The frame with its index as columns, for comparisons."""
    if isinstance(frame, pl.DataFrame):
        return pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    frame = frame.to_frame("y") if isinstance(frame, pd.Series) else frame
    return frame.reset_index().astype(object)


def test_what_is_written_is_read_and_all_else_stays(shape):
    data, columns = shape
    before, reading = entries(data), read_frame(data, columns)
    template = FrameTemplate.of_frame(data, columns, reading, None)
    known = reading.panel.lengths // 2
    wanted = altered_panel(reading.panel, known)
    frame = template.filled(wanted)
    assert type(frame) is type(data)
    pd.testing.assert_frame_equal(entries(data), before)  # the user's own is left as it is
    again = read_frame(frame, columns)
    np.testing.assert_array_equal(again.panel.ids, reading.panel.ids)
    np.testing.assert_array_equal(again.panel.offsets, reading.panel.offsets)
    assert again.panel.starts.equals(reading.panel.starts) and again.notes == reading.notes
    single = "float32" in str(getattr(data, "dtypes", ""))
    np.testing.assert_allclose(again.panel.values, wanted.values, rtol=1e-6 if single else 0)
    assert (again.panel.values != reading.panel.values).sum() >= reading.panel.observed.sum() / 3
    after, written = entries(frame), {*columns.names[2:], *reading.panel.ids, "y"}
    kept = [name for name in before.columns if name not in written]
    pd.testing.assert_frame_equal(after[kept], before[kept])
    np.testing.assert_array_equal(after.isna().to_numpy(), before.isna().to_numpy())


def test_whole_numbers_stay_whole_numbers():
    for data in (whole(), nullable()):
        reading = read_frame(data)
        template = FrameTemplate.of_frame(data, Columns(), reading, None)
        frame = template.filled(altered_panel(reading.panel, np.zeros(5, dtype=np.int64)))
        assert str(frame["y"].dtype).lower() == "int64"


@settings(max_examples=30)
@given(data=st.data())
def test_any_long_frame_comes_back(data):
    """Rows in any order, some missing, some without a value."""
    rows = data.draw(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.none() | st.integers(-9, 9)),
            min_size=3, max_size=40, unique_by=lambda row: row[:2],
        ).filter(lambda rows: sum(row[2] is not None for row in rows) > 0)
    )  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"]).astype({"y": float})
    reading = read_frame(frame, freq=1)
    template = FrameTemplate.of_frame(frame, Columns(), reading, 1)
    known = np.array([data.draw(st.integers(0, n)) for n in reading.panel.lengths])
    wanted = altered_panel(reading.panel, known)
    read = read_frame(template.filled(wanted), freq=1)
    np.testing.assert_array_equal(read.panel.values, wanted.values)
    np.testing.assert_array_equal(read.panel.offsets, wanted.offsets)


@pytest.mark.parametrize("kind", ["text", "categories of text", "categories of numbers"])
def test_labels_are_written_as_they_stand(kind):
    frame = mixed_frame()
    codes = np.random.default_rng(0).integers(0, 3, len(frame))
    labels = np.array([10, 2, 33]) if "numbers" in kind else np.array(["a", "b", "c"])
    dtype = "category" if "categories" in kind else object
    frame = frame.assign(sky=pd.Series(labels[codes]).astype(dtype))
    columns = Columns.named("unique_id", "ds", "y", past=["sky"])
    reading = read_frame(frame, columns)
    wanted = altered_panel(reading.panel, reading.panel.lengths // 2)
    template = FrameTemplate.of_frame(frame, columns, reading, None)
    again = read_frame(template.filled(wanted), columns).panel.covariates
    assert again.schema == reading.panel.covariates.schema
    np.testing.assert_array_equal(again.past, wanted.covariates.past)
    known = ~np.isnan(again.past)
    assert 0.4 < np.mean((again.past != reading.panel.covariates.past)[known]) < 0.6
