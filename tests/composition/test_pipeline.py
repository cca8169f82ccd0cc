"""Pipelines: forecasts against their last step on frames transformed by hand."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contracts import HORIZON, SEASON, assert_states_equal, mixed_frame, positive_frame

import forecast as fc
from forecast import engine
from forecast.fitting import Task, fit_model
from forecast.io import BundleError
from forecast.pipelines import read_frame
from forecast.protocol import Block

RNG = np.random.default_rng(5)


def frame_of(values, name="a", start="2024-01-01") -> pd.DataFrame:
    times = pd.date_range(start, periods=len(values))
    return pd.DataFrame({"unique_id": name, "ds": times, "y": np.asarray(values, dtype=float)})


def differences(frame: pd.DataFrame, lag: int = 1) -> pd.DataFrame:
    """The frame of the differences of each series, without its first rows."""
    changed = frame.assign(y=frame.groupby("unique_id")["y"].diff(lag))
    return changed[frame.groupby("unique_id").cumcount() >= lag].reset_index(drop=True)


def walks() -> pd.DataFrame:
    """Two walks with correlated changes, far from 0."""
    parts = []
    for name, length in (("a", 80), ("b", 61)):
        changes = np.zeros(length)
        for step in range(1, length):
            changes[step] = 0.6 * changes[step - 1] + RNG.normal()
        parts.append(frame_of(500.0 + changes.cumsum(), name))
    return pd.concat(parts, ignore_index=True)


WALKS = walks()
LAST = WALKS.groupby("unique_id")["y"].last().to_numpy()[:, None]


def forecasts(fitted, horizon: int = 6, **more) -> np.ndarray:
    return fitted.predict(horizon, **more)[fitted.name].to_numpy().reshape(-1, horizon)


class Shaken:
    """A feedback that adds fixed numbers to every step of every path."""

    num_paths = 3
    noise = RNG.normal(size=(2, 3, 40))

    def __call__(self, emitted, step):
        return emitted + self.noise[:, :, step : step + emitted.shape[2]]


# Against the last step on transformed frames ------------------------------------------------------


def test_differences_are_forecast_and_cumulated():
    fitted = fc.Pipeline([fc.Difference(), fc.AR(lags=1)]).fit(WALKS, horizon=HORIZON)
    alone = fc.AR(lags=1).fit(differences(WALKS), horizon=HORIZON)
    expected = LAST + forecasts(alone).cumsum(axis=1)
    np.testing.assert_allclose(forecasts(fitted), expected, rtol=1e-12)


def test_two_seasonal_differences_are_taken_back_in_turn():
    steps = [fc.SeasonalDifference(SEASON), fc.Difference(), fc.AR(lags=2)]
    fitted = fc.Pipeline(steps).fit(WALKS, horizon=HORIZON)
    alone = fc.AR(lags=2).fit(differences(differences(WALKS, SEASON)), horizon=HORIZON)
    changes = forecasts(alone, 10)
    for name, own, found in zip("ab", changes, forecasts(fitted, 10), strict=True):
        path = list(WALKS.loc[WALKS["unique_id"] == name, "y"])
        for change in own:
            path.append(path[-1] + path[-SEASON] - path[-SEASON - 1] + change)
        np.testing.assert_allclose(found, path[-10:], rtol=1e-12)


def test_logarithms_are_forecast_and_taken_back():
    frame = positive_frame()
    fitted = fc.Pipeline([fc.Log1p(), fc.AR(lags=2)]).fit(frame, horizon=HORIZON)
    alone = fc.AR(lags=2).fit(frame.assign(y=np.log1p(frame["y"])), horizon=HORIZON)
    np.testing.assert_allclose(forecasts(fitted), np.expm1(forecasts(alone)), rtol=1e-9)


def test_a_forecaster_that_knows_no_unit_does_not_notice_a_scaler():
    plain = fc.AR(lags=3).fit(mixed_frame(), horizon=HORIZON)
    for scaler in (fc.StandardScaler(), fc.RobustScaler(), fc.MinMaxScaler()):
        fitted = fc.Pipeline([scaler, fc.AR(lags=3)]).fit(mixed_frame(), horizon=HORIZON)
        np.testing.assert_allclose(forecasts(fitted), forecasts(plain), rtol=1e-7)


def test_channels_of_a_system_are_forecast_together():
    rng = np.random.default_rng(4)
    frame = frame_of(np.exp(rng.normal(3.0, 0.2, 70))).rename(columns={"y": "load"})
    frame["heat"] = 5.0 + 0.7 * frame["load"].shift(1, fill_value=20.0) + rng.random(70)
    both = {"target_col": ["load", "heat"], "horizon": 3}
    fitted = fc.Pipeline([fc.Log1p(), fc.Difference(), fc.VAR(lags=1)]).fit(frame, **both)
    logs = np.log1p(frame[["load", "heat"]])
    alone = fc.VAR(lags=1).fit(frame[["unique_id", "ds"]].join(logs.diff()).iloc[1:], **both)
    changes = alone.predict(3)["VAR"].to_numpy().reshape(2, 3).cumsum(axis=1)
    expected = np.expm1(logs.iloc[-1].to_numpy()[:, None] + changes)
    np.testing.assert_allclose(forecasts(fitted, 3), expected, rtol=1e-9)
    assert np.isfinite(fitted.sample(8, 5)["y"]).all()


def test_covariates_reach_the_last_step_at_their_own_times():
    rng = np.random.default_rng(6)
    frame = WALKS.assign(price=rng.normal(size=len(WALKS)))
    ahead = fc.Naive().fit(WALKS).predict(4)[["unique_id", "ds"]].assign(price=rng.normal(size=8))
    named = {"horizon": 4, "future_covariates": ["price"]}
    fitted = fc.Pipeline([fc.Difference(), fc.AR(lags=1)]).fit(frame, **named)
    alone = fc.AR(lags=1).fit(differences(frame), **named)
    expected = LAST + forecasts(alone, 4, future_df=ahead).cumsum(axis=1)
    np.testing.assert_allclose(forecasts(fitted, 4, future_df=ahead), expected, rtol=1e-10)
    assert not fc.Pipeline([fc.Difference(), fc.Naive()]).uses_covariates


# Paths and gaps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [fc.AR(lags=2), fc.PooledAR(lags=3, block_length=4)], ids=repr)
def test_changes_of_paths_are_paths_of_changes(last):
    """A draw that is added to a path is added to its change."""
    fitted = fc.Pipeline([fc.Difference(), last]).fit(WALKS, horizon=HORIZON).fitted_.model
    panel, none = read_frame(WALKS).panel, np.empty((2, 11, 0))

    class Cumulated(Shaken):
        """The same numbers as changes, carried on within a block."""

        def __call__(self, emitted, step):
            return emitted + self.noise[:, :, step : step + emitted.shape[2]].cumsum(axis=2)

    state = engine.absorb(fitted, engine.begin(fitted, np.arange(2)), panel.block(0, 99))[0]
    own = state.select("model.")
    paths = fitted.rollout(own, 11, Cumulated(), none)
    inner = engine.absorb(
        fitted.members[0],
        engine.begin(fitted.members[0], np.arange(2)),
        read_frame(differences(WALKS)).panel.block(0, 99),
    )[0].select("model.")
    changes = fitted.members[0].rollout(inner, 11, Shaken(), none)
    joined = np.concatenate([np.repeat(LAST[:, None], 3, axis=1), paths], axis=2)
    np.testing.assert_allclose(np.diff(joined, axis=2), changes, atol=1e-9)


def test_a_gap_takes_the_forecast_of_the_model():
    fitted = fc.Pipeline([fc.Difference(), fc.AR(lags=1)]).fit(WALKS, horizon=HORIZON)
    ahead = fitted.predict(3)
    later = ahead.assign(y=ahead[fitted.name])[["unique_id", "ds", "y"]]
    last = later.groupby("unique_id").tail(1)
    bridged, told = copy(fitted).update(last), copy(fitted).update(later)
    np.testing.assert_allclose(forecasts(bridged), forecasts(told), rtol=1e-9)


def test_what_fills_gaps_takes_them_for_real():
    steps = [fc.FillGaps(), fc.Difference(), fc.AR(lags=2)]
    fitted = fc.Pipeline(steps).fit(WALKS, horizon=HORIZON)
    plain = fc.Pipeline(steps[1:]).fit(WALKS, horizon=HORIZON)
    ahead = fitted.predict(3).rename(columns={fitted.name: "y"})
    last = ahead.groupby("unique_id").tail(1)
    held = ahead.assign(y=np.repeat(LAST, 3, axis=1).ravel())
    held.loc[last.index, "y"] = last["y"]
    np.testing.assert_allclose(
        forecasts(copy(fitted).update(last)), forecasts(copy(plain).update(held)), rtol=1e-12
    )


def test_a_history_shorter_than_the_memory_goes_on_from_its_last_value():
    steps = [fc.SeasonalDifference(SEASON), fc.Difference(), fc.AR(lags=2)]
    fitted = fc.Pipeline(steps).fit(WALKS, horizon=HORIZON)
    for length in (1, 2, SEASON, SEASON + 1, SEASON + 2):
        head = WALKS.groupby("unique_id").head(length)
        found = forecasts(fitted, df=head)
        assert np.isfinite(found).all()
        known = head.groupby("unique_id")["y"].agg(["min", "max"]).to_numpy()
        span = known[:, 1] - known[:, 0]
        assert np.all(np.abs(found - known.mean(axis=1)[:, None]) <= 1.5 * span[:, None] + 1e-9)
        assert np.isfinite(copy(fitted).condition(head).sample(4, 3)["y"]).all()


def test_a_series_too_short_for_a_memory_is_left_as_it_is():
    frame = pd.concat([WALKS, frame_of([3.0, 4.0, 6.0], "short")], ignore_index=True)
    fitted = fc.Pipeline([fc.SeasonalDifference(SEASON), fc.Naive()]).fit(frame, horizon=2)
    assert fitted.fell_back_ == ["short"]
    np.testing.assert_array_equal(forecasts(fitted, 2)[2], [6.0, 6.0])


# What is fitted on what ---------------------------------------------------------------------------


def test_the_season_is_looked_for_after_the_transforms():
    seasonal = frame_of(100.0 + 9.0 * np.sin(np.arange(120) * 2 * np.pi / 7) + RNG.normal(size=120))

    def season_inside(*steps):
        return fc.Pipeline(steps).fit(seasonal).fitted_.estimate.settled[0]["length"]

    assert season_inside(fc.StandardScaler(), fc.AR(lags=1)) == 7
    assert season_inside(fc.STLDeseasonalizer(), fc.AR(lags=1)) == 1
    assert season_inside(fc.STLDeseasonalizer(), fc.AR(lags=1, season_length=7)) == 7


class Looking(fc.Naive):
    """Keeps the tasks that it was given; not fitted in closed form."""

    closed_form = False
    tasks: list[Task] = []  # noqa: RUF012

    def _estimate(self, task):
        self.tasks.append(task)
        return super()._estimate(task)


def test_transforms_are_fitted_on_the_training_part_only():
    Looking.tasks.clear()
    panel = read_frame(WALKS).panel
    pipeline = fc.Pipeline([fc.Difference(), fc.StandardScaler(), Looking()])
    fitted = fit_model(pipeline, panel, 4)
    first, whole = Looking.tasks
    for i in range(2):
        changes = np.diff(panel.row(i))
        known = len(first.panel.row(i))
        assert known < len(changes)
        scaled = (changes - changes[:known].mean()) / changes[:known].std()
        np.testing.assert_allclose(first.panel.row(i), scaled[:known], rtol=1e-10)
        np.testing.assert_allclose(first.ahead[0].row(i), scaled, rtol=1e-10)
        np.testing.assert_allclose(whole.panel.row(i), scaled, rtol=1e-10)
    assert first.ahead[1].ends[0, 0] == len(first.panel.row(0))
    assert fitted.model.links.num_rows == 2
    again = fit_model(fc.Pipeline([fc.StandardScaler(), fc.Naive()]), panel, 4)
    centre = again.model.links.links[0].parameters["centre"]
    np.testing.assert_allclose(centre, [panel.row(0).mean(), panel.row(1).mean()], rtol=1e-12)


def test_a_later_value_without_a_transform_counts_as_missing():
    frame = positive_frame()
    fitted = fc.Pipeline([fc.Log1p(), fc.Difference(), fc.AR(lags=1)]).fit(frame, horizon=4)
    days = pd.date_range("2024-03-31", periods=3)
    rows = pd.DataFrame({"unique_id": "level", "ds": days, "y": [97.0, -5.0, 99.0]})
    odd, gap = (copy(fitted).update(new) for new in (rows, rows.drop(index=1)))
    assert odd.outside_domain_.to_dict() == {"gappy": 0, "large": 0, "level": 1, "small": 0}
    assert gap.outside_domain_.sum() == 0
    states = [one.store_.state.select("model.inner.") for one in (odd, gap)]
    assert_states_equal(states[0], replaced_count(states[0], states[1]))
    assert np.isfinite(forecasts(odd)).all() and np.isfinite(odd.sample(5, 9)["y"]).all()


def replaced_count(like, state):
    return type(state)(state.arrays, state.clock, like.count)


def test_a_training_value_without_a_transform_is_refused_by_name():
    with pytest.raises(ValueError, match=r"Log1p needs values above -1; series 'crossing' has -"):
        fc.Pipeline([fc.Log1p(), fc.AR(lags=1)]).fit(mixed_frame())


# New series ---------------------------------------------------------------------------------------


def test_new_series_are_taken_where_nothing_is_learned_of_each():
    new = frame_of(np.linspace(20.0, 30.0, 25), "new")
    fitted = fc.Pipeline([fc.Log1p(), fc.Difference(), fc.PooledAR(lags=2)]).fit(WALKS)
    assert fitted.takes_new_series
    np.testing.assert_allclose(
        forecasts(copy(fitted).update(new))[2], forecasts(fitted, df=new)[0], rtol=1e-12
    )
    scaled = fc.Pipeline([fc.RobustScaler(), fc.PooledAR(lags=2)]).fit(WALKS)
    assert not scaled.takes_new_series
    with pytest.raises(ValueError, match=r"not fitted on \['new'\]: RobustScaler has parameters"):
        scaled.update(new)
    with pytest.raises(ValueError, match=r"one model a series .* not fitted on \['new'\]"):
        fc.Pipeline([fc.Log1p(), fc.AR(lags=1)]).fit(WALKS).update(new)


# Together with the rest ---------------------------------------------------------------------------


def test_a_combination_inside_and_outside():
    members = [fc.AR(lags=2), fc.Drift()]
    inside = fc.Pipeline([fc.Log1p(), fc.Combine(members, method="mean")]).fit(WALKS, horizon=4)
    logs = WALKS.assign(y=np.log1p(WALKS["y"]))
    expected = np.mean([forecasts(one.fit(logs, horizon=4), 4) for one in members], axis=0)
    np.testing.assert_allclose(forecasts(inside, 4), np.expm1(expected), rtol=1e-9)
    piped = [fc.Pipeline([fc.Difference(), fc.AR(lags=1)]), fc.Naive()]
    outside = fc.Combine(piped, method="mean").fit(WALKS, horizon=4)
    alone = [forecasts(one.fit(WALKS, horizon=4), 4) for one in piped]
    np.testing.assert_allclose(forecasts(outside, 4), np.mean(alone, axis=0), rtol=1e-12)


def test_backtests_and_comparisons_take_pipelines():
    frame = fc.load_dataset("sunspots").tail(120)
    pipelines = [
        fc.Pipeline([fc.BoxCox(0.5), fc.AR(lags=9)]),
        fc.Pipeline([fc.Difference(), fc.Naive()]),
    ]
    cv = fc.cross_validation([*pipelines, fc.Naive()], frame, horizon=3, n_windows=2)
    assert list(cv.columns[4:]) == ["BoxCox+AR", "Difference+Naive", "Naive"]
    assert np.isfinite(cv.iloc[:, 4:].to_numpy()).all()
    result = fc.compare(pipelines, frame, horizon=3, n_windows=2)
    assert result.protocol.roles["BoxCox+AR"] == "linear"
    assert result.protocol.choices["BoxCox+AR"] == "BoxCox(lambda_=0.5); lags 1-9"


class Halved(fc.Transform):
    """Half of what lies above the middle of the training part."""

    def fit(self, panel, season_length):
        return {"centre": np.array([np.nanmedian(panel.row(i)) for i in range(panel.num_series)])}

    def forward(self, values, view):
        return (values - view.column("centre")) / 2.0

    def inverse(self, values, view):
        return values * 2.0 + view.column("centre")


def test_a_transform_of_the_users_works_and_is_loaded_with_its_class(tmp_path):
    fitted = fc.Pipeline([Halved(), fc.AR(lags=2)]).fit(WALKS, horizon=HORIZON)
    plain = fc.AR(lags=2).fit(WALKS, horizon=HORIZON)
    np.testing.assert_allclose(forecasts(fitted), forecasts(plain), rtol=1e-9)
    assert repr(fitted) == "Pipeline(steps=[Halved(), AR(lags=2)])"
    path = tmp_path / "model.kfc"
    fitted.save(path)
    loaded = fc.load(path, transforms=[Halved])
    pd.testing.assert_frame_equal(loaded.predict(9, [80]), fitted.predict(9, [80]))
    assert repr(loaded) == repr(fitted)
    with pytest.raises(BundleError, match=r"holds the transform 'Halved'.*transforms=\[Halved\]"):
        fc.load(path)
    for wrong in (Halved(), "Halved", fc.AR):
        with pytest.raises(TypeError, match=r"list of classes that are derived from fc.Transform"):
            fc.load(path, transforms=[wrong])


class Divided(fc.Transform):
    """A transform of the user's with an argument, of any kind."""

    def __init__(self, factor: Any = 2.0) -> None:
        self.factor = factor

    def fit(self, panel, season_length):
        return {}

    def forward(self, values, view):
        return values / self.factor

    def inverse(self, values, view):
        return values * self.factor


def test_the_arguments_of_a_transform_of_the_users_are_saved(tmp_path):
    inner = fc.Pipeline([Divided(5.0), Halved(), fc.Naive()], alias="inner")
    fitted = fc.Pipeline([fc.Log1p(), fc.Combine([inner, fc.Drift()])]).fit(WALKS, horizon=4)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc", transforms=[Halved, Divided])
    assert repr(loaded) == repr(fitted) and "factor=5.0" in repr(loaded)
    pd.testing.assert_frame_equal(loaded.sample(5, 4), fitted.sample(5, 4), check_exact=True)
    array = fc.Pipeline([Divided(np.float32(2.0)), fc.Naive()]).fit(WALKS)
    array.set_params(Divided__factor=WALKS)
    with pytest.raises(BundleError, match=r"cannot hold the setting"):
        array.save(tmp_path / "other.kfc")


def test_a_pipeline_in_a_combination_in_a_pipeline_is_saved(tmp_path):
    inner = fc.Pipeline((fc.SeasonalDifference(SEASON), fc.AR(lags=2)), alias="inner")
    steps = [fc.BoxCox(), fc.STLDeseasonalizer(SEASON), fc.Combine([inner, fc.Drift()])]
    fitted = fc.Pipeline(steps).fit(positive_frame(), horizon=4)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert repr(loaded) == repr(fitted) and loaded.choices_ == fitted.choices_
    for call in (lambda f: f.predict(9, [80]), lambda f: f.sample(5, 4, seed=2)):
        pd.testing.assert_frame_equal(call(loaded), call(fitted), check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s, a: s.update(transforms=[7]),
            r"the transforms of a pipeline do not fit together",
        ),
        (
            lambda s, a: a.update(active=np.ones(2, bool)),
            r"the transforms of a pipeline do not fit",
        ),
        (lambda s, a: a.update({"parameter0.scale": np.ones(3)}), r"are not one row a series"),
        (lambda s, a: s.update(members=[]), r"a pipeline ends with one model; got 0"),
    ],
)
def test_saved_parts_that_do_not_fit_together_are_refused(change, message):
    model = fc.Pipeline([fc.StandardScaler(), fc.Naive()]).fit(WALKS, 2).fitted_.model
    config, arrays = model.to_saved()
    config["members"] = list(model.members)
    change(config, arrays)
    with pytest.raises(ValueError, match=message):
        type(model).from_saved(config, arrays)


def test_a_first_gap_of_a_block_does_not_change_the_state_given():
    model = fc.Pipeline([fc.Difference(), fc.AR(lags=1)]).fit(WALKS, 2).fitted_.model
    state = engine.begin(model, np.arange(2)).select("model.")
    block = Block(
        np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[1, 0], [1, 1]], bool), np.ones((2, 2), bool)
    )
    values = block.values.copy()
    after, one_step = model.observe(state, block)
    np.testing.assert_array_equal(block.values, values)
    np.testing.assert_array_equal(after.arrays["past0"], [[1.0], [3.0]])
    assert np.isnan(one_step).all() and np.isnan(state.arrays["past0"]).all()
