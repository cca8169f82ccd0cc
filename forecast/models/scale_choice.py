"""In which scale a network sees its series: that of the newest lags, or that of the series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.lags import seasons_of
from forecast.baselines.pooled.fit import PooledSettings
from forecast.baselines.power import Power
from forecast.fitting import Task
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.highway_model import WINDOW_SCALE, HighwayModel, series_scales
from forecast.models.inputs import input_width
from forecast.models.readout import share_left
from forecast.models.teaching import make_lesson
from forecast.pipelines import Panel, evenly_spread

__all__ = ["NetworkSettings", "Scale", "choose_scale", "rounds_of", "scales_of", "shares_left"]

Scale = Literal["window", "series"]

# An untrained reservoir tells in a tenth of a second what there is to learn in either scale.
_RESERVOIR = {"leak_rate": 0.5, "spectral_radius": 0.9, "input_scaling": 0.3}
_UNITS = 200
# Series that are looked at, and newest steps of all of them.
_MOST_SERIES, _MOST_STEPS = 8, 4_000
# So much less must be left in the scale of the series: there, levels that were not seen in the
# training are unknown land. Chaotic systems leave 7 to 46 % less, all others at most 3 %
# (`benchmarks/scales.py`).
_LEAST_GAIN = 0.05
# Times the updates of a short series in its own scale: there is more to learn.
_ROUNDS = 3


@dataclass(frozen=True)
class NetworkSettings:
    """What a network settles before it learns.

    Args:
        pooled: of the highway.
        scale: "window" sees a past in the scale of its newest lags, "series" in that of its series.
    """

    pooled: PooledSettings
    scale: Scale = "window"

    @classmethod
    def of(cls, pooled: PooledSettings, scale: Scale) -> NetworkSettings:
        """A scale with the highway for it: in that of the series nothing is transformed.

        A logarithm is for series that grow. Of a process within bounds it would enlarge what
        happens near 0, down to the noise of whoever recorded it.

        Args:
            pooled: of the highway, as chosen for the scale of its newest lags.
            scale: as chosen.
        """
        if scale == "series":
            pooled = replace(pooled, design=replace(pooled.design, power=1.0))
        return cls(pooled, scale)

    def seeing(self, highway: HighwayModel, panel: Panel) -> HighwayModel:
        """The highway of these settings, of pasts that the network sees in this scale."""
        return highway.seen_in(scales_of(self.scale, panel, highway.power))

    @property
    def words(self) -> str:
        """What is corrected, and how it is seen."""
        return "linear highway" + (" in the scale of the series" if self.scale == "series" else "")


def choose_scale(highway: HighwayModel, task: Task) -> Scale:
    """The scale in which a readout of an untrained reservoir corrects the highway better.

    Args:
        highway: one step ahead.
        task: the training series.
    """
    left = shares_left(highway, task)
    return "series" if left["series"] < (1.0 - _LEAST_GAIN) * left["window"] else "window"


def shares_left(highway: HighwayModel, task: Task) -> dict[Scale, float]:
    """What such a readout leaves of the highway's errors in either scale; at most 1.

    Args:
        highway: one step ahead.
        task: the training series.
    """
    chosen = evenly_spread(task.panel.num_series, _MOST_SERIES)
    panel, highway = task.panel.take(chosen), highway.take(chosen)
    panel = panel.tail(np.maximum(panel.lengths - _MOST_STEPS // len(chosen), 0))
    body = Body(Blueprint("EchoState", _UNITS, 1, input_width(highway), 0, _RESERVOIR))

    def left(scale: Scale) -> float:
        seen = highway.seen_in(scales_of(scale, panel, highway.power))
        lesson = make_lesson(seen, panel, task.season.length)
        return share_left(body, lesson, seasons_of(task.season))

    return {"window": left("window"), "series": left("series")}


def rounds_of(highway: HighwayModel) -> int:
    """Times the updates that a network of a short series takes at least."""
    return _ROUNDS if highway.knows_scales else 1


def scales_of(scale: Scale, panel: Panel, power: Power) -> NDArray:
    """The scales of `HighwayModel` that a choice stands for."""
    return series_scales(panel, power) if scale == "series" else WINDOW_SCALE
