"""Forecasting with recurrent networks, compared honestly with linear autoregression.

A forecaster is a state that absorbs observations and rolls forward. Names are loaded when first
used, so that `import forecast` stays fast and baselines never load TensorFlow.

Example:
    >>> import forecast as fc
    >>> df = fc.load_dataset("co2").tail(300)
    >>> forecasts = fc.SeasonalNaive().fit(df).predict(horizon=4)
    >>> list(forecasts.columns)
    ['unique_id', 'ds', 'SeasonalNaive']
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "forecast.baselines": (
        "AR",
        "Design",
        "Drift",
        "ETS",
        "Estimation",
        "HiddenMarkov",
        "LagSelection",
        "LinearDynamicalSystem",
        "LinearSystem",
        "Naive",
        "Naive2",
        "PooledAR",
        "Regression",
        "SeasonalNaive",
        "Terms",
        "Theta",
        "VAR",
    ),
    "forecast.models": (
        "ESNForecaster",
        "EchoDesign",
        "EchoReadout",
        "GRUForecaster",
        "HessianFree",
        "LSTMForecaster",
        "LearningRate",
        "Momentum",
        "NetworkDesign",
        "RNNForecaster",
        "Reservoir",
        "Seq2SeqDesign",
        "Seq2SeqForecaster",
        "TargetWeights",
        "SymbolGRU",
        "SymbolLSTM",
        "SymbolRNN",
        "TeacherForcing",
        "TemporalConvolutionForecaster",
        "Training",
        "TrainingRun",
        "TransformerForecaster",
        "Truncation",
        "WindowDesign",
    ),
    "forecast.patterns": (
        "ColdStartForecaster",
        "SequenceLabeler",
        "SeriesClassifier",
        "SummaryForecaster",
    ),
    "forecast.patterns.held_out": ("compare_held_out",),
    "forecast.backtest": ("cross_validation",),
    "forecast.composition.combine": ("Combine",),
    "forecast.composition.ensemble": ("Ensemble",),
    "forecast.composition.pipeline": ("Pipeline",),
    "forecast.pipelines.transforms": (
        "BoxCox",
        "Difference",
        "FillGaps",
        "Identity",
        "Log1p",
        "MeanAbsoluteScaler",
        "MinMaxScaler",
        "RobustScaler",
        "STLDeseasonalizer",
        "SeasonalDifference",
        "StandardScaler",
        "Transform",
    ),
    "forecast.compare": ("compare",),
    "forecast.diagnostics": (
        "check_leakage",
        "exposure_bias",
        "gate_activity",
        "gradient_flow",
        "jacobian_spectrum",
        "lyapunov_exponent",
        "memory_capacity",
        "residual_diagnostics",
    ),
    "forecast.evaluation.attention_picture": ("plot_attention",),
    "forecast.evaluation.calibration": ("calibration",),
    "forecast.evaluation.calibration_picture": ("plot_calibration",),
    "forecast.evaluation.crps": ("continuous_ranked_probability_score", "crps_from_quantiles"),
    "forecast.evaluation.metrics": (
        "coverage",
        "interval_score",
        "mae",
        "mase",
        "mase_denominator",
        "msis",
        "nd",
        "nrmse",
        "owa",
        "pinball",
        "rmse",
        "rmsse",
        "rmsse_denominator",
        "smape",
        "weighted_quantile_loss",
    ),
    "forecast.evaluation.metrics.metric": ("Aggregation", "Metric", "Ratio", "Relative"),
    "forecast.evaluation.scoring": ("score",),
    "forecast.evaluation.storage": ("load_comparison",),
    "forecast.feeding": ("WindowDataset", "tf_dataset"),
    "forecast.io": ("load",),
    "forecast.pipelines": (
        "Batches",
        "LengthBuckets",
        "Streams",
        "Windows",
        "datasets",
        "fill_gaps",
        "load_dataset",
        "open_panel",
        "read_ett",
        "read_file",
        "read_m4",
        "read_parquet_panel",
        "read_tsf",
        "save_panel",
    ),
    "forecast.symbols": ("Alphabet", "HiddenMarkovChain", "MarkovChain", "SymbolForecaster"),
    "forecast.search": ("Search", "SearchResult", "search"),
    "forecast.inspection": ("check", "plot_origins"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# Rooms that are reached by their name alone.
_ROOMS = ("adapters", "heads", "symbols")

__all__ = [*sorted(_HOME_OF), "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name from the room where it lives (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"forecast.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """The package, on which a room never takes the place of the public name that it gives."""

    def __setattr__(self, name: str, value: object) -> None:
        # Importing forecast.compare would otherwise turn the function fc.compare into a module.
        if not (name in _HOME_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
