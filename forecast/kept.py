"""Fits that several forecasters ask for: each is made once, and all are told what it took."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.fitting import Estimate, Task
    from forecast.forecaster import Forecaster

__all__ = ["KeptEstimates", "estimate_once", "seconds_spared", "shared_fits"]

_Key = tuple[type, bytes]
# AR and PooledAR, as the comparison has them and with a user's own settings.
_MOST_SHARED = 4


@dataclass(frozen=True, eq=False)
class _Kept:
    estimate: Estimate
    seconds: float


class KeptEstimates:
    """The last estimates, by forecaster and task.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self.seconds_spared = 0.0
        self._most = most
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._lock = Lock()

    def find(self, key: _Key) -> _Kept | None:
        """What is kept under a key."""
        with self._lock:
            return self._kept.get(key)

    def keep(self, key: _Key, made: _Kept) -> None:
        """Keep it as the newest; the oldest goes where there are too many."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
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
    """The estimate of a forecaster; made once where fits are shared and its class says so.

    A class says `shares_fits = True` for itself, not for its subclasses: its fit takes long and
    follows from its settings and the task alone.

    Args:
        forecaster: gives the estimate.
        task: what it is asked to learn.
        elsewhere: where to look as well, and to keep what is made.
    """
    shared = _SHARED.get()
    keepers = [keeper for keeper in (shared, elsewhere) if keeper is not None]
    if not (keepers and task.settled is None and vars(type(forecaster)).get("shares_fits")):
        return forecaster._estimate(task)
    try:
        key = _key(forecaster, task)
    except (pickle.PicklingError, TypeError, AttributeError):  # settings that cannot be compared
        return forecaster._estimate(task)
    kept = next((found for keeper in keepers if (found := keeper.find(key))), None)
    if kept is None:
        began = time.perf_counter()
        kept = _Kept(forecaster._estimate(task), time.perf_counter() - began)
    elif shared is not None:
        shared.seconds_spared += kept.seconds
    for keeper in keepers:
        keeper.keep(key, kept)
    return kept.estimate


def seconds_spared() -> float:
    """Seconds that the fits took that were found in place of being made, so far."""
    shared = _SHARED.get()
    return shared.seconds_spared if shared else 0.0


def _key(forecaster: Forecaster, task: Task) -> _Key:
    """Its class, and a hash of what its fit follows from: not its alias, nor the first times."""
    settings = forecaster.get_params(deep=False)
    settings.pop("alias", None)
    ahead = task.ahead and (task.ahead[1].horizon, task.ahead[1].ends)
    digest = hashlib.blake2b(pickle.dumps((settings, task.season, task.horizon, ahead)))
    for panel in (task.panel, *(task.ahead[:1] if task.ahead else ())):
        table = panel.covariates
        about = (list(panel.ids), panel.frequency, panel.num_channels, table.schema)
        digest.update(pickle.dumps(about))
        for array in (panel.values, panel.lengths, table.future, table.past, table.static):
            digest.update(np.ascontiguousarray(array).reshape(-1).data)
    return type(forecaster), digest.digest()
