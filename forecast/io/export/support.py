"""Which fitted forecasters can be exported, and what is said of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.naive import DriftModel, NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled.model import PooledARModel
from forecast.composition.combination import CombinedModel

if TYPE_CHECKING:
    from forecast.forecaster import Forecaster
    from forecast.io.export.served import ServedModel

__all__ = ["check_exportable", "served_model", "serves_new_series"]

_LINEAR = (ARModel, DriftModel, NaiveModel, PooledARModel, SeasonalNaiveModel)
_ABLE = (
    "Naive, SeasonalNaive, Drift, AR, PooledAR, networks such as LSTMForecaster, and Combine and "
    "Ensemble of these"
)
_INSTEAD = "Write it with save(path), and serve it with fc.load(path)."


def check_exportable(forecaster: Forecaster) -> None:
    """Refuse a fitted forecaster that has no equations in tensors.

    Raises:
        ValueError: if it uses covariates, has several channels or another kind of model, or a
            network with a head of counts.
    """
    name, columns = forecaster.name, forecaster.layout_.columns
    encoded = forecaster.fitted_.encoding.encoded
    if encoded.future or encoded.past:
        used = [covariate.name for covariate in (*encoded.future, *encoded.past)]
        raise ValueError(
            f"{name} forecasts with the covariates {used}, which an export does not take: fit it "
            f"without them. {_INSTEAD}"
        )
    if columns.channels:
        raise ValueError(
            f"{name} was fitted on the channels {list(columns.channels)}, and an export has one "
            f"value a series and step: fit it with one target_col. {_INSTEAD}"
        )
    for model in _parts(forecaster.fitted_.model):
        if not _is_able(model):
            raise ValueError(
                f"{name} cannot be exported: its {type(model).__name__} has no equations in "
                f"TensorFlow. That have {_ABLE}. {_INSTEAD}"
            )
        if _is_network(model) and model.head.of_counts:
            raise ValueError(
                f"{name} cannot be exported: the medians of the head {model.head!r} have no "
                "equation in TensorFlow. Fit it with another head, such as 'quantiles' or "
                f"'absolute'. {_INSTEAD}"
            )


def serves_new_series(forecaster: Forecaster) -> bool:
    """Whether the export forecasts series that the forecaster was not fitted on.

    A combination with members that know their own series only has no equations for others.
    """
    models = _parts(forecaster.fitted_.model)
    bound = any(getattr(model, "newcomer_weights", None) is not None for model in models)
    return forecaster.takes_new_series and not bound


def served_model(model: Any) -> ServedModel:
    """The model in tensors; loads TensorFlow."""
    from forecast.io.export.autoregression import ServedAR
    from forecast.io.export.combination import ServedCombination
    from forecast.io.export.pooled import ServedPooled
    from forecast.io.export.window import ServedDrift, ServedNaive

    if isinstance(model, CombinedModel):
        return ServedCombination(model, [served_model(member) for member in model.members])
    if isinstance(model, ARModel):
        return ServedAR(model)
    if isinstance(model, PooledARModel):
        return ServedPooled(model)
    if isinstance(model, DriftModel):
        return ServedDrift(model.window_length, model.block_length)
    if isinstance(model, NaiveModel | SeasonalNaiveModel):
        return ServedNaive(model.window_length, model.block_length)
    from forecast.io.export.network import ServedNetwork

    return ServedNetwork(model)


def _parts(model: Any) -> list[Any]:
    """The model, or the members of a combination."""
    if not isinstance(model, CombinedModel):
        return [model]
    return [part for member in model.members for part in _parts(member)]


def _is_able(model: Any) -> bool:
    return isinstance(model, _LINEAR) or _is_network(model)


def _is_network(model: Any) -> bool:
    """Whether this is a `NetworkModel`; by name, as its module loads TensorFlow."""
    return type(model).__name__ == "NetworkModel"
