"""Encoder and decoder as one layer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from keras import ops

from forecast.models.seq2seq.decoder import Decoder
from forecast.models.seq2seq.encoder import Encoder
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.windowed.body import Shape, WindowNetwork

__all__ = ["Seq2SeqNetwork"]


class Seq2SeqNetwork(WindowNetwork):
    """An encoder that reads the window, and a decoder that says what the linear forecast misses.

    Args:
        form: of both.
    """

    feeds_back: ClassVar[bool] = True

    def __init__(self, form: Seq2SeqForm) -> None:
        super().__init__()
        design = form.design
        of_encoder, of_decoder = np.random.SeedSequence(form.seed).generate_state(2)
        self.encoder = Encoder(
            design.cell, form.units, form.num_layers, design.bidirectional, design.convolutions,
            int(of_encoder),
        )  # fmt: skip
        self.decoder = Decoder(form, int(of_decoder))
        self.attends = design.attention is not None

    def build(self, features_shape: Shape, ahead_shape: Shape) -> None:
        """See `WindowNetwork`."""
        self.encoder.build(features_shape)
        self.decoder.build(ahead_shape)
        self.built = True

    def call(
        self, features: Any, mask: Any, ahead: Any, truth: Any = None, forced: Any = None
    ) -> Any:
        """See `WindowNetwork`."""
        return self._decoded(features, mask, ahead, truth, forced)[0]

    def attention(self, features: Any, mask: Any, ahead: Any) -> Any:
        """See `WindowNetwork`."""
        return self._decoded(features, mask, ahead)[1]

    def _decoded(
        self, features: Any, mask: Any, ahead: Any, truth: Any = None, forced: Any = None
    ) -> tuple[Any, Any]:
        if truth is None:
            truth = ops.zeros_like(ahead[:, :, 0])
            forced = ops.zeros_like(truth, dtype="bool")
        return self.decoder(self.encoder(features, mask), mask, ahead, truth, forced)
