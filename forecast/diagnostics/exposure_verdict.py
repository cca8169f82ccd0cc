"""What a measurement of exposure bias has found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["exposure_verdict"]

_NORMAL = (
    "Such a share is no fault in itself: an error that grows with the horizon is normal, the true "
    "model of a persistent process shows it too, and nothing here tells what nobody could have "
    "known from what a model spoils by its own forecasts. What matters is models beside each "
    "other at the same step{hint}."
)


def exposure_verdict(table: pd.DataFrame, at_once: Mapping[str, int], scale: str) -> str:
    """The findings in sentences.

    Args:
        table: see `ExposureBias`.
        at_once: steps that each model emits before it is fed any of them.
        scale: what the errors are divided by, and how many there are.
    """
    last = table[table["step"] == table["step"].max()].set_index("model")
    horizon = int(last["step"].iloc[0])
    sentences = [_of_model(name, row, at_once[name]) for name, row in last.iterrows()]
    if len(last) > 1:
        sentences.append(_beside(last))
    if horizon > 1:
        hint = "" if len(last) > 1 else ": give several, such as [fc.AR(), fc.LSTMForecaster()]"
        sentences.append(_NORMAL.format(hint=hint))
    return " ".join([*sentences, scale])


def _of_model(name: object, row: pd.Series, at_once: int) -> str:
    """The two errors of a model at the last step, and where the difference comes from."""
    step, fed, free = int(row["step"]), row["teacher_forced"], row["free_running"]
    if not row["count"]:
        return f"{name}: there is no value {step} steps after an origin to score."
    if step == 1:
        return (
            f"{name}: one step ahead nothing has been fed back yet, so both errors are {fed:.3g}. "
            "Take a longer horizon."
        )
    found = (
        f"{name}: {step} steps ahead the error is {free:.3g} running freely and {fed:.3g} fed the "
        "true values up to the step before; "
    )
    if free <= fed:
        return f"{found}its own forecasts in their place cost nothing there."
    share = f"{found}{100.0 * (1.0 - fed / free):.0f} % of the free-running error comes from "
    if at_once >= step:
        return (
            f"{share}the distance alone, for it emits {at_once} steps at once and feeds none back."
        )
    return f"{share}feeding back its own forecasts in their place."


def _beside(last: pd.DataFrame) -> str:
    """Which model is best either way, and what that says."""
    fed, free = last["teacher_forced"].dropna(), last["free_running"].dropna()
    if fed.empty:
        return "No model can be scored."
    first, second = fed.idxmin(), free.idxmin()
    if first == second:
        return f"{first} has the smallest error both ways."
    return (
        f"Fed the true values {first} has the smallest error, running freely {second}: beside it "
        f"{first} loses what it gained by living on its own forecasts."
    )
