"""What an encoder-decoder network is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from forecast.checks import check_flag, check_kind, check_positive_integer
from forecast.models.seq2seq.cells import cell_text, words_of
from forecast.models.windowed.design import WindowDesign

__all__ = ["Seq2SeqDesign"]

_CONTEXTS = ("state", "input", "both")
_ATTENTIONS = (None, "additive", "dot")


@dataclass(frozen=True)
class Seq2SeqDesign:
    """The parts of an encoder-decoder network.

    The encoder reads the window, `h_t = f(x_t, h_(t-1))`; the context C is its last state. The
    decoder starts at s_0 and says step after step what the linear forecast misses,
    `s_i = g([y_(i-1), z_i, C, c_i], s_(i-1))`, `y_i = W [s_i, c_i] + b`: y_(i-1) is its own output
    of the step before (at first a learned start value, in training also the truth, see
    `fc.TeacherForcing`), z_i what is known of the step ahead (linear forecast, same season,
    covariates), `c_i = sum_t a_it h_t` what it attends to.

    Args:
        cell: "LSTM", "GRU" or "SimpleRNN", of encoder and decoder; or a Keras cell as a prototype,
            which is kept as the text of its configuration and built anew for every layer. A class
            of your own must be registered by `keras.saving.register_keras_serializable`; the seed
            reaches the initializers in its configuration.
        bidirectional: whether a second encoder reads the window from its end to its beginning.
        context: where C enters: "state" as s_0, "input" at every step of the decoder, or "both".
        attention: "additive", `a_it ~ exp(v tanh(W s_(i-1) + U h_t))`, or "dot",
            `a_it ~ exp((W s_(i-1)) (U h_t) / sqrt(units))`; None for no attention.
        convolutions: causal convolutions over 3 steps, relu, before the encoder, 0 or more.
        dense: relu units of a layer between decoder and output; None for no such layer.
        window: how much is read and emitted, and what stands beside the network.

    Raises:
        ValueError: for an unknown word or cell, or a number below 0.
        TypeError: for what is no cell, flag or window.

    Example:
        >>> Seq2SeqDesign(attention="additive", bidirectional=True).words
        ', LSTM, bidirectional, additive attention'

    Source:
        Sutskever, Vinyals and Le (2014), Sequence to sequence learning with neural networks;
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder; Bahdanau, Cho
        and Bengio (2015), Neural machine translation by jointly learning to align and translate;
        Luong, Pham and Manning (2015), Effective approaches to attention-based translation.
    """

    cell: Any = "LSTM"
    bidirectional: bool = False
    context: Literal["state", "input", "both"] = "both"
    attention: Literal["additive", "dot"] | None = None
    convolutions: int = 0
    dense: int | None = None
    window: WindowDesign = WindowDesign()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        object.__setattr__(self, "cell", cell_text(self.cell))
        for name, known in (("context", _CONTEXTS), ("attention", _ATTENTIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"`{name}` must be one of {', '.join(map(str, known))}; "
                    f"got {getattr(self, name)!r}."
                )
        check_flag("bidirectional", self.bidirectional)
        if self.convolutions != 0:
            check_positive_integer("convolutions", self.convolutions)
        check_positive_integer("dense", self.dense, optional=True)
        check_kind("window", self.window, WindowDesign)

    @property
    def is_combined(self) -> bool:
        """Whether linear forecasters stand beside the network."""
        return self.window.linear == "combined"

    @property
    def words(self) -> str:
        """The parts, each after a comma."""
        parts = [words_of(self.cell)]
        parts += ["bidirectional"] if self.bidirectional else []
        parts += [f"{self.attention} attention"] if self.attention else []
        parts += [f"{self.convolutions} causal convolutions"] if self.convolutions else []
        parts += [f"{self.dense} dense units"] if self.dense else []
        return "".join(f", {part}" for part in parts)
