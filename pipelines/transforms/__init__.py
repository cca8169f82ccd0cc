"""Invertible transforms of the values of each series, and chains of them."""

from __future__ import annotations

from .base import Transform, View
from .chain import Chain, FittedChain
from .differences import Difference, SeasonalDifference
from .gaps import FillGaps
from .identity import Identity
from .link import Link
from .links import Links
from .position import Position
from .powers import BoxCox, Log1p
from .scalers import MeanAbsoluteScaler, MinMaxScaler, RobustScaler, StandardScaler
from .seasonal import STLDeseasonalizer
from .walk import Walk, walk

__all__ = [
    "BoxCox",
    "Chain",
    "Difference",
    "FillGaps",
    "FittedChain",
    "Identity",
    "Link",
    "Links",
    "Log1p",
    "MeanAbsoluteScaler",
    "MinMaxScaler",
    "Position",
    "RobustScaler",
    "STLDeseasonalizer",
    "SeasonalDifference",
    "StandardScaler",
    "Transform",
    "View",
    "Walk",
    "walk",
]
