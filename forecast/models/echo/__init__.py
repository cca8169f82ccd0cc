"""Echo-state networks: untrained reservoirs and a readout in closed form."""

from __future__ import annotations

from forecast.models.echo.memory import EchoMemory
from forecast.models.echo.network import EchoNetwork, fit_echo_network
from forecast.models.echo.reservoir import EchoDesign, EchoReadout, Reservoir

__all__ = [
    "EchoDesign",
    "EchoMemory",
    "EchoNetwork",
    "EchoReadout",
    "Reservoir",
    "fit_echo_network",
]
