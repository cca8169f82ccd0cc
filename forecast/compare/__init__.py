"""Networks beside baselines at the same origins, with a verdict."""

from forecast.compare.comparing import compare

__all__ = ["compare"]
