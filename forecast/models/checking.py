"""How layers in training are judged: by what their network forecasts on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from forecast import engine
from forecast.calibration import mean_scaled_error
from forecast.denominators import seasonal_changes
from forecast.fitting import Task
from forecast.models.sampled_check import sampled_check
from forecast.pipelines import evenly_spread

__all__ = ["best_step", "free_running_check", "most_useful_share"]

# Series whose free running is looked at during training.
_MOST_CHECKED = 200
# Shares of the corrections that are tried after the training.
_SHARES = (1.0, 0.75, 0.5, 0.25)


def free_running_check(network: Any, task: Task) -> Callable[[Any], float]:
    """The score at the task's origins, on some of the series, of other layers in the network.

    Args:
        network: a model with a `head`, and `with_body` for other layers in the same model.
        task: with steps ahead.
    """
    if task.ahead is None:
        raise ValueError("a training without steps ahead of it cannot be checked.")
    panel, origins = task.ahead
    if network.head.is_distribution:
        score = sampled_check(panel, origins, task.season.length)
        return lambda body: score(network.with_body(body))
    able = np.flatnonzero((origins.ends >= 0).any(axis=0))
    chosen = able[evenly_spread(len(able), _MOST_CHECKED)]
    part = panel.take(chosen)
    ends = replace(origins, ends=origins.ends[:, chosen])
    denominators = seasonal_changes(part, task.season.length)

    def check(body: Any) -> float:
        model = network.with_body(body)
        stops = list(engine.walk(model, part, chosen, ends, one_step=False))
        rows, errors, _ = engine.errors_at(model, part, stops, origins.horizon)
        return mean_scaled_error(errors, denominators[rows])

    return check


def most_useful_share(body: Any, check: Callable[[Any], float]) -> tuple[Any, float]:
    """The layers with the part of their corrections that forecasts best in free running."""
    scores = {share: check(body.scaled(share)) for share in _SHARES}
    best = min(scores, key=lambda share: scores[share])
    return body.scaled(best), best


def best_step(history: dict[str, list[float]]) -> float:
    """Step of the check with the smallest score; 0 where none was made or could be scored."""
    checks = zip(history["free_running"], history["step"], strict=True)
    return min((check for check in checks if np.isfinite(check[0])), default=(0.0, 0.0))[1]
