"""What every public forecaster promises: who they are, data to hold them to it, comparisons.

Forecasters are found by looking, so a new one is under the contracts from its first line.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import forecast
from forecast.forecaster import Forecaster
from forecast.pipelines import Block, Panel, read_frame
from forecast.protocol import StateBatch
from forecast.store import StateStore

SEASON = 7
HORIZON = 5

# A network without the linear forecasters beside it; LSTMForecaster stands for those with them.
ALONE = forecast.NetworkDesign(linear="highway")

# Settings that make a slow forecaster small, by class name; `small` fills in the rest.
SMALL: dict[str, dict[str, Any]] = {
    "Combine": {
        "forecasters": [
            forecast.AR(season_length=SEASON),
            forecast.SeasonalNaive(season_length=SEASON),
        ]
    },
    "ESNForecaster": {"units": 30},
    "Ensemble": {"forecaster": forecast.HiddenMarkov(1, num_starts=1), "num_members": 2},
    "GRUForecaster": {"units": 8, "num_layers": 2, "design": ALONE},
    "HiddenMarkov": {"num_states": 2, "num_starts": 2},
    "LSTMForecaster": {"units": 8, "num_layers": 2},
    "LinearDynamicalSystem": {"state_size": 2, "pooled": True, "max_iterations": 5},
    "Pipeline": {
        "steps": [forecast.StandardScaler(), forecast.AR([1, SEASON], season_length=SEASON)],
        "alias": "Pipeline",
    },
    "RNNForecaster": {"units": 8, "num_layers": 2, "design": ALONE},
    "TemporalConvolutionForecaster": {"units": 4, "context_length": 5, "design": ALONE},
    "TransformerForecaster": {"units": 4, "context_length": 5, "design": ALONE},
    "Seq2SeqForecaster": {
        "units": 4,
        "training": forecast.Training(num_steps=1, num_checks=1),
        "design": forecast.Seq2SeqDesign(
            "GRU", attention="additive", window=forecast.WindowDesign(8, linear="highway")
        ),
    },
}


# What they are made of is held to the contracts elsewhere: these run in `make test-all` alone.
LONG = {
    "Combine-network",
    "Ensemble-network",
    "GRUForecaster",
    "Pipeline-blocks",
    "Pipeline-network",
    "RNN-shrunk",
    "RNNForecaster",
    "Seq2SeqForecaster",
    "TemporalConvolutionForecaster",
    "TransformerForecaster",
}


def marks_of(name: str, slow: bool = False) -> list[pytest.MarkDecorator]:
    """Marks of a forecaster or case by its name."""
    return [pytest.mark.slow] * slow + [pytest.mark.long] * (name in LONG)


def class_params() -> list[Any]:
    """Every public forecaster as a parameter of a test."""
    classes = forecaster_classes()
    return [pytest.param(c, id=c.__name__, marks=marks_of(c.__name__)) for c in classes]


def forecaster_classes() -> list[type[Forecaster]]:
    """Every public class that is a forecaster."""
    values = [getattr(forecast, name) for name in forecast.__all__]
    return [v for v in values if inspect.isclass(v) and issubclass(v, Forecaster)]


def is_exact(forecaster: Forecaster) -> bool:
    """Whether it computes in float64; a combination does if all its members do."""
    if hasattr(forecaster, "steps"):
        return is_exact(forecaster.steps[-1])
    if hasattr(forecaster, "forecaster"):
        return is_exact(forecaster.forecaster)
    if hasattr(forecaster, "forecasters"):
        return all(is_exact(member) for member in forecaster.forecasters)
    return type(forecaster).__module__.startswith("forecast.baselines")


def small(cls: type[Forecaster], **changes: Any) -> Forecaster:
    """An unfitted forecaster that fits in a moment."""
    names = inspect.signature(cls).parameters
    arguments: dict[str, Any] = {"season_length": SEASON, "seed": 0}
    if "training" in names:
        arguments["training"] = forecast.Training(num_steps=4)
    arguments |= SMALL.get(cls.__name__, {}) | changes
    return cls(**{name: value for name, value in arguments.items() if name in names})


def mixed_frame() -> pd.DataFrame:
    """Five ragged daily series of very different sizes, with gaps; one of them crosses zero."""
    parts = [
        _series("level", 90, level=100.0, size=10.0, seed=1),
        _series("crossing", 61, level=0.5, size=3.0, seed=2, start="2024-01-10"),
        _series("large", 47, level=3e5, size=2e4, seed=3, trend=800.0),
        _series("small", 30, level=0.02, size=0.002, seed=4, start="2023-12-30"),
        _series("gappy", 75, level=50.0, size=5.0, seed=5, missing=0.25),
    ]
    return pd.concat(parts, ignore_index=True)


def positive_frame() -> pd.DataFrame:
    """The mixed frame without the series that crosses zero."""
    frame = mixed_frame()
    return frame[frame["unique_id"] != "crossing"].reset_index(drop=True)


def odd_frame() -> pd.DataFrame:
    """Good series with all that must not stop them."""
    level = _series("level", 90, level=100.0, size=10.0, seed=1)
    crossing = _series("crossing", 61, level=0.5, size=3.0, seed=2, missing=0.0)
    counts = np.random.default_rng(6).poisson(0.7, 60).astype(float)
    late = np.append(np.random.default_rng(7).normal(20.0, 2.0, 50), [np.nan] * 4)
    return pd.concat(
        [
            level,
            _frame("constant", np.full(50, 5.1)),
            _frame("nothing", np.full(20, np.nan)),
            crossing,
            _frame("short", np.array([3.0, 4.0, 6.0])),
            _frame("single", np.array([2.0])),
            _frame("counts", counts),
            _frame("late", late),
        ],
        ignore_index=True,
    )


@dataclass(frozen=True)
class Case:
    """A forecaster under contract.

    Args:
        name: how the test calls it.
        cls: its class.
        changes: arguments that differ from the small ones.
        positive: fitted on the positive frame, not the mixed one.
        slow: left out with `-m "not slow"`.
    """

    name: str
    cls: type[Forecaster]
    changes: Mapping[str, Any] = field(default_factory=dict)
    positive: bool = False
    slow: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        return positive_frame() if self.positive else mixed_frame()

    @property
    def tolerance(self) -> float:
        """Relative to the series' scale: float64 for the baselines, float32 for networks."""
        return 1e-10 if is_exact(self.make()) else 1e-5

    def make(self) -> Forecaster:
        return small(self.cls, **self.changes)


def cases() -> list[Case]:
    """Every public forecaster, the pooled autoregression and combinations in each of their ways."""
    found = [Case(cls.__name__, cls) for cls in forecaster_classes()]
    return [
        *found,
        Case("AR-lags", forecast.AR, {"lags": [2, 7]}),
        Case("PooledAR-logarithm", forecast.PooledAR, positive=True),
        Case("PooledAR-recursive", forecast.PooledAR, {"block_length": 1}),
        Case("Combine-weighted", forecast.Combine, _members("SeasonalNaive", "Drift", "AR")),
        Case(
            "Combine-network",
            forecast.Combine,
            _members("GRUForecaster", "SeasonalNaive"),
            slow=True,
        ),
        Case("RNN-normal", forecast.RNNForecaster, _emitting(head="normal")),
        Case("RNN-shrunk", forecast.RNNForecaster, _emitting(readout="shrunk")),
        Case(
            "Ensemble-network",
            forecast.Ensemble,
            {"forecaster": small(forecast.ESNForecaster)},
            slow=True,
        ),
        *_pipelines(),
    ]


def _emitting(**design: Any) -> dict[str, Any]:
    """A network alone, as small as can be: `awaken` sees to its weights."""
    training = forecast.Training(num_steps=1, num_checks=1)
    design = forecast.NetworkDesign(linear="highway", **design)
    return {"num_layers": 1, "units": 3, "training": training, "design": design}


def _pipelines() -> list[Case]:
    """Transforms without and with a memory, with phases, before every kind of last step."""
    ar, naive = forecast.AR([1, SEASON], season_length=SEASON), forecast.SeasonalNaive(SEASON)
    pooled = small(forecast.PooledAR, block_length=4, lags=[1, SEASON])
    season, phases = forecast.SeasonalDifference(SEASON), forecast.STLDeseasonalizer(SEASON)
    both = forecast.Combine([ar, naive])
    return [
        _piped("difference", forecast.Difference(), ar),
        _piped("blocks", season, phases, forecast.RobustScaler(), pooled),
        _piped("vector", forecast.Log1p(), forecast.VAR(lags=2), positive=True),
        _piped("combined", forecast.BoxCox(), forecast.MinMaxScaler(), both, positive=True),
        _piped(
            "network",
            season,
            forecast.MeanAbsoluteScaler(),
            small(forecast.GRUForecaster),
            slow=True,
        ),
        Case(
            "Combine-pipeline",
            forecast.Combine,
            {"forecasters": [forecast.Pipeline([forecast.Difference(), ar]), naive]},
        ),
    ]


def _piped(name: str, *steps: Any, **marks: bool) -> Case:
    return Case(f"Pipeline-{name}", forecast.Pipeline, {"steps": list(steps)}, **marks)


def _members(*names: str) -> dict[str, Any]:
    members = [small(getattr(forecast, name)) for name in names]
    return {"forecasters": members, "method": "weighted"}


@dataclass(frozen=True, eq=False)
class Trial:
    """A fit, and what it said before `awaken`.

    Args:
        fitted: the forecaster, awake.
        state: states after `fit`.
        conditioned: states after `condition` on the training data.
        forecasts: of nine steps, with intervals.
    """

    fitted: Forecaster
    state: StateBatch
    conditioned: StateBatch
    forecasts: pd.DataFrame


@cache
def trial(name: str) -> Trial:
    """The fit of a case, once for all test files; no test may change it."""
    case = next(case for case in cases() if case.name == name)
    fitted = case.make().fit(case.frame, horizon=HORIZON)
    conditioned = copy(fitted).condition(case.frame).store_.state
    found = Trial(fitted, fitted.store_.state, conditioned, fitted.predict(9, [80]))
    awaken(fitted, case.frame)
    return found


def awaken(fitted: Forecaster, frame: pd.DataFrame) -> None:
    """Give a network a random readout (it may have chosen none): laws hold for any weights."""
    model = fitted.fitted_.model
    parts = [part for part in getattr(model, "members", [model]) if hasattr(part, "body")]
    if not parts:
        return
    network, rng = parts[0], np.random.default_rng(0)
    body = network.body
    if getattr(fitted, "design", None) == forecast.NetworkDesign("highway", readout="shrunk"):
        network.body = _shrunk(body, len(fitted.fitted_.ids), rng)
    elif hasattr(body, "coefficients"):
        body.coefficients = rng.normal(0.0, 0.03, body.coefficients.shape)
    elif hasattr(body, "form"):
        awake = [rng.normal(0.0, 0.2, weight.shape) for weight in body.weights]
        network.body = body.with_weights(awake)
    else:
        *weights, kernel, bias = body.weights
        awake = [*weights, rng.normal(0.0, 0.2, kernel.shape), bias + 0.1]
        network.body = body.with_weights(awake)
    before = fitted.predict(1)[fitted.name].to_numpy()
    fitted.condition(frame)
    assert not np.allclose(fitted.predict(1)[fitted.name], before, rtol=1e-4), "still asleep"


def _shrunk(body: Any, num_series: int, rng: np.random.Generator) -> Any:
    """The layers read by a random map that is another one for each series."""
    from forecast.models.body import ReadBody

    layers = body.body if isinstance(body, ReadBody) else body.without_readout
    num_columns = layers.blueprint.units + layers.num_features + 1
    maps = rng.normal(0.0, 0.03, (1 + num_series, num_columns))
    return ReadBody(layers, maps[0], 100.0 * np.eye(num_columns), maps[1:])


def panel_of(frame: pd.DataFrame) -> Panel:
    return read_frame(frame).panel


def series_scale(panel: Panel) -> NDArray:
    """Mean absolute value of each series, `(num_series,)`."""
    return np.array([np.nanmean(np.abs(panel.row(i))) for i in range(panel.num_series)])


def padded(block: Block, num_steps: int) -> Block:
    """The block with more padding to its right."""

    def pad(array: NDArray) -> NDArray:
        return np.pad(array, ((0, 0), (0, num_steps)))

    return Block(pad(block.values), pad(block.observed), pad(block.valid))


def assert_close(actual, expected, scale: NDArray, tolerance: float) -> None:
    """Equal relative to the scale of each row; NaN at the same places."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    limit = tolerance * scale.reshape((-1,) + (1,) * (expected.ndim - 1))
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    assert np.all(np.nan_to_num(np.abs(actual - expected)) <= limit), (
        f"differ by up to {np.nanmax(np.abs(actual - expected) / limit):.3g} times the tolerance"
    )


def assert_states_close(
    actual: StateBatch, expected: StateBatch, scale: NDArray, tolerance: float
) -> None:
    """States equal: counts exactly, the rest relative to what it is made of."""
    assert set(actual.arrays) == set(expected.arrays)
    np.testing.assert_array_equal(actual.clock, expected.clock)
    np.testing.assert_array_equal(actual.count, expected.count)
    for name, wanted in expected.arrays.items():
        found = actual.arrays[name]
        assert found.dtype == wanted.dtype and found.shape == wanted.shape, name
        if wanted.dtype.kind != "f":
            np.testing.assert_array_equal(found, wanted, err_msg=name)
            continue
        size = np.nanmax(np.abs(wanted.reshape(len(wanted), -1)), axis=1, initial=0.01)
        if name.startswith("record."):
            size = scale * np.maximum(1, expected.clock)
        assert_close(found, wanted, size, tolerance)


def assert_states_equal(actual: StateBatch, expected: StateBatch) -> None:
    """States equal bit for bit."""
    assert set(actual.arrays) == set(expected.arrays)
    np.testing.assert_array_equal(actual.clock, expected.clock)
    np.testing.assert_array_equal(actual.count, expected.count)
    for name, wanted in expected.arrays.items():
        np.testing.assert_array_equal(actual.arrays[name], wanted, err_msg=name)


def states_of(store: StateStore, ids: NDArray) -> StateBatch:
    """The states of a store in the order of `ids`."""
    rows = store.positions(ids)
    assert (rows >= 0).all()
    return store.state.take(rows)


def _frame(name: str, values: NDArray, start: str = "2024-01-01") -> pd.DataFrame:
    times = pd.date_range(start, periods=len(values), freq="D")
    return pd.DataFrame({"unique_id": name, "ds": times, "y": values})


def _series(
    name: str, length: int, *, level: float, size: float, seed: int, trend: float = 0.0,
    missing: float = 0.1, start: str = "2024-01-01",
) -> pd.DataFrame:  # fmt: skip
    """A season, a trend and AR(1) noise; missing steps half as NaN, half without a row."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(length)
    for step in range(1, length):
        noise[step] = 0.6 * noise[step - 1] + rng.normal()
    season = np.sin(2 * np.pi * np.arange(length) / SEASON)
    values = level + trend * np.arange(length) + size * (season + 0.3 * noise)
    gone = rng.random(length) < missing
    gone[[0, -1]] = False
    values[gone] = np.nan
    return _frame(name, values, start)[~gone | (rng.random(length) < 0.5)]


def assert_update_equals_condition(forecaster, frame, cuts, explicit, scale, tolerance) -> None:
    """Old rows, then new ones, of the series a and b: as a history that was seen at once.

    `explicit` keeps rows without a value, which tell of covariates only where they are given.
    """
    order = frame.groupby("unique_id").cumcount()
    late = order >= frame["unique_id"].map(dict(zip("ab", cuts, strict=True)))
    old, new = frame[~late], frame[late]
    if not explicit:
        new = new.dropna(subset="y")
        frame = pd.concat([old, new])
    # What follows the last value of the old rows is told again with the new ones.
    ends = old.dropna(subset="y").groupby("unique_id")["ds"].max()
    tail = old[old["ds"] > old["unique_id"].map(ends)]
    updated = copy(forecaster).condition(old).update(pd.concat([tail, new]))
    whole = copy(forecaster).condition(frame)
    ids = updated.store_.ids
    assert set(ids) == set(whole.store_.ids) == {"a", "b"}
    states = [states_of(f.store_, ids) for f in (updated, whole)]
    assert_states_close(*states, np.full(len(ids), scale), tolerance)
    rows = whole.store_.positions(ids)
    np.testing.assert_array_equal(updated.store_.covariates, whole.store_.covariates[rows])
