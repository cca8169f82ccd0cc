"""Vector autoregression as a forecaster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from forecast.baselines.lag_selection import LagSelection
from forecast.baselines.vector.fit import VARSettings, estimate_var, select_order, systems
from forecast.baselines.vector.order import CRITERIA
from forecast.baselines.vector.system import SystemFit
from forecast.checks import check_positive_integer, check_share
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.intervals import check_intervals
from forecast.pipelines import Panel, Reading, begun_systems, one_system

__all__ = ["VAR"]


class VAR(Forecaster):
    """Vector autoregression: each channel is forecast from the lags of all channels of its system.

    `y[t+1] = c + d (t+1) + sum_k A_k y[t+1-k]`, y a vector. The channels are the columns of
    `fit(df, target_col=["temperature", "load"])`, one fit for each `unique_id` (with one target
    column an autoregression of each series); or, with `channels="unique_id"`, all series of the
    frame. Sample paths draw the errors of all channels jointly. A missing value is filled with the
    model's own forecast of it, given the channels that have one; rows with a missing lag are not
    fitted on. A fit that would explode is damped, which `choices_` says.

    `update(rows, learn=True)` adds the rows to the regressions by recursive least squares; orders
    and penalties stay as they were chosen.

    Args:
        lags: number of lags, at least 1, or how to choose it; by default `LagSelection("aic")`.
        channels: None, or the name of the id column: all series are channels of one system.
        trend: "n" (no constant), "c" (constant) or "ct" (constant and linear trend).
        ridge: penalty as a share of the variance, at least 0; by default none, and one chosen by
            generalised cross-validation where a coefficient has fewer than two rows.
        intervals: "conformal" (from past errors), "adaptive" (following the newest), "analytic"
            (normal errors, known parameters) or "paths" (of `sample`).
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("macrodata")
        >>> df = df[df["unique_id"].isin(["realgdp", "realcons", "realinv"])]
        >>> VAR(lags=2, channels="unique_id").fit(df).predict(horizon=4).shape
        (12, 3)

    Source: Luetkepohl, New Introduction to Multiple Time Series Analysis, chapters 2 to 4.
    """

    role: ClassVar[str] = "linear"
    point: ClassVar[str] = "mean"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        lags: int | LagSelection | None = None,
        channels: str | None = None,
        trend: str = "c",
        ridge: float | None = None,
        intervals: str = "conformal",
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        if isinstance(lags, LagSelection):
            lags.resolved("VAR", CRITERIA)
        else:
            check_positive_integer("lags", lags, optional=True)
        if trend not in ("n", "c", "ct"):
            raise ValueError(f"`trend` must be 'n', 'c' or 'ct'; got {trend!r}.")
        check_intervals(intervals)
        if ridge is not None:
            check_share("ridge", ridge)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.channels = channels
        self.trend = trend
        self.ridge = ridge
        self.intervals = intervals
        self.season_length = season_length
        self.alias = alias

    def _arranged(self, reading: Reading, ids: Any = None, begun: bool = False) -> Reading:
        reading = super()._arranged(reading, ids, begun)
        panel = reading.panel
        if self.channels is None or not panel.num_series:
            return reading
        self._check_channels(reading)
        if ids is not None:
            self._check_system(panel, begun)
        whole = one_system(panel, panel.ids if ids is None else ids)
        system, never = (whole, ()) if begun else begun_systems(whole)
        if len(never):
            raise ValueError(
                f"{self.name}: there is no time at which all {panel.num_series} series have a "
                f"value (channels={self.channels!r}). Give series that overlap."
            )
        notes = (*reading.notes, *_joint_notes(panel, system))
        return replace(reading, panel=system, notes=notes)

    def _check_channels(self, reading: Reading) -> None:
        columns = reading.layout.columns
        if columns.channels:
            raise ValueError(
                f"{self.name} was given channels={self.channels!r} and several target columns "
                f"{list(columns.channels)}; leave one of them out."
            )
        if self.channels != columns.id:
            raise ValueError(
                f"`channels` must be None or the id column {columns.id!r}; got {self.channels!r}. "
                "Columns that are the channels of each series go into fit(df, target_col=[...])."
            )

    def _check_system(self, panel: Panel, begun: bool) -> None:
        """Refuse channels of another system than the one that was fitted."""
        self._fitted_rows(panel.ids)
        missing = [name for name in self.fitted_.ids if name not in set(panel.ids)]
        if missing and not begun:
            raise ValueError(
                f"{self.name} forecasts {len(self.fitted_.ids)} series as channels of one system; "
                f"the history lacks {missing[:5]}. Give the rows of all of them."
            )

    def _estimate(self, task: Task) -> Estimate:
        if self.channels is not None and task.panel.num_channels != task.panel.num_series:
            raise ValueError(
                f"{self.name}(channels={self.channels!r}) cannot be fitted inside another "
                "forecaster. Fit it by itself, or name the channels as target_col=[...]."
            )
        lags = LagSelection() if self.lags is None else self.lags
        if isinstance(lags, LagSelection):
            lags = lags.resolved("VAR", CRITERIA)
        settings = VARSettings(lags, self.trend, self.ridge, task.season.length)
        whole = task.ahead[0] if task.ahead else task.panel
        orders = dict(task.settled or ())
        for name, values in systems(whole).items():
            if name not in orders:
                orders[name] = select_order(values, settings)
        model, fell_back, fits = estimate_var(task.panel, settings, orders)
        used = {name: orders[name] for name in fits}
        choices = _choices(used, settings, fits)
        return Estimate.closed_form(model, choices, fell_back, tuple(orders.items()))


def _joint_notes(panel: Panel, system: Panel) -> tuple[str, ...]:
    """What was done to make one system of the series, in plain sentences."""
    frequency, starts = panel.frequency, panel.starts
    late = int(frequency.locate(system.starts[:1], starts.min())[0])
    apart = int((panel.ends != system.ends[0]).sum())
    notes = [f"{panel.num_series} series are the channels of one system."]
    if late:
        notes.append(f"The first {late} steps left out, at which not all have a value yet.")
    if apart:
        notes.append(f"{apart} of them end before {system.ends[0]}: missing from there on.")
    return tuple(notes)


def _choices(orders: dict[str, int], settings: VARSettings, fits: dict[str, SystemFit]) -> str:
    """What the data decided, in a phrase."""
    parts = [_lags(orders)]
    if isinstance(settings.lags, LagSelection):
        parts[0] += f" by {settings.lags.criterion}"
    ridges = [fit.ridge for fit in fits.values() if fit.ridge]
    if ridges:
        parts.append(f"ridge {_range(ridges)}")
    damped = [fit.radius for fit in fits.values() if fit.damped]
    if damped:
        parts.append(f"{len(damped)} of {len(fits)} fits damped (spectral radius {_range(damped)})")
    return ", ".join(parts)


def _lags(orders: dict[str, int]) -> str:
    if not orders:
        return "last value"
    fewest, most = min(orders.values()), max(orders.values())
    if fewest == most:
        return f"lags 1-{most}" if most > 1 else f"{most} lag" + "s" * (not most)
    return f"{fewest} to {most} lags"


def _range(numbers: list[float]) -> str:
    low, high = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    return low if low == high else f"{low} to {high}"
