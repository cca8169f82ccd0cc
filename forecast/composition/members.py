"""The base of forecasters that are made of several others, fitted side by side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.composition.combination import CombinedModel
from forecast.composition.weights import validation_weights
from forecast.covariate_use import seen_by, share_of, weight_columns
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.kept import estimate_once
from forecast.pipelines import default_season
from forecast.protocol import num_channels

__all__ = ["ForecasterOfMembers"]

_ROLES = ("naive", "linear", "classical", "other", "network")


@dataclass(frozen=True, eq=False)
class _Combined(Estimate):
    """An estimate that still holds those of the members, which complete themselves."""

    parts: tuple[Estimate, ...] = ()


class ForecasterOfMembers(Forecaster):
    """Base of forecasters whose members are each fitted as they would be alone, on the same data.

    What it is, and which covariates it uses, follows from the members.

    Attributes:
        method: how their forecasts become one: "median", "mean" or "weighted".
    """

    method: str

    @property
    @abstractmethod
    def _members(self) -> Sequence[Forecaster]:
        """The members, unfitted; the same number with the same settings each time."""

    @property
    def _kinds(self) -> Sequence[Forecaster]:
        """Forecasters that say what the members are: these themselves, or one for all."""
        return self._members

    @property
    def _member_names(self) -> list[str]:
        """What the members are called in `choices_` and `history_`."""
        return [member.name for member in self._members]

    @property
    def role(self) -> str:  # type: ignore[override]
        """Place in a comparison: that of the member which is furthest from naive."""
        return max((member.role for member in self._kinds), key=_ROLES.index)

    @property
    def closed_form(self) -> bool:  # type: ignore[override]
        """Whether all members are fitted in closed form."""
        return all(member.closed_form for member in self._kinds)

    @property
    def seeds_used(self) -> int:  # type: ignore[override]
        """Seeds in a row that a fit uses: those of the member that uses most."""
        return max(member.seeds_used for member in self._kinds)

    @property
    def takes_new_series(self) -> bool:  # type: ignore[override]
        """Whether all members take series that they were not fitted on."""
        return all(member.takes_new_series for member in self._kinds)

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with covariates that are known ahead."""
        return any(member.uses_covariates for member in self._kinds)

    @property
    def uses_past_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with past covariates."""
        return any(member.uses_past_covariates for member in self._kinds)

    @property
    def uses_static_covariates(self) -> bool:  # type: ignore[override]
        """Whether a member forecasts with static covariates."""
        return any(member.uses_static_covariates for member in self._kinds)

    @property
    def weight_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Columns that say what each row counts in the trainings of its members."""
        return weight_columns(self._kinds)

    def _estimate(self, task: Task) -> Estimate:
        members = self._members
        parts = tuple(
            estimate_once(member, _task_of(member, index, task))
            for index, member in enumerate(members)
        )
        return _Combined(**vars(self._together(members, parts, task)), parts=parts)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """Every member completes itself; the weights stay."""
        if not isinstance(estimate, _Combined):
            raise TypeError(
                f"the estimate of members of {self.name} is expected; got {estimate!r}."
            )
        members = self._members
        parts = tuple(
            member._complete(part, _task_of(member, index, task))
            for index, (member, part) in enumerate(zip(members, estimate.parts, strict=True))
        )
        return self._together(members, parts, task)

    def _together(
        self, members: Sequence[Forecaster], parts: Sequence[Estimate], task: Task
    ) -> Estimate:
        names, weights = self._member_names, self._weights(members, parts, task)
        _check_channels(names, parts)
        shares = tuple(share_of(member, task.panel) for member in members)
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

    def _weights(
        self, members: Sequence[Forecaster], parts: Sequence[Estimate], task: Task
    ) -> NDArray | None:
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
            for part, member in zip(parts, members, strict=True)
        ]
        return validation_weights(models, origins, task.season.length)

    def _described(self, parts: Sequence[Estimate], weights: NDArray | None) -> str:
        members = [
            f"{name} ({part.choices})" for name, part in zip(self._member_names, parts, strict=True)
        ]
        if self.method != "weighted" or weights is None:
            return f"{self.method} of {', '.join(members)}"
        return " + ".join(f"{w:.2f} {member}" for w, member in zip(weights, members, strict=True))


def _task_of(member: Forecaster, index: int, task: Task) -> Task:
    """The task of one member: its own season, what it chose before, and what it looks at."""
    length, season = member.season_length, task.season
    season = season if length is None else default_season(task.panel, length)
    settled = None if task.settled is None else task.settled[1][index]
    return replace(task, season=season, settled=settled).seen_by(member)


def _check_channels(names: Sequence[str], parts: Sequence[Estimate]) -> None:
    """Refuse forecasters of different systems; one of single series goes with any."""
    channels = {name: num_channels(part.model) for name, part in zip(names, parts, strict=True)}
    if len(set(channels.values()) - {1}) > 1:
        found = ", ".join(f"{name} {number}" for name, number in channels.items())
        raise ValueError(
            "members of one Combine that forecast several series together must agree which; got "
            f"{found} series a system. Give them the same channels."
        )
