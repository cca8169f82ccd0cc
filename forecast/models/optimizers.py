"""By what rule weights are moved: choices of `fc.Training` besides Adam."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log2

from forecast.checks import check_positive_integer, check_share
from forecast.heads import Head, Huber, Squared
from forecast.models.hessian_free import Settings

__all__ = ["HessianFree", "Momentum", "refuse_curvature", "refuse_uncurved"]

# Share of the updates, the last ones, with the smaller momentum.
_LAST = 0.1


@dataclass(frozen=True)
class Momentum:
    """Nesterov's accelerated gradient with a momentum that grows.

        v' = mu v - rate dL(w + mu v),    w' = w + v'
        mu[t] = min(1 - 2^(-1 - log2(floor(t / period) + 1)), peak)

    and mu = `last` in the last tenth of the updates, which lets the weights settle. Good
    initialisation goes with it: recurrent weights start orthogonal here, so that neither states nor
    gradients fade at first. The rate is that of `fc.Training(learning_rate=)`; a step is up to
    `1 / (1 - mu)` of it.

    Args:
        peak: largest momentum, 0 to 1, less than 1.
        period: updates over which 1 - mu falls from 1/2 to 1/4, then to 1/6, and so on; at least 1.
        last: momentum in the end, 0 to 1, less than 1.

    Raises:
        ValueError: for a value out of range.

    Example:
        >>> [Momentum(peak=0.99).at(step, num_steps=4000) for step in (0, 250, 1000, 3999)]
        [0.5, 0.75, 0.9, 0.9]

    Source: Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and
    momentum in deep learning, ICML.
    """

    peak: float = 0.99
    period: int = 250
    last: float = 0.9

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_share("momentum peak", self.peak, high=1.0 - 1e-9)
        check_share("momentum last", self.last, high=1.0 - 1e-9)
        check_positive_integer("momentum period", self.period)

    def at(self, step: int, num_steps: int) -> float:
        """The momentum of update `step`, counted from 0, of `num_steps`."""
        growing = 1.0 - 2.0 ** (-1.0 - log2(floor(step / self.period) + 1))
        now = min(growing, self.peak)
        return min(now, self.last) if step >= (1.0 - _LAST) * num_steps else now


@dataclass(frozen=True)
class HessianFree:
    """Hessian-free optimisation: each update goes to the minimum of a damped quadratic.

        (G + lambda I) d = -gradient,    w' = w + length d

    G is the Gauss-Newton matrix J'HJ, never formed: conjugate gradients need products with it
    alone, which cost a few gradients each. Directions of small curvature, along which long-term
    dependencies lie, are followed as far as the others. lambda grows or falls by how well the
    quadratic foresaw the loss. It finds its own length of step: `learning_rate` and `clip_norm` are
    of no use. An update costs tens of gradients, so take few (`num_steps`), on large batches
    (`batch_size`), and a head with curvature, "squared" or "huber".

    Args:
        damping: lambda at the start, above 0.
        max_iterations: most products with G in an update, at least 1.
        tolerance: progress at an iteration, as a share, below which they end; at least 0.
        decay: share of the last direction that the next iterations begin with, 0 to 1.
        curvature: share of the sequences of a batch that products with G are taken of, above 0 and
            at most 1; gradients and losses are of all.

    Raises:
        ValueError: for a value out of range.

    Example:
        >>> HessianFree(max_iterations=50).settings.max_iterations
        50

    Source: Martens and Sutskever (2011), Learning recurrent neural networks with Hessian-free
    optimization, ICML.
    """

    damping: float = 1.0
    max_iterations: int = 100
    tolerance: float = 5e-4
    decay: float = 0.95
    curvature: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_share("damping", self.damping, low=1e-12)
        check_positive_integer("max_iterations", self.max_iterations)
        check_share("tolerance", self.tolerance, high=1.0)
        check_share("decay", self.decay, high=1.0)
        check_share("curvature", self.curvature, low=1e-9, high=1.0)

    @property
    def settings(self) -> Settings:
        """Of the steps."""
        return Settings(self.max_iterations, self.tolerance, self.decay, self.curvature)


def refuse_curvature(optimizer: object) -> None:
    """Refuse Hessian-free steps where a network is trained on another loss than forecasts have.

    Raises:
        ValueError: naming what can be taken instead.
    """
    if isinstance(optimizer, HessianFree):
        raise ValueError(
            "HessianFree follows the curvature of the loss of a forecast; this network has another "
            "loss: take optimizer='adam' or fc.Momentum()."
        )


def refuse_uncurved(optimizer: object, head: Head) -> None:
    """Refuse Hessian-free steps on a loss that is not curved the same way everywhere.

    Raises:
        ValueError: naming heads that are.
    """
    if isinstance(optimizer, HessianFree) and not isinstance(head, Squared | Huber):
        raise ValueError(
            f"HessianFree follows the curvature of a loss, and head {head!r} has none, or not of "
            "one sign: take design=fc.NetworkDesign(head='squared') or 'huber' with it."
        )
