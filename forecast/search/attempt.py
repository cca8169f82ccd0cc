"""One trial of a search."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from forecast.forecaster import Forecaster
from forecast.search.scoring import Scoring
from forecast.search.study import Trials

__all__ = ["attempted"]


class _OutOfTime(Exception):
    """The time of the search is over before the trial is."""


def attempted(forecaster: Forecaster, scoring: Scoring, trials: Trials, end: float) -> bool:
    """Try the next settings: scored origin after origin, pruned where they are behind.

    Args:
        forecaster: as the user gave it.
        scoring: origins.
        trials: those before; this one is added when it has come to its end, else dropped.
        end: moment, by `time.monotonic`, at which to stop.

    Returns:
        Whether it has come to its end in time.
    """
    began = time.monotonic()
    if began >= end:
        return False
    trial, settings = trials.ask()
    try:
        candidate = forecaster.clone().set_params(**settings)
        score = _score(candidate, scoring, trial, end)
    except (ValueError, ArithmeticError) as error:  # settings that these data do not allow
        trials.tell(trial, None, time.monotonic() - began, str(error) or repr(error))
    except _OutOfTime:
        trials.drop(trial)
        return False
    except BaseException:
        trials.drop(trial)
        raise
    else:
        trials.tell(trial, score, time.monotonic() - began)
    return True


def _score(candidate: Forecaster, scoring: Scoring, trial: Any, end: float) -> float | None:
    """Score over all origins; None where the trial was pruned."""
    score = np.inf
    for step, score in enumerate(scoring.running(candidate)):
        trial.report(score, step)
        if trial.should_prune():
            return None
        if time.monotonic() >= end:
            raise _OutOfTime
    return float(score)
