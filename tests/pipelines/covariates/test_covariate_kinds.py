"""Past and static covariates and labels, read beside the values and laid on their steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import Columns, Covariate, CovariateColumns, Upcoming, read_frame
from forecast.pipelines.covariates.future import read_future
from forecast.pipelines.covariates.rows import is_text, read_column

START = pd.Timestamp("2024-03-28")
COLUMNS = Columns(
    future=["price", "weather"],
    more=CovariateColumns(past=["wind", "sky"], static=["kind", "size"]),
)
LABELS = np.array(["sun", "rain", "Fog"], dtype=object)


def series(name: str, steps, rng: np.random.Generator, empty=()) -> pd.DataFrame:
    """Rows of one series at some days; those in `empty` have no value."""
    count = len(steps)
    wind, sky = rng.normal(size=count), LABELS[rng.integers(3, size=count)]
    wind[rng.random(count) < 0.3] = np.nan
    sky[rng.random(count) < 0.3] = None
    values = rng.normal(size=count)
    values[list(empty)] = np.nan
    return pd.DataFrame(
        {
            "unique_id": name, "ds": START + pd.to_timedelta(list(steps), unit="D"), "y": values,
            "price": rng.normal(size=count), "weather": LABELS[rng.integers(3, size=count)],
            "wind": wind, "sky": sky, "kind": f"kind of {name}", "size": float(ord(name)),
        }
    )  # fmt: skip


@st.composite
def frames(draw):
    """Rows of one to three series in any order: steps without a row, rows without a value."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    parts = []
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        steps = sorted(draw(st.sets(st.integers(0, 14), min_size=2, max_size=10)))
        empty = np.flatnonzero(rng.random(len(steps)) < 0.3)[: len(steps) - 1]
        parts.append(series(name, steps, rng, empty))
    frame = pd.concat(parts, ignore_index=True)
    return frame.sample(frac=1.0, random_state=int(rng.integers(1000)), ignore_index=True)


def labels_of(codes: np.ndarray, column: Covariate) -> list:
    """Labels of the positions of a column."""
    return [None if np.isnan(c) or c < 0 else column.categories[int(c)] for c in codes]


@given(frame=frames())
def test_past_covariates_lie_on_their_own_steps_and_are_never_filled(frame):
    panel = read_frame(frame, COLUMNS, "D").panel
    table = panel.covariates
    assert [column.name for column in table.schema.past] == ["wind", "sky"]
    for i, name in enumerate(panel.ids):
        own = frame[frame["unique_id"] == name].set_index("ds").reindex(panel.times(i))
        found = table.past[panel.offsets[i] : panel.offsets[i + 1]]
        np.testing.assert_array_equal(found[:, 0], own["wind"].to_numpy(float))
        expected = [label if isinstance(label, str) else None for label in own["sky"]]
        assert labels_of(found[:, 1], table.schema.past[1]) == expected


@given(frame=frames())
def test_labels_known_ahead_are_carried_as_numbers_are(frame):
    panel = read_frame(frame, COLUMNS, "D").panel
    weather = panel.covariates.schema.future[1]
    assert weather.categories == tuple(sorted(frame["weather"].unique()))
    for i, name in enumerate(panel.ids):
        own = frame[frame["unique_id"] == name].set_index("ds").sort_index()
        own = own.reindex(panel.times(i), method="ffill")
        codes = panel.covariates.future[panel.offsets[i] : panel.offsets[i + 1], 1]
        assert labels_of(codes, weather) == own["weather"].tolist()


@given(frame=frames())
def test_static_covariates_have_one_row_a_series(frame):
    panel = read_frame(frame, COLUMNS, "D").panel
    table = panel.covariates
    assert labels_of(table.static[:, 0], table.schema.static[0]) == [
        f"kind of {name}" for name in panel.ids
    ]
    assert table.static[:, 1].tolist() == [ord(name) for name in panel.ids]


@pytest.mark.parametrize("dtype", ["category", "string", "object", "ordered", "numbers as text"])
def test_every_dtype_of_labels_is_read_alike(dtype):
    column = pd.Series(["b", None, "a", "b", None])
    expected, labels = [1.0, np.nan, 0.0, 1.0, np.nan], ("a", "b")
    if dtype == "ordered":
        column = column.astype(pd.CategoricalDtype(["c", "b", "a"], ordered=True))
    elif dtype == "numbers as text":
        column, labels = pd.Series([10, None, 9, 10, None]).astype("category"), ("10.0", "9.0")
        expected = [0.0, np.nan, 1.0, 0.0, np.nan]
    else:
        column = column.astype(dtype)
    found, names = read_column(column, str)
    np.testing.assert_array_equal(found, expected)
    assert names == labels and is_text(column)


def test_a_boolean_column_is_numbers():
    found, labels = read_column(pd.Series([True, False]), str)
    assert found.tolist() == [1.0, 0.0] and labels is None
    assert not is_text(pd.Series([True, None], dtype=object))


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["sun", "rain", "Fog"])])
def test_polars_brings_labels_too(dtype):
    frame = series("a", range(6), np.random.default_rng(0))
    polars = pl.DataFrame(
        {name: [None if entry is np.nan else entry for entry in frame[name]] for name in frame}
    ).with_columns(pl.col("weather", "sky").cast(dtype))
    expected, found = (read_frame(data, COLUMNS, "D").panel.covariates for data in (frame, polars))
    assert found.schema == expected.schema
    for kind in ("future", "past", "static"):
        np.testing.assert_array_equal(getattr(found, kind), getattr(expected, kind))


def test_a_missing_label_is_its_own_place_where_one_must_be():
    frame = series("a", range(4), np.random.default_rng(0)).astype({"weather": object})
    frame.loc[1, "weather"] = None
    frame["kind"] = pd.Series([None] * 4, dtype="string")
    table = read_frame(frame, COLUMNS).panel.covariates
    assert table.future[1, 1] == -1.0 and (np.delete(table.future[:, 1], 1) >= 0).all()
    assert table.static[0].tolist() == [-1.0, 97.0]


def test_a_missing_label_beside_a_missing_value_is_carried():
    frame = series("a", range(4), np.random.default_rng(0), [1]).astype({"weather": object})
    frame.loc[1, "weather"] = None
    table = read_frame(frame, COLUMNS).panel.covariates
    np.testing.assert_array_equal(table.future[1], table.future[0])


def test_a_static_entry_in_one_row_is_enough():
    frame = series("a", range(4), np.random.default_rng(0))
    frame.loc[[0, 2, 3], ["kind", "size"]] = None
    table = read_frame(frame, COLUMNS).panel.covariates
    assert table.static.tolist() == [[0.0, 97.0]]


def test_notes_say_what_was_read_as_categories():
    frame = series("a", range(4), np.random.default_rng(0))
    frame["sky"] = list("abcd")
    notes = read_frame(frame, COLUMNS).notes
    assert "covariate 'sky' is read as categories: 'a', 'b', 'c', 'd'." in notes
    frame = pd.concat([series(name, [0], np.random.default_rng(0)) for name in "abcdef"])
    assert any(note.endswith("... (6 labels).") for note in read_frame(frame, COLUMNS, "D").notes)


def test_an_id_with_covariates_only_is_left_out_and_named():
    rng = np.random.default_rng(0)
    frame = pd.concat([series("a", range(4), rng), series("b", range(4), rng, range(4))])
    reading = read_frame(frame, COLUMNS)
    assert reading.left_out == ("b",)
    assert "1 series without any value left out: 'b'." in reading.notes
    assert reading.panel.covariates.static.tolist() == [[0.0, 97.0]]


def test_rows_before_the_first_value_stay_where_a_series_began_earlier():
    frame = series("a", [0, 1, 2, 3], np.random.default_rng(0), [0, 1, 2])
    frame["wind"] = [np.nan, 5.0, np.nan, 6.0]
    frame["sky"] = None
    frame.loc[[0, 1, 2], "price"] = np.nan
    panel = read_frame(frame, COLUMNS, "D", begun=["a"]).panel
    assert panel.lengths.tolist() == [3]
    np.testing.assert_array_equal(panel.covariates.past[:, 0], [5.0, np.nan, 6.0])
    # What is known ahead is not known there: the state before has it.
    assert np.isnan(panel.covariates.future[:2]).all()
    assert read_frame(frame, COLUMNS, "D").panel.lengths.tolist() == [1]


def test_channels_share_the_covariates_of_their_series():
    frame = pd.concat([series(n, range(5), np.random.default_rng(0)) for n in "ab"])
    frame["load"] = frame["y"] * 2.0
    more = CovariateColumns(["wind"], ["size"], ["day_of_week"])
    columns = Columns(future=["price"], channels=("y", "load"), target="value", more=more)
    table = read_frame(frame, columns).panel.covariates
    assert table.static.ravel().tolist() == [97.0, 97.0, 98.0, 98.0]
    for array in (table.future, table.past):
        first, second = array.reshape(2, 2, 5, -1).swapaxes(0, 1)
        np.testing.assert_array_equal(first, second)
    assert table.future.shape == (20, 3)


def spoilt(column: str, entries) -> pd.DataFrame:
    frame = series("a", range(3), np.random.default_rng(0))
    frame[column] = pd.Series(entries, dtype=object)
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (spoilt("kind", ["mall", None, "street"]),
         r"static covariate 'kind' varies within series 'a': 'mall' at 2024-03-28 00:00:00, "
         r"'street' at 2024-03-30 00:00:00. Keep one of them"),
        (spoilt("size", [1.0, 1.0, 2.5]),
         r"'size' varies within series 'a': 1.0 at 2024-03-28 .*, 2.5 at 2024-03-30"),
        (spoilt("size", [None, None, None]),
         r"static covariate 'size' is missing in all rows of series 'a' \(1 such series\)"),
        (spoilt("size", [1.0, np.inf, 1.0]),
         r"column 'size' of series 'a', time 2024-03-29 .* is infinite"),
        (spoilt("wind", [1.0, -np.inf, 1.0]),
         r"column 'wind' of series 'a', time 2024-03-29 .* is infinite"),
        (spoilt("wind", [1.0, "calm", 1.0]), r"column 'wind' of series 'a'.* holds text, .*'calm'"),
        (spoilt("wind", [1, 2, 3]).drop(columns="wind"),
         r"missing covariate 'wind'; .*as past_covariates"),
        (spoilt("kind", ["x"] * 3).drop(columns="kind"),
         r"missing covariate 'kind'; .*as static_covariates"),
        (spoilt("price", [1.0, None, 1.0]), r"'price'.* is empty in 1 rows .*past_covariates"),
    ],
    ids=["static label", "static number", "no static number", "static inf", "past inf",
         "text among numbers", "no past column", "no static column", "missing ahead"],
)  # fmt: skip
def test_a_covariate_that_cannot_be_used_is_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        read_frame(frame, COLUMNS)


def test_wide_frames_are_told_to_be_long():
    wide = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=pd.date_range("2024", periods=3))
    for kind in ("past", "static"):
        columns = Columns(more=CovariateColumns(**{kind: ["wind"]}))
        with pytest.raises(ValueError, match=rf"{kind} covariates \['wind'\] need a long frame"):
            read_frame(wide, columns)


def test_names_are_checked_over_all_kinds():
    with pytest.raises(ValueError, match=r"past covariate 'price' is named twice"):
        Columns(future=["price"], more=CovariateColumns(past=["price"]))
    with pytest.raises(ValueError, match=r"static covariate 'y' is named twice"):
        Columns(more=CovariateColumns(static=["y"]))
    with pytest.raises(TypeError, match=r"past covariates must be a list .* \['wind'\]"):
        CovariateColumns(past="wind")
    with pytest.raises(TypeError, match=r"static covariates must be a list .* \['kind'\]"):
        CovariateColumns(static="kind")
    assert COLUMNS.covariates == ("price", "weather", "wind", "sky", "kind", "size")
    ahead = COLUMNS.keeping(future=True, past=False, static=False)
    assert ahead == Columns(future=["price", "weather"])


def upcoming(frame: pd.DataFrame, horizon: int = 2) -> Upcoming:
    panel = read_frame(frame, COLUMNS, "D").panel
    return Upcoming(panel.ids, panel.ends, panel.frequency, horizon)


def test_the_future_brings_labels_of_its_own():
    rng = np.random.default_rng(0)
    frame, ahead = series("a", range(4), rng), series("a", range(4, 7), rng)
    ahead["weather"] = ["hail", None, "sun"]
    found = read_future(ahead[["unique_id", "ds", "price", "weather"]], COLUMNS, upcoming(frame))
    assert found.columns[1] == Covariate("weather", ("hail",))
    assert found.values[0, :, 1].tolist() == [0.0, -1.0]


def test_labels_of_too_few_steps_are_refused():
    rng = np.random.default_rng(0)
    frame, ahead = series("a", range(4), rng), series("a", [4], rng)
    with pytest.raises(ValueError, match=r"1 of the 2 steps needed of series 'a'.*'weather'"):
        read_future(ahead, COLUMNS, upcoming(frame))
