"""The way of one forecaster through a backtest: fit, absorb, forecast at each origin, go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.backtesting.emitted import Emitted
from forecast.backtesting.limits import Limits
from forecast.backtesting.outcome import column_names
from forecast.backtesting.plan import Plan
from forecast.backtesting.standing import Standing, grouped
from forecast.backtesting.systems import joint_origins, shown_rows
from forecast.draws import FeedBack
from forecast.fitting import Fitted, fit_model
from forecast.forecaster import Forecaster
from forecast.kept import seconds_spared

__all__ = ["Course"]

# Rows rolled out at once: enough to make the cost of a call small, few enough to bound memory.
_MOST_ROWS = 2048


@dataclass(frozen=True, eq=False)
class Course:
    """A forecaster and what it is to do.

    Args:
        forecaster: the forecaster; cloned before it is fitted.
        plan: the data as this forecaster looks at them, and the origins in these.
        folds: the origins that share a fit.
        shown: rows kept at each origin; all by default.
    """

    forecaster: Forecaster
    plan: Plan
    folds: list[slice]
    shown: list[NDArray] | None = None

    @staticmethod
    def laid(forecaster: Forecaster, plan: Plan, given: Fitted | None = None) -> Course:
        """The course of a forecaster through a plan, with one fold if its fit is `given`."""
        panel = plan.reading.panel
        reading = forecaster._arranged(plan.reading, given and given.ids)
        origins = joint_origins(panel, plan.origins, reading.panel)
        joint = origins is not plan.origins
        shown = shown_rows(panel, plan.origins, reading.panel) if joint else None
        own = replace(plan, reading=reading, origins=origins)
        return Course(forecaster, own, plan.folds(forecaster, given is not None), shown)

    def fitted(self, fold: int, previous: Fitted | None) -> tuple[Fitted, float]:
        """A fit on what is known at the first origin of a fold, and the seconds it takes alone.

        Args:
            fold: number of the fold.
            previous: the fit of the first fold, whose choices stand; None for that one itself.
        """
        began, plan = time.perf_counter() + seconds_spared(), self.plan
        known, ahead = plan.training_part(self.folds[fold].start), plan.origins.steps_ahead
        fitted = fit_model(self.forecaster.clone(), known, ahead, previous, plan.scoring_season)
        return fitted, time.perf_counter() + seconds_spared() - began

    def walked(self, fold: int, fitted: Fitted) -> Iterator[Emitted]:
        """Absorb the history once, and forecast from each origin of a fold as it is passed."""
        began, index = time.perf_counter(), self.folds[fold].start
        limits = Limits.asked(self.forecaster, self.plan, fitted)
        for standing in self.standings(fold, fitted):
            columns, clipped = self._rolled(limits, standing)
            last = 0
            for size in standing.sizes:
                part = slice(last, last := last + size)
                found = {name: values[part] for name, values in columns.items()}
                spent = time.perf_counter() - began
                yield Emitted(self._kept(found, index), spent, clipped)
                began, index, clipped = time.perf_counter(), index + 1, 0

    def standings(self, fold: int, fitted: Fitted) -> Iterator[Standing]:
        """The series at the origins of a fold, their history absorbed once; neighbours together."""
        return grouped(self._stops(fold, fitted), self._most_rows)

    @property
    def _most_rows(self) -> int:
        """Closed forms in plain NumPy have nothing to win, one origin at a time is enough."""
        return 1 if self.forecaster.closed_form else _MOST_ROWS

    def _stops(self, fold: int, fitted: Fitted) -> Iterator[engine.Stop]:
        panel = fitted.encoding.apply(self.plan.reading.panel)
        part = self.plan.origins.windows(self.folds[fold])
        series = fitted.positions(panel.ids)
        if not self.forecaster.takes_new_series:
            self._refuse_unknown(panel.ids[(series < 0) & (part.ends >= 0).any(axis=0)])
            # An unknown series without an origin here is not looked at: any fitted row will do.
            series = np.maximum(series, 0)
        return engine.walk(fitted.model, panel, series, part, offset=fitted.offsets(panel, series))

    def _rolled(self, limits: Limits, standing: Standing) -> tuple[dict[str, NDArray], int]:
        """Points, limits and scores of the steps scored, and how many were clipped."""
        plan, state, fitted = self.plan, standing.state, limits.fitted
        origins, feedback = plan.origins, FeedBack(engine.bounds(state))
        ahead = engine.roll(
            fitted.model, state, origins.steps_ahead, feedback, standing.future
        )[:, 0]  # fmt: skip
        found = [ahead, *limits.around(standing, ahead)]
        found = [values[:, origins.gap :] for values in found]
        if plan.sampling is not None:
            panel = plan.reading.panel
            found.append(plan.sampling.scores(fitted, standing, panel, origins.gap))
        names = column_names(self.forecaster, plan)
        return dict(zip(names, found, strict=True)), feedback.num_clipped

    def _kept(self, columns: dict[str, NDArray], index: int) -> dict[str, NDArray]:
        """The rows that are shown at an origin, of forecasts made for more."""
        if self.shown is None:
            return columns
        return {name: values[self.shown[index]] for name, values in columns.items()}

    def _refuse_unknown(self, ids: NDArray) -> None:
        if len(ids):
            raise ValueError(
                f"{self.forecaster.name} has one model a series, and {list(ids[:5])} have no data "
                "before the first cutoff. Use refit=True, fewer origins (n_windows), or a global "
                "model."
            )
