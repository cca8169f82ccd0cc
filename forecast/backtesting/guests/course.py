"""The way of a guest through a backtest: fit on the rows known, predict, move on or fit anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.backtesting.emitted import Emitted
from forecast.backtesting.guests.forecasts import Wanted
from forecast.backtesting.guests.frames import future_frame, known_frame
from forecast.backtesting.guests.guest import Guest
from forecast.backtesting.outcome import column_names
from forecast.backtesting.plan import Plan
from forecast.pipelines import Columns

__all__ = ["GuestCourse", "GuestFit"]


@dataclass(eq=False)
class GuestFit:
    """A fitted guest and what it has been given.

    Args:
        source: the fitted object.
        seen: steps of each series of the panel that it has been given, `(num_series,)`.
        order: positions of the series in the panel, in the order in which it got them.
        choices: the object in words.
        fell_back: nothing that we know of.
    """

    source: Any
    seen: NDArray
    order: NDArray
    choices: str = ""
    fell_back: NDArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class GuestCourse:
    """A guest and what it is to do; see `Course`.

    Args:
        forecaster: the guest.
        plan: data and origins.
        folds: the origins that share a fit.
    """

    forecaster: Guest
    plan: Plan
    folds: list[slice]

    @staticmethod
    def laid(guest: Guest, plan: Plan) -> GuestCourse:
        """The course of a guest through a plan.

        Raises:
            ValueError: for several targets, which no frame of one target can tell.
        """
        if plan.reading.layout.columns.channels:
            raise ValueError(
                f"{guest.name} is no forecaster of this library: such objects forecast one target, "
                f"got {list(plan.reading.layout.columns.channels)}. Give one target_col."
            )
        return GuestCourse(guest, plan, plan.folds(guest))

    def fitted(self, fold: int, previous: Any = None) -> tuple[GuestFit, float]:  # noqa: ARG002
        """A fit on what is known at the first origin of a fold, and the seconds that it took."""
        began, window = time.perf_counter(), self.folds[fold].start
        frame = known_frame(self.plan.training_part(window), self._columns)
        source = self.forecaster.fresh()
        with _named(self.forecaster.name, "fit", window):
            source.fit(frame, **self._fit_options)
        known = self.plan.origins.ends[window]
        fit = GuestFit(source, np.maximum(known, 0), self.plan.rows(window), repr(self.forecaster))
        return fit, time.perf_counter() - began

    def walked(self, fold: int, fitted: GuestFit) -> Iterator[Emitted]:
        """Forecast from each origin of a fold, given the newer rows on the way."""
        last = self.plan.origins.num_windows
        for window in range(*self.folds[fold].indices(last)):
            began = time.perf_counter()
            if window > self.folds[fold].start:
                self._update(fitted, window)
            found = self._predicted(fitted, window)
            yield Emitted(found, time.perf_counter() - began)

    def _update(self, fitted: GuestFit, window: int) -> None:
        ends, panel = self.plan.origins.ends[window], self.plan.reading.panel
        rows = np.flatnonzero(ends > fitted.seen)
        newer = panel.take(rows).head(ends[rows]).tail(fitted.seen[rows])
        with _named(self.forecaster.name, "update", window):
            fitted.source.update(known_frame(newer, self._columns))
        fitted.order = np.concatenate([fitted.order, np.setdiff1d(rows, fitted.order)])
        fitted.seen = np.maximum(fitted.seen, ends)

    def _predicted(self, fitted: GuestFit, window: int) -> dict[str, NDArray]:
        """Columns of the steps scored, of the series that have an origin here."""
        plan, guest, order = self.plan, self.forecaster, fitted.order
        panel, ends = plan.reading.panel.take(order), fitted.seen[order]
        ahead, gap = plan.origins.steps_ahead, plan.origins.gap
        times = panel.flat_future_times(ahead, ends)
        wanted = Wanted(guest.name, self._columns, panel.ids, times, plan.levels)
        with _named(guest.name, "predict", window):
            returned = fitted.source.predict(ahead, **self._predict_options(panel, ends))
        found = wanted.read(returned)
        places = np.argsort(order)[np.searchsorted(np.sort(order), plan.rows(window))]
        found = [values[places, gap:] for values in found]
        if plan.sampling is not None:  # no paths to score
            found.append(np.full(found[0].shape, np.nan))
        return dict(zip(column_names(guest, plan), found, strict=True))

    @property
    def _columns(self) -> Columns:
        """Names of the columns that the guest is given."""
        guest, columns = self.forecaster, self.plan.reading.layout.columns
        return columns.keeping(
            guest.uses_covariates, guest.uses_past_covariates, guest.uses_static_covariates
        )

    @property
    def _fit_options(self) -> dict[str, Any]:
        """What its `fit` asks for by name."""
        columns, panel = self._columns, self.plan.reading.panel
        known: dict[str, Any] = {
            "horizon": self.plan.origins.steps_ahead,
            "freq": panel.frequency.alias,
            "id_col": columns.id,
            "time_col": columns.time,
            "target_col": columns.target,
            "future_covariates": list(columns.future),
            "past_covariates": list(columns.past),
            "static_covariates": list(columns.static),
        }
        return {name: value for name, value in known.items() if name in self.forecaster.fit_options}

    def _predict_options(self, panel: Any, ends: NDArray) -> dict[str, Any]:
        """What its `predict` asks for by name."""
        options: dict[str, Any] = {}
        if "level" in self.forecaster.predict_options and self.plan.levels:
            options["level"] = list(self.plan.levels)
        if "future_df" in self.forecaster.predict_options and self._columns.future:
            horizon = self.plan.origins.steps_ahead
            options["future_df"] = future_frame(panel, self._columns, ends, horizon)
        return options


class _named:
    """Says with an error of the guest's own code where it came from."""

    def __init__(self, name: str, method: str, window: int) -> None:
        self._words = f"raised by {method} of {name}, at origin {window + 1} of the backtest"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None:
            error.add_note(self._words)
