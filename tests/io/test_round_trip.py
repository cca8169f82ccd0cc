"""What is loaded forecasts bit for bit what was saved, and goes on from there."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from io_samples import BASELINES, later_rows, long_frame, members

import forecast as fc
from forecast.archive.times import decode_times, encode_times
from forecast.io import BundleError, load, save
from forecast.io.codec import decode_value, encode_value

every_baseline = pytest.mark.parametrize("baseline", BASELINES, ids=lambda cls: cls.__name__)


def reload(forecaster, folder):
    save(forecaster, folder / "model.kfc")
    return load(folder / "model.kfc")


@cache
def fitted(baseline):
    """Fitted once; no test may change it."""
    return baseline().fit(long_frame())


@every_baseline
def test_forecasts_are_equal_bit_for_bit(baseline, tmp_path):
    saved = fitted(baseline)
    loaded = reload(saved, tmp_path)
    assert type(loaded) is baseline
    pd.testing.assert_frame_equal(
        loaded.predict(horizon=30, level=[80, 95]), saved.predict(horizon=30, level=[80, 95]),
        check_exact=True,
    )  # fmt: skip
    pd.testing.assert_frame_equal(
        loaded.sample(horizon=14, num_paths=7, seed=3), saved.sample(14, 7, seed=3),
        check_exact=True,
    )  # fmt: skip


@every_baseline
def test_fitted_attributes_are_equal(baseline, tmp_path):
    saved = baseline(alias="mine").fit(long_frame(("a", "b", "none")).assign(
        y=lambda df: df["y"].where(df["unique_id"] != "none")), horizon=5)  # fmt: skip
    loaded = reload(saved, tmp_path)
    assert loaded.get_params() == saved.get_params()
    assert loaded.choices_ == saved.choices_
    assert (loaded.notes_, loaded.left_out_) == (saved.notes_, saved.left_out_)
    assert loaded.fitted_.season == saved.fitted_.season
    assert loaded.fitted_.horizon == 5
    assert loaded.fell_back_ == saved.fell_back_
    assert loaded.history_ == saved.history_
    pd.testing.assert_series_equal(loaded.fitted_until_, saved.fitted_until_)
    assert loaded.store_.state.arrays.keys() == saved.store_.state.arrays.keys()


@every_baseline
def test_update_goes_on_from_where_it_stood(baseline, tmp_path):
    frame = long_frame()
    new = later_rows(frame)
    saved = baseline().fit(frame.drop(index=new.index))
    loaded = reload(saved, tmp_path).update(new)
    pd.testing.assert_frame_equal(
        loaded.predict(horizon=6), saved.update(new).predict(horizon=6), check_exact=True
    )


@every_baseline
def test_saving_what_was_loaded_gives_the_same_file(baseline, tmp_path):
    save(fitted(baseline), tmp_path / "first.kfc")
    save(load(tmp_path / "first.kfc"), tmp_path / "second.kfc")
    assert (tmp_path / "first.kfc").read_bytes() == (tmp_path / "second.kfc").read_bytes()


def test_a_new_series_after_an_update_is_kept(tmp_path):
    frame = long_frame(("a", "b", "c"))
    old = frame[frame["unique_id"] != "c"]
    saved = fc.SeasonalNaive().fit(old).update(frame[frame["unique_id"] == "c"])
    loaded = reload(saved, tmp_path)
    assert loaded.store_.ids.tolist() == ["a", "b", "c"]
    assert loaded.fitted_.ids.tolist() == ["a", "b"]
    pd.testing.assert_frame_equal(loaded.predict(3), saved.predict(3), check_exact=True)


ARGUMENTS = [
    fc.AR(lags=[1, 12], estimation=fc.Estimation("ridge", ridge=0.1)),
    fc.AR(lags=range(1, 4)),
    fc.AR(lags=np.array([1, 3])),
    fc.PooledAR(block_length=3, regression=fc.Regression(shrinkage=float("inf"))),
    fc.SeasonalNaive(season_length=np.int64(6)),
]


@pytest.mark.parametrize("forecaster", ARGUMENTS, ids=str)
def test_arguments_are_kept(forecaster, tmp_path):
    loaded = reload(forecaster.fit(long_frame()), tmp_path)
    for name, value in forecaster.get_params().items():
        np.testing.assert_equal(np.array(loaded.get_params()[name]), np.array(value))
    pd.testing.assert_frame_equal(loaded.predict(3), forecaster.predict(3), check_exact=True)


# Shapes of frames ---------------------------------------------------------------------------------

TIMES = [
    {"freq": "h", "tz": "Europe/Berlin"},
    {"freq": "D", "tz": "America/New_York"},
    {"freq": "h", "tz": datetime.timezone(datetime.timedelta(hours=5, minutes=30))},
    {"freq": "W-SAT"},
    {"freq": "QS"},
]


@pytest.mark.parametrize("times", TIMES, ids=str)
def test_times_keep_zone_and_frequency(times, tmp_path):
    saved = fc.Naive().fit(long_frame(start="2024-03-01", **times))
    loaded = reload(saved, tmp_path)
    pd.testing.assert_frame_equal(loaded.predict(200), saved.predict(200), check_exact=True)
    pd.testing.assert_index_equal(loaded.store_.ends, saved.store_.ends)


@pytest.mark.parametrize("ids", [("a", "b"), (7, 3), ("Zürich", "大阪")], ids=str)
@pytest.mark.parametrize("dtype", [None, "category", "string"], ids=str)
def test_ids_keep_their_type(ids, dtype, tmp_path):
    frame = long_frame(ids)
    frame = frame if dtype is None else frame.astype({"unique_id": dtype})
    saved = fc.Naive().fit(frame)
    loaded = reload(saved, tmp_path)
    pd.testing.assert_frame_equal(loaded.predict(2), saved.predict(2), check_exact=True)
    assert [type(name) for name in loaded.store_.ids] == [type(name) for name in saved.store_.ids]


def test_integer_time_and_renamed_columns(tmp_path):
    frame = pd.DataFrame({"shop": "a", "day": range(10, 50), "sales": np.arange(40.0) % 7})
    names = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    loaded = reload(fc.SeasonalNaive(7).fit(frame, **names), tmp_path)
    assert loaded.predict(2).columns.tolist() == ["shop", "day", "SeasonalNaive"]
    assert loaded.update(frame.assign(day=frame["day"] + 40)).predict(1)["day"].tolist() == [90]


def test_a_wide_frame_comes_back_wide(tmp_path):
    wide = long_frame().pivot(index="ds", columns="unique_id", values="y")
    saved = fc.Naive().fit(wide)
    loaded = reload(saved, tmp_path)
    pd.testing.assert_frame_equal(loaded.predict(3), saved.predict(3), check_exact=True)
    assert loaded.predict(3).columns.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["load", None])
def test_a_series_comes_back_as_a_series(name, tmp_path):
    series = long_frame(("a",)).set_index("ds")["y"].rename(name)
    saved = fc.Naive().fit(series)
    pd.testing.assert_series_equal(reload(saved, tmp_path).predict(3), saved.predict(3))


def test_polars_comes_back_as_polars(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"unique_id": ["a"] * 30, "ds": range(30), "y": np.arange(30.0)})
    saved = fc.Drift().fit(frame)
    assert reload(saved, tmp_path).predict(3).equals(saved.predict(3))


# What cannot be saved -----------------------------------------------------------------------------


def test_ids_that_are_neither_text_nor_whole_numbers_are_refused(tmp_path):
    frame = long_frame()
    saved = fc.Naive().fit(frame.assign(unique_id=frame["unique_id"].map({"a": 0.5, "b": 1.5})))
    with pytest.raises(BundleError, match=r"series id 0\.5 is of type float.*astype\(str\)"):
        save(saved, tmp_path / "model.kfc")
    assert not list(tmp_path.iterdir())


def test_a_class_of_the_user_is_refused(tmp_path):
    class Mine(fc.Naive):
        pass

    with pytest.raises(BundleError, match="a bundle cannot hold a Mine: only the classes of this"):
        save(Mine().fit(long_frame()), tmp_path / "model.kfc")


def test_a_class_of_the_user_with_a_known_name_is_refused(tmp_path):
    mine = type("Naive", (fc.Naive,), {"__module__": "mine"})
    with pytest.raises(BundleError, match="a bundle cannot hold a Naive"):
        save(mine().fit(long_frame()), tmp_path / "model.kfc")


def test_an_unfitted_forecaster_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Naive is not fitted yet; call fit\(df\) first"):
        save(fc.Naive(), tmp_path / "model.kfc")


def test_a_setting_that_json_cannot_hold_is_refused():
    with pytest.raises(BundleError, match=r"cannot hold the setting <object .* of type object"):
        encode_value(object())
    with pytest.raises(BundleError, match="unknown key '\\$float'"):
        encode_value({"$float": 1})


def test_a_dataclass_of_the_user_is_refused():
    @dataclass(frozen=True)
    class Training:
        steps: int = 1

    with pytest.raises(BundleError, match="cannot hold a Training"):
        encode_value(Training())


# The codec ----------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
names = st.text().filter(lambda text: not text.startswith("$"))
settings = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(names, inner, max_size=4)
    ),
    max_leaves=8,
)


@given(settings)
def test_settings_survive_json(value):
    text = json.dumps(encode_value(value), allow_nan=False)
    assert decode_value(json.loads(text)) == value


zones = st.sampled_from([None, "UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
moments = st.integers(-(2**60), 2**60)


@given(st.lists(moments, min_size=1, max_size=4), zones, st.sampled_from(["s", "ms", "us", "ns"]))
def test_times_survive_json(nanoseconds, zone, unit):
    times = pd.DatetimeIndex(np.array(nanoseconds, dtype="datetime64[ns]")).as_unit(unit)
    times = times if zone is None else times.tz_localize("UTC").tz_convert(zone)
    encoded, numbers = encode_times(times)
    decoded = decode_times(json.loads(json.dumps(encoded)), numbers)
    assert decoded.dtype == times.dtype
    assert decoded.equals(times)


def test_the_manifest_names_the_versions(tmp_path):
    save(fc.Naive().fit(long_frame()), tmp_path / "model.kfc")
    manifest = json.loads(members(tmp_path / "model.kfc")["manifest.json"])
    assert manifest["format_version"] == 3
    assert manifest["libraries"]["keras-forecast"] == fc.__version__
    assert manifest["libraries"]["pandas"] == pd.__version__
