"""The classes that a bundle may name: a closed list, nothing is imported by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast import baselines
from forecast.archive.errors import BundleError
from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.markov.model import HiddenMarkovModel
from forecast.baselines.naive import DriftModel, NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled.choice import Way, Ways
from forecast.baselines.pooled.fit import PooledSettings
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.smoothing.model import SmoothingModel
from forecast.baselines.state_space.model import LinearDynamicalModel
from forecast.baselines.vector.model import VARModel
from forecast.composition import combine, ensemble, pipeline
from forecast.composition.combination import CombinedModel
from forecast.composition.pipeline_model import PipelineModel
from forecast.pipelines import Covariate, CovariateSchema, Encoding, transforms
from forecast.symbols import Alphabet, HiddenMarkovChain, MarkovChain
from forecast.symbols.chain import ChainModel
from forecast.symbols.hidden import HiddenModel

__all__ = [
    "PATTERNS",
    "SYMBOL_FORECASTERS",
    "forecaster_class",
    "is_known",
    "known_name",
    "model_class",
    "settings_class",
]

_BASELINES = {
    "AR": baselines.AR,
    "Combine": combine.Combine,
    "Drift": baselines.Drift,
    "ETS": baselines.ETS,
    "Ensemble": ensemble.Ensemble,
    "HiddenMarkov": baselines.HiddenMarkov,
    "HiddenMarkovChain": HiddenMarkovChain,
    "LinearDynamicalSystem": baselines.LinearDynamicalSystem,
    "MarkovChain": MarkovChain,
    "Naive": baselines.Naive,
    "Naive2": baselines.Naive2,
    "Pipeline": pipeline.Pipeline,
    "PooledAR": baselines.PooledAR,
    "SeasonalNaive": baselines.SeasonalNaive,
    "Theta": baselines.Theta,
    "VAR": baselines.VAR,
}
_BASELINE_MODELS = {
    "ARModel": ARModel,
    "ChainModel": ChainModel,
    "CombinedModel": CombinedModel,
    "DriftModel": DriftModel,
    "HiddenMarkovModel": HiddenMarkovModel,
    "HiddenModel": HiddenModel,
    "LinearDynamicalModel": LinearDynamicalModel,
    "NaiveModel": NaiveModel,
    "PipelineModel": PipelineModel,
    "PooledARModel": PooledARModel,
    "SeasonalNaiveModel": SeasonalNaiveModel,
    "SmoothingModel": SmoothingModel,
    "VARModel": VARModel,
}
_BASELINE_SETTINGS = {
    "Alphabet": Alphabet,
    "Covariate": Covariate,
    "CovariateSchema": CovariateSchema,
    "Design": baselines.Design,
    "Encoding": Encoding,
    "Estimation": baselines.Estimation,
    "LagSelection": baselines.LagSelection,
    "PooledSettings": PooledSettings,
    "Regression": baselines.Regression,
    "Terms": baselines.Terms,
    "Way": Way,
    "Ways": Ways,
}
_TRANSFORMS = {
    name: getattr(transforms, name)
    for name in (
        "BoxCox", "Difference", "FillGaps", "Identity", "Log1p", "MeanAbsoluteScaler",
        "MinMaxScaler", "RobustScaler", "STLDeseasonalizer", "SeasonalDifference", "StandardScaler",
    )
}  # fmt: skip
# Named here and fetched only when a bundle asks for one: they load TensorFlow.
_SYMBOL_NETWORKS = ("SymbolGRU", "SymbolLSTM", "SymbolRNN")
PATTERNS = ("ColdStartForecaster", "SequenceLabeler", "SeriesClassifier", "SummaryForecaster")
"""Networks of the other patterns: a bundle holds answers of them, no calibration."""
_NETWORKS = (
    "ESNForecaster", "GRUForecaster", "LSTMForecaster", "RNNForecaster", "Seq2SeqForecaster",
    "TemporalConvolutionForecaster", "TransformerForecaster", *PATTERNS, *_SYMBOL_NETWORKS,
)  # fmt: skip
_PATTERN_MODELS = ("ColdStartModel", "SequenceModel", "SummaryModel")
_NETWORK_MODELS = (
    "EchoModel", "NetworkModel", "SymbolNetworkModel", "WindowedModel", *_PATTERN_MODELS,
)  # fmt: skip
SYMBOL_FORECASTERS = ("HiddenMarkovChain", "MarkovChain", *_SYMBOL_NETWORKS)
"""Forecasters of symbols: a bundle holds less of them than of those of numbers."""
_HEADS = (
    "Absolute", "Huber", "NegativeBinomial", "Normal", "Poisson", "Quantiles", "Squared",
    "StudentT",
)  # fmt: skip
_NETWORK_SETTINGS = (
    "EchoDesign", "EchoReadout", "HessianFree", "LearningRate", "Momentum", "NetworkDesign",
    "NetworkSettings", "Reservoir", "Seq2SeqDesign", "Seq2SeqForm", "TargetWeights",
    "TeacherForcing", "Training", "TrainingRun", "Truncation", "WindowDesign",
    *_HEADS,
)  # fmt: skip


def forecaster_class(name: Any) -> Any:
    """The forecaster class of that name.

    Raises:
        BundleError: for a name that is not in the list.
    """
    return _find("forecaster", name, _BASELINES, _NETWORKS)


def model_class(name: Any) -> Any:
    """The model class of that name.

    Raises:
        BundleError: for a name that is not in the list.
    """
    return _find("model", name, _BASELINE_MODELS, _NETWORK_MODELS)


def settings_class(name: Any) -> Any:
    """The dataclass of settings of that name.

    Raises:
        BundleError: for a name that is not in the list.
    """
    return _find("settings", name, _BASELINE_SETTINGS | _TRANSFORMS, _NETWORK_SETTINGS)


def known_name(value: Any) -> str:
    """The name under which the class of `value` is in the list.

    Raises:
        BundleError: for a class that is not in the list, such as a class of the user.
    """
    name = type(value).__name__
    if not is_known(value):
        raise BundleError(
            f"a bundle cannot hold a {name}: only the classes of this library can be loaded again "
            f"safely ({', '.join([*_BASELINES, *_NETWORKS])})."
        )
    return name


def is_known(value: Any) -> bool:
    """Whether the class of `value` is in the list."""
    names = [*_BASELINES, *_BASELINE_MODELS, *_BASELINE_SETTINGS, *_TRANSFORMS]
    names += [*_NETWORKS, *_NETWORK_MODELS, *_NETWORK_SETTINGS]
    return type(value).__name__ in names and type(value).__module__.startswith("forecast.")


def _find(kind: str, name: Any, here: Mapping[str, Any], networks: tuple[str, ...]) -> Any:
    if isinstance(name, str) and name in here:
        return here[name]
    if name not in networks:
        raise BundleError(
            f"the bundle asks for the {kind} {name!r}; known are {', '.join([*here, *networks])}."
        )
    from forecast import heads, models, patterns
    from forecast.models.echo.model import EchoModel
    from forecast.models.network import NetworkModel
    from forecast.models.scale_choice import NetworkSettings
    from forecast.models.seq2seq.form import Seq2SeqForm
    from forecast.models.symbols.model import SymbolNetworkModel
    from forecast.models.windowed.model import WindowedModel
    from forecast.patterns.cold_start_model import ColdStartModel
    from forecast.patterns.sequence import SequenceModel
    from forecast.patterns.summary_model import SummaryModel

    if name in _HEADS:
        return getattr(heads, name)
    if name in PATTERNS:
        return getattr(patterns, name)
    kinds = (
        ColdStartModel, EchoModel, NetworkModel, NetworkSettings, Seq2SeqForm, SequenceModel,
        SummaryModel, SymbolNetworkModel, WindowedModel,
    )  # fmt: skip
    return {one.__name__: one for one in kinds}.get(name) or getattr(models, name)
