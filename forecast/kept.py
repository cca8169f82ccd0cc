"""Fits that several forecasters ask for: each is made once, and all are told what it took."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from forecast.pipelines import Panel

if TYPE_CHECKING:
    from forecast.fitting import Estimate, Task
    from forecast.forecaster import Forecaster

__all__ = ["KeptEstimates", "estimate_once", "seconds_spared", "shared_fits"]

_Key = tuple[type, bytes]
# A comparison has two that choose, AR and PooledAR, and a user's own beside them.
_MOST_SHARED = 4


@dataclass(frozen=True, eq=False)
class _Kept:
    estimate: Estimate
    seconds: float


class KeptEstimates:
    """The last estimates that took a choice, by forecaster and task.

    Args:
        most: how many are kept; those of forecasters that choose nothing never are.
    """

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self.seconds_spared = 0.0
        """What the estimates that were found took when they were made."""
        self._most = most
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._lock = Lock()

    def found(self, forecaster: Forecaster, task: Task) -> Estimate | None:
        """The estimate of an equal forecaster for an equal task; None where none is kept."""
        key = _key(forecaster, task)
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            self.seconds_spared += self._kept[key].seconds
            return self._kept[key].estimate

    def estimate(self, forecaster: Forecaster, task: Task) -> Estimate:
        """What is found, or else made now and kept.

        Args:
            forecaster: a closed form: it gives the same for the same.
            task: with nothing settled.
        """
        found = self.found(forecaster, task)
        if found is not None:
            return found
        began = time.perf_counter()
        made = forecaster._estimate(task)
        if made.settled is not None:
            self._keep(_key(forecaster, task), _Kept(made, time.perf_counter() - began))
        return made

    def _keep(self, key: _Key, made: _Kept) -> None:
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_SHARED: ContextVar[KeptEstimates | None] = ContextVar("shared fits", default=None)


@contextmanager
def shared_fits() -> Iterator[None]:
    """While it lasts, forecasters of one backtest share the fits that they ask for alike."""
    if _SHARED.get() is not None:
        yield
        return
    token = _SHARED.set(KeptEstimates(_MOST_SHARED))
    try:
        yield
    finally:
        _SHARED.reset(token)


def estimate_once(
    forecaster: Forecaster, task: Task, elsewhere: KeptEstimates | None = None
) -> Estimate:
    """The estimate of a forecaster, made once where fits are shared.

    Args:
        forecaster: gives the estimate.
        task: what it is asked to learn.
        elsewhere: where to look as well, and to keep what is made; where fits are shared by
            default.
    """
    shared = _SHARED.get()
    if task.settled is not None or not forecaster.closed_form:
        return forecaster._estimate(task)
    found = shared.found(forecaster, task) if shared else None
    if found is not None:
        return found
    keeper = elsewhere or shared
    return keeper.estimate(forecaster, task) if keeper else forecaster._estimate(task)


def seconds_spared() -> float:
    """Seconds that the fits took that were found in place of being made, so far."""
    shared = _SHARED.get()
    return shared.seconds_spared if shared else 0.0


def _key(forecaster: Forecaster, task: Task) -> _Key:
    """Its class, and a hash of what a closed form depends on: not its alias, nor first times."""
    plain = forecaster.clone()
    if "alias" in plain.get_params(deep=False):
        plain.set_params(alias=None)
    about = (plain, task.season, task.horizon, task.ahead and task.ahead[1].horizon)
    digest = hashlib.blake2b(repr(about).encode())
    _add(digest, task.panel)
    if task.ahead:
        _add(digest, task.ahead[0])
        digest.update(np.ascontiguousarray(task.ahead[1].ends).tobytes())
    return type(forecaster), digest.digest()


def _add(digest: hashlib.blake2b, panel: Panel) -> None:
    table = panel.covariates
    about = (list(panel.ids), panel.frequency, panel.num_channels, table.schema)
    digest.update(repr(about).encode())
    for array in (panel.values, panel.lengths, table.future, table.past, table.static):
        digest.update(np.ascontiguousarray(array).tobytes())
