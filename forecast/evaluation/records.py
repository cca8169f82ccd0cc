"""What a comparison was made from: the protocol, the data, the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

BASELINE_ROLES = ("naive", "linear", "classical")
ROLES = (*BASELINE_ROLES, "network", "other")  # from simple to complex


@dataclass(frozen=True)
class Protocol:
    """How the models were compared.

    Args:
        roles: alias to ``"naive"``, ``"linear"``, ``"classical"``, ``"network"`` or ``"other"``.
        reference: alias of the linear forecaster chosen on the training part; skill is measured
            against it.
        refit: alias to ``"every cutoff"``, ``"every 2 cutoffs"`` or ``"once"``.
        choices: alias to what was chosen for it, in words (season, lags, steps of training).

    Raises:
        ValueError: an unknown role, or a reference that has none.

    Example:
        >>> Protocol({"AR": "linear"}, reference="AR").reference
        'AR'
    """

    roles: Mapping[str, str]
    reference: str
    refit: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for alias, role in self.roles.items():
            if role not in ROLES:
                raise ValueError(
                    f"role of {alias} is {role!r}; it must be one of {', '.join(ROLES)}"
                )
        if self.reference not in self.roles:
            raise ValueError(
                f"reference is {self.reference!r}, which has no role; "
                f"it must be one of {', '.join(self.roles)}"
            )


@dataclass(frozen=True, eq=False)
class Material:
    """The data that were compared on.

    Args:
        history: long frame of the series with the backtest's columns, the test part included.
        notes: sentences that say what was done to the data.
        flags: sentences that say which series fell back and which forecasts were clipped.
    """

    history: pd.DataFrame
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """What was run.

    Args:
        title: headline of the comparison.
        command: how to run it again.
        settings: name to value, as the report prints them.
        seconds: frame indexed by alias with the columns ``fit_seconds`` and ``predict_seconds``.
        curves: learning curves of the first fits: ``model``, ``step``, ``loss`` (training) and
            ``validation`` (MASE of free running before the first cutoff), a row a check.
        linear_shares: how much of each network's forecast is its linear part: ``model``,
            ``linear %``, ``correction %``, ``MASE linear``, ``MASE corrected``.
        versions: library to version.
    """

    title: str
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: pd.DataFrame = field(default_factory=pd.DataFrame)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    linear_shares: pd.DataFrame = field(default_factory=pd.DataFrame)
    versions: Mapping[str, str] = field(default_factory=dict)
