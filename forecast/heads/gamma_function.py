"""The gamma function in tensors, without the cancellation of large logarithms.

`keras.ops` has none. Differences of `log G` at large arguments are what likelihoods need, and each
of them alone would leave no digit of the difference in float32.
"""

from __future__ import annotations

from typing import Any

from keras import ops

__all__ = ["log_gamma_half", "stirling_error"]

# Steps up to where the series converge, in float64 to the last digits.
_STEPS = 10
_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def stirling_error(x: Any) -> Any:
    """`log G(x) - ((x - 1/2) log x - x + log(2 pi) / 2)` for `x > 0`.

    By `G(x + n) = x (x + 1) ... (x + n - 1) G(x)` and Stirling's series at `x + n`.

    Example:
        >>> round(float(stirling_error(ops.convert_to_tensor(1.0))), 4)
        0.0811

    Source:
        Loader (2000), "Fast and accurate computation of binomial probabilities".
    """
    far = x + _STEPS
    total = _tail(far) + (far - 0.5) * ops.log1p(_STEPS / x) - _STEPS
    for step in range(1, _STEPS):
        total = total - ops.log1p(step / x)
    return total


def log_gamma_half(x: Any) -> Any:
    """`log G(x + 1/2) - log G(x)` for `x > 0`.

    Example:
        >>> round(float(log_gamma_half(ops.convert_to_tensor(1.0))), 4)  # log(sqrt(pi) / 2)
        -0.1208
    """
    far = x + _STEPS
    # G(x + 1/2) / G(x) by Stirling's series of both, at x + n.
    total = 0.5 * ops.log(far) + far * ops.log1p(0.5 / far) - 0.5
    total = total + _tail(far + 0.5) - _tail(far)
    for step in range(_STEPS):
        total = total - ops.log1p(0.5 / (x + step))
    return total


def _tail(x: Any) -> Any:
    """Stirling's series of `log G(x)` after its first terms, for large x."""
    inverse = 1.0 / x
    square, series = inverse * inverse, 0.0
    for coefficient in reversed(_SERIES):
        series = series * square + coefficient
    return series * inverse
