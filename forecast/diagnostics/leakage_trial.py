"""Backtests of the same forecasters on the user's data and on changed data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.backtesting.admission import listed, unique_names
from forecast.backtesting.plan import Plan
from forecast.backtesting.run import backtest
from forecast.diagnostics.alteration import altered_panel, later_steps, steps_known
from forecast.diagnostics.forecast_frame import ForecastFrame
from forecast.diagnostics.frame_template import FrameTemplate
from forecast.forecaster import Forecaster
from forecast.pipelines import Columns, Panel, read_weighted

__all__ = ["LeakageTrial", "Make", "Material", "captured", "maker", "only"]

Make = Callable[[Any], list[Forecaster]]
"""Makes the forecasters that are given a frame."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a backtest is run on.

    Args:
        frame: the user's frame, perhaps changed.
        plan: what was read from it, and the origins.
        num_changed: values and past covariates that are not the user's.
    """

    frame: Any
    plan: Plan
    num_changed: int = 0


@dataclass(frozen=True, eq=False)
class LeakageTrial:
    """The user's data, and the same changed after each cutoff.

    Args:
        data: the user's frame.
        columns: names of its columns.
        freq: pandas alias, integer step, or None to infer it.
        plan: what was read from it, and the origins.
    """

    data: Any
    columns: Columns
    freq: Any
    plan: Plan

    @property
    def given(self) -> Material:
        """The user's data as they are."""
        return Material(self.data, self.plan)

    def changed(self, window: int) -> Material:
        """The user's data with all that comes after an origin changed.

        Raises:
            ValueError: if a value cannot be changed where it stands.
        """
        reading = self.plan.reading
        known = steps_known(self.plan.origins, window)
        template = FrameTemplate.of_frame(self.data, self.columns, reading, self.freq)
        frame = template.filled(altered_panel(reading.panel, known, window))
        read = read_weighted(frame, self.columns, self.freq, tuple(reading.panel.weights))
        number = _num_changed(reading.panel, read.panel, known)
        return Material(frame, replace(self.plan, reading=read), number)

    def run(self, make: Make, material: Material) -> ForecastFrame:
        """The whole backtest: forecasters are made for the frame, fitted and asked anew."""
        plan = material.plan
        return ForecastFrame.of_result(plan, backtest(make(material.frame), plan))


def maker(forecaster: Any, data: Any) -> Make:
    """How to make the forecasters for a frame.

    Args:
        forecaster: one, several, or a function of a frame that returns such.
        data: the user's frame; where it is a parameter of a forecaster, the frame takes its place.

    Raises:
        TypeError: for anything else.
    """
    if callable(forecaster) and not isinstance(forecaster, Forecaster | type):
        return lambda frame: _listed(forecaster(frame))
    given = _listed(forecaster)
    return lambda frame: [_with_frame(one, data, frame) for one in given]


def only(make: Make, names: Collection[str]) -> Make:
    """Makes the forecasters of these names.

    Raises:
        ValueError: from what it returns, if one of them is not made for another frame.
    """

    def made(frame: Any) -> list[Forecaster]:
        found = {one.name: one for one in make(frame)}
        missing = set(names) - set(found)
        if missing:
            raise ValueError(
                f"the function made {sorted(missing)} for one frame and {sorted(found)} for "
                "another; it must return forecasters of the same names each time."
            )
        return [found[name] for name in found if name in names]

    return made


def captured(forecaster: Forecaster, data: Any) -> list[str]:
    """The parameters of a forecaster, nested ones too, that are the very frame `data`."""
    return [name for name, value in forecaster.get_params(deep=True).items() if value is data]


def _with_frame(forecaster: Forecaster, data: Any, frame: Any) -> Forecaster:
    """The forecaster with `frame` in the place of `data` wherever that is a parameter."""
    names = captured(forecaster, data)
    if frame is data or not names:
        return forecaster
    # Cloned once more: a constructor that looks into the frame looks into the other one.
    return forecaster.clone().set_params(**dict.fromkeys(names, frame)).clone()


def _listed(forecasters: Any) -> list[Forecaster]:
    found = [forecasters] if isinstance(forecasters, Forecaster) else forecasters
    if not isinstance(found, list | tuple):
        raise TypeError(
            "a forecaster such as fc.AR(), a list of them, or a function of a frame that returns "
            f"such is expected; got {forecasters!r}."
        )
    given = listed(found)
    unique_names(given)
    return given


def _num_changed(before: Panel, after: Panel, known: NDArray) -> int:
    """How many entries were changed: all of them after the cutoff, and none before it.

    Raises:
        ValueError: naming the entry that is not so.
    """
    later, number = later_steps(before, known), 0
    for old, new in _entries(before, after):
        there = ~np.isnan(old)
        odd = (np.isnan(new) == there) | (there & ((old == new) == later))
        if odd.any():
            row = int(np.argmax(odd))
            raise ValueError(
                f"the frame cannot be changed: series {before.ids[before.codes[row]]!r} has "
                f"{old[row]} at {before.flat_times()[row]}, then {new[row]}. Give columns of "
                "plain floats."
            )
        number += int((there & later).sum())
    return number


def _entries(before: Panel, after: Panel) -> Iterator[tuple[NDArray, NDArray]]:
    """The values and each past covariate of two panels; labels as places among the first's."""
    yield before.values, after.values
    pairs = zip(before.covariates.schema.past, after.covariates.schema.past, strict=True)
    for column, (old, new) in enumerate(pairs):
        codes = after.covariates.past[:, column]
        if old.categories is None or new.categories is None:
            yield before.covariates.past[:, column], codes
        elif len(old.categories) > 1:  # a single label has no other one
            places = np.array([*map(old.categories.index, new.categories), np.nan])
            own = np.where(np.isnan(codes), -1, codes).astype(np.int64)
            yield before.covariates.past[:, column], places[own]
