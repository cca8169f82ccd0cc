"""Frames and Series with a MultiIndex of id and time: read, forecast, written back alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.cli import main
from forecast.pipelines import Columns, read_frame


def long(**changes) -> pd.DataFrame:
    frame = pd.DataFrame({
        "unique_id": np.repeat(["b", "a"], 8),
        "ds": np.tile(pd.date_range("2024-01-01", periods=8).to_numpy("datetime64[s]"), 2),
        "y": np.arange(16.0),
    })  # fmt: skip
    return frame.assign(**changes)


def indexed(names=("unique_id", "ds"), **changes) -> pd.DataFrame:
    frame = long(**changes).set_index(["unique_id", "ds"])
    frame.index.names = names
    return frame


@pytest.mark.parametrize("names", [("unique_id", "ds"), ("shop", "day"), (None, None), ("x", None)])
@pytest.mark.parametrize("shape", ["frame", "series", "unnamed"])
def test_what_came_with_a_multiindex_goes_back_with_it(names, shape):
    frame = indexed(names)
    data = {"frame": frame, "series": frame["y"], "unnamed": frame["y"].rename(None)}[shape]
    out = fc.Naive().fit(data.sample(frac=1, random_state=0)).predict(2)
    expected = fc.Naive().fit(long().sample(frac=1, random_state=0)).predict(2)
    assert tuple(out.index.names) == names
    assert out.index.get_level_values(1).dtype == "datetime64[s]"
    assert out.index.tolist() == list(zip(expected["unique_id"], expected["ds"], strict=True))
    column = out["Naive"] if shape == "frame" else out
    assert column.tolist() == expected["Naive"].tolist()
    if shape != "frame":
        assert isinstance(out, pd.Series)
        assert out.name == data.name


def test_limits_have_the_index_and_rows_told_apart_by_more_have_columns():
    forecaster = fc.Naive().fit(indexed(("shop", "day")))
    assert forecaster.predict(2, level=80).index.names == ["shop", "day"]
    paths = forecaster.sample(2, num_paths=3)
    assert paths.columns.tolist() == ["shop", "day", "path", "y"]
    scores = fc.cross_validation(fc.Naive(), indexed(("shop", "day")), horizon=2, n_windows=1)
    assert scores.columns.tolist() == ["shop", "day", "cutoff", "y", "Naive"]


def test_dtypes_of_the_levels_are_kept():
    ids = pd.Categorical(np.repeat(["b", "a"], 8), ["c", "b", "a"], ordered=True)
    times = list(pd.date_range("2024-03-28", periods=8, tz="Europe/Berlin")) * 2
    data = indexed(unique_id=ids, ds=times)
    out = fc.Naive().fit(data).predict(1).index
    assert out.get_level_values(0).dtype == ids.dtype
    assert out.get_level_values(1).dtype == data.index.get_level_values(1).dtype


def test_updates_and_bundles_keep_the_shape(tmp_path):
    data = indexed(("shop", "day"))
    early = data[data.index.get_level_values(1) < pd.Timestamp("2024-01-07")]
    whole = fc.AR(lags=2).fit(early).condition(data).predict(2)
    forecaster = fc.AR(lags=2).fit(early)
    forecaster.update(data.drop(early.index)).save(tmp_path / "model.kfc")
    pd.testing.assert_frame_equal(fc.load(tmp_path / "model.kfc").predict(2), whole)


def test_covariates_and_channels_may_stand_beside_an_index():
    frame = indexed(price=np.arange(16.0) * 2)
    named = Columns(future=["price"])
    np.testing.assert_array_equal(
        read_frame(frame, named).panel.covariates.future[:, 0], np.arange(16.0) * 2
    )
    channels = read_frame(frame, Columns.named("unique_id", "ds", ["y", "price"]))
    assert channels.panel.num_channels == 2
    out = fc.VAR(lags=1).fit(frame, target_col=["y", "price"]).predict(1)
    assert {"unique_id", "channel", "ds"} <= set(out.columns)


def test_future_covariates_may_come_with_an_index():
    frame = indexed(price=np.sin(np.arange(16.0)))
    cut = frame.index.get_level_values(1) < pd.Timestamp("2024-01-07")
    forecaster = fc.AR(lags=1).fit(frame[cut], future_covariates=["price"])
    plain = forecaster.predict(2, future_df=frame[~cut].reset_index())
    pd.testing.assert_frame_equal(forecaster.predict(2, future_df=frame[~cut]), plain)


REFUSED = {
    r"index has 3 levels \['region', 'unique_id', 'ds'\]; two are expected":
        lambda: long(region="x").set_index(["region", "unique_id", "ds"]),
    r"\['ds', 'unique_id'\]: the time comes before the id. Call swaplevel\(\)":
        lambda: indexed().swaplevel(),
    r"\[None, None\]: the time comes before the id":
        lambda: indexed().swaplevel().rename_axis([None, None]),
    r"\['day', 'shop'\]: the time comes before the id":
        lambda: indexed().swaplevel().rename_axis(["day", "shop"])["y"],
    "'shop' is a level of the index and a column too": lambda: indexed(("shop", "ds"), shop=1),
    "missing column 'y'; the frame has 'shop', 'day', 'sales'":
        lambda: indexed(("shop", "day")).rename(columns={"y": "sales"}),
    "series 'b', time 2024-01-01 00:00:00 occurs more than once":
        lambda: pd.concat([indexed(), indexed().head(1)]),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=message):
        read_frame(REFUSED[message]())


def test_the_command_line_writes_a_table_whatever_was_fitted_on(tmp_path):
    fc.Naive().fit(indexed(("shop", "day"))).save(tmp_path / "model.kfc")
    words = ["predict", tmp_path / "model.kfc", "--horizon", 2, "--out", tmp_path / "out.csv"]
    assert main([str(word) for word in words]) == 0
    assert pd.read_csv(tmp_path / "out.csv").columns.tolist() == ["shop", "day", "Naive"]
