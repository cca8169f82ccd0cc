"""Which linear dynamical system: how many states, about what, shared or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from forecast.baselines.selection import Candidate, Folds, score_candidates, selection_folds
from forecast.baselines.state_space.fit import Effort, Form, estimate
from forecast.baselines.state_space.material import Material
from forecast.baselines.state_space.model import LinearDynamicalModel
from forecast.pipelines import Panel, evenly_spread

__all__ = ["Choice", "choose"]

_FEW, _MORE = (1, 3), (2, 4, 6)
# Systems with parameters of their own are tried on panels of at most so many.
_MOST_OWN = 30
_MOST_SYSTEMS = 40
_EFFORT = Effort(max_iterations=15, most_rows=_MOST_SYSTEMS, most_steps=300)


@dataclass(frozen=True)
class Choice:
    """What the user leaves open, and the task.

    Args:
        state_size: entries of the hidden vector, None to choose.
        pooled: whether systems share parameters, None to choose.
        horizon: steps ahead that matter.
        season_length: m; 1 is none.
    """

    state_size: int | None
    pooled: bool | None
    horizon: int
    season_length: int


def choose(panel: Panel, choice: Choice) -> tuple[Form, str]:
    """The form of the lowest errors on rolling folds of some systems.

    First states few or more about the mean and about the first value, then other numbers of
    states, then parameters of each system's own.

    Args:
        panel: the training series.
        choice: what to choose.

    Returns:
        The form, and where it was chosen in words.
    """
    folds = selection_folds(_sample(panel), choice.horizon, choice.season_length)
    few, more = (_sizes(sizes, choice.state_size, panel) for sizes in (_FEW, _MORE))
    shared = choice.pooled is not False
    forms = [Form(size, shared, centre) for centre in ("mean", "first") for size in few]
    if not folds.panel.num_series:
        return forms[0], "no folds"
    best = _best(forms, folds, choice)
    best = _best([best, *(replace(best, state_size=size) for size in more)], folds, choice)
    count = panel.num_series // panel.num_channels
    if choice.pooled is None and 1 < count <= _MOST_OWN:
        best = _best([best, replace(best, pooled=False)], folds, choice)
    count_of_folds = int((folds.origins.ends >= 0).any(axis=1).sum())
    return best, f"{count_of_folds} fold" + "s" * (count_of_folds != 1)


def _best(forms: list[Form], folds: Folds, choice: Choice) -> Form:
    if len(forms) == 1:
        return forms[0]
    candidates = [
        Candidate(form.words, partial(_model, form=form, season_length=choice.season_length))
        for form in forms
    ]
    return forms[score_candidates(candidates, folds).best]


def _model(panel: Panel, form: Form, season_length: int) -> LinearDynamicalModel:
    return estimate(Material.of(panel, season_length, form.centre), form, _EFFORT)[0]


def _sizes(tried: tuple[int, ...], wanted: int | None, panel: Panel) -> list[int]:
    """Sizes to try: the one that is wanted, or those of less than a third of a system's values."""
    if wanted is not None:
        return [wanted] if 1 in tried else []
    most = int(np.median(panel.lengths)) * panel.num_channels // 3
    return [size for size in tried if size <= most or size == 1]


def _sample(panel: Panel) -> Panel:
    """Some of the systems, evenly spread."""
    channels = panel.num_channels
    systems = evenly_spread(panel.num_series // channels, _MOST_SYSTEMS)
    return panel.take((systems[:, None] * channels + np.arange(channels)).ravel())
