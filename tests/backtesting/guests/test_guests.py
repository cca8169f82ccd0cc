"""Any object with `fit(df)` and `predict(horizon)` takes part; what it returns is checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from guests_material import Framed, Last, Moving

import forecast as fc


def ragged(gap: bool = False) -> pd.DataFrame:
    """Two daily series of unequal length, the second of which ends later."""
    generator, parts = np.random.default_rng(5), []
    for name, steps, start in (("b", 30, "2024-01-01"), ("a", 44, "2024-01-05")):
        values = 20 + np.cumsum(generator.standard_normal(steps))
        times = pd.date_range(start, periods=steps)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": values}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.drop(index=[7, 8]) if gap else frame


@pytest.mark.parametrize("split", [{}, {"gap": 2}, {"align": "calendar"}, {"max_train_size": 9}])
@pytest.mark.parametrize("guest", [Last(), Moving(), Framed()], ids=["array", "moving", "frame"])
def test_a_guest_forecasts_the_same_rows_from_the_same_information(guest, split) -> None:
    """The last value of a guest is that of our own naive forecast, at every origin."""
    frame = ragged()
    guest.alias = "guest"
    if isinstance(guest, Framed):
        guest.alias = "Framed"
    found = fc.cross_validation([fc.Naive(), guest], frame, 4, n_windows=5, **split)
    assert len(found) > 16
    np.testing.assert_allclose(found[guest.alias], found["Naive"], rtol=1e-12)


def test_a_guest_is_given_all_steps_until_the_cutoff_and_nothing_of_it_is_changed() -> None:
    seen: list[pd.DataFrame] = []

    class Recording(Last):
        def fit(self, df):
            seen.append(df)
            return super().fit(df)

    guest = Recording()
    frame = ragged(gap=True)
    found = fc.cross_validation(guest, frame, 4, n_windows=2, step_size=3)
    assert not hasattr(guest, "last")
    assert [list(df.columns) for df in seen] == [["unique_id", "ds", "y"]] * 2
    cutoffs = found.groupby(["cutoff", "unique_id"], sort=False).size().index
    for number, df in enumerate(seen):
        ends = df.groupby("unique_id", sort=False)["ds"].max()
        assert set(zip(ends, ends.index, strict=True)) == set(cutoffs[2 * number : 2 * number + 2])
        assert df["y"].isna().sum() == 2  # the missing days are steps without a value
        assert df.groupby("unique_id")["ds"].diff().dropna().nunique() == 1


def test_a_guest_that_can_move_on_is_fitted_once_and_given_newer_rows() -> None:
    calls: list[tuple[str, int]] = []

    class Counting(Moving):
        def fit(self, df):
            calls.append(("fit", len(df)))
            return super().fit(df)

        def update(self, df):
            calls.append(("update", len(df)))
            super().update(df)

    frame = ragged()
    fc.cross_validation(Counting(), frame, 4, n_windows=3)
    assert calls == [("fit", 50), ("update", 8), ("update", 8)]
    calls.clear()
    fc.cross_validation(Counting(), frame, 4, n_windows=3, refit=2)
    assert [name for name, _ in calls] == ["fit", "update", "fit"]


def test_intervals_are_those_that_a_guest_returns_or_none() -> None:
    found = fc.cross_validation([Framed(), Last()], ragged(), 3, n_windows=2, level=[80, 95])
    np.testing.assert_allclose(found["Framed-hi-95"] - found["Framed"], 95.0)
    np.testing.assert_allclose(found["Framed"] - found["Framed-lo-80"], 80.0)
    assert found[["Last-lo-80", "Last-hi-95"]].isna().all(axis=None)


def test_sample_paths_of_a_guest_have_no_score() -> None:
    found = fc.cross_validation([fc.Naive(), Last()], ragged(), 3, n_windows=2, num_paths=4)
    assert found["Last-crps"].isna().all() and found["Naive-crps"].notna().all()


def test_covariates_reach_a_guest_that_asks_for_them() -> None:
    class Priced:
        """The price of the day, times 10."""

        def fit(self, df, future_covariates, static_covariates=(), freq=None, horizon=None):
            self.names, self.freq, self.horizon = future_covariates, freq, horizon
            self.kinds = df.groupby("unique_id")[static_covariates[0]].agg(set)

        def predict(self, horizon, future_df):
            assert (self.names, self.freq, self.horizon) == (["price"], "D", 3)
            assert self.kinds.to_dict() == {"a": {"big"}, "b": {"small"}}
            return future_df.assign(Priced=10 * future_df["price"]).drop(columns="price")

    frame = ragged()
    frame["price"] = np.arange(len(frame)) / 7
    frame["kind"] = frame["unique_id"].map({"a": "big", "b": "small"})
    found = fc.cross_validation(
        [Priced(), Last()], frame, 3, n_windows=2, future_covariates=["price"],
        static_covariates=["kind"],
    )  # fmt: skip
    both = found.merge(frame, on=["unique_id", "ds"])
    np.testing.assert_allclose(both["Priced"], 10 * both["price"])


def test_a_file_is_written_with_guests_too(tmp_path) -> None:
    arguments = ([fc.Naive(), Last()], ragged(), 3)
    whole = fc.cross_validation(*arguments, n_windows=3)
    path = fc.cross_validation(*arguments, n_windows=3, sink=tmp_path / "cv.parquet")
    np.testing.assert_allclose(pd.read_parquet(path)["Last"], whole["Last"])


def _without_a_row(frame):
    return frame[frame["ds"] != frame["ds"].max()]


SPOILED = {
    "missing row": (_without_a_row, r"Framed: predict\(3\) returned no forecast of series 'a' for"),
    "other times": (
        lambda f: f.assign(ds=f["ds"] + pd.Timedelta(1, "D")),
        "returned another time for series '[ab]'.*the 3 steps after the last row",
    ),
    "double row": (lambda f: pd.concat([f, f[:1]]), "returned a second row for series"),
    "unknown series": (
        lambda f: f.assign(unique_id="z"), "returned the unknown series 'z'; it was given 'b', 'a'",
    ),
    "nan": (lambda f: f.assign(Framed=np.nan), "returned nan for series 'b', step 1"),
    "no time": (lambda f: f.drop(columns="ds"), "a frame without the column 'ds'"),
    "text times": (lambda f: f.assign(ds=f["ds"].astype(str)), "returned times of dtype"),
    "two columns": (
        lambda f: f.rename(columns={"Framed": "x"}).assign(z=0.0),
        "returned the columns x, z; one column of forecasts is expected",
    ),
    "shape": (lambda f: np.zeros((3, 2)), r"an array of shape \(3, 2\); 2 series and 3 steps"),
    "nothing": (lambda f: None, "must return a frame or an array|array of shape"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPOILED)
def test_what_was_not_asked_for_is_refused(kind) -> None:
    change, message = SPOILED[kind]
    with pytest.raises((ValueError, TypeError), match=message):
        fc.cross_validation(Framed(change), ragged(), 3, n_windows=2)


def test_an_error_of_the_guest_says_where_it_came_from() -> None:
    class Broken(Last):
        def predict(self, horizon):
            raise KeyError("beta")

    with pytest.raises(KeyError) as caught:
        fc.cross_validation(Broken(), ragged(), 3, n_windows=2)
    assert caught.value.__notes__ == ["raised by predict of Broken, at origin 1 of the backtest"]


def test_what_cannot_be_a_guest_is_refused() -> None:
    class Arrays:
        def fit(self, X, y): ...
        def predict(self, X): ...

    frame = ragged()
    with pytest.raises(TypeError, match=r"takes arrays.*SklearnForecaster\(regressor\)"):
        fc.cross_validation(Arrays(), frame, 3)
    with pytest.raises(TypeError, match=r"and predict\(horizon\), is expected; got .*Last.* Call"):
        fc.cross_validation(Last, frame, 3)
    with pytest.raises(
        ValueError, match="Last is no forecaster of this library: nothing says what"
    ):
        fc.cross_validation(Last(), frame, 3, use_fitted=True)
    two = frame.assign(z=1.0)
    with pytest.raises(ValueError, match="forecast one target, got"):
        fc.cross_validation(Last(), two, 3, target_col=["y", "z"])
