"""How many origins would fit: what to do where there are too few of them."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.evaluation.significance.equality import origins_needed

__all__ = ["OriginsThatFit", "origins_that_fit"]


@dataclass(frozen=True)
class OriginsThatFit:
    """Result of :func:`origins_that_fit`.

    Args:
        number: origins that fit, `step_size` steps apart.
        step_size: steps from one origin to the next.
        needed: origins that the test needs at that step size.
        missing_steps: further steps of data that the test needs; 0 where they suffice.
    """

    number: int
    step_size: int
    needed: int
    missing_steps: int

    @property
    def words(self) -> str:
        """What would allow a test, in a sentence.

        Example:
            >>> OriginsThatFit(12, step_size=6, needed=8, missing_steps=0).words
            'The data hold 12 origins 6 steps apart: n_windows=12, step_size=6 allow a test.'
            >>> OriginsThatFit(3, step_size=6, needed=8, missing_steps=60).words
            'The data hold 3 origins 6 steps apart; 60 more steps are needed for 8.'
            >>> OriginsThatFit(0, step_size=40, needed=8, missing_steps=585).words
            '585 more steps are needed for 8 origins 40 steps apart.'
        """
        apart = f"{_counted(self.step_size, 'step')} apart"
        held = f"The data hold {_counted(self.number, 'origin')} {apart}"
        if not self.missing_steps:
            return f"{held}: n_windows={self.number}, step_size={self.step_size} allow a test."
        more = "step is" if self.missing_steps == 1 else "steps are"
        missing = f"{self.missing_steps:,} more {more} needed for {self.needed}"
        return f"{held}; {missing}." if self.number else f"{missing} origins {apart}."


def origins_that_fit(length: int, horizon: int, step_size: int) -> OriginsThatFit:
    """How many origins fit while at least half of the series is known at the first.

    Where too few fit at this step size, origins without overlap are tried, of which fewer are
    needed; where both are too few, what is missing is said of the nearer one.

    Args:
        length: steps of the longest series.
        horizon: steps from a cutoff to the last one scored.
        step_size: steps from one origin to the next.

    Example:
        >>> origins_that_fit(240, horizon=12, step_size=12).number
        10
        >>> origins_that_fit(120, horizon=12, step_size=12)
        OriginsThatFit(number=5, step_size=12, needed=8, missing_steps=72)
        >>> origins_that_fit(240, horizon=12, step_size=6).words
        'The data hold 10 origins 12 steps apart: n_windows=10, step_size=12 allow a test.'
    """
    tried = [_at(length, horizon, step) for step in dict.fromkeys((step_size, horizon))]
    return min(tried, key=lambda fit: fit.missing_steps)


def _at(length: int, horizon: int, step_size: int) -> OriginsThatFit:
    room = length // 2 - horizon
    number = room // step_size + 1 if room >= 0 else 0
    needed = origins_needed(horizon, step_size)
    wanted = 2 * ((needed - 1) * step_size + horizon)
    return OriginsThatFit(number, step_size, needed, max(wanted - length, 0))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
