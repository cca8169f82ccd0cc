"""What a trained network is made of, besides its recurrent layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forecast.checks import check_positive_integer
from forecast.heads import Categorical, Head, head_of

__all__ = ["NetworkDesign"]

_LINEAR = ("combined", "highway")
_READOUTS = ("trained", "refitted", "shrunk", "averaged")


@dataclass(frozen=True)
class NetworkDesign:
    """The parts of a trained network around its recurrent layers.

    The network corrects a linear forecast b in units u of the window, or of the series where that
    one follows a rule within its bounds (`choices_` says so), in the space of the power transform.
    A point head emits `b + u raw`; "normal", "student_t" and "quantiles" a distribution around it,
    of location and width in units u; "poisson" and "negative_binomial" a distribution of counts
    whose mean is the corrected forecast, decoded and made positive. The point forecast is the
    median of a distribution. Its sample paths are draws of the head, each fed back its own. Each
    step of a block has a distribution of its own; they are drawn together as past errors of these
    steps went together (by their ranks). A combination uses the point forecasts of its members.

    Args:
        linear: "combined" forecasts a weighted sum of the network and of the linear forecasters
            `AR` and `PooledAR`, with weights from origins inside the training part; "highway" is
            the network alone, which corrects the linear forecast that it carries inside. None is
            "highway" of a distribution, of which there is no such sum, else "combined".
        head: "absolute", "squared", "huber", "normal", "student_t", "poisson", "negative_binomial",
            "quantiles", or one of `fc.heads` with settings, as `fc.heads.Quantiles((0.1, 0.9))`.
        readout: "trained" by gradient descent with the layers, or "refitted": read anew in closed
            form afterwards, from states and inputs, with a ridge chosen on the last fifth of the
            steps; kept where it forecasts better on its own, and then fitted again on all steps.
            "shrunk" is refitted for each series, drawn towards the readout of the pool, by how much
            is chosen alike; new series have the pool's. "averaged" is the mean of the trained one
            and one in closed form, which reads states only and knows the newest steps as well.
            With head="absolute" and one step; None is "averaged" there for recurrent layers, else
            "trained".
        block_length: steps emitted at once, at least 1; all of them are targets at every time step
            of the training. 1 is recursive, None takes the horizon of the fit. Longer horizons feed
            blocks back.

    Raises:
        ValueError: for an unknown word or head, a block length below 1, or what does not go
            together.
        TypeError: for a head that is neither a name nor a head.

    Example:
        >>> NetworkDesign(linear="highway", head="normal").output_head
        Normal()
    """

    linear: Literal["combined", "highway"] | None = None
    head: str | Head = "absolute"
    block_length: int | None = 1
    readout: Literal["trained", "refitted", "shrunk", "averaged"] | None = None

    def __post_init__(self) -> None:
        """Refuse what has no meaning, and what does not go together."""
        if self.linear not in (None, *_LINEAR):
            raise ValueError(f"`linear` must be one of {', '.join(_LINEAR)}; got {self.linear!r}.")
        check_positive_integer("block_length", self.block_length, optional=True)
        if self.readout not in (None, *_READOUTS):
            raise ValueError(
                f"`readout` must be one of {', '.join(_READOUTS)}; got {self.readout!r}."
            )
        if isinstance(self.output_head, Categorical):
            raise ValueError(
                "head=Categorical() is for symbols, and these networks forecast numbers: take "
                "fc.SymbolLSTM, or number the classes for HiddenMarkov(emission='categorical')."
            )
        if self.readout not in (None, "trained") and not self.can_be_read_in_closed_form:
            raise ValueError(
                f"readout={self.readout!r} minimises absolute errors one step ahead: take it with "
                f"head='absolute' and block_length=1; got head={self.head!r} and "
                f"block_length={self.block_length}."
            )
        if self.output_head.is_distribution and self.linear == "combined":
            raise ValueError(
                f"head={self.head!r} is a distribution, and linear='combined' a weighted sum of "
                "point forecasts: take linear='highway' with it, or a point head as 'absolute'."
            )

    @property
    def output_head(self) -> Head:
        """The head that `head` names."""
        return head_of(self.head)

    @property
    def can_be_read_in_closed_form(self) -> bool:
        """Whether another readout than the trained one can be had: of absolute errors, one step."""
        return self.output_head == head_of("absolute") and self.block_length == 1

    @property
    def is_combined(self) -> bool:
        """Whether linear forecasters stand beside the network."""
        return self.linear != "highway" and not self.output_head.is_distribution

    @property
    def words(self) -> str:
        """What is emitted other than by default, each after a comma; nothing otherwise."""
        head = self.output_head
        words = "" if head == head_of("absolute") else f", head {head!r}"
        if self.block_length == 1:
            return words
        return f"{words}, blocks of {self.block_length or 'the horizon'}"

    def steps_at_once(self, horizon: int) -> int:
        """The block length of a fit for this horizon."""
        return self.block_length or horizon
