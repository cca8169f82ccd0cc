"""The regression of an autoregression, given its Gram matrices: columns are lags, terms, y."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram, LinearFit
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.baselines.autoregression.settings import Estimation

__all__ = ["RIDGES", "Columns", "about_zero", "given_lags", "regress"]

RIDGES = 10.0 ** np.arange(-7.0, 2.0)
"""Penalties that generalised cross-validation chooses from."""


@dataclass(frozen=True)
class Columns:
    """What the columns of a Gram matrix are.

    Args:
        num_lags: lags come first.
        num_terms: then deterministic terms, which no penalty touches.
        num_covariates: then covariates.
        intercept: whether the rows have an intercept.
    """

    num_lags: int
    num_terms: int
    num_covariates: int
    intercept: bool

    @property
    def number(self) -> int:
        """Number of coefficients, the intercept included."""
        return self.num_lags + self.num_terms + self.num_covariates + self.intercept

    @property
    def lags(self) -> NDArray:
        """Positions of the lags."""
        return np.arange(self.num_lags)

    @property
    def terms(self) -> NDArray:
        """Positions of the deterministic terms."""
        return np.arange(self.num_lags, self.num_lags + self.num_terms)

    @property
    def penalised(self) -> NDArray:
        """Positions of lags and covariates."""
        return np.setdiff1d(np.arange(self.number - self.intercept), self.terms)


def about_zero(gram: Gram) -> Gram:
    """The sums about zero in place of the mean: a regression without an intercept."""
    total = gram.weight[..., None, None]
    second = gram.second + total * gram.mean[..., :, None] * gram.mean[..., None, :]
    return Gram(gram.weight, np.zeros_like(gram.mean), second, gram.num_targets, gram.num_rows)


def regress(gram: Gram, columns: Columns, estimation: Estimation) -> LinearFit:
    """All coefficients by least squares or ridge.

    Args:
        gram: sums of the rows of each series, `(num_series, ...)`; about zero where there is no
            intercept.
        columns: what its columns are.
        estimation: method "ols" or "ridge".

    Returns:
        Coefficients `(num_series, num_columns, 1)` and intercepts `(num_series, 1)`.
    """
    if estimation.method != "ridge":
        return gram.solve(0.0)
    if not columns.num_terms:
        return gram.solve(_penalty(gram, estimation, int(columns.intercept)))
    # Terms are free: the penalised columns are fitted on what the terms leave of them.
    rest, rank = _without(gram, columns.terms, columns.penalised)
    slopes = rest.solve(_penalty(rest, estimation, rank + columns.intercept))
    fit = _given(gram, columns.penalised, slopes.coefficients[..., 0])
    return LinearFit(fit.coefficients, fit.intercepts, slopes.rank + fit.rank, slopes.jitter)


def given_lags(gram: Gram, columns: Columns, slopes: NDArray) -> LinearFit:
    """Least squares of everything but the lags, whose coefficients are given.

    Args:
        gram: see `regress`.
        columns: what its columns are.
        slopes: coefficients of the lags, `(num_series, num_lags)`.

    Returns:
        All coefficients, those of the lags as given.
    """
    return _given(gram, columns.lags, slopes)


def _penalty(gram: Gram, estimation: Estimation, num_free: NDArray | int) -> NDArray | float:
    if estimation.ridge is not None:
        return estimation.ridge
    return choose_ridge(ridge_path(gram, num_free), RIDGES)[0]


def _without(gram: Gram, gone: NDArray, kept: NDArray) -> tuple[Gram, NDArray]:
    """The sums of what the columns `gone` leave of `kept` and the target, and their rank."""
    order = np.concatenate([gone, kept, [gram.num_columns]])
    second, mean = gram.second[:, order[:, None], order], gram.mean[:, order]
    split = len(gone)
    fit = Gram(gram.weight, mean, second, len(kept) + 1).solve()
    explained = np.swapaxes(fit.coefficients, 1, 2) @ second[:, :split, split:]
    blank = np.zeros((len(second), len(kept) + 1))
    rest = Gram(gram.weight, blank, second[:, split:, split:] - explained, num_rows=gram.num_rows)
    return rest, fit.rank


def _given(gram: Gram, fixed: NDArray, coefficients: NDArray) -> LinearFit:
    """Least squares of the other columns on what the fixed ones leave of the target."""
    size = gram.num_columns
    free = np.setdiff1d(np.arange(size), fixed)
    turn = np.zeros((len(coefficients), len(free) + 1, size + 1))
    turn[:, np.arange(len(free)), free] = 1.0
    turn[:, -1, -1] = 1.0
    turn[:, -1, fixed] = -coefficients
    second = turn @ gram.second @ np.swapaxes(turn, 1, 2)
    fit = Gram(gram.weight, (turn @ gram.mean[..., None])[..., 0], second).solve()
    every = np.zeros((len(coefficients), size, 1))
    every[:, fixed, 0], every[:, free] = coefficients, fit.coefficients
    return LinearFit(every, fit.intercepts, fit.rank, fit.jitter)
