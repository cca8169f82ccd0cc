"""The echo-state network as a forecaster."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from forecast.baselines.autoregression.lags import seasons_of
from forecast.checks import check_positive_integer, check_seed, check_share
from forecast.fitting import Estimate, Task
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.echo.estimate import chosen_design, estimate_echo, newest_inputs
from forecast.models.echo.forgetting import MOST_STEPS, remark, remark_on_bank
from forecast.models.echo.reservoir import EchoDesign, Reservoir
from forecast.models.forecaster import NetworkForecaster
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.models.readout import fit_readout
from forecast.models.teaching import make_lesson

__all__ = ["ESNForecaster"]


class ESNForecaster(NetworkForecaster):
    """An echo-state network: an untrained reservoir with a readout in closed form.

    `x' = (1 - a) x + a tanh(W x + W_in u + b)`; the readout sees x and u and corrects a linear
    forecast. Its penalty is chosen on the last fifth of the training steps, "no correction" being
    a choice too. u are deviations in the scale of the newest values, or in that of the series where
    more is learned so, as of chaotic systems (`choices_` says so). With a `design` the network
    stands alone: reservoirs and readout see the series itself, less its mean and scaled, without a
    linear forecast under them; several target columns are then the channels of one system: all
    drive the reservoirs and are read from them together.

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
        inputs = newest_inputs(task.panel, model, MOST_STEPS)
        words = _with_remark(words, remark_on_bank(model.bank, inputs, self.seed))
        return Estimate.closed_form(model, words, settled=chosen)

    def _corrected(self, task: Task) -> Estimate:
        settings = task.settled or self._settled(task)
        highway = settings.seeing(self._highway(task, settings.pooled), task.panel)
        body = _reservoir(self, input_width(highway))
        lesson = make_lesson(highway, task.panel, task.season.length)
        found = fit_readout(body, lesson, seasons_of(task.season))
        model = NetworkModel(highway, ReadBody(body, found.coefficients, found.information))
        words = found.words if np.isinf(found.penalty) else f"readout {found.words}"
        longest = int(np.argmax(lesson.lengths))
        inputs = lesson.features[longest, : lesson.lengths[longest]]
        reservoir = Reservoir(self.units, self.spectral_radius, self.leak_rate)
        described = f"{self.units} units, {settings.words}, {words}"
        described = _with_remark(described, remark(reservoir, body.weights, inputs, self.seed))
        return Estimate.closed_form(model, described, settled=settings)


def _with_remark(words: str, remark: str) -> str:
    return f"{words}. {remark}" if remark else words


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
