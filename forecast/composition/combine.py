"""Several forecasters as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from forecast.backtest import unique_names
from forecast.composition.members import ForecasterOfMembers
from forecast.forecaster import Forecaster

__all__ = ["Combine"]

_METHODS = ("median", "mean", "weighted")


class Combine(ForecasterOfMembers):
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
    def _members(self) -> Sequence[Forecaster]:
        return self.forecasters

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
