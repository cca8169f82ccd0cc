"""How many origins would fit: what to do where there are too few of them."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.evaluation.significance.equality import origins_needed

__all__ = ["OriginsThatFit", "origins_that_fit"]


@dataclass(frozen=True)
class OriginsThatFit:
    """Result of :func:`origins_that_fit`.

    Args:
        number: origins that fit at the present step size.
        needed: origins that the test needs at that step size.
        missing_steps: further steps of data that the test needs; 0 where they suffice.
    """

    number: int
    needed: int
    missing_steps: int

    @property
    def words(self) -> str:
        """What would allow a test, in a sentence.

        Example:
            >>> OriginsThatFit(number=12, needed=8, missing_steps=0).words
            '12 origins would fit into these data: n_windows=12 allows the test.'
            >>> OriginsThatFit(number=3, needed=8, missing_steps=120).words
            '3 origins fit into these data; 120 more steps are needed for 8.'
        """
        count = f"{self.number} origin{'s' if self.number != 1 else ''}"
        if not self.missing_steps:
            return f"{count} would fit into these data: n_windows={self.number} allows the test."
        steps = f"{self.missing_steps} more step{'s' if self.missing_steps != 1 else ''}"
        verb = "fits" if self.number == 1 else "fit"
        return f"{count} {verb} into these data; {steps} are needed for {self.needed}."


def origins_that_fit(length: int, horizon: int, step_size: int) -> OriginsThatFit:
    """How many origins fit while at least half of the series is known at the first.

    Args:
        length: steps of the longest series.
        horizon: steps from a cutoff to the last one scored.
        step_size: steps from one origin to the next.

    Example:
        >>> origins_that_fit(240, horizon=12, step_size=12).number
        10
        >>> origins_that_fit(120, horizon=12, step_size=12)
        OriginsThatFit(number=5, needed=8, missing_steps=72)
    """
    room = length // 2 - horizon
    number = room // step_size + 1 if room >= 0 else 0
    needed = origins_needed(horizon, step_size)
    wanted = 2 * ((needed - 1) * step_size + horizon)
    return OriginsThatFit(number, needed, 0 if number >= needed else wanted - length)
