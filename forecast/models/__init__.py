"""Networks as forecasters, and how they are trained."""

from forecast.models.causal_forecasters import TemporalConvolutionForecaster, TransformerForecaster
from forecast.models.design import NetworkDesign
from forecast.models.echo import EchoDesign, EchoReadout, Reservoir
from forecast.models.echo.forecaster import ESNForecaster
from forecast.models.forecasters import GRUForecaster, LSTMForecaster, RNNForecaster
from forecast.models.optimizers import HessianFree, Momentum
from forecast.models.schedules import LearningRate, TeacherForcing
from forecast.models.seq2seq import Seq2SeqDesign
from forecast.models.seq2seq.forecaster import Seq2SeqForecaster
from forecast.models.symbols import SymbolGRU, SymbolLSTM, SymbolRNN
from forecast.models.target_weights import TargetWeights
from forecast.models.training import Training, Truncation
from forecast.models.training_run import TrainingRun
from forecast.models.windowed import WindowDesign

__all__ = [
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
    "SymbolGRU",
    "SymbolLSTM",
    "SymbolRNN",
    "TargetWeights",
    "TeacherForcing",
    "TemporalConvolutionForecaster",
    "Training",
    "TrainingRun",
    "TransformerForecaster",
    "Truncation",
    "WindowDesign",
]
