"""What users see of every public forecaster: frames, parameters, messages, odd series."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.base
from contracts import HORIZON, forecaster_classes, mixed_frame, odd_frame, small, trial

import forecast
from forecast import engine
from forecast.forecaster import NotFittedError


@pytest.fixture(scope="session", params=forecaster_classes(), ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


@pytest.fixture(scope="session")
def fitted(cls):
    return trial(cls.__name__).fitted


@pytest.fixture(scope="session")
def odd(cls):
    return small(cls).fit(odd_frame(), horizon=HORIZON)


def rows_of(name: str, *days: str) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": name, "ds": pd.to_datetime(list(days)), "y": 90.0})


def test_columns_and_shapes_of_predict(cls, fitted):
    name = cls.__name__
    plain = fitted.predict()
    assert list(plain.columns) == ["unique_id", "ds", fitted.name] and len(plain) == 5 * HORIZON
    frame = fitted.predict(9, level=[95, 80])
    alias = fitted.name
    assert alias == name.removesuffix("Forecaster")
    assert list(frame.columns) == [
        "unique_id", "ds", alias,
        f"{alias}-lo-80", f"{alias}-hi-80", f"{alias}-lo-95", f"{alias}-hi-95",
    ]  # fmt: skip
    assert len(frame) == 45 and np.isfinite(frame.iloc[:, 2:].to_numpy()).all()
    ends = mixed_frame().groupby("unique_id")["ds"].max()
    for series, part in frame.groupby("unique_id"):
        wanted = pd.date_range(ends[series] + pd.Timedelta("1D"), periods=9)
        assert list(part["ds"]) == list(wanted)


def inside_out(model):
    """The last model inside of others, that of the network in a mixture."""
    return inside_out(model.members[-1]) if hasattr(model, "members") else model


def test_the_state_can_be_looked_into(cls, fitted):
    frame, few = mixed_frame(), {"num_steps": 3, "max_series": 2}
    if cls is forecast.Combine:
        with pytest.raises(ValueError, match="models of different kinds"):
            forecast.gradient_flow(fitted, frame, **few)
        return
    if not hasattr(inside_out(fitted.fitted_.model), "dynamics"):
        with pytest.raises(ValueError, match="does not say which arrays carry its state"):
            forecast.gradient_flow(fitted, frame, **few)
        return
    found = forecast.jacobian_spectrum(fitted, frame, free_running=True, **few).table
    assert len(found) == 2 * 3 and np.isfinite(found[["norm", "radius"]].to_numpy()).all()
    gradients = forecast.gradient_flow(fitted, frame, **few).table
    assert np.isfinite(gradients["gradient"]).all()
    assert (gradients.query("distance == 0")["gradient"] == 1.0).all()
    assert forecast.lyapunov_exponent(fitted, frame, **few).exponents.notna().all()
    assert (forecast.residual_diagnostics(fitted, frame).table["count"] > 20).all()


def test_levels_are_ordered(fitted):
    frame = fitted.predict(3 * HORIZON, level=[50, 80, 95])
    names = ["lo-95", "lo-80", "lo-50", "", "hi-50", "hi-80", "hi-95"]
    columns = [f"{fitted.name}-{name}".rstrip("-") for name in names]
    assert (np.diff(frame[columns].to_numpy(), axis=1) >= 0).all()
    assert (frame[columns[-1]] > frame[columns[0]]).all()


def test_columns_and_shapes_of_sample(fitted):
    frame = fitted.sample(4, num_paths=3, seed=1)
    assert list(frame.columns) == ["unique_id", "ds", "path", "y"] and len(frame) == 5 * 3 * 4
    assert frame["path"].tolist() == np.tile(np.repeat([0, 1, 2], 4), 5).tolist()
    future = fitted.predict(4)[["unique_id", "ds"]]
    pd.testing.assert_frame_equal(
        frame.query("path == 2")[["unique_id", "ds"]].reset_index(drop=True), future
    )


def test_wide_in_wide_out(fitted):
    wide = mixed_frame().pivot(index="ds", columns="unique_id", values="y")
    found = fitted.predict(4, df=wide)
    assert list(found.columns) == list(wide.columns)
    long = fitted.predict(4, df=mixed_frame())
    expected = long.pivot(index="ds", columns="unique_id", values=fitted.name)
    np.testing.assert_allclose(found.to_numpy(), expected[found.columns].to_numpy(), rtol=1e-4)
    assert "unique_id" in fitted.predict(4, level=80, df=wide).columns


def test_polars_in_polars_out(fitted):
    frame = mixed_frame()
    data = pl.DataFrame({name: frame[name].to_list() for name in frame})
    found = fitted.predict(4, df=data)
    assert isinstance(found, pl.DataFrame)
    np.testing.assert_array_equal(found[fitted.name].to_numpy(), fitted.predict(4)[fitted.name])


def test_predict_from_another_history_leaves_the_forecaster_alone(fitted):
    before = fitted.store_
    fitted.predict(2, df=mixed_frame().query("unique_id == 'level'"))
    assert fitted.store_ is before


def shown(params: dict[str, object]) -> dict[str, str]:
    """Parameters that can be compared: the members of a combination are cloned with it."""
    return {name: repr(value) for name, value in params.items()}


def needs_arguments(cls) -> bool:
    parameters = inspect.signature(cls).parameters.values()
    return any(parameter.default is parameter.empty for parameter in parameters)


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "4"])
def test_a_horizon_below_one_is_refused(fitted, horizon):
    for call in (fitted.predict, fitted.sample, lambda h: fitted.clone().fit(mixed_frame(), h)):
        with pytest.raises(
            ValueError, match=r"`horizon` must be a whole number of at least 1; got"
        ):
            call(horizon)


@pytest.mark.parametrize("level", [0, 100, [80, 120], "80", True])
def test_a_level_outside_0_to_100_is_refused(fitted, level):
    with pytest.raises(ValueError, match=r"`level` must hold percentages from 1 to below 100"):
        fitted.predict(2, level=level)


def test_no_paths_are_refused(fitted):
    with pytest.raises(ValueError, match=r"`num_paths` must be a whole number of at least 1"):
        fitted.sample(2, num_paths=0)


def test_nothing_works_before_fit(cls, tmp_path):
    new = small(cls)
    calls = [
        lambda: new.predict(2), lambda: new.sample(2), lambda: new.condition(mixed_frame()),
        lambda: new.update(mixed_frame()), lambda: new.save(tmp_path / "model.kfc"),
        lambda: new.fell_back_, lambda: new.history_, lambda: new.choices_,
        lambda: new.fitted_until_,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(NotFittedError, match=r"is not fitted yet; call fit\(df\) first"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            rows_of("level", "2024-03-20"),
            r"series 'level': the rows begin at 2024-03-20 .*2024-03-30",
        ),
        (rows_of("level", "2024-03-30", "2024-03-31"), r"later than that, or call condition\(df\)"),
        (rows_of("level", "2024-04-02", "2024-04-02"), r"2024-04-02"),
        (rows_of("level", "2024-04-02").drop(columns="y"), r"missing column 'y'"),
        (rows_of("level", "2024-04-02").assign(y=np.inf), r"level"),
        (rows_of("level", "2024-04-02 07:00"), r"2024-04-02"),
    ],
    ids=["old", "overlapping", "duplicate", "column", "infinite", "off the grid"],
)
def test_a_failed_update_changes_nothing(fitted, rows, message):
    tried, forecasts = copy(fitted), fitted.predict(6, [80])
    # A good series goes first: it must not be half-way in.
    good = rows_of("crossing", "2024-04-02").drop(columns=rows.columns.symmetric_difference(
        ["unique_id", "ds", "y"]))  # fmt: skip
    with pytest.raises(ValueError, match=message):
        tried.update(pd.concat([good, rows]))
    assert tried.store_ is fitted.store_
    pd.testing.assert_frame_equal(tried.predict(6, [80]), forecasts, check_exact=True)


def test_new_series_are_taken_by_global_models_and_refused_by_name_by_others(fitted):
    rows = mixed_frame().query("unique_id == 'level'").assign(unique_id="new")
    if fitted.takes_new_series:
        grown = copy(fitted).update(rows)
        assert list(grown.store_.ids) == [*fitted.store_.ids, "new"]
        assert np.isfinite(grown.predict(3)[fitted.name]).all()
        return
    for call in (copy(fitted).update, copy(fitted).condition, lambda df: fitted.predict(2, df=df)):
        with pytest.raises(ValueError, match=r"one model a series .* not fitted on \['new'\]"):
            call(rows)


def test_parameters_follow_scikit_learn(cls):
    first = small(cls)
    names = list(inspect.signature(cls).parameters)
    params = first.get_params(deep=False)
    assert list(params) == names
    assert all(getattr(first, name) is value for name, value in params.items())
    for twin in (first.clone(), sklearn.base.clone(first)):
        assert type(twin) is cls and twin is not first
        assert repr(twin) == repr(first)
        assert shown(twin.get_params()) == shown(first.get_params())
    assert first.set_params(alias="other") is first
    assert first.name == "other" and "alias='other'" in repr(first)
    plain = first if needs_arguments(cls) else cls()
    assert needs_arguments(cls) or repr(plain) == f"{cls.__name__}()"
    public = {name: getattr(forecast, name) for name in forecast.__all__}
    assert repr(eval(repr(plain), public)) == repr(plain)


def field_that_counts(value) -> tuple[str, float]:
    """A field of a dataclass of settings and a number that it may be, and is not."""
    for entry in fields(value):
        for number in (5, 0.5):
            if getattr(value, entry.name) == number:
                continue
            try:
                replace(value, **{entry.name: number})
            except (TypeError, ValueError):
                continue
            return entry.name, number
    raise AssertionError(f"no field of {value!r} may be 5 or 0.5")


def test_fields_of_dataclass_arguments_are_parameters_too(cls):
    first = small(cls)
    for name, value in first.get_params(deep=False).items():
        if is_dataclass(value):
            inner, number = field_that_counts(value)
            assert f"{name}__{inner}" in first.get_params()
            first.set_params(**{f"{name}__{inner}": number})
            assert getattr(getattr(first, name), inner) == number != getattr(value, inner)


def test_a_clone_of_a_fitted_forecaster_is_not_fitted(fitted):
    with pytest.raises(NotFittedError):
        fitted.clone().predict(1)


def test_unknown_parameters_are_refused(cls):
    first = small(cls)
    before = first.get_params()
    with pytest.raises(ValueError, match=r"has no parameter 'alais'.*Did you mean 'alias'\?"):
        first.set_params(alias="changed", alais="x")
    assert first.get_params() == before


def test_odd_series_do_not_stop_the_others(odd):
    assert odd.left_out_ == ("nothing",)
    assert any("'nothing'" in note for note in odd.notes_)
    frame = odd.predict(9, [80, 95])
    assert "nothing" not in set(frame["unique_id"])
    assert np.isfinite(frame.iloc[:, 2:].to_numpy()).all()
    assert np.isfinite(odd.sample(9, 4)["y"]).all()


def test_a_constant_series_is_its_constant_with_zero_width(odd):
    forecasts = odd.predict(9, [80, 95]).query("unique_id == 'constant'")
    np.testing.assert_array_equal(forecasts.iloc[:, 2:].to_numpy(), 5.1)
    np.testing.assert_array_equal(odd.sample(9, 4).query("unique_id == 'constant'")["y"], 5.1)


def test_a_series_too_short_for_its_own_model_is_forecast_by_its_last_value(odd):
    assert {"short", "single"} >= set(odd.fell_back_)
    if not odd.takes_new_series:
        assert odd.fell_back_ == ["short", "single"]
        forecasts = odd.predict(4).set_index("unique_id")[odd.name]
        np.testing.assert_allclose(forecasts["short"], 6.0, rtol=1e-12)
        np.testing.assert_allclose(forecasts["single"], 2.0, rtol=1e-12)


def test_trailing_missing_values_mean_forecast_from_the_last_observation(odd):
    times = odd.predict(2).query("unique_id == 'late'")["ds"]
    assert list(times) == [pd.Timestamp("2024-02-20"), pd.Timestamp("2024-02-21")]


def test_a_history_without_negatives_has_no_negative_forecast(odd):
    frame = odd.predict(30, [80, 99]).query("unique_id not in ['crossing']")
    assert (frame.iloc[:, 2:].to_numpy() >= 0).all()
    assert (odd.sample(30, 20).query("unique_id == 'counts'")["y"] >= 0).all()
    crossing = odd.sample(30, 20).query("unique_id == 'crossing'")["y"]
    assert (crossing < 0).any()


def test_forecasts_stay_within_the_range_plus_one_range(odd):
    limits = engine.bounds(odd.store_.state)
    frame = odd.predict(200, [99])
    assert len(frame) == 200 * len(limits.low)
    values = frame.iloc[:, 2:].to_numpy().reshape(len(limits.low), -1)
    assert (values >= limits.low[:, None]).all() and (values <= limits.high[:, None]).all()
    history = odd_frame().groupby("unique_id")["y"].agg(["min", "max"]).loc[list(odd.store_.ids)]
    span = history["max"] - history["min"]
    np.testing.assert_array_equal(limits.high, history["max"] + span)
