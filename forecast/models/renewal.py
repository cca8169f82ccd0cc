"""Which linear forecaster a trained network corrects, once all training series are known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecast.fitting import Estimate, Task
from forecast.models.checking import free_running_check
from forecast.models.highway_model import HighwayModel
from forecast.pipelines import Origins

__all__ = ["Learned", "renewed"]


@dataclass(frozen=True, eq=False)
class Learned(Estimate):
    """What a network has learned, and from where its training was judged.

    Args:
        origins: of the checks; None where none could be scored, or nothing was trained.
    """

    origins: Origins | None = field(kw_only=True)

    @classmethod
    def by(
        cls, model: Any, choices: str, history: dict[str, list[float]], task: Task, settled: Any
    ) -> Learned:
        """What a task has taught; a history without a finite `free_running` was not judged."""
        judged = np.isfinite(history.get("free_running", [])).any()
        origins = task.ahead[1] if task.ahead and judged else None
        fell_back = np.zeros(0, dtype=np.int64)
        return cls(model, choices, fell_back, history, settled, origins=origins)

    def completed(self, model: Any, words: str) -> Estimate:
        """The estimate with this model and more words, without what completed it."""
        choices = self.choices + words
        return Estimate(model, choices, self.fell_back, self.history, self.settled)


def renewed(network: Any, highway: HighwayModel, learned: Learned, task: Task) -> tuple[Any, str]:
    """The network around a highway that knows the newest steps too, and words for it.

    Where that one would change what the network sees (other lags, no logarithm any more), the
    highway of the training stays; also where series are seen in their own scale, and the network
    has learned nearly all that just this highway misses. What was not judged gets the newest.

    Otherwise a correction, fed back for many steps, may be of no use to any other highway. The mean
    of both is as near to the training's as to the newest, and is taken where it forecasts better
    from the origins of the training's checks. The newest highway knows what followed them, so where
    it still loses there, it does not go with this network.

    Args:
        network: as it was trained; a model with a `highway`, a `body` and `with_highway`. What is
            read in closed form is judged as it is, and fitted to the highway that is taken later.
        highway: the same linear forecaster, fitted to all training series.
        learned: by the training.
        task: all training series.
    """
    old = network.highway
    is_other = (old.power, old.features.lags) != (highway.power, highway.features.lags)
    if is_other or old.knows_scales:
        return network, ""
    newest = network.with_highway(highway)
    if learned.origins is None or not old.is_like(highway):
        return newest, ""
    between = network.with_highway(old.mean_with(highway))
    checked = replace(task, ahead=(task.panel, learned.origins))
    errors = [free_running_check(each, checked)(each.body) for each in (between, newest)]
    if errors[0] < errors[1]:
        return between, ", mean of the training's highway and the newest"
    return newest, ""
