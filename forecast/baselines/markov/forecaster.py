"""Hidden Markov models as a forecaster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.baselines.markov.emissions import Categorical, Seen, logarithm
from forecast.baselines.markov.fit import EMISSIONS, Material, Settings, choose_states, estimate
from forecast.baselines.markov.model import HiddenMarkovModel
from forecast.baselines.markov.recursions import backward, forward, posterior, viterbi
from forecast.checks import check_flag, check_positive_integer, check_seed
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.pipelines import Panel, Reading, write_frame
from forecast.protocol import Static

__all__ = ["HiddenMarkov"]


class HiddenMarkov(Forecaster):
    """A hidden state jumps as a Markov chain, and each state has its distribution of the value.

    `P(s[t+1] = j | s[t] = i) = A_ij`; `y[t]` is normal with mean and deviation of s[t], or a class
    with the probabilities of s[t]

    Estimated by expectation-maximisation (Baum and Welch) from several starts; the posterior over
    the states is moved by every value and rolled forward. The point forecast is the median of the
    mixture, or the most probable class. Normal values are centred and scaled for each series, its
    season (where Naive2's test finds one) taken out by fixed indices. A series of less than five
    values, a chain with no more values than states, and a constant series of normal values are
    forecast by the last value. Chains are estimated on the last 1,000 steps, a shared one on at
    most 400 series, evenly spread.

    Args:
        num_states: states, at least 1; by default 1 to 5, by BIC.
        emission: "gaussian", or "categorical" for series of classes: whole numbers from 0. Paths
            are rounded to classes, and a class that training never saw tells nothing.
        pooled: whether all series share one chain (True) or each has its own.
        num_starts: starts of expectation-maximisation, at least 1.
        seed: of the starts.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> model = HiddenMarkov(num_states=2).fit(fc.load_dataset("sunspots"))
        >>> model.predict(horizon=3).shape
        (3, 3)

    Source: Rabiner (1989), "A tutorial on hidden Markov models and selected applications".
    """

    role: ClassVar[str] = "classical"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        num_states: int | None = None,
        emission: str = "gaussian",
        pooled: bool = True,
        num_starts: int = 3,
        seed: int = 0,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("num_states", num_states, optional=True)
        if emission not in EMISSIONS:
            raise ValueError(f"`emission` must be 'gaussian' or 'categorical'; got {emission!r}.")
        check_flag("pooled", pooled)
        check_positive_integer("num_starts", num_starts)
        check_seed(seed)
        check_positive_integer("season_length", season_length, optional=True)
        self.num_states = num_states
        self.emission = emission
        self.pooled = pooled
        self.num_starts = num_starts
        self.seed = seed
        self.season_length = season_length
        self.alias = alias

    def decode(self, df: Any) -> Any:
        """The most probable path of hidden states through a whole history (Viterbi).

        Args:
            df: frame of the columns given to `fit`, such as the training data.

        Returns:
            Long frame: `unique_id`, `ds`, `state` (from 1, in ascending order of their means) and
            `probability` of that state given all values, before and after. Series that are
            forecast by their last value are left out.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for series that it was not fitted on.

        Example:
            >>> import forecast as fc
            >>> df = fc.load_dataset("sunspots")
            >>> HiddenMarkov(num_states=2).fit(df).decode(df)["state"].nunique()
            2
        """
        reading = self._chained(self._read(df))
        path, told = self._paths(reading.panel)
        panel, rows, steps = reading.panel, reading.panel.codes, _steps(reading.panel)
        states = path[rows, steps]
        columns = reading.layout.columns
        frame = pd.DataFrame(
            {
                columns.id: panel.ids[rows],
                columns.time: panel.flat_times(),
                "state": states + 1,
                "probability": told[rows, steps, states],
            }
        )
        return write_frame(frame, reading.layout)

    def class_probabilities(self, horizon: int | None = None) -> Any:
        """Probability of each class at each step ahead, from where the states stand.

        Args:
            horizon: steps ahead, at least 1; that of `fit` by default.

        Returns:
            Long frame: `unique_id`, `ds`, `class`, `probability`. A series that is forecast by its
            last value is left out.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a horizon below 1, or normal values.

        Example:
            >>> import pandas as pd
            >>> df = pd.DataFrame({"unique_id": "a", "ds": range(60), "y": [0.0, 1.0, 2.0] * 20})
            >>> model = HiddenMarkov(3, emission="categorical").fit(df)
            >>> model.class_probabilities(1)["probability"].round(3).tolist()
            [1.0, 0.0, 0.0]
        """
        fitted, model = self._require_fitted(), self._model
        horizon = fitted.horizon if horizon is None else horizon
        check_positive_integer("horizon", horizon)
        if not isinstance(model.chain.emission, Categorical):
            raise ValueError(
                f"{self.name} has normal values, not classes; use predict(level=...) or "
                "HiddenMarkov(emission='categorical')."
            )
        store = self.store_
        rows = np.flatnonzero(model.of_series[fitted.positions(store.ids)] >= 0)
        found = model.class_probabilities(engine.inner(store.state.take(rows)), horizon)
        count, columns = found.shape[2], self.layout_.columns
        steps = np.repeat(np.tile(np.arange(1, horizon + 1), len(rows)), count)
        frame = pd.DataFrame(
            {
                columns.id: np.repeat(store.ids[rows], horizon * count),
                columns.time: store.frequency.shift(
                    store.ends[rows].repeat(horizon * count), steps
                ),
                "class": np.tile(np.arange(count), len(rows) * horizon),
                "probability": found.ravel(),
            }
        )
        return write_frame(frame, self.layout_)

    @property
    def _model(self) -> HiddenMarkovModel:
        model = self._require_fitted().model
        if not isinstance(model, HiddenMarkovModel):
            raise TypeError(
                f"{self.name} holds a {type(model).__name__}, not a hidden Markov model."
            )
        return model

    def _chained(self, reading: Reading) -> Reading:
        """Without the series that follow no chain."""
        rows = self._fitted_rows(reading.panel.ids)
        kept = np.flatnonzero(self._model.of_series[rows] >= 0)
        return replace(reading, panel=reading.panel.take(kept))

    def _paths(self, panel: Panel) -> tuple[NDArray, NDArray]:
        """Viterbi's path, `(num_series, num_steps)`, and the posterior of every state."""
        model, series = self._model, self._fitted_rows(panel.ids)
        state = model.init_state(len(series), Static(series, self.fitted_.offsets(panel, series)))
        seen: Seen = model.seen(series, state.arrays["phase"], panel.block(0, panel.lengths))
        chain, of_row = model.chain, model.of_series[series]
        if not len(series):
            return np.zeros((0, 0), dtype=np.intp), np.zeros((0, 0, chain.num_states))
        walk = forward(chain, of_row, logarithm(chain.start)[of_row], seen)
        return viterbi(chain, of_row, seen)[0], posterior(walk, backward(chain, of_row, walk, seen))

    def _estimate(self, task: Task) -> Estimate:
        settings = Settings(self.emission, self.pooled, self.num_starts, self.seed)
        material = Material.of(task.panel, task.season.length, self.emission)
        num_states = task.settled or self.num_states
        if num_states is None:
            whole = material
            if task.ahead is not None:
                whole = Material.of(task.ahead[0], task.season.length, self.emission)
            num_states = choose_states(whole, settings)
        model = estimate(material, num_states, settings)
        alone = model.of_series < 0
        words = _words(model, num_states, int((~alone).sum()))
        why = "" if self.num_states else " (BIC)"
        choices = f"{words}{why}; {material.scale.words(material.seasonal)}"
        short = np.flatnonzero(alone & ~material.constant)
        return Estimate.closed_form(model, choices, short, num_states)


def _words(model: HiddenMarkovModel, num_states: int, num_series: int) -> str:
    """What the chains are."""
    states = f"{num_states} state" + ("s" if num_states > 1 else "")
    if not num_series:
        return f"the last value (constant, or too few values for {states})"
    if model.chain.num_chains > 1:
        return f"{states}, a chain for each of {num_series} series"
    return f"{states}, one chain" + (f" for {num_series} series" if num_series > 1 else "")


def _steps(panel: Panel) -> NDArray:
    """The place of each step in its series."""
    return np.arange(panel.num_rows) - np.repeat(panel.offsets[:-1], panel.lengths)
