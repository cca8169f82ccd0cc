"""The steps of a pipeline: their names, and changes of their arguments by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecast.forecaster import Forecaster
from forecast.pipelines.transforms import Transform

__all__ = ["changed_steps", "check_steps", "step_names"]


def step_names(steps: Sequence[Any]) -> list[str]:
    """Name of each step: that of a forecaster, or the class of a transform, numbered from 2 on.

    Example:
        >>> import forecast as fc
        >>> step_names([fc.Difference(), fc.Difference(7), fc.AR(alias="ar")])
        ['Difference', 'Difference2', 'ar']
    """
    names: list[str] = []
    for step in steps:
        name = step.name if isinstance(step, Forecaster) else type(step).__name__
        count = 1 + sum(earlier.rstrip("0123456789") == name for earlier in names)
        names.append(name if count == 1 else f"{name}{count}")
    return names


def check_steps(steps: Any) -> None:
    """Refuse what is no list of transforms that ends with a forecaster.

    Raises:
        ValueError: for no list, or an empty one.
        TypeError: for a step of another kind.
    """
    if not isinstance(steps, list | tuple) or not steps:
        raise ValueError(
            "`steps` must be a list of transforms and, last, a forecaster, such as "
            f"[fc.Log1p(), fc.AR()]; got {steps!r}."
        )
    last = len(steps) - 1
    for index, step in enumerate(steps):
        kind, wanted = (Forecaster, "a forecaster such as fc.AR()")
        if index < last:
            kind, wanted = (Transform, "a transform such as fc.Log1p()")  # type: ignore[assignment]
        if not isinstance(step, kind):
            hint = " Call the class to make one." if isinstance(step, type) else ""
            raise TypeError(f"`steps[{index}]` must be {wanted}; got {step!r}.{hint}")


def changed_steps(steps: Sequence[Any], params: dict[str, Any]) -> list[Any]:
    """New steps with changed arguments; those given are left as they are.

    Args:
        steps: the steps.
        params: values by `name__argument`.

    Raises:
        ValueError: for a name that no step has.
    """
    names = step_names(steps)
    by_step: dict[str, dict[str, Any]] = {}
    for key, value in params.items():
        name = next((one for one in names if key.startswith(f"{one}__")), None)
        if name is None:
            raise ValueError(f"the new `steps` have no {key!r}; they are {', '.join(names)}.")
        by_step.setdefault(name, {})[key.removeprefix(f"{name}__")] = value
    return [
        _changed(step, by_step[name]) if name in by_step else step
        for name, step in zip(names, steps, strict=True)
    ]


def _changed(step: Any, changes: dict[str, Any]) -> Any:
    if isinstance(step, Forecaster):
        return step.clone().set_params(**changes)
    return step.changed(**changes)
