"""Symbols as codes and back; frames of all shapes; what is no symbol is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import forecast as fc
from forecast.pipelines import Columns
from forecast.symbols.reading import read_symbols

LONG = pd.DataFrame(
    {
        "unique_id": ["a"] * 4 + ["b"] * 3,
        "ds": [*pd.date_range("2024-01-01", periods=4), *pd.date_range("2024-02-01", periods=3)],
        "y": ["sun", "rain", None, "fog", "fog", "sun", "rain"],
    }
)
CODES = [2.0, 1.0, np.nan, 0.0, 0.0, 2.0, 1.0]


@pytest.mark.parametrize(
    "values",
    [
        ["sun", "rain", None, "sun"],
        pd.Series(["sun", "rain", np.nan, "sun"], dtype="category"),
        pd.array(["sun", "rain", pd.NA, "sun"], dtype="string"),
    ],
    ids=["list", "category", "string"],
)
def test_codes_follow_the_sorted_symbols(values):
    alphabet = fc.Alphabet().fit(values)
    assert alphabet.symbols == ("rain", "sun")
    np.testing.assert_array_equal(alphabet.encode(values), [1.0, 0.0, np.nan, 1.0])
    assert alphabet.decode([0, 1, 1]) == ["rain", "sun", "sun"]


def test_whole_numbers_are_symbols_as_floats_too():
    alphabet = fc.Alphabet().fit(np.array([10.0, np.nan, 2.0]))
    assert alphabet.symbols == (2, 10)
    assert alphabet.encode(np.array([2, 10])).tolist() == [0.0, 1.0]


def test_marks_have_codes_of_their_own():
    alphabet = fc.Alphabet(["x", "y"], end="|")
    assert (alphabet.num_symbols, alphabet.num_codes) == (2, 3)
    assert (alphabet.end_code, alphabet.start_code) == (2, 3)
    assert alphabet.decode([1, 2]) == ["y", "|"]
    assert fc.Alphabet(["x"]).end_code is None


def test_rare_and_unseen_symbols_are_read_as_the_unknown_one():
    alphabet = fc.Alphabet(unknown="?", min_count=2).fit(list("aabbbc"))
    assert alphabet.symbols == ("a", "b", "?")
    assert alphabet.encode(list("abcz")).tolist() == [0.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": ["a", "b", "a"]}, r"`symbols` has 'a' twice"),
        ({"symbols": ["a", 1]}, r"either text or whole numbers; got both \('a', 1\)"),
        ({"symbols": ["a", 0.5]}, r"`symbols` has 0\.5; symbols are text or whole numbers"),
        ({"symbols": []}, "`symbols` is empty"),
        ({"symbols": ["a", "."], "end": "."}, r"end mark '\.' is among the symbols"),
        ({"min_count": 2}, "min_count=2 needs a symbol for those that are rarer"),
        ({"min_count": 0}, "`min_count` must be a whole number of at least 1"),
    ],
)
def test_alphabets_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        fc.Alphabet(**arguments)


def test_an_alphabet_without_symbols_says_so():
    with pytest.raises(ValueError, match="no symbols yet; call fit"):
        fc.Alphabet().encode(["a"])
    with pytest.raises(ValueError, match="no symbol to learn"):
        fc.Alphabet().fit([None, np.nan])


@pytest.mark.parametrize("shape", ["long", "index", "polars", "renamed"])
def test_long_frames_of_any_kind_give_one_panel(shape):
    columns, data = Columns(), LONG
    if shape == "index":
        data = LONG.set_index(["unique_id", "ds"])
    elif shape == "polars":
        symbols = [None if pd.isna(symbol) else symbol for symbol in LONG["y"]]
        data = pl.DataFrame(LONG.to_dict("list") | {"y": symbols})
    elif shape == "renamed":
        columns = Columns("machine", "day", "state")
        data = LONG.set_axis(["machine", "day", "state"], axis=1).sample(frac=1, random_state=2)
    reading, alphabet = read_symbols(data, columns, fc.Alphabet())
    assert alphabet.symbols == ("fog", "rain", "sun")
    np.testing.assert_array_equal(reading.panel.values, CODES)


def test_wide_frames_and_series():
    days = pd.date_range("2024-01-01", periods=4)
    wide = pd.DataFrame({"s": list("xyxy"), "t": ["y", "z", None, "x"]}, index=days)
    reading, alphabet = read_symbols(wide, Columns(), fc.Alphabet())
    np.testing.assert_array_equal(reading.panel.values, [0, 1, 0, 1, 1, 2, np.nan, 0])
    one, _ = read_symbols(wide["t"], Columns(), alphabet)
    np.testing.assert_array_equal(one.panel.values, [1, 2, np.nan, 0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (LONG.assign(y=LONG["y"].replace("rain", "hail")),
         r"column 'y' of series 'a' has the symbol 'hail', which is not in the alphabet \('fog', "),
        (pl.DataFrame({"unique_id": ["p"], "ds": [1], "y": ["hail"]}),
         r"column 'y' of series 'p' has the symbol 'hail'"),
        (pd.DataFrame({"s": ["sun", "hail"]}, index=[1, 2]), r"column 's' has the symbol 'hail'"),
        (pd.Series(["hail"], index=[3], name="q"), r"series 'q' has the symbol 'hail'"),
        (LONG.assign(y=0.5), r"column 'y' of series 'a' has 0\.5; symbols are text or whole"),
        (LONG.assign(y=True), r"column 'y' of series 'a' has True; symbols are"),
        (LONG.assign(y="."), r"column 'y' of series 'a' has .* '\.', which is the end mark"),
        (LONG.drop(columns="y"), r"missing column 'y' of symbols; the frame has 'unique_id', 'ds'"),
        (pl.DataFrame({"ds": [1]}), r"missing column 'y' of symbols"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(data, message):
    alphabet = fc.Alphabet(["fog", "rain", "sun"], end=".")
    with pytest.raises(ValueError, match=message):
        read_symbols(data, Columns(), alphabet)


def test_what_is_no_frame_is_refused():
    with pytest.raises(TypeError, match="pandas or polars DataFrame"):
        read_symbols([1, 2], Columns(), fc.Alphabet())


def test_texts_and_back():
    texts = {"p": "to be", "q": "or  not"}
    assert fc.symbols.to_text(fc.symbols.from_text(texts)) == texts
    words = fc.symbols.from_text(texts, unit="word")
    assert words["y"].tolist() == ["to", "be", "or", "not"]
    assert words["ds"].tolist() == [0, 1, 0, 1]
    assert fc.symbols.to_text(words, unit="word") == {"p": "to be", "q": "or not"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["a", ""], "text 1 is empty"), ("", "text 'text' is empty"), ([], "there is no text")],
)
def test_empty_texts_are_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        fc.symbols.from_text(texts)


def test_texts_of_other_units_or_columns_are_refused():
    with pytest.raises(ValueError, match="`unit` must be one of character, word; got 'letter'"):
        fc.symbols.from_text("a", unit="letter")
    with pytest.raises(ValueError, match="missing column 'z'"):
        fc.symbols.to_text(LONG, target_col="z")
