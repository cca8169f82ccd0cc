"""Several forecasters as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.backtest import unique_names
from forecast.composition.combination import CombinedModel
from forecast.composition.weights import validation_weights
from forecast.covariate_use import seen_by, share_of
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.pipelines import default_season
from forecast.protocol import num_channels

__all__ = ["Combine"]

_METHODS = ("median", "mean", "weighted")
_ROLES = ("naive", "linear", "classical", "other", "network")


@dataclass(frozen=True, eq=False)
class _Combined(Estimate):
    """An estimate that still holds those of the members, which complete themselves."""

    parts: tuple[Estimate, ...] = ()


class Combine(Forecaster):
    """Several forecasters as one: `y[t+h] = combine(y_1[t+h], ..., y_k[t+h])`.

    Every member is fitted as it would be alone, on the same data. The forecast of each step is the
    median, the mean or a weighted sum of theirs; a horizon beyond that of `fit` feeds the
    combination back to all of them. With `method="weighted"` it is `sum_i w_i y_i[t+h]`,
    `w_i = MASE_i^-4 / sum_j MASE_j^-4`: the MASE of each member at origins inside the training
    part, fitted before them. (Members that chose by those origins, as a network does when to stop,
    weigh a little too much.)

    `fell_back_` names the series that were too short for one of the members. Intervals come from
    past errors of the combination, whatever the members say of theirs.

    With `update(rows, learn=True)` every member that can learns as it would alone; weights stay.

    Args:
        forecasters: the members, at least one; unfitted, and left as they are. Two of one class
            need different aliases.
        method: "median", "mean" or "weighted".
        alias: name of the forecast column; the class by default.

    Raises:
        ValueError: without members, for an unknown method, or members of one name.
        TypeError: for a member that is no forecaster.

    Example:
        >>> import forecast as fc
        >>> both = Combine([fc.AR(lags=9), fc.Naive()], method="mean").set_params(AR__lags=2)
        >>> both
        Combine(forecasters=[AR(lags=2), Naive()], method='mean')
        >>> both.fit(fc.load_dataset("sunspots"), horizon=3).predict().shape
        (3, 3)

    Source: Stock and Watson (2004), "Combination forecasts of output growth in a seven-country
    data set", Journal of Forecasting 23 (weights by discounted inverse errors; medians).
    """

    def __init__(
        self,
        forecasters: Sequence[Forecaster],
        method: Literal["median", "mean", "weighted"] = "median",
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        _check_members(forecasters)
        if method not in _METHODS:
            raise ValueError(f"`method` must be one of {', '.join(_METHODS)}; got {method!r}.")
        self.forecasters = forecasters
        self.method = method
        self.alias = alias

    @property
    def role(self) -> str:  # type: ignore[override]
        """Place in a comparison: that of the member which is furthest from naive."""
        return max((member.role for member in self.forecasters), key=_ROLES.index)

    @property
    def closed_form(self) -> bool:  # type: ignore[override]
        """Whether all members are fitted in closed form."""
        return all(member.closed_form for member in self.forecasters)

    @property
    def takes_new_series(self) -> bool:  # type: ignore[override]
        """Whether all members take series that they were not fitted on."""
        return all(member.takes_new_series for member in self.forecasters)

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with covariates that are known ahead."""
        return any(member.uses_covariates for member in self.forecasters)

    @property
    def uses_past_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with past covariates."""
        return any(member.uses_past_covariates for member in self.forecasters)

    @property
    def uses_static_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with static covariates."""
        return any(member.uses_static_covariates for member in self.forecasters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments.

        Args:
            deep: also list the arguments of each member as `name__argument`.
        """
        params = super().get_params(deep)
        if deep:
            for member in self.forecasters:
                inner = member.get_params().items()
                params |= {f"{member.name}__{name}": value for name, value in inner}
        return params

    def clone(self) -> Combine:
        """An unfitted forecaster with the same arguments, its members cloned too."""
        params = self.get_params(deep=False)
        members = [member.clone() for member in self.forecasters]
        return type(self)(**{**params, "forecasters": _alike(members, self.forecasters)})

    def _merged(self, params: dict[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in params.items() if name in self._names()}
        merged = self.get_params(deep=False) | own
        inner: dict[str, dict[str, Any]] = {}
        for name in params.keys() - own.keys():
            member, _, argument = name.partition("__")
            inner.setdefault(member, {})[argument] = params[name]
        if inner:
            merged["forecasters"] = _changed(merged["forecasters"], inner)
        return merged

    def _estimate(self, task: Task) -> Estimate:
        parts = tuple(
            member._estimate(self._task_of(index, task))
            for index, member in enumerate(self.forecasters)
        )
        together = self._together(parts, self._weights(parts, task), task)
        return _Combined(**vars(together), parts=parts)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """Every member completes itself; the weights stay."""
        if not isinstance(estimate, _Combined):
            raise TypeError(f"the estimate of a Combine is expected; got {estimate!r}.")
        parts = tuple(
            member._complete(part, self._task_of(index, task))
            for index, (member, part) in enumerate(
                zip(self.forecasters, estimate.parts, strict=True)
            )
        )
        return self._together(parts, self._weights(parts, task), task)

    def _task_of(self, index: int, task: Task) -> Task:
        """The task of one member: its own season, what it chose before, and what it looks at."""
        member = self.forecasters[index]
        length, season = member.season_length, task.season
        season = season if length is None else default_season(task.panel, length)
        settled = None if task.settled is None else task.settled[1][index]
        return replace(task, season=season, settled=settled).seen_by(member)

    def _weights(self, parts: Sequence[Estimate], task: Task) -> NDArray | None:
        """None for the median; else the weights that were settled, or those of the method."""
        if self.method == "median":
            return None
        if task.settled is not None:
            return np.array(task.settled[0])
        if self.method == "mean" or task.ahead is None:
            return np.full(len(parts), 1.0 / len(parts))
        panel, origins = task.ahead
        models = [
            (part.model, seen_by(member, panel))
            for part, member in zip(parts, self.forecasters, strict=True)
        ]
        return validation_weights(models, origins, task.season.length)

    def _together(
        self, parts: Sequence[Estimate], weights: NDArray | None, task: Task
    ) -> Estimate:  # fmt: skip
        names = [member.name for member in self.forecasters]
        _check_channels(names, parts)
        shares = tuple(share_of(member, task.panel) for member in self.forecasters)
        model = CombinedModel([part.model for part in parts], task.horizon, weights, shares)
        curves = {
            f"{name}.{quantity}": curve
            for name, part in zip(names, parts, strict=True)
            for quantity, curve in part.history.items()
        }
        fell_back = np.unique(np.concatenate([part.fell_back for part in parts]))
        kept = None if weights is None else tuple(weights.tolist())
        settled = (kept, tuple(part.settled for part in parts))
        return Estimate(model, self._described(parts, weights), fell_back, curves, settled)

    def _described(self, parts: Sequence[Estimate], weights: NDArray | None) -> str:
        members = [
            f"{member.name} ({part.choices})"
            for member, part in zip(self.forecasters, parts, strict=True)
        ]
        if self.method != "weighted" or weights is None:
            return f"{self.method} of {', '.join(members)}"
        return " + ".join(f"{w:.2f} {member}" for w, member in zip(weights, members, strict=True))


def _check_members(forecasters: Any) -> None:
    """Refuse what cannot be combined."""
    if not isinstance(forecasters, list | tuple) or not forecasters:
        raise ValueError(
            "`forecasters` must be a list of at least one forecaster, such as "
            f"[fc.AR(), fc.PooledAR()]; got {forecasters!r}."
        )
    for index, member in enumerate(forecasters):
        if not isinstance(member, Forecaster):
            hint = " Call the class to make one." if isinstance(member, type) else ""
            raise TypeError(
                f"`forecasters[{index}]` must be a forecaster such as fc.AR(); "
                f"got {member!r}.{hint}"
            )
    unique_names(forecasters)
    for member in forecasters:
        if "__" in member.name:
            raise ValueError(
                f"a member cannot be called {member.name!r}: `__` stands between a member and its "
                "arguments. Give it another alias."
            )


def _check_channels(names: Sequence[str], parts: Sequence[Estimate]) -> None:
    """Refuse forecasters of different systems; one of single series goes with any."""
    channels = {name: num_channels(part.model) for name, part in zip(names, parts, strict=True)}
    if len(set(channels.values()) - {1}) > 1:
        found = ", ".join(f"{name} {number}" for name, number in channels.items())
        raise ValueError(
            "members of one Combine that forecast several series together must agree which; got "
            f"{found} series a system. Give them the same channels."
        )


def _changed(
    forecasters: Sequence[Forecaster], changes: dict[str, dict[str, Any]]
) -> Sequence[Forecaster]:
    """New members with changed arguments by name; those given are left as they are."""
    unknown = changes.keys() - {member.name for member in forecasters}
    if unknown:
        raise ValueError(
            f"the new `forecasters` have no member {min(unknown)!r}; they are "
            f"{', '.join(member.name for member in forecasters)}."
        )
    members = [
        member.clone().set_params(**changes[member.name]) if member.name in changes else member
        for member in forecasters
    ]
    return _alike(members, forecasters)


def _alike(members: list[Forecaster], given: Sequence[Forecaster]) -> Sequence[Forecaster]:
    """The members as a list or a tuple, as they were given."""
    return members if isinstance(given, list) else tuple(members)
