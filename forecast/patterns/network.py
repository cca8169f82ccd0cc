"""The base of the networks that are no forecasters of the next steps: one fit, states, a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.checks import check_positive_integer, check_seed
from forecast.covariate_use import refuse_other_static
from forecast.errors import NotFittedError
from forecast.models.body import Body
from forecast.models.training import Training
from forecast.parameters import Parameters
from forecast.patterns.form import PatternForm
from forecast.patterns.learning import refuse_other_training
from forecast.patterns.unseen import warn_of_unseen
from forecast.pipelines import Columns, Encoding, Layout, Panel, Reading, fit_encoding, read_frame
from forecast.store import StateStore
from forecast.succession import refuse_other_ids

__all__ = ["Learned", "PatternNetwork"]


@dataclass(frozen=True, eq=False)
class Learned:
    """What a fit has learned.

    Args:
        model: the network, with what it sees of a step.
        encoding: how covariates become numbers.
        ids: ids of the series that it was fitted on, `(num_series,)`.
        label: name of the column of labels; empty where numbers are answered.
        classes: labels that it tells apart; none where numbers are answered.
        horizon: steps ahead that were asked for; 0 where there are none.
        history: learning curves, one list a quantity.
    """

    model: Any
    encoding: Encoding
    ids: NDArray
    label: str = ""
    classes: tuple[Any, ...] = ()
    horizon: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)


class PatternNetwork(Parameters, ABC):
    """Base of the networks of the input-output patterns: fitted as a frame asks, then a state.

    Args:
        layer: "LSTM", "GRU", "SimpleRNN", or "Dense" for a network without memory.
        units: hidden units of a layer.
        num_layers: layers one above the other.
        training: how it is trained.
        seed: of the initial weights and all draws of the training.
        alias: name of the column of answers; what suits by default.

    Attributes:
        fitted_: the network and what it has learned.
        store_: the state of every series.
        layout_: shape of the user's frame.
        notes_: what was done to the data, in sentences.
        left_out_: ids of series without any value.
    """

    uses_covariates: ClassVar[bool] = True
    uses_past_covariates: ClassVar[bool] = True
    uses_static_covariates: ClassVar[bool] = True
    scored_by: ClassVar[str] = "fc.compare_held_out(network, df, ...), on series held out"
    """What takes the place of a backtest, which names it when it refuses one."""

    fitted_: Learned
    store_: StateStore
    layout_: Layout
    notes_: tuple[str, ...]
    left_out_: tuple[Any, ...]

    def __init__(
        self,
        layer: str = "LSTM",
        units: int = 32,
        num_layers: int = 1,
        training: Training = Training(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units)
        check_positive_integer("num_layers", num_layers)
        check_seed(seed)
        refuse_other_training(training)
        PatternForm(layer, units, num_layers, 1, seed)
        self.layer = layer
        self.units = units
        self.num_layers = num_layers
        self.training = training
        self.seed = seed
        self.alias = alias

    @abstractmethod
    def fit(self, df: Any, *args: Any, **kwargs: Any) -> Self:
        """Learn from a frame and stand at its end."""

    @abstractmethod
    def _learn(self, panel: Panel, answers: Any, horizon: int) -> tuple[Any, dict]:
        """The model and the learning curves of a panel with encoded covariates."""

    @property
    def name(self) -> str:
        """The alias, or the class ("ColdStart" of ColdStartForecaster)."""
        return self.alias or type(self).__name__.removesuffix("Forecaster")

    @property
    def history_(self) -> dict[str, list[float]]:
        """Learning curves: loss of the training and of the series held out at each check."""
        return self._require_fitted().history

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        return int(self._require_fitted().history["num_steps"][0])

    @property
    def fitted_until_(self) -> pd.Series:
        """Time of the last step of each series that the states have seen."""
        self._require_fitted()
        return pd.Series(self.store_.ends, index=pd.Index(self.store_.ids), name="fitted_until")

    def condition(self, df: Any) -> Self:
        """Stand at the end of other series, without learning from them.

        Args:
            df: frame of the columns given to `fit`; labels are not needed.

        Returns:
            The network.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the frame cannot be used; nothing is changed then.
        """
        self._require_fitted()
        reading, store = self._standing(df)
        columns = self.layout_.columns
        self.store_, self.layout_ = store, replace(reading.layout, columns=columns)
        self.notes_, self.left_out_ = reading.notes, reading.left_out
        return self

    def update(self, df: Any) -> Self:
        """Absorb newer rows, at a cost that does not depend on the history; learns nothing.

        Every state is then what `condition` makes of the old and the new rows together.

        Args:
            df: frame of the columns given to `fit`, with rows later than what each series has
                seen, or whole new series. Missing steps in between count as gaps.

        Returns:
            The network.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for rows that are not newer, or other static covariates than before;
                nothing is changed then.
        """
        fitted = self._require_fitted()
        raw = self._read(df, self.store_.ids).panel
        warn_of_unseen(fitted.encoding, raw)
        panel = fitted.encoding.apply(raw)
        refuse_other_ids(panel.ids[self.store_.positions(panel.ids) < 0], self.store_.ids)
        refuse_other_static(fitted.encoding, self.store_, panel)
        calendar = self.layout_.columns.calendar
        new = np.full(panel.num_series, -1)
        self.store_ = self.store_.after(fitted.model, panel, new, calendar=calendar)
        return self

    def save(self, path: Any) -> None:
        """Write network and states to one file, which `fc.load` reads; answers stay bit for bit.

        Args:
            path: file to write; replaced as a whole, or left as it was.

        Raises:
            NotFittedError: before `fit`.
        """
        from forecast.io import save

        self._require_fitted()
        save(self, path)

    def _fit(self, reading: Reading, answers: Any, horizon: int = 0, **about: Any) -> Self:
        """Learn from a panel, and stand at its end; nothing is changed if that fails."""
        encoding = self._encoding(reading.panel)
        panel = encoding.apply(reading.panel)
        model, history = self._learn(panel, answers, horizon)
        fitted = Learned(model, encoding, panel.ids, horizon=horizon, history=history, **about)
        store = StateStore.of_history(model, panel, np.arange(panel.num_series))
        self.fitted_, self.store_, self.layout_ = fitted, store, reading.layout
        self.notes_, self.left_out_ = reading.notes, reading.left_out
        return self

    def _encoding(self, panel: Panel) -> Encoding:
        uses = {
            "future": self.uses_covariates,
            "past": self.uses_past_covariates,
            "static": self.uses_static_covariates,
        }
        kinds = tuple(kind for kind, used in uses.items() if used)
        return fit_encoding(panel, kinds=kinds, spread_static=True)

    def _body(self, num_features: int, num_outputs: int, bidirectional: bool = False) -> Body:
        """The layers as they start."""
        form = PatternForm(
            self.layer, self.units, self.num_layers, num_features, self.seed,
            num_outputs=num_outputs, bidirectional=bidirectional,
        )  # fmt: skip
        return Body(form)

    def _standing(self, df: Any) -> tuple[Reading, StateStore]:
        """Another frame as read, and states at the end of its series."""
        reading, panel = self._encoded(df)
        new = np.full(panel.num_series, -1)
        return reading, StateStore.of_history(self.fitted_.model, panel, new)

    def _encoded(self, df: Any) -> tuple[Reading, Panel]:
        """A frame as read, and its panel with encoded covariates."""
        fitted, reading = self._require_fitted(), self._read(df)
        warn_of_unseen(fitted.encoding, reading.panel)
        return reading, fitted.encoding.apply(reading.panel)

    def _read(self, df: Any, begun: Any = None) -> Reading:
        return read_frame(df, self.layout_.columns, self.store_.frequency.alias, begun)

    def _require_fitted(self) -> Learned:
        if "fitted_" not in self.__dict__:
            raise NotFittedError(f"{self.name} is not fitted yet; call fit(df) first.")
        return self.fitted_


def named_columns(**names: Any) -> Columns:
    """The columns of a fit.

    Raises:
        ValueError: for several targets.
    """
    if not isinstance(names["target"], str):
        raise ValueError(
            f"one target column is expected; got {names['target']!r}. Name one, and the others "
            "among the past_covariates: they are inputs of each step, too."
        )
    return Columns.named(**names)
