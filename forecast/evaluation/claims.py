"""The claim that a model beats all models of a role, corrected for how many make such a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.evaluation.significance import holm

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["p_beats"]


def p_beats(comparison: Comparison, alias: str, role: str) -> float | None:
    """P-value of the claim that ``alias`` is better than every model of ``role``.

    It is the largest over the models of that role (the intersection-union test); for networks and
    other contestants it is corrected by Holm over those shown.

    Args:
        comparison: models scored at the same origins.
        alias: model that makes the claim.
        role: role of the models that it is to beat.

    Returns:
        The p-value, 1 where one of these models is ahead; None where there is no test.
    """
    peers: tuple[str, ...] = (alias,)
    if comparison.is_contestant(alias):
        peers = tuple(filter(comparison.is_contestant, comparison.aliases()))
    claims = [_largest_p(comparison, peer, role) for peer in peers]
    known = [claim for claim in claims if claim is not None]
    if len(known) < len(claims):
        return None
    return holm(known)[peers.index(alias)]


def _largest_p(comparison: Comparison, alias: str, role: str) -> float | None:
    largest = 0.0
    for other in comparison.aliases(role):
        p_value = comparison.test(alias, other).p_value
        if p_value is None:
            return None
        is_ahead = comparison.score(alias) < comparison.score(other)
        largest = max(largest, p_value if is_ahead else 1.0)
    return largest
