"""The networks as forecasters."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from forecast import engine
from forecast.baselines.autoregression.lags import default_num_lags, seasons_of
from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.regression import Regression
from forecast.calibration import mean_scaled_error
from forecast.checks import check_positive_integer, check_seed, check_share
from forecast.denominators import seasonal_changes
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.descent import descend
from forecast.models.echo.estimate import chosen_design, estimate_echo
from forecast.models.echo.reservoir import EchoDesign
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.models.readout import fit_readout
from forecast.models.teaching import Sequences, make_lesson
from forecast.models.training import Training
from forecast.pipelines import Origins, Panel, evenly_spread

__all__ = ["ESNForecaster", "GRUForecaster", "LSTMForecaster", "RNNForecaster"]

# Series whose free running is looked at during training.
_MOST_CHECKED = 100
# Rows of data from which the default network is the larger one.
_LARGE_PANEL = 20_000
_HIGHWAY = (
    Design(0.0, "none", "window", level_means=True, season_means=True, covariates=False),
    Regression("absolute", ridge=1e-3, shrinkage=100.0, metric_weights=True),
)


class NetworkForecaster(Forecaster):
    """Base of the networks: a linear highway, and recurrent layers that correct it."""

    role: ClassVar[str] = "network"

    season_length: int | None
    seed: int

    def _highway(self, task: Task) -> PooledARModel:
        """The pooled autoregression, one step ahead, on the training series."""
        seasons = seasons_of(task.season)
        lags = tuple(range(1, default_num_lags(task.panel, seasons) + 1))
        found = estimate_pooled(task.panel, PooledSettings(lags, seasons, 1, *_HIGHWAY))
        # Without the sums: of a network the correction learns from newer rows, not the highway.
        return PooledARModel(found.features, found.coefficients, found.power)


class _Trained(NetworkForecaster):
    """Networks trained by gradient descent."""

    closed_form: ClassVar[bool] = False
    _layer: ClassVar[str]

    def __init__(
        self,
        units: int | None = None,
        num_layers: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units, optional=True)
        check_positive_integer("num_layers", num_layers, optional=True)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        if not isinstance(training, Training):
            raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
        self.units = units
        self.num_layers = num_layers
        self.training = training
        self.season_length = season_length
        self.seed = seed
        self.alias = alias

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        planned = self._require_fitted().estimate.history.get("num_steps", [0.0])
        return int(planned[0])

    def _size(self, num_rows: int) -> tuple[int, int]:
        """Units and layers: as given, or by the amount of data."""
        large = num_rows >= _LARGE_PANEL
        return self.units or (64 if large else 32), self.num_layers or (2 if large else 1)

    def _estimate(self, task: Task) -> Estimate:
        highway = self._highway(task)
        units, num_layers = self._size(task.panel.num_rows)
        width = input_width(highway)
        body = Body(Blueprint(self._layer, units, num_layers, width, self.seed))
        untrained = NetworkModel(highway, body)
        described = f"{num_layers} x {units} units, linear highway"
        no_steps = np.zeros(0, dtype=np.int64)
        if task.ahead is None or (task.ahead[1].ends < 0).all():
            return Estimate(untrained, f"{described} alone: too short to train on", no_steps, {})
        length = self.training.sequence_length(int(task.panel.lengths.max()), task.season.length)
        lesson = make_lesson(highway, task.panel, task.season.length)
        if not lesson.weights.any():
            return Estimate(untrained, f"{described} alone: no changes to learn from", no_steps, {})
        planned = self.training.planned_steps(task.panel.num_rows, length)
        sequences = Sequences(lesson, length, self.training.batch_size, planned, self.seed)
        check = _free_running_check(highway, *task.ahead, task.season.length)
        body, history = descend(body, sequences, self.training, check)
        described += f", best of {len(history['step'])} checks at step {_best_step(history):.0f}"
        return Estimate(NetworkModel(highway, body), described, no_steps, history)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series.

        Where the later steps would change what the network sees (other lags, no logarithm any
        more), the highway that it was trained on stays.
        """
        if not isinstance(estimate.model, NetworkModel):
            raise TypeError(f"a network is expected; got {type(estimate.model).__name__}.")
        old, new = estimate.model.highway, self._highway(task)
        if (old.power, old.features.lags) != (new.power, new.features.lags):
            return estimate
        return replace(estimate, model=NetworkModel(new, estimate.model.body))


class RNNForecaster(_Trained):
    """A recurrent network, `h' = tanh(W x + U h + b)`, that corrects a linear forecast.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
    """

    _layer: ClassVar[str] = "SimpleRNN"


class LSTMForecaster(_Trained):
    """A long short-term memory network that corrects a linear forecast.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
    """

    _layer: ClassVar[str] = "LSTM"


class GRUForecaster(_Trained):
    """A gated recurrent network that corrects a linear forecast.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
    """

    _layer: ClassVar[str] = "GRU"


class ESNForecaster(NetworkForecaster):
    """An echo-state network: an untrained reservoir with a readout in closed form.

    `x' = (1 - a) x + a tanh(W x + W_in u + b)`; the readout sees x and u and corrects a linear
    forecast. Its penalty is chosen on the last fifth of the training steps, "no correction" being
    a choice too. With a `design` the network stands alone: reservoirs and readout see the series
    itself, less its mean and scaled, without a linear forecast under them; several target columns
    are then the channels of one system: all drive the reservoirs and are read from them together.

    Args:
        units: units of the reservoir.
        spectral_radius: largest absolute eigenvalue of W, above 0.
        leak_rate: a, above 0 and at most 1.
        input_scaling: size of W_in.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the reservoir.
        alias: name of the forecast column; the class by default.
        design: an `fc.EchoDesign(...)`: several reservoirs, deep ones, products of lags, noise,
            float64. It takes the place of the first four arguments, and knows no new series.

    Source:
        Jaeger (2001), "The echo state approach"; Jaeger and Haas (2004), "Harnessing nonlinearity".
    """

    def __init__(
        self,
        units: int = 200,
        spectral_radius: float = 0.9,
        leak_rate: float = 0.5,
        input_scaling: float = 0.3,
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: EchoDesign | None = None,
    ) -> None:
        """Store the arguments."""
        if not isinstance(design, EchoDesign | None):
            raise TypeError(f"`design` must be an fc.EchoDesign(...) or None; got {design!r}.")
        check_positive_integer("units", units)
        check_share("spectral_radius", spectral_radius, low=1e-9)
        check_share("leak_rate", leak_rate, low=1e-9, high=1.0)
        check_share("input_scaling", input_scaling, low=0.0)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak_rate = leak_rate
        self.input_scaling = input_scaling
        self.season_length = season_length
        self.seed = seed
        self.alias = alias
        self.design = design

    @property
    def takes_new_series(self) -> bool:  # type: ignore[override]
        """Whether other series than those of the fit can be forecast: their scale is not known."""
        return self.design is None

    def _estimate(self, task: Task) -> Estimate:
        return self._corrected(task) if self.design is None else self._alone(task, self.design)

    def _alone(self, task: Task, design: EchoDesign) -> Estimate:
        """A network without a highway; a later fit of the same forecaster keeps its radius."""
        chosen = task.settled or chosen_design(task, design, self.seed)
        model, ridge = estimate_echo(task.panel, chosen, self.seed)
        first = chosen.reservoirs[0]
        words = f"{chosen.units} units, radius {first.spectral_radius:.3g}, "
        words += f"leak rate {first.leak_rate:.3g}, readout ridge {ridge:g}"
        return Estimate.closed_form(model, words, settled=chosen)

    def _corrected(self, task: Task) -> Estimate:
        highway = self._highway(task)
        body = _reservoir(self, input_width(highway))
        lesson = make_lesson(highway, task.panel, task.season.length)
        found = fit_readout(body, lesson, seasons_of(task.season))
        model = NetworkModel(highway, ReadBody(body, found.coefficients, found.information))
        words = "no correction" if np.isinf(found.penalty) else f"readout ridge {found.penalty:g}"
        return Estimate.closed_form(model, f"{self.units} units, linear highway, {words}")


def _free_running_check(highway: PooledARModel, panel: Panel, origins: Origins, season: int):
    """The score at the origins, on some of the series, of layers that correct the highway."""
    able = np.flatnonzero((origins.ends >= 0).any(axis=0))
    chosen = able[evenly_spread(len(able), _MOST_CHECKED)]
    part = panel.take(chosen)
    ends = replace(origins, ends=origins.ends[:, chosen])
    denominators = seasonal_changes(part, season)

    def check(body: Body) -> float:
        model = NetworkModel(highway, body)
        stops = list(engine.walk(model, part, chosen, ends))
        rows, errors, _ = engine.errors_at(model, part, stops, origins.horizon)
        return mean_scaled_error(errors, denominators[rows])

    return check


def _best_step(history: dict[str, list[float]]) -> float:
    """Step of the check with the smallest score; 0 where none was made or could be scored."""
    checks = zip(history["free_running"], history["step"], strict=True)
    return min((check for check in checks if np.isfinite(check[0])), default=(0.0, 0.0))[1]


@lru_cache(maxsize=4)
def _built_reservoir(settings: tuple[float, ...], num_features: int) -> Body:
    units, seed, leak_rate, spectral_radius, input_scaling = settings
    options = {
        "leak_rate": leak_rate,
        "spectral_radius": spectral_radius,
        "input_scaling": input_scaling,
    }
    return Body(Blueprint("EchoState", int(units), 1, num_features, int(seed), options))


def _reservoir(forecaster: ESNForecaster, num_features: int) -> Body:
    """The reservoir of these settings: it is never trained, so refits share one."""
    names = ("units", "seed", "leak_rate", "spectral_radius", "input_scaling")
    return _built_reservoir(tuple(getattr(forecaster, name) for name in names), num_features)
