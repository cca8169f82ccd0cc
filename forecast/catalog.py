"""Forecasters by the names that people type."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

import forecast as fc
from forecast.forecaster import Forecaster

__all__ = ["class_name", "make_forecaster", "model_names"]

_SUFFIX = "Forecaster"
_CLASSES = (
    "AR", "Drift", "ESNForecaster", "ETS", "GRUForecaster", "HiddenMarkov",
    "LSTMForecaster", "LinearDynamicalSystem", "Naive", "Naive2", "PooledAR",
    "RNNForecaster", "SeasonalNaive", "Seq2SeqForecaster", "TemporalConvolutionForecaster",
    "Theta", "TransformerForecaster", "VAR",
)  # fmt: skip
_BY_NAME = {name.removesuffix(_SUFFIX).lower(): name for name in _CLASSES}
_BY_NAME = dict(sorted(_BY_NAME.items()))


def model_names() -> list[str]:
    """The short names.

    Example:
        >>> model_names()[:3]
        ['ar', 'drift', 'esn']
    """
    return list(_BY_NAME)


def class_name(name: str) -> str:
    """The class that a name stands for: the class's own name or the short one, in any case.

    Raises:
        ValueError: for an unknown name; the message lists the known ones and the closest.

    Example:
        >>> class_name("lstm"), class_name("LSTMForecaster")
        ('LSTMForecaster', 'LSTMForecaster')
    """
    short = name.strip().lower().removesuffix(_SUFFIX.lower())
    if short in _BY_NAME:
        return _BY_NAME[short]
    close = difflib.get_close_matches(short, _BY_NAME, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"unknown model {name!r}; known are {', '.join(_BY_NAME)}.{hint}")


def make_forecaster(
    name: str,
    *,
    seed: int | None = None,
    max_seconds: float | None = None,
    season_length: int | None = None,
) -> Forecaster:
    """A forecaster by name; an option that it does not have is left out.

    Args:
        name: see `class_name`.
        seed: of whatever is random.
        max_seconds: time to train a network by gradient descent.
        season_length: steps in a season.

    Raises:
        ValueError: for an unknown name or a value out of range.

    Example:
        >>> make_forecaster("seasonalnaive", season_length=12, seed=1)
        SeasonalNaive(season_length=12)
    """
    cls = getattr(fc, class_name(name))
    known = inspect.signature(cls).parameters
    options: dict[str, Any] = {"seed": seed, "season_length": season_length}
    if max_seconds is not None and "training" in known:
        options["training"] = fc.Training(max_seconds=max_seconds)
    return cls(**{k: v for k, v in options.items() if v is not None and k in known})
