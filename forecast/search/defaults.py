"""What is searched for where the user does not say."""

from __future__ import annotations

from typing import Any

from forecast.forecaster import Forecaster

__all__ = ["default_space"]

_TRAINED: dict[str, Any] = {
    "units": [16, 32, 64, 128],
    "training__learning_rate": (5e-4, 1e-2, "log"),
    "training__batch_size": [16, 32, 64],
}
_RECURRENT = {**_TRAINED, "num_layers": [1, 2]}
_WINDOW = {**_TRAINED, "context_length": [16, 32, 64, 128]}
# By class name: nothing here loads a network's library.
_SPACES: dict[str, dict[str, Any]] = {
    "AR": {"lags": range(1, 25), "terms__trend": ["n", "c", "ct"]},
    "VAR": {"lags": range(1, 13), "ridge": (1e-3, 10.0, "log")},
    "PooledAR": {
        "lags": range(1, 49),
        "regression__loss": ["absolute", "squared"],
        "regression__ridge": (1e-4, 10.0, "log"),
    },
    "RNNForecaster": _RECURRENT,
    "GRUForecaster": _RECURRENT,
    "LSTMForecaster": _RECURRENT,
    "ESNForecaster": {
        "units": [100, 200, 400],
        "spectral_radius": (0.5, 1.3),
        "leak_rate": (0.05, 1.0, "log"),
        "input_scaling": (0.05, 1.0, "log"),
    },
    "TemporalConvolutionForecaster": _WINDOW,
    "TransformerForecaster": _WINDOW,
    "SklearnForecaster": {"lags": range(1, 49)},
}


def default_space(forecaster: Forecaster) -> dict[str, Any]:
    """The space of a forecaster; of a composition those of all it is made of, `member__setting`.

    Raises:
        ValueError: if it has none.

    Example:
        >>> import forecast as fc
        >>> list(default_space(fc.Pipeline([fc.Log1p(), fc.AR()])))
        ['AR__lags', 'AR__terms__trend']
    """
    space = _space_of(forecaster)
    if not space:
        raise ValueError(
            f"{forecaster.name} has no default space; give one, as in "
            f"space={{'season_length': [1, 12]}}. Its settings are "
            f"{', '.join(forecaster.get_params())}."
        )
    return space


def _space_of(forecaster: Forecaster) -> dict[str, Any]:
    members = getattr(forecaster, "forecasters", None)
    if members is not None:
        return {
            f"{member.name}__{name}": values
            for member in members
            for name, values in _space_of(member).items()
        }
    one = getattr(forecaster, "forecaster", None)
    if isinstance(one, Forecaster):
        return {f"forecaster__{name}": values for name, values in _space_of(one).items()}
    steps = getattr(forecaster, "steps", None)
    if steps is not None:
        inner, last = _space_of(steps[-1]), _name_of_last(forecaster)
        return {f"{last}__{name}": values for name, values in inner.items()}
    return _SPACES.get(type(forecaster).__name__, {})


def _name_of_last(pipeline: Any) -> str:
    from forecast.composition.steps import step_names

    return step_names(pipeline.steps)[-1]
