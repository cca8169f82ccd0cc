"""Which forecasters may take part in a backtest, and under which names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from forecast.backtesting.choosing import Chooses
from forecast.backtesting.guests.guest import Guest, Participant, is_guest
from forecast.backtesting.outcome import column_names
from forecast.backtesting.plan import Plan
from forecast.covariate_use import refuse_other_columns
from forecast.forecaster import Forecaster
from forecast.output import refuse_taken_names
from forecast.pipelines import Panel
from forecast.tuned import tunings

__all__ = ["admit", "listed", "refuse_other_times", "unique_names"]


def listed(forecasters: Any) -> list[Any]:
    """One forecaster, or several, as a list; objects from outside as guests.

    Raises:
        TypeError: for anything else.
    """
    several = isinstance(forecasters, Iterable) and not isinstance(forecasters, str | type)
    return [_participant(one) for one in (forecasters if several else [forecasters])]


def _participant(one: Any) -> Any:
    if isinstance(one, Forecaster | Guest | Chooses):
        return one
    if hasattr(one, "scored_by") and not isinstance(one, type):
        raise TypeError(
            f"{type(one).__name__} does not forecast the next values of a series, so it has no "
            f"part in a backtest. It is scored by {one.scored_by}."
        )
    if is_guest(one):
        return Guest(one)
    missing = [name for name in ("fit", "predict") if not callable(getattr(one, name, None))]
    hint = f" It has no {' and no '.join(missing)}." if missing else ""
    hint = " Call the class to make one." if isinstance(one, type) else hint
    raise TypeError(
        "a forecaster such as fc.AR(), or an object with fit(df) and predict(horizon), is "
        f"expected; got {one!r}.{hint}"
    )


def unique_names(forecasters: Sequence[Any]) -> None:
    """Refuse two forecasters, or names of such, that are called the same.

    Raises:
        ValueError: naming it.
    """
    names = [one if isinstance(one, str) else one.name for one in forecasters]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"two forecasters are called {name!r}; give one of them another name, as in "
                f"{name}(alias='{name}-2')."
            )


def admit(forecasters: Sequence[Participant], plan: Plan, use_fitted: bool = False) -> None:
    """Refuse forecasters that cannot be told apart, or that know what they are asked for.

    Args:
        forecasters: at least one.
        plan: what they would be given.
        use_fitted: whether they are used as they are.

    Raises:
        ValueError: naming the first that is refused, and why.
    """
    if not forecasters:
        raise ValueError("no forecaster was given; pass at least one, such as [fc.AR()].")
    unique_names(forecasters)
    _refuse_taken(forecasters, plan)
    for forecaster in forecasters:
        _check_tuned_before(forecaster, plan)
    if use_fitted:
        for forecaster in forecasters:
            _check_fitted_before(forecaster, plan)


def _refuse_taken(forecasters: Sequence[Participant], plan: Plan) -> None:
    """Refuse forecasters whose columns would overwrite others of the backtest frame."""
    columns = plan.reading.layout.columns
    names = [name for forecaster in forecasters for name in column_names(forecaster, plan)]
    beside = ["channel"] if columns.channels else []
    refuse_taken_names(names, [columns.id, *beside, columns.time, "cutoff", columns.target])


def _check_fitted_before(forecaster: Participant, plan: Plan) -> None:
    """Refuse a forecaster that has learned from steps after the first cutoff, or other data."""
    if isinstance(forecaster, Guest):
        raise ValueError(
            f"{forecaster.name} is no forecaster of this library: nothing says what it has learned "
            "from. Leave use_fitted=False."
        )
    fitted, panel = forecaster._require_fitted(), plan.reading.panel
    refuse_other_columns(forecaster, plan.reading.layout.columns)
    refuse_other_times(forecaster, panel)
    earliest = plan.first_cutoffs.min()
    latest = int(np.argmax(fitted.until))
    if fitted.until[latest] > earliest:
        raise ValueError(
            f"{forecaster.name} has learned from series {fitted.ids[latest]!r} until "
            f"{fitted.until[latest]}, after the first cutoff {earliest}; fit it on earlier "
            "data, or set use_fitted=False."
        )


def _check_tuned_before(forecaster: Participant, plan: Plan) -> None:
    """Refuse a forecaster whose settings were searched for on steps after the first cutoff."""
    earliest = plan.first_cutoffs.min()
    for tuned in tunings(forecaster):
        if tuned.until is not None and tuned.until > earliest:
            raise ValueError(
                f"the settings of {forecaster.name} were searched for on series {tuned.series!r} "
                f"until {tuned.until}, after the first cutoff {earliest}. Search on the rows until "
                "then, or give fc.Search(forecaster), which searches before the first cutoff."
            )


def refuse_other_times(forecaster: Forecaster, panel: Panel) -> None:
    """Refuse a fitted forecaster for data of another frequency or time zone.

    Raises:
        ValueError: naming both.
    """
    own, given = forecaster.store_.frequency, panel.frequency
    zones = [getattr(times, "tz", None) for times in (forecaster.fitted_.until, panel.starts)]
    for what, mine, theirs in (("freq", own.alias, given.alias), ("time zone", *zones)):
        if str(mine) != str(theirs):
            raise ValueError(
                f"{forecaster.name} was fitted on data of {what} {mine!s}; got {what} {theirs!s}. "
                "Give data of the same kind, or set use_fitted=False."
            )
