"""The seeds of a forecaster and of those that it is made of."""

from __future__ import annotations

from forecast.forecaster import Forecaster

__all__ = ["reseeded", "seeds_within"]


def seeds_within(forecaster: Forecaster) -> dict[str, int]:
    """The seeds of a forecaster and of those that it is made of, by the names of the arguments.

    Example:
        >>> import forecast as fc
        >>> seeds_within(fc.AR()), seeds_within(fc.Pipeline([fc.Log1p(), fc.HiddenMarkov(seed=3)]))
        ({}, {'HiddenMarkov__seed': 3})
    """
    return {
        name: value
        for name, value in forecaster.get_params().items()
        if name.split("__")[-1] == "seed" and isinstance(value, int)
    }


def reseeded(forecaster: Forecaster, number: int) -> Forecaster:
    """A clone that shares no seed with the forecaster, or with a clone of another number.

    All its seeds are `number * seeds_used` further on, so that those of an ensemble, which uses
    several in a row, begin where the ones before end.

    Args:
        forecaster: with seeds, or made of such.
        number: 0 for its own seeds, 1 for the next ones, and so on.

    Example:
        >>> import forecast as fc
        >>> reseeded(fc.HiddenMarkov(seed=3), 2).seed
        5
        >>> reseeded(fc.Ensemble(fc.HiddenMarkov(seed=3), num_members=4), 2).forecaster.seed
        11
    """
    further = number * forecaster.seeds_used
    moved = {name: seed + further for name, seed in seeds_within(forecaster).items()}
    return forecaster.clone().set_params(**moved)
