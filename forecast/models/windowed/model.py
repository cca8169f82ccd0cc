"""A window network as a model: its state is the newest values, read anew before each forecast."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past, WindowModel
from forecast.heads import Absolute, PointHead
from forecast.models.highway_model import HighwayModel
from forecast.models.windowed.body import WindowBody
from forecast.models.windowed.view import Anchor, WindowInputs, WindowView

__all__ = ["WindowedModel"]

_HIGHWAY = "highway."


class WindowedModel(WindowModel):
    """`y[t+h] = linear forecast + unit * network(newest steps, steps ahead)`, h = 1 ... k.

    The window is read once for a block of k steps; a longer horizon feeds blocks back. A step
    without a value is fed the model's own one-step forecast. What lies before the series began is
    masked.

    Args:
        highway: the linear forecaster that is corrected, for as many steps as are emitted at once.
        body: the layers.
        context_length: newest steps that they read.
    """

    head: ClassVar[PointHead] = Absolute()

    def __init__(self, highway: HighwayModel, body: WindowBody, context_length: int) -> None:
        """Store the parts."""
        self.view = WindowView(highway, context_length)
        super().__init__(self.view.window_length, highway.block_length)
        self.highway = highway
        self.body = body

    def with_body(self, body: WindowBody) -> WindowedModel:
        """The same network with other layers."""
        return WindowedModel(self.highway, body, self.view.context_length)

    def with_highway(self, highway: HighwayModel) -> WindowedModel:
        """The same layers around another linear forecaster."""
        return WindowedModel(highway, self.body, self.view.context_length)

    def encode(self, values: NDArray) -> NDArray:
        """See `WindowModel`."""
        return self.highway.encode(values)

    def decode(self, values: NDArray) -> NDArray:
        """See `WindowModel`."""
        return self.highway.decode(values)

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:
        """See `WindowModel`."""
        anchor, inputs = self.seen(past, num_steps, future)
        return anchor.base + anchor.unit[:, None] * self.body.corrections(inputs)

    def seen(self, past: Past, num_steps: int, future: NDArray) -> tuple[Anchor, WindowInputs]:
        """Where the network stands, and what its layers see; see `emit`."""
        anchor = self.view.anchor(past, num_steps, future)
        return anchor, self.view.inputs(past.window, anchor, self.standard(future))

    def standard(self, future: NDArray) -> NDArray:
        """Covariates of steps ahead in standard deviations from their mean."""
        nothing = np.zeros((*future.shape[:-1], 0))
        return self.highway.standard(future, nothing)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `WindowModel`."""
        settings, arrays = self.highway.to_saved()
        arrays = {_HIGHWAY + name: array for name, array in arrays.items()}
        about = {"highway": settings, "form": self.body.form}
        about["context_length"] = self.view.context_length
        return about, arrays | self.body.arrays()

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `WindowModel`."""
        own = {
            name.removeprefix(_HIGHWAY): array
            for name, array in arrays.items()
            if name.startswith(_HIGHWAY)
        }
        highway = HighwayModel.from_saved(settings["highway"], own)
        body = WindowBody.of_arrays(settings["form"], arrays)
        return cls(highway, body, settings["context_length"])
