"""What a comparison says of itself beside the forecasts: protocol, material, settings, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.backtesting.guests.guest import Participant
from forecast.backtesting.outcome import Outcome
from forecast.backtesting.plan import Plan
from forecast.covariate_use import covariate_settings, weight_columns
from forecast.denominators import seasonal_changes
from forecast.evaluation import Material, Protocol
from forecast.findings import fell_back_words
from forecast.fitting import Fitted
from forecast.pipelines import Panel, Season

__all__ = ["denominators", "material_of", "protocol_of", "seconds_of", "settings_of"]

_REFITS = {0: "once", 1: "every cutoff"}


def denominators(plan: Plan, season: int) -> dict[Any, float]:
    """MASE denominators before each series' first origin."""
    panel = plan.reading.panel
    known = panel.head(plan.origins.first_ends(panel.lengths))
    return dict(zip(panel.ids, seasonal_changes(known, season), strict=True))


def protocol_of(
    shown: Sequence[Participant], outcomes: Sequence[Outcome], plan: Plan
) -> Protocol:  # fmt: skip
    """Roles, refits, choices, and the reference: the linear forecaster that was best before."""
    roles = {one.name: one.role for one in shown}
    firsts = {outcome.name: outcome.first for outcome in outcomes if outcome.name in roles}
    scores = {
        name: float(np.nan_to_num(first.calibration.mase, nan=np.inf))
        for name, first in firsts.items()
        if roles[name] == "linear" and isinstance(first, Fitted)
    }
    every = {one.name: plan.refit_every(one) for one in shown}
    refit = {name: _REFITS.get(k, f"every {k} cutoffs") for name, k in every.items()}
    choices = {name: _choices(first) for name, first in firsts.items() if first is not None}
    return Protocol(roles, min(scores, key=scores.__getitem__), refit, choices)


def _choices(first: Any) -> str:
    return first.estimate.choices if isinstance(first, Fitted) else first.choices


def material_of(plan: Plan, outcomes: Sequence[Outcome]) -> Material:
    """The data and what was done to them."""
    return Material(_history(plan), plan.notes, _flags(outcomes, plan.training_part()))


def _history(plan: Plan) -> pd.DataFrame:
    panel, columns = plan.reading.panel, plan.reading.layout.columns
    return pd.DataFrame(
        {
            columns.id: panel.ids[panel.codes],
            columns.time: panel.flat_times(),
            columns.target: panel.values,
        }
    )


def _flags(outcomes: Sequence[Outcome], training: Panel) -> tuple[str, ...]:
    """What a reader must know of single series and forecasts."""
    flags = []
    for outcome in outcomes:
        first = outcome.first
        if isinstance(first, Fitted) and len(first.estimate.fell_back):
            ids = first.ids[first.estimate.fell_back]
            flags.append(f"{outcome.name}: {fell_back_words(ids, ' at the first cutoff')}.")
        if outcome.clipped:
            flags.append(
                f"{outcome.name}: {outcome.clipped} forecasts cut at the limits (0, or the "
                "history's range plus one range)."
            )
    return (*flags, *_constant_flags(training))


def _constant_flags(training: Panel) -> list[str]:
    constant = [
        str(training.ids[index])
        for index in range(training.num_series)
        if np.nanmin(training.row(index)) == np.nanmax(training.row(index))
    ]
    if not constant:
        return []
    return [
        f"{len(constant)} series constant before the first cutoff, forecast as their constant: "
        f"{', '.join(constant[:5])}."
    ]


def settings_of(plan: Plan, season: Season, shown: Sequence[Participant]) -> dict[str, Any]:
    """What the report prints of the data, the origins, the intervals and the columns beside."""
    panel = plan.reading.panel
    settings = {
        "series": panel.num_series,
        "rows": panel.num_rows,
        "frequency": panel.frequency.alias,
        "season": f"{season.length} ({season.reason})",
        "horizon": plan.origins.horizon,
        "origins": plan.origins.num_windows,
        "steps between origins": plan.origins.step_size,
        **plan.split.settings,
    }
    if plan.intervals is not None:
        settings["intervals"] = plan.intervals
    if panel.weights:
        users = [one.name for one in shown if weight_columns([one])]
        settings["weights of targets"] = f"{', '.join(panel.weights)} ({', '.join(users)})"
    return {**settings, **covariate_settings(plan.reading.layout.columns, shown)}


def seconds_of(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Seconds of each run, of the search for settings too."""
    return pd.DataFrame(
        {
            "fit_seconds": [outcome.fit_seconds for outcome in outcomes],
            "predict_seconds": [outcome.predict_seconds for outcome in outcomes],
        },
        index=[outcome.name for outcome in outcomes],
    )
