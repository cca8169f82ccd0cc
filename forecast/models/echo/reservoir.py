"""What a reservoir and the readout of an echo-state network are to be like: plain settings."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.checks import check_positive_integer, check_share
from forecast.layers.topology import check_topology

__all__ = ["EchoDesign", "EchoReadout", "Reservoir"]

_DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Reservoir:
    """An untrained reservoir of leaky units, `x' = (1 - a) x + a tanh(W x + W_in u + b)`.

    Args:
        units: size, at least 1.
        spectral_radius: largest absolute eigenvalue of W, at least 0; a reservoir beyond 1 may
            not forget its start, see `forecast.layers.EchoState.echo_state_property`.
        leak_rate: a, above 0 and at most 1.
        input_scaling: largest input weight, at least 0; inputs have mean 0 and deviation 1.
        bias_scaling: largest bias, at least 0.
        connectivity: share of nonzero entries of W in the sparse topology, above 0 and at most 1.
        topology: "sparse", "orthogonal", "cycle" or "delay_line".

    Example:
        >>> Reservoir(units=500, topology="cycle").spectral_radius
        0.9
    """

    units: int = 200
    spectral_radius: float = 0.9
    leak_rate: float = 0.5
    input_scaling: float = 0.3
    bias_scaling: float = 0.1
    connectivity: float = 0.1
    topology: str = "sparse"

    def __post_init__(self) -> None:
        """Refuse what is out of its range."""
        check_positive_integer("units", self.units)
        check_share("spectral_radius", self.spectral_radius, low=0.0)
        check_share("leak_rate", self.leak_rate, low=1e-9, high=1.0)
        check_share("input_scaling", self.input_scaling, low=0.0)
        check_share("bias_scaling", self.bias_scaling, low=0.0)
        check_share("connectivity", self.connectivity, low=1e-9, high=1.0)
        check_topology(self.topology)


@dataclass(frozen=True)
class EchoReadout:
    """What a readout sees, and how it is fitted.

    Args:
        washout: first steps of every series that are not learned from: the reservoir has not
            forgotten its start yet; at least 0.
        ridge: penalty as a share of each column's variance, at least 0; None chooses it on the
            last fifth of the steps.
        lags: newest inputs that are read beside the states, at least 1.
        quadratic_lags: newest inputs of which all products of two are read too (next-generation
            reservoir), at least 0.
        noise: standard deviation of what is added to the drive of each unit while the readout is
            fitted, at least 0: it makes free running stable.
        pooled: one readout for all series, else one for each.

    Source:
        Jaeger (2001), "The echo state approach"; Gauthier et al. (2021), "Next generation
        reservoir computing".
    """

    washout: int = 100
    ridge: float | None = None
    lags: int = 1
    quadratic_lags: int = 0
    noise: float = 0.0
    pooled: bool = True

    def __post_init__(self) -> None:
        """Refuse what is out of its range."""
        for name in ("washout", "quadratic_lags"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"`{name}` must be a whole number of at least 0; got {value!r}.")
        check_positive_integer("lags", self.lags)
        check_share("noise", self.noise, low=0.0)
        if self.ridge is not None:
            check_share("ridge", self.ridge, low=0.0)


@dataclass(frozen=True)
class EchoDesign:
    """An echo-state network: its reservoirs, and the readout of all of them together.

    Args:
        reservoirs: one or several.
        is_deep: whether each is driven by the one before it; else all by the inputs, side by side.
        readout: what reads them.
        dtype: "float32", or "float64" for chaos, where rounding errors grow.
        num_candidates: pairs of spectral radius and leak rate that a forecaster tries, these ones
            first and others drawn by its seed, by their forecasts from origins inside the training
            part; at least 1.

    Example:
        >>> design = EchoDesign((Reservoir(100), Reservoir(100, leak_rate=0.1)), is_deep=True)
        >>> design.units
        200
    """

    reservoirs: tuple[Reservoir, ...] = (Reservoir(),)
    is_deep: bool = False
    readout: EchoReadout = EchoReadout()
    dtype: str = "float32"
    num_candidates: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no design."""
        kinds = {type(reservoir) for reservoir in self.reservoirs}
        if not isinstance(self.reservoirs, tuple) or kinds != {Reservoir}:
            raise TypeError(
                "`reservoirs` must be a tuple of fc.Reservoir(...), such as (fc.Reservoir(),); got "
                f"{self.reservoirs!r}."
            )
        check_positive_integer("num_candidates", self.num_candidates)
        if self.dtype not in _DTYPES:
            raise ValueError(f"`dtype` must be one of {', '.join(_DTYPES)}; got {self.dtype!r}.")

    @property
    def units(self) -> int:
        """Units of all reservoirs together."""
        return sum(reservoir.units for reservoir in self.reservoirs)
