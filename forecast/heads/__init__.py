"""What a network says of a step: a point, quantiles, or a distribution."""

from forecast.heads.absolute import Absolute
from forecast.heads.categorical import Categorical
from forecast.heads.head import Distribution, Head, PointHead
from forecast.heads.huber import Huber
from forecast.heads.known import NAMES, head_of
from forecast.heads.negative_binomial import NegativeBinomial
from forecast.heads.normal import Normal
from forecast.heads.poisson import Poisson
from forecast.heads.quantiles import Quantiles
from forecast.heads.squared import Squared
from forecast.heads.student_t import StudentT

__all__ = [
    "NAMES",
    "Absolute",
    "Categorical",
    "Distribution",
    "Head",
    "Huber",
    "NegativeBinomial",
    "Normal",
    "PointHead",
    "Poisson",
    "Quantiles",
    "Squared",
    "StudentT",
    "head_of",
]
