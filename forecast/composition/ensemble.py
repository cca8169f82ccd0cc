"""One forecaster from several seeds, as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import NDArray

from forecast.checks import check_positive_integer
from forecast.composition.members import ForecasterOfMembers
from forecast.fitting import Estimate
from forecast.forecaster import Forecaster
from forecast.seeds import reseeded, seeds_within

__all__ = ["Ensemble"]

_METHODS = ("mean", "median")
_INNER = "forecaster"


class Ensemble(ForecasterOfMembers):
    """One forecaster from k seeds: `y[t+h] = (y_1[t+h] + ... + y_k[t+h]) / k`, or their median.

    Its members are clones with the seeds s, s + 1, ..., s + k - 1, s that of the forecaster; each
    is fitted as it would be alone, on the same data. What the start of the weights and the order of
    the data do by chance is averaged out; what all members get wrong alike is not. A fit, an
    update and a forecast cost k times those of one; a limit such as `fc.Training(max_seconds=)`
    holds for each member. Seeds within a pipeline or a combination move together, and where the
    forecaster is an ensemble itself (of m members) by m at a time, so that no seed is used twice.

    Up to the horizon of `fit` the forecast is the mean of the members' own; beyond it the mean is
    fed back to all of them. Intervals come from past errors of the mean. With
    `update(rows, learn=True)` every member learns as it would alone.

    The mean varies less from seed to seed than the median does where members differ by chance
    alone; the median is the safer one where a member may fail altogether.

    Args:
        forecaster: with a seed, such as a network, or made of such; unfitted, and left as it is.
        num_members: k, at least 1.
        method: "mean" or "median" of the members.
        alias: name of the forecast column; the class by default.

    Raises:
        TypeError: for what is no forecaster, a class of one too.
        ValueError: for a forecaster without a seed, whose members would all be equal, fewer than
            one member, or an unknown method.

    Example:
        >>> import forecast as fc
        >>> three = Ensemble(fc.HiddenMarkov(num_states=2), num_members=3)
        >>> three.set_params(forecaster__num_starts=2)
        Ensemble(forecaster=HiddenMarkov(num_states=2, num_starts=2), num_members=3)
        >>> three.fit(fc.load_dataset("sunspots"), horizon=2).predict().shape
        (2, 3)

    Source: Hansen and Salamon (1990), "Neural network ensembles", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 12.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        num_members: int = 5,
        method: Literal["mean", "median"] = "mean",
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("num_members", num_members)
        if method not in _METHODS:
            raise ValueError(f"`method` must be 'mean' or 'median'; got {method!r}.")
        _check_forecaster(forecaster, num_members)
        self.forecaster = forecaster
        self.num_members = num_members
        self.method = method
        self.alias = alias

    @property
    def season_length(self) -> int | None:  # type: ignore[override]
        """The season that the members are given."""
        return self.forecaster.season_length

    @property
    def point(self) -> str:  # type: ignore[override]
        """What the point forecast stands for: the same as a member's."""
        return self.forecaster.point

    @property
    def seeds_used(self) -> int:  # type: ignore[override]
        """Seeds in a row that a fit uses: those of all members."""
        return self.num_members * self.forecaster.seeds_used

    @property
    def num_steps_(self) -> tuple[int, ...]:
        """Weight updates of each member that was trained; none of closed forms.

        Where all are equal, `set_params(forecaster__training__num_steps=...)` replays the fit.
        """
        curves = self.history_.items()
        return tuple(int(steps[0]) for name, steps in curves if name.endswith(".num_steps"))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments.

        Args:
            deep: also list the arguments of the members as `forecaster__argument`.
        """
        params = super().get_params(deep)
        if deep:
            inner = self.forecaster.get_params().items()
            params |= {f"{_INNER}__{name}": value for name, value in inner}
        return params

    def clone(self) -> Ensemble:
        """An unfitted forecaster with the same arguments, the one that it is made of cloned too."""
        copy = super().clone()
        copy.forecaster = self.forecaster.clone()
        return copy

    @property
    def _members(self) -> Sequence[Forecaster]:
        return [reseeded(self.forecaster, number) for number in range(self.num_members)]

    @property
    def _kinds(self) -> Sequence[Forecaster]:
        return [self.forecaster]

    @property
    def _member_names(self) -> list[str]:
        first = min(seeds_within(self.forecaster).values())
        seeds = range(first, first + self.seeds_used, self.forecaster.seeds_used)
        return [f"{self.forecaster.name}-seed-{seed}" for seed in seeds]

    def _merged(self, params: dict[str, Any]) -> dict[str, Any]:
        inner = {name: value for name, value in params.items() if "__" in name}
        own = {name: value for name, value in params.items() if name not in inner}
        merged = self.get_params(deep=False) | own
        if inner:
            changes = {name.removeprefix(f"{_INNER}__"): value for name, value in inner.items()}
            merged[_INNER] = merged[_INNER].clone().set_params(**changes)
        return merged

    def _described(self, parts: Sequence[Estimate], weights: NDArray | None) -> str:
        """What the members chose, once where it is the same for all."""
        if len({part.choices for part in parts}) > 1:
            return super()._described(parts, weights)
        name, choices = self.forecaster.name, parts[0].choices
        return f"{self.method} of {self.num_members} {name} ({choices})"


def _check_forecaster(forecaster: Any, num_members: int) -> None:
    """Refuse what no ensemble can be made of."""
    if not isinstance(forecaster, Forecaster):
        hint = " Call the class to make one." if isinstance(forecaster, type) else ""
        raise TypeError(
            "`forecaster` must be one forecaster with a seed, such as fc.LSTMForecaster(); got "
            f"{forecaster!r}.{hint}"
        )
    if not (forecaster.is_random and seeds_within(forecaster)):
        raise ValueError(
            f"an ensemble of {forecaster.name} would be {num_members} equal members, for nothing "
            "in it is random: give a forecaster with a seed, such as fc.LSTMForecaster() or "
            "fc.ESNForecaster(), or join different forecasters by fc.Combine([...])."
        )
