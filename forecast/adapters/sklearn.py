"""A regressor of scikit-learn on lags, fed back, as a forecaster with a state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.lags import lag_array, lag_ranges
from forecast.baselines.window import Past, WindowModel
from forecast.checks import check_positive_integer, check_seed
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster

__all__ = ["SklearnForecaster"]

_FLOOR = 1e-9


class LagRegression(WindowModel):
    """`y[t] / s[t] = g(y[t-l1] / s[t], ..., y[t-lk] / s[t])`, `s` the mean of |y| so far.

    Args:
        regressor: fitted, with `predict`.
        lags: 1-based, `(num_lags,)`.
    """

    def __init__(self, regressor: Any, lags: NDArray) -> None:
        """Store both."""
        super().__init__(int(lags.max()), block_length=1)
        self.regressor = regressor
        self.lags = lags

    def features(self, past: Past) -> tuple[NDArray, NDArray]:
        """Lags over the scale, `(n, num_lags)`, NaN before the series began; the scale, `(n,)`."""
        scale = np.maximum(past.size / np.maximum(past.clock, 1), _FLOOR)
        return past.window[:, -self.lags] / scale[:, None], scale

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:  # noqa: ARG002
        """See `WindowModel`; the last value where the history is shorter than the lags."""
        found, scale = self.features(past)
        emitted = np.nan_to_num(past.last)
        whole = ~np.isnan(found).any(axis=1)
        if whole.any():
            emitted[whole] = self.regressor.predict(found[whole]) * scale[whole]
        return emitted[:, None]

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Refused: a regressor of another library is only kept by pickle."""
        raise ValueError(_NOT_SAVED)


_NOT_SAVED = (
    "SklearnForecaster cannot be saved: a regressor of scikit-learn can only be kept by pickle, "
    "which executes code when it is read. Keep the data and fit again."
)


class SklearnForecaster(Forecaster):
    """Any regressor of scikit-learn on lags, one for all series, forecast recursively.

    Values are divided by the mean absolute value of their series so far, known at each step. A
    series shorter than the lags is forecast as its last value. It is a forecaster like all others:
    `update`, sample paths and backtests in one pass, but for `save` (no pickle).

    Args:
        regressor: such as `GradientBoostingRegressor()`; cloned for each fit.
        lags: a number p (lags 1..p) or a list of 1-based lags; by default one season, or 12.
        season_length: steps in a season; from the frequency and the data by default.
        seed: of a regressor with `random_state=None`.
        alias: name of the forecast column; the class of the regressor by default.

    Raises:
        TypeError: for what has no `fit` and `predict`.
    """

    point: ClassVar[str] = "mean"

    def __init__(
        self,
        regressor: Any,
        lags: int | Iterable[int] | None = None,
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        if isinstance(regressor, type) or not callable(getattr(regressor, "predict", None)):
            raise TypeError(f"a regressor such as Ridge() is expected; got {regressor!r}.")
        lag_array(lags)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        self.regressor = regressor
        self.lags = lags
        self.season_length = season_length
        self.seed = seed
        self.alias = alias

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the forecast columns: the alias, or the class of the regressor."""
        return self.alias or type(self.regressor).__name__

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether the regressor draws random numbers that the seed decides."""
        parameters = self.regressor.get_params(deep=False)
        return "random_state" in parameters and parameters["random_state"] is None

    def save(self, path: Any) -> None:  # noqa: ARG002
        """Refused: a regressor of another library is only kept by pickle."""
        raise ValueError(_NOT_SAVED)

    def _estimate(self, task: Task) -> Estimate:
        from sklearn.base import clone

        season = task.season.length if task.season.length > 1 else 12
        lags = np.asarray(lag_array(season if self.lags is None else self.lags), dtype=np.int64)
        regressor = clone(self.regressor)
        if self.is_random:
            regressor.set_params(random_state=self.seed)
        model = LagRegression(regressor, lags)
        features, targets = _samples(model, task)
        if not len(targets):
            raise ValueError(
                f"no series has more than {lags.max()} values before the cutoff, so there is "
                f"nothing to learn the lags of {self.name} from; use smaller lags."
            )
        regressor.fit(features, targets)
        short = np.flatnonzero(task.panel.lengths <= lags.max())
        return Estimate.closed_form(model, f"lags {lag_ranges(lags)}, {len(targets)} rows", short)


def _samples(model: LagRegression, task: Task) -> tuple[NDArray, NDArray]:
    """Lags and targets over the scale, of all steps at which all of them are known."""
    features, targets = [], []
    for index in range(task.panel.num_series):
        values = task.panel.row(index)
        steps = np.arange(model.window_length, len(values))
        sums = np.cumsum(np.abs(np.nan_to_num(values)))
        counts = np.maximum(np.cumsum(~np.isnan(values)), 1)
        scale = np.maximum((sums / counts)[steps - 1], _FLOOR)
        lagged = values[steps[:, None] - model.lags] / scale[:, None]
        target = values[steps] / scale
        known = ~(np.isnan(lagged).any(axis=1) | np.isnan(target))
        features.append(lagged[known])
        targets.append(target[known])
    return np.concatenate(features), np.concatenate(targets)
