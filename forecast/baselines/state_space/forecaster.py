"""Linear dynamical systems as a forecaster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecast.baselines.state_space.choice import Choice, choose
from forecast.baselines.state_space.filter import Belief, kalman_filter
from forecast.baselines.state_space.fit import Effort, Form, estimate
from forecast.baselines.state_space.material import Material
from forecast.baselines.state_space.model import LinearDynamicalModel
from forecast.baselines.state_space.smoother import Smoothed, smooth
from forecast.baselines.state_space.system import LinearSystem
from forecast.checks import check_flag, check_positive_integer
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.intervals import check_intervals
from forecast.pipelines import Panel, write_frame
from forecast.protocol import Static

__all__ = ["LinearDynamicalSystem"]


class LinearDynamicalSystem(Forecaster):
    """A hidden vector moves linearly, and what is seen is linear in it; noise is normal.

    `x[t+1] = A x[t] + W v[t]`, `y[t] = C x[t] + u[t]`

    A, C and the noises are estimated by expectation-maximisation, the belief about x is moved by
    the Kalman filter; missing values are skipped, exactly. Each series is scaled and centred, on
    its mean or its first value; its season (where Naive2's test finds one) is taken out by fixed
    indices. Several target columns are the channels of y, with output noise of their own; they
    share x. A series of less than five values, or a system with fewer values than parameters, is
    forecast by its last value. Parameters are estimated on the last 1,000 steps, and shared ones on
    at most 400 series, evenly spread.

    Args:
        state_size: entries of x, at least 1; by default 1, 2, 3, 4 or 6, at most a third of the
            steps of a series, by the errors on rolling folds of the training part.
        pooled: whether all series share A, C and the noises; by default shared, and on panels of
            2 to 30 series also tried with parameters of their own, on the same folds.
        max_iterations: of expectation-maximisation, at least 1.
        intervals: "conformal" (from past errors), "adaptive" (following the newest), "analytic"
            (normal errors, known parameters) or "paths" (of `sample`).
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> model = LinearDynamicalSystem(state_size=2).fit(fc.load_dataset("sunspots"))
        >>> model.predict(horizon=3).shape
        (3, 3)

    Source: Shumway, Stoffer (1982), "An approach to time series smoothing and forecasting using
    the EM algorithm".
    """

    role: ClassVar[str] = "linear"
    point: ClassVar[str] = "mean"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        state_size: int | None = None,
        pooled: bool | None = None,
        max_iterations: int = 50,
        intervals: str = "conformal",
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("state_size", state_size, optional=True)
        check_flag("pooled", pooled)
        check_positive_integer("max_iterations", max_iterations)
        check_intervals(intervals)
        check_positive_integer("season_length", season_length, optional=True)
        self.state_size = state_size
        self.pooled = pooled
        self.max_iterations = max_iterations
        self.intervals = intervals
        self.season_length = season_length
        self.alias = alias

    @property
    def system_(self) -> LinearSystem:
        """The parameters, in units of the scaled series; a random walk last where one fell back."""
        return self._model.system

    def smooth(self, df: Any) -> Any:
        """What a whole history tells of the hidden vector at each of its steps.

        Args:
            df: frame of the columns given to `fit`, such as the training data.

        Returns:
            Long frame: `unique_id`, `ds`, `state` (1 to `state_size`), `mean` and `deviation` of
            that entry given all values, before and after. Only the span of the states means
            something: any other basis generates the same values.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for series that it was not fitted on.

        Example:
            >>> import forecast as fc
            >>> df = fc.load_dataset("sunspots").tail(90)
            >>> list(LinearDynamicalSystem(state_size=1).fit(df).smooth(df).columns)
            ['unique_id', 'ds', 'state', 'mean', 'deviation']
        """
        model, reading = self._model, self._read(df)
        panel, layout = reading.panel, reading.layout
        series = self._fitted_rows(panel.ids)
        offset = self.fitted_.offsets(panel, series)
        state = model.init_state(panel.num_series, Static(series, offset))
        seen = model.observations(series, state.arrays["phase"], panel.block(0, panel.lengths))
        of_row = model.of_system[series[:: model.num_channels] // model.num_channels]
        walk = kalman_filter(model.system, of_row, Belief.before(model.system, of_row), seen)
        frame = _tidy(panel, layout.columns, smooth(model.system, walk, seen))
        plain = replace(layout, columns=replace(layout.columns, channels=()))
        return write_frame(frame, plain)

    @property
    def _model(self) -> LinearDynamicalModel:
        model = self._require_fitted().model
        if not isinstance(model, LinearDynamicalModel):
            raise TypeError(f"{self.name} holds a {type(model).__name__}, not a linear system.")
        return model

    def _estimate(self, task: Task) -> Estimate:
        season_length = task.season.length
        if task.settled is None:
            whole = task.panel if task.ahead is None else task.ahead[0]
            choice = Choice(self.state_size, self.pooled, task.horizon, season_length)
            form, why = choose(whole, choice)
        else:
            *parts, why = task.settled
            form = Form(*parts)
        material = Material.of(task.panel, season_length, form.centre)
        model, material, words = estimate(material, form, Effort(self.max_iterations))
        short = np.flatnonzero(np.repeat(material.short, model.num_channels))
        choices = f"{words} ({why}); {material.scale.words(material.seasonal)}"
        settled = (form.state_size, form.pooled, form.centre, why)
        return Estimate.closed_form(model, choices, short, settled)


def _tidy(panel: Panel, columns: Any, found: Smoothed) -> pd.DataFrame:
    """A row for each entry of the state at each step of each system."""
    channels, size = panel.num_channels, found.means.shape[2]
    lengths = panel.lengths[::channels]
    steps = np.concatenate([np.arange(length) for length in lengths])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    spread = np.diagonal(found.covariances, axis1=2, axis2=3)[steps, found.groups[rows]]
    series = rows * channels
    ids = np.array([getattr(name, "series", name) for name in panel.ids[series]], dtype=object)
    times = panel.frequency.shift(panel.starts.take(series), steps)
    return pd.DataFrame(
        {
            columns.id: np.repeat(ids, size),
            columns.time: times.repeat(size),
            "state": np.tile(np.arange(1, size + 1), len(rows)),
            "mean": found.means[steps, rows].ravel(),
            "deviation": np.sqrt(np.maximum(spread, 0.0)).ravel(),
        }
    )
