"""What a check for leaks has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LeakageReport"]


@dataclass(frozen=True, eq=False)
class LeakageReport:
    """What `fc.check_leakage` has found; true where nothing was, and printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        leaks: forecasts that moved when only data after their cutoff did: `forecaster`, `column`
            (its forecast or a limit), `unique_id`, `cutoff`, `ds`, `step` (from 1), `before`,
            `after`. Empty where none did.
        differences: forecasts that two runs on the same data disagree about, in the same columns.
        steps: the step that leaks, by the name of the forecaster.
        num_compared: forecasts and limits compared, all cutoffs together.
        num_changed: values changed after a cutoff, all cutoffs together.
        num_windows: cutoffs that were looked at.

    Example:
        >>> import forecast as fc
        >>> report = fc.check_leakage(fc.AR(lags=2), fc.load_dataset("sunspots"), horizon=5)
        >>> report.passed, report.num_compared, len(report.leaks)
        (True, 90, 0)
    """

    verdict: str
    leaks: Any
    differences: Any
    steps: Mapping[str, str] = field(default_factory=dict)
    num_compared: int = 0
    num_changed: int = 0
    num_windows: int = 0

    @property
    def deterministic(self) -> bool:
        """Whether two runs on the same data were equal bit for bit."""
        return not len(self.differences)

    @property
    def passed(self) -> bool:
        """Whether forecasts are deterministic and none moved."""
        return self.deterministic and not len(self.leaks)

    @property
    def step(self) -> str | None:
        """The step that leaks; several are joined, None where none does."""
        return "; ".join(dict.fromkeys(self.steps.values())) or None

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return self.verdict
