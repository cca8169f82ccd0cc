"""Which step of a forecaster leaks: parts are taken out one at a time until nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from forecast.composition.combine import Combine
from forecast.composition.ensemble import Ensemble
from forecast.composition.pipeline import Pipeline
from forecast.composition.steps import step_names
from forecast.diagnostics.forecast_frame import moved
from forecast.diagnostics.leakage_trial import LeakageTrial, Make, Material, captured, only
from forecast.forecaster import Forecaster
from forecast.pipelines.transforms import Identity

__all__ = ["leaking_step"]

Change = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class _Search:
    """A forecaster that leaks, and the data that show it.

    Args:
        trial: the user's data.
        make: makes the forecaster, and it alone, for a frame.
        changed: changed data on which its forecasts move.
        window: the origin after which they were changed.
    """

    trial: LeakageTrial
    make: Make
    changed: Material
    window: int

    def leaks(self, change: Change) -> bool | None:
        """Whether forecasts still move once the forecaster is changed; None if that cannot run."""

        def made(frame: Any) -> list[Forecaster]:
            return [change(self.make(frame)[0])]

        try:
            return self._moves(made)
        except (ValueError, ArithmeticError):
            return None  # a step may need the one that was taken out, as a logarithm does

    def leaks_from(self, data: Any) -> bool:
        """Whether forecasts still move if the forecaster is always made for this frame."""
        return self._moves(lambda _frame: self.make(data))

    def _moves(self, make: Make) -> bool:
        before = self.trial.run(make, self.trial.given)
        after = self.trial.run(make, self.changed)
        return bool(len(moved(before, after, self.window)))


def leaking_step(
    trial: LeakageTrial, make: Make, name: str, changed: Material, window: int, outside: bool
) -> str:
    """The step that leaks, in words.

    Args:
        trial: the user's data.
        make: makes all forecasters for a frame.
        name: the one that leaks.
        changed: changed data on which its forecasts move.
        window: the origin after which they were changed.
        outside: whether a function makes the forecasters.
    """
    search = _Search(trial, only(make, [name]), changed, window)
    forecaster = search.make(trial.data)[0]
    found = _inside(search, forecaster, lambda one: one)
    through = [] if outside else captured(forecaster, trial.data)
    if not (outside or through) or search.leaks_from(trial.data):
        return found or f"the forecaster {name} itself"
    source = (
        "what the function makes of the whole frame"
        if outside
        else f"the frame in its parameter {', '.join(map(repr, through))}"
    )
    return f"{found}, by {source}" if found else source


def _inside(search: _Search, forecaster: Forecaster, part: Change) -> str | None:
    """The transform or the member that leaks, None if it is the forecaster itself.

    Args:
        search: what is looked for.
        forecaster: the one to look into.
        part: takes it out of the forecaster that is searched.
    """
    transforms = _transforms(forecaster)
    for place, name in transforms.items():
        if search.leaks(_then(part, methodcaller("without", place))) is False:
            return f"the transform {name}"
    if len(transforms) > 1 and search.leaks(_then(part, _bare)) is False:
        return f"the transforms {', '.join(transforms.values())} together"
    for member, taken_out in _members(forecaster):
        alone = _then(part, taken_out)
        if search.leaks(alone):
            found = _inside(search, member, alone)
            return f"{found}, in {member.name}" if found else f"the forecaster {member.name} itself"
    return None


def _then(first: Change, second: Change) -> Change:
    return lambda one: second(first(one))


def _transforms(forecaster: Any) -> dict[int, str]:
    """The places and names of a pipeline's transforms that do anything; none of another one."""
    if not isinstance(forecaster, Pipeline):
        return {}
    names, transforms = step_names(forecaster.steps), forecaster.steps[:-1]
    return {i: names[i] for i, one in enumerate(transforms) if not isinstance(one, Identity)}


def _bare(pipeline: Any) -> Forecaster:
    """A pipeline whose transforms do nothing."""
    for place in _transforms(pipeline):
        pipeline = pipeline.without(place)
    return pipeline


def _members(forecaster: Any) -> Iterator[tuple[Forecaster, Change]]:
    """The forecasters inside another one, and how to take each out."""
    if isinstance(forecaster, Combine):
        for place, member in enumerate(forecaster.forecasters):
            yield member, _then(attrgetter("forecasters"), itemgetter(place))
    elif isinstance(forecaster, Ensemble):
        yield forecaster.forecaster, attrgetter("forecaster")
    elif isinstance(forecaster, Pipeline):
        last: Any = forecaster.steps[-1]
        yield last, _then(attrgetter("steps"), itemgetter(-1))
