"""Transforms and a forecaster as one forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.composition.pipeline_model import PipelineModel
from forecast.composition.steps import changed_steps, check_steps, step_names
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.pipelines import Origins, Panel, Season, default_season
from forecast.pipelines.transforms import Chain, FittedChain, Identity, Transform

__all__ = ["Pipeline"]


@dataclass(frozen=True, eq=False)
class _Piped(Estimate):
    """An estimate that still holds that of the last step, which completes itself."""

    part: Estimate | None = None
    chain: FittedChain | None = None


class Pipeline(Forecaster):
    """Transforms, then a forecaster: `y[t+h] = f^-1(z[t+h])`, z forecast from `z[t] = f(y[t])`.

    Each transform is fitted on the training part only, and again wherever a closed form is fitted
    again (a backtest therefore never scales with what comes after its cutoff); a network keeps
    those that it was trained with. Memories, such as the last season of a difference, are part of
    the state: `update` costs what it costs the last step. Points, intervals and sample paths are in
    the user's units: every path is transformed back step by step, its draws and bounds are those
    of the series themselves.

    A value without a transform that comes after the fit (-1 under `Log1p`) counts as missing, so
    that it stops no other series; `outside_domain_` counts them. `fell_back_` names the series that
    were too short for one of the transforms, which are left as they are there, or for the last
    step. The season is looked for again after the transforms. Intervals come from past errors of
    the whole, whatever the last step says of its own. With `update(rows, learn=True)` the last step
    learns, if it can; transforms stay as they were fitted.

    Args:
        steps: transforms such as `fc.Log1p()`, `fc.Difference()`, `fc.STLDeseasonalizer()`, or your
            own; the last one a forecaster, unfitted, which is left as it is.
        alias: name of the forecast column; the steps' names, joined by "+", by default.

    Raises:
        ValueError: without steps.
        TypeError: for a step that is no transform, or a last one that is no forecaster.

    Example:
        >>> import forecast as fc
        >>> log = Pipeline([fc.Log1p(), fc.Difference(), fc.AR(lags=9)]).set_params(AR__lags=4)
        >>> log.name
        'Log1p+Difference+AR'
        >>> log.fit(fc.load_dataset("sunspots"), horizon=3).predict(level=80).shape
        (3, 5)
    """

    def __init__(self, steps: Sequence[Transform | Forecaster], alias: str | None = None) -> None:
        """Store the arguments."""
        check_steps(steps)
        self.steps = steps
        self.alias = alias

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the forecast columns: the alias, or the names of the steps."""
        shown = [
            name
            for name, step in zip(step_names(self.steps), self.steps, strict=True)
            if not isinstance(step, Identity)
        ]
        return self.alias or "+".join(shown)

    @property
    def role(self) -> str:  # type: ignore[override]
        """Place in a comparison: that of the last step."""
        return self._last.role

    @property
    def point(self) -> str:  # type: ignore[override]
        """What the point forecast stands for: that of the last step, a median through a curve."""
        return self._last.point if all(one.linear for one in self._transforms) else "median"

    @property
    def closed_form(self) -> bool:  # type: ignore[override]
        """Whether the last step is fitted in closed form."""
        return self._last.closed_form

    @property
    def seeds_used(self) -> int:  # type: ignore[override]
        """Seeds in a row that the last step uses."""
        return self._last.seeds_used

    @property
    def takes_new_series(self) -> bool:  # type: ignore[override]
        """Whether the last step takes new series, and no transform learns of each series."""
        return self._last.takes_new_series and not any(one.per_series for one in self._transforms)

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override]
        """Whether the last step forecasts with covariates that are known ahead."""
        return self._last.uses_covariates

    @property
    def uses_past_covariates(self) -> bool:  # type: ignore[override]
        """Whether the last step forecasts with past covariates."""
        return self._last.uses_past_covariates

    @property
    def uses_static_covariates(self) -> bool:  # type: ignore[override]
        """Whether the last step forecasts with static covariates."""
        return self._last.uses_static_covariates

    @property
    def weight_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Columns that say what each row counts in the training of the last step."""
        return self._last.weight_columns

    @property
    def season_length(self) -> int | None:  # type: ignore[override]
        """The season that the last step was given."""
        return self._last.season_length

    @property
    def outside_domain_(self) -> pd.Series:
        """Values of each series since the history began that a transform could not take.

        They counted as missing.
        """
        self._require_fitted()
        counts = self.store_.state.arrays["model.outside"]
        return pd.Series(counts, index=pd.Index(self.store_.ids), name="outside_domain")

    def without(self, step: str | int) -> Pipeline:
        """The same pipeline, unfitted, with one transform replaced by `fc.Identity()`.

        Args:
            step: position from 0, or name, such as "Log1p"; the second of a class is "Log1p2".

        Raises:
            ValueError: if there is no such transform.
        """
        names = step_names(self.steps)[:-1]
        index = names.index(step) if step in names else step
        if isinstance(index, bool) or index not in range(len(names)):
            raise ValueError(f"there is no transform {step!r} here; known are {names}.")
        steps = list(self.clone().steps)
        steps[int(index)] = Identity()
        return type(self)(_alike(steps, self.steps), self.alias)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments.

        Args:
            deep: also list the arguments of each step as `name__argument`.
        """
        params = super().get_params(deep)
        if deep:
            for name, step in zip(step_names(self.steps), self.steps, strict=True):
                inner = step.get_params().items()
                params |= {f"{name}__{argument}": value for argument, value in inner}
        return params

    def clone(self) -> Pipeline:
        """An unfitted pipeline with the same arguments, its steps made anew."""
        steps = [*(one.changed() for one in self._transforms), self._last.clone()]
        return type(self)(_alike(steps, self.steps), self.alias)

    @property
    def _last(self) -> Forecaster:
        return self.steps[-1]  # type: ignore[return-value]

    @property
    def _transforms(self) -> tuple[Transform, ...]:
        return tuple(self.steps[:-1])  # type: ignore[arg-type]

    def _merged(self, params: dict[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in params.items() if name in self._names()}
        merged = self.get_params(deep=False) | own
        inner = {name: value for name, value in params.items() if name not in own}
        if inner:
            merged["steps"] = _alike(changed_steps(merged["steps"], inner), merged["steps"])
        return merged

    def _fitted_rows(self, ids: Any) -> Any:
        learned = [type(one).__name__ for one in self._transforms if one.per_series]
        if not (learned and self._last.takes_new_series):
            return super()._fitted_rows(ids)
        rows = self.fitted_.positions(ids)
        if (rows < 0).any():
            unknown = list(np.asarray(ids)[rows < 0][:5])
            raise ValueError(
                f"{self.name} was not fitted on {unknown}: {learned[0]} has parameters of each "
                "series. Call fit(df) with these series, or use transforms that learn nothing, "
                "such as fc.Log1p() and fc.Difference()."
            )
        return rows

    def _estimate(self, task: Task) -> Estimate:
        chain = Chain(self._transforms).fit(task.panel, task.season.length)
        inner = self._task_of(chain, task)
        part = self._last._estimate(inner)
        together = self._together(chain, part, inner.season)
        return _Piped(**vars(together), part=part, chain=chain)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """The last step completes itself; what a network was trained with stays."""
        if not isinstance(estimate, _Piped) or estimate.part is None or estimate.chain is None:
            raise TypeError(f"the estimate of a Pipeline is expected; got {estimate!r}.")
        chain = estimate.chain
        if self.closed_form:
            chain = Chain(self._transforms).fit(task.panel, task.season.length)
        inner = self._task_of(chain, task)
        part = self._last._complete(estimate.part, inner)
        return self._together(chain, part, inner.season)

    def _task_of(self, chain: FittedChain, task: Task) -> Task:
        """The task of the last step: transformed series, their season, what it chose before."""
        panel = chain.forward(task.panel)
        settled = None
        if task.settled is None:
            season = self._season_of(panel, task.season)
        else:
            season, settled = Season(**task.settled[0]), task.settled[1]
        ahead = task.ahead and _ahead(chain, *task.ahead)
        return replace(task, panel=panel, season=season, ahead=ahead, settled=settled)

    def _season_of(self, panel: Panel, season: Season) -> Season:
        """The season that is left; one that the user gave stays."""
        return season if season.given or not self._transforms else default_season(panel)

    def _together(self, chain: FittedChain, part: Estimate, season: Season) -> Estimate:
        model = PipelineModel([part.model], chain.links)
        names = [repr(one) for one in self._transforms]
        choices = f"{', '.join(names)}; {part.choices}" if names else part.choices
        fell_back = np.union1d(chain.links.fell_back, part.fell_back).astype(np.int64)
        return Estimate(model, choices, fell_back, part.history, (asdict(season), part.settled))


def _ahead(chain: FittedChain, panel: Panel, origins: Origins) -> tuple[Panel, Origins]:
    """The transformed series with the steps that follow, and the origins in them."""
    left = origins.ends - chain.links.leads[-1]
    ends = np.where((origins.ends >= 0) & (left >= 2), left, -1)
    return chain.forward(panel), replace(origins, ends=ends)


def _alike(steps: list[Any], given: Sequence[Any]) -> Sequence[Any]:
    """The steps as a list or a tuple, as they were given."""
    return steps if isinstance(given, list) else tuple(steps)
