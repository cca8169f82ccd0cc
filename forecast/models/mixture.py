"""A network beside the linear forecasters: `y = w_1 AR + w_2 PooledAR + w_3 network`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.forecaster import AR
from forecast.baselines.pooled.forecaster import PooledAR
from forecast.composition.combination import CombinedModel
from forecast.composition.weights import stacking_weights
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.kept import KeptEstimates, estimate_once
from forecast.protocol import StateBatch

__all__ = [
    "Mixture",
    "completed_mixture",
    "mixed",
    "network_in",
    "network_state",
    "settled_network",
]

# Networks of other seeds or layers share the linear parts of the last two tasks.
_KEPT = KeptEstimates(4)


@dataclass(frozen=True, eq=False)
class Mixture(Estimate):
    """A network and the linear forecasters, with their weights.

    Args:
        parts: AR, PooledAR and the network, each as it would be alone.
        weights: of the parts, `(3,)`, summing to 1.
    """

    parts: tuple[Estimate, ...] = ()
    weights: tuple[float, ...] = ()


def mixed(network: Estimate, task: Task) -> Estimate:
    """The network beside AR and PooledAR; the network alone where nothing can tell their weights.

    Args:
        network: as it forecasts alone.
        task: the training series, with steps ahead.
    """
    if task.ahead is None or (task.ahead[1].ends < 0).all():
        return network
    parts = (*_linear_parts(task), network)
    panel, origins = task.ahead
    models = [(part.model, panel) for part in parts]
    if isinstance(task.settled, tuple):
        weights = np.array(task.settled[0])
    else:
        weights = stacking_weights(models, origins, task.season.length)
    together = _together(parts, weights, task)
    return Mixture(**vars(together), parts=parts, weights=tuple(weights.tolist()))


def completed_mixture(mixture: Mixture, network: Estimate, task: Task) -> Estimate:
    """The mixture with linear forecasters that know all training series.

    Args:
        mixture: with linear parts that were fitted on the earlier part.
        network: completed.
        task: all training series.
    """
    linear = tuple(
        forecaster._complete(part, replace(task, settled=part.settled))
        for forecaster, part in zip(_linear(), mixture.parts[:-1], strict=True)
    )
    return _together((*linear, network), np.array(mixture.weights), task)


def settled_network(settled: Any) -> Any:
    """What the network settled, of what a mixture did or a network that stood alone."""
    return settled[1][-1] if isinstance(settled, tuple) else settled


def network_in(model: Any) -> Any:
    """The network of a mixture; any other model itself."""
    if isinstance(model, CombinedModel) and model.newcomer_weights is not None:
        return model.members[-1]
    return model


def network_state(model: Any, state: StateBatch) -> StateBatch:
    """The state of `network_in(model)`, of that of the model."""
    network = network_in(model)
    return state if network is model else model.member_states(state)[-1]


def _linear(season_length: int | None = None) -> tuple[Forecaster, ...]:
    """With the settings of a comparison's baselines."""
    return AR(season_length=season_length), PooledAR(season_length=season_length)


def _together(parts: tuple[Estimate, ...], weights: NDArray, task: Task) -> Estimate:
    models = [part.model for part in parts]
    model = CombinedModel(models, task.horizon, weights, None, _of_newcomers(weights))
    names = (*(forecaster.name for forecaster in _linear()), "network")
    words = " + ".join(
        f"{weight:.2f} {name} ({part.choices})"
        for weight, name, part in zip(weights, names, parts, strict=True)
    )
    fell_back = np.unique(np.concatenate([part.fell_back for part in parts]))
    settled = (tuple(weights.tolist()), tuple(part.settled for part in parts))
    return Estimate(model, words, fell_back, parts[-1].history, settled)


def _of_newcomers(weights: NDArray) -> NDArray:
    """The weights without those of forecasters that know their own series only."""
    able = np.array([*(forecaster.takes_new_series for forecaster in _linear()), True])
    found = np.where(able, weights, 0.0)
    return found / found.sum() if found.any() else able / able.sum()


def _linear_parts(task: Task) -> tuple[Estimate, ...]:
    """The linear forecasters fitted to the task; those of the last tasks are kept."""
    if isinstance(task.settled, tuple):
        pairs = zip(_linear(), task.settled[1][:-1], strict=True)
        return tuple(one._estimate(replace(task, settled=settled)) for one, settled in pairs)
    fresh, season = replace(task, settled=None), task.season
    given = season.length if season.given else None
    return tuple(estimate_once(one, fresh, elsewhere=_KEPT) for one in _linear(given))
