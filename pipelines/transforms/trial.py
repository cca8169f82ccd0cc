"""A transform of the user's, tried on the training series before anything rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..panel import Panel
from .base import Transform
from .link import Link

__all__ = ["fitted_link"]

# Enough to show a mistake; what is tried costs the same on any panel.
_MOST_SERIES, _MOST_STEPS = 8, 64
# Shares of the largest value: the first allows for rounding, the second for an inverse of curves.
_SAME_OUTPUT, _SAME_VALUE = 1e-9, 1e-6


def fitted_link(
    transform: Transform, panel: Panel, season_length: int, active: np.ndarray
) -> Link:  # fmt: skip
    """Fit a transform; one that is not of this library is tried on what it was fitted on.

    Args:
        transform: settings.
        panel: the training series, as this transform is given them.
        season_length: of these, 1 for none.
        active: False for a series that is left as it is, (num_series,).

    Raises:
        ValueError: for parameters that are not a row of numbers a series, settings that were
            changed, a `forward` that looks ahead or further back than its memory, an `inverse`
            that does not give back what came.
        TypeError: for parameters that are no dictionary.
    """
    before = dict(vars(transform))
    parameters = _checked(transform, transform.fit(panel, season_length), panel)
    link = Link(transform, parameters, transform.memory(season_length), active)
    if not type(transform).__module__.startswith(__package__):
        lengths = panel.lengths * active
        for i in np.flatnonzero(lengths > link.memory)[:_MOST_SERIES].tolist():
            _Trial.of_series(link, panel, i).run()
        _refuse_changed(transform, before)
    return link


def _checked(transform: Transform, found: Any, panel: Panel) -> dict[str, np.ndarray]:
    """What `fit` has given, as arrays of a row a series."""
    name = type(transform).__name__
    if not isinstance(found, Mapping):
        raise TypeError(
            f"{name}.fit must return a dictionary of arrays, a row a series, or {{}} where nothing "
            f"is learned; got {found!r}."
        )
    arrays = {key: np.asarray(value) for key, value in found.items()}
    for key, array in arrays.items():
        if array.shape[:1] != (panel.num_series,) or array.dtype.kind not in "biuf":
            raise ValueError(
                f"{name}.fit must return numbers, a row for each of the {panel.num_series} series; "
                f"{key!r} has dtype {array.dtype} and shape {array.shape}. The same for all is "
                "np.full(panel.num_series, number)."
            )
        odd = ~np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        for i in np.flatnonzero(odd).tolist():
            if not np.isnan(panel.row(i)).all():
                raise ValueError(
                    f"{name}.fit gives {key!r} = {array[i]} for series {panel.ids[i]!r}. Missing "
                    "values are NaN in panel.row(i): take np.nanmean, not np.mean, and the like."
                )
    return arrays


def _refuse_changed(transform: Transform, before: dict[str, Any]) -> None:
    """Refuse what keeps something in the object: the next fit of another panel would find it."""
    for name, value in vars(transform).items():
        if name not in before or before[name] is not value:
            kind = type(transform).__name__
            raise ValueError(
                f"{kind} keeps what it has learned in self.{name}, where the fit of another panel "
                f"finds it. Let `fit` return it, as {{{name!r}: array of a row a series}}, and "
                f"take it from view.column({name!r})."
            )


@dataclass(frozen=True, eq=False)
class _Trial:
    """The last steps of one series, gaps filled with the value before.

    Args:
        link: the transform of this series.
        series: its id.
        values: what is transformed, (1, steps).
        past: what came before, (1, memory).
        clock: time of the values, (1, steps).
    """

    link: Link
    series: Any
    values: np.ndarray
    past: np.ndarray
    clock: np.ndarray

    @staticmethod
    def of_series(link: Link, panel: Panel, i: int) -> _Trial:
        """Of the series at a position."""
        memory = link.memory
        values = _without_gaps(panel.row(i))[-(memory + _MOST_STEPS) :][None]
        clock = np.arange(panel.lengths[i] - values.shape[1], panel.lengths[i])[None]
        own = link.take(np.array([i]))
        return _Trial(own, panel.ids[i], values[:, memory:], values[:, :memory], clock[:, memory:])

    def run(self) -> None:
        """Try both ways."""
        steps = self.values.shape[1]
        if not steps:
            return
        outputs = self.link.forward(self.values, self.past, self.clock)
        for cut in {1, steps // 2} if steps > 1 else ():
            self._in_blocks(outputs, cut)
        if np.isnan(outputs).all():
            raise ValueError(
                f"{self._name}.forward gives no number for any of the values of series "
                f"{self.series!r}, such as {self.values[0, -1]:g}."
            )
        if not self.link.transform.lossy:
            self._back(outputs)

    @property
    def _name(self) -> str:
        return type(self.link.transform).__name__

    def _in_blocks(self, outputs: np.ndarray, cut: int) -> None:
        """The same steps in two blocks, as updates may bring them."""
        values, clock = self.values, self.clock
        newest = np.concatenate([self.past, values], axis=1)[:, cut : cut + self.link.memory]
        first = self.link.forward(values[:, :cut], self.past, clock[:, :cut])
        second = self.link.forward(values[:, cut:], newest, clock[:, cut:])
        found = np.concatenate([first, second], axis=1)
        if not np.allclose(found, outputs, 0.0, _SAME_OUTPUT * _size(outputs), equal_nan=True):
            raise ValueError(
                f"{self._name}.forward gives other numbers for the same steps once they come in "
                "two blocks: it looks ahead, or further back than its memory. It may use each "
                "value, the `memory` values before it (view.past), its time and the parameters; "
                "what describes a series, such as its mean, is learned in `fit`."
            )

    def _back(self, outputs: np.ndarray) -> None:
        """There and back on two paths, up to a value that has no output."""
        steps = int(np.argmax(np.append(np.isnan(outputs[0]), True)))
        paths, past = (np.repeat(x[:, None], 2, axis=1) for x in (outputs[:, :steps], self.past))
        found = self.link.inverse(paths, past, self.clock[:, None, :steps])[0]
        wrong = np.abs(found - self.values[:, :steps]) > _SAME_VALUE * _size(self.values)
        if wrong.any():
            path, step = np.argwhere(wrong)[0]
            raise ValueError(
                f"{self._name}.inverse does not give back what came: {self.values[0, step]:g} of "
                f"series {self.series!r} became {found[path, step]:g}. If it is meant to lose "
                "something, such as outliers, say so by `lossy = True` in the class."
            )


def _size(values: np.ndarray) -> float:
    """The largest size, 0 of none."""
    return float(np.nan_to_num(np.abs(values)).max(initial=0.0))


def _without_gaps(row: np.ndarray) -> np.ndarray:
    """The row from its first value on, each gap filled with the value before it."""
    known = ~np.isnan(row)
    last = np.maximum.accumulate(np.where(known, np.arange(len(row)), -1))
    return row[last[last >= 0]]
