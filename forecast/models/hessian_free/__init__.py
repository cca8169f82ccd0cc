"""Hessian-free optimisation of any loss of a Keras network: products, directions, outer steps."""

from __future__ import annotations

from forecast.models.hessian_free.problem import Problem, problem_of
from forecast.models.hessian_free.step import Position, Settings, minimised

__all__ = ["Position", "Problem", "Settings", "minimised", "problem_of"]
