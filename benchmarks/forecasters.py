"""The forecasters of the accuracy benchmark, by name and with their defaults."""

from __future__ import annotations

import inspect

from panels import Panel

import forecast as fc
from forecast.forecaster import Forecaster

__all__ = ["DEFAULT", "LINEAR", "expanded", "made"]

DEFAULT = ("SeasonalNaive", "AR", "PooledAR", "ESN", "LSTM")
LINEAR = ("naive", "AR", "PooledAR", "Combine")
# Names of settings: what they are settings of.
_SETTINGS_OF = {"Attention": "Seq2Seq"}


def expanded(names: list[str]) -> list[str]:
    """Names of models, "linear" being the naive forecast of the panel and the linear ones."""
    found = [one for name in names for one in (LINEAR if name == "linear" else (name,))]
    return list(dict.fromkeys(found))


def made(
    name: str, panel: Panel, seed: int, max_seconds: float | None, num_steps: int | None = None
) -> Forecaster:
    """The forecaster called `name`: a public class, with or without "Forecaster" at its end.

    Args:
        name: "AR", "LSTM", ...; "naive" is SeasonalNaive, or Naive where the panel's score knows
            no season; "Combine" is the validation-weighted combination of AR and PooledAR;
            "Attention" is Seq2Seq with additive attention.
        panel: the panel to be forecast.
        seed: for forecasters that draw numbers.
        max_seconds: for forecasters that are trained; None for no limit.
        num_steps: weight updates of these; None for as many as they plan.

    Raises:
        ValueError: if no public forecaster is called so.
    """
    if name == "naive":
        name = "SeasonalNaive" if panel.season > 1 else "Naive"
    if name == "Combine":
        return fc.Combine([fc.AR(), fc.PooledAR()], method="weighted")
    found = _class_called(_SETTINGS_OF.get(name, name))
    known = inspect.signature(found).parameters
    arguments = {"seed": seed} if "seed" in known else {}
    if "training" in known:  # fc.Training loads the network library: only where it is needed
        arguments["training"] = fc.Training(max_seconds=max_seconds, num_steps=num_steps)
    if name == "Attention":
        arguments |= {"alias": name, "design": fc.Seq2SeqDesign(attention="additive")}
    return found(**arguments)


def _class_called(name: str) -> type[Forecaster]:
    found = getattr(fc, name, None) or getattr(fc, f"{name}Forecaster", None)
    if not (inspect.isclass(found) and issubclass(found, Forecaster)):
        raise ValueError(f"no forecaster of forecast is called {name!r}; AR, LSTM, ... are.")
    return found
