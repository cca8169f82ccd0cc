"""The choice of a model and the sentence that gives the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecast.evaluation.records import BASELINE_ROLES
from forecast.evaluation.significance import SIGNIFICANT, p_words, too_few_words

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

RULES = ("simplest not worse", "lowest MASE")


def choose(comparison: Comparison) -> str:
    """The simplest model that is not significantly worse than the one with the lowest MASE.

    Naive models are simpler than linear ones, these than classical ones (Theta, ETS), and these
    than networks. A role is passed over only when the leader or the best of a more complex role is
    significantly better than all of it.
    Among linear models the reference comes first: it was chosen before the test. With too few
    origins and series nothing can be told, and the reference is returned; without any score a
    naive model.
    """
    leader = comparison.aliases()[0]
    if math.isnan(comparison.score(leader)):
        return (*comparison.aliases("naive"), comparison.reference)[0]
    if _too_few(comparison):
        return comparison.reference
    role = comparison.protocol.roles[leader]
    for simpler in (*BASELINE_ROLES, "network"):
        if simpler == role or not _is_beaten(comparison, simpler, leader):
            return _of_role(comparison, simpler, leader)
    return leader


def _is_beaten(comparison: Comparison, role: str, leader: str) -> bool:
    if not comparison.aliases(role):
        return True
    claims = (comparison.p_beats(alias, role) for alias in {leader, *_rivals(comparison, role)})
    return any(claim is not None and claim < SIGNIFICANT for claim in claims)


def _of_role(comparison: Comparison, role: str, leader: str) -> str:
    reference = comparison.reference
    if comparison.protocol.roles[reference] == role and leader != reference:
        p_value = comparison.test(leader, reference).p_value
        if p_value is not None and p_value >= SIGNIFICANT:
            return reference
    return comparison.aliases(role)[0]


def verdict_sentence(comparison: Comparison) -> str:
    """Which model to use and why, for a reader who knows no statistics."""
    if math.isnan(comparison.score(comparison.aliases()[0])):
        return "No verdict: no series varies enough before the first cutoff to scale its errors."
    if _too_few(comparison):
        return _too_few_sentence(comparison)
    best = choose(comparison)
    return f"{_reason_sentence(comparison, best)}{_leader_sentence(comparison, best)}"


def _reason_sentence(comparison: Comparison, best: str) -> str:
    role = comparison.protocol.roles[best]
    rivals = _told_rivals(comparison, best)
    if rivals:
        return _keep_sentence(comparison, best, rivals)
    if role not in ("naive", "linear"):
        return _win_sentence(comparison, best)
    return _sole_sentence(comparison, best)


def _leader_sentence(comparison: Comparison, best: str) -> str:
    """Which model has the lowest MASE, and why it is not the one to use; empty where it is."""
    leader = comparison.aliases()[0]
    if leader == best:
        return ""
    size = f"{_percent(comparison.skill(leader, best))} % less"
    same_role = comparison.protocol.roles[leader] == comparison.protocol.roles[best]
    reason = "was chosen before the test" if same_role else "is simpler"
    told = leader in _told_rivals(comparison, best)
    chance = "" if told else f" ({comparison.test(leader, best).words})"
    return (
        f" {leader} has the lowest MASE, {_against(comparison, leader, best)} ({size}): that may "
        f"be chance{chance}, and {best} {reason}."
    )


def _against(comparison: Comparison, alias: str, other: str) -> str:
    return f"{comparison.score(alias):.3g} against {comparison.score(other):.3g}"


def _too_few(comparison: Comparison) -> bool:
    return comparison.test(comparison.aliases()[0], comparison.reference).p_value is None


def _too_few_sentence(comparison: Comparison) -> str:
    """The reference, chosen before the test, is used until there is a test."""
    reference, leader = comparison.reference, comparison.aliases()[0]
    result = comparison.test(reference, reference)
    words = too_few_words(result.num_origins, result.origins_needed)
    rivals = dict.fromkeys((leader, *_rivals(comparison, comparison.protocol.roles[reference])))
    rivals.pop(reference, None)
    scores = [f"{alias} {comparison.score(alias):.3g}" for alias in rivals]
    others = f" beside {', '.join(scores)}" if scores else ""
    return (
        f"{words[0].upper()}{words[1:]}: use {_named_reference(comparison)} "
        f"(MASE {comparison.score(reference):.3g}{others}). {comparison.significance.fit.words}"
    )


def _rivals(comparison: Comparison, role: str) -> list[str]:
    """The models that may beat a role: reference (for naive), best of each more complex role."""
    rivals = [comparison.reference] if role == "naive" else []
    if role in ("naive", "linear"):
        rivals += comparison.aliases("classical")[:1]
    if role in BASELINE_ROLES:
        rivals += comparison.aliases("network")[:1]
    if role != "other":
        rivals += comparison.aliases("other")[:1]
    return [alias for alias in rivals if comparison.protocol.roles[alias] != role]


def _told_rivals(comparison: Comparison, best: str) -> list[str]:
    rivals = _rivals(comparison, comparison.protocol.roles[best])
    return [alias for alias in rivals if _is_told(comparison, alias, best)]


def _is_told(comparison: Comparison, alias: str, best: str) -> bool:
    """A classical baseline is worth a word only where it is ahead."""
    classical = comparison.protocol.roles[alias] == "classical"
    return not classical or comparison.score(alias) < comparison.score(best)


def _named_reference(comparison: Comparison) -> str:
    reference = comparison.reference
    role = comparison.protocol.roles[reference]
    if len(comparison.aliases(role)) == 1:
        return f"{reference}, the {role} forecaster"
    return f"{reference}, the best {role} forecaster on the training part"


def _win_sentence(comparison: Comparison, best: str) -> str:
    words = _labelled(comparison, comparison.p_value(best))
    size = _size(comparison, best, comparison.reference)
    sentence = f"{best} is better than {_named_reference(comparison)}, by {size}, {words}"
    return f"{sentence}{_except_where(comparison, comparison.reference, best)}."


def _sole_sentence(comparison: Comparison, best: str) -> str:
    """No network takes part: the best model against the best naive one."""
    others = [alias for alias in comparison.aliases("naive") if alias != best]
    if not others:
        return f"Use {best}: it has the lowest MASE, {comparison.score(best):.3g}."
    if _is_worse(comparison, others[0], best):
        words = comparison.test(best, others[0]).words
        size = _size(comparison, best, others[0])
        return f"Use {best}: it is better than {others[0]}, by {size}, {words}."
    return f"Use {best}: {_no_evidence(comparison, best, others[:1])}."


def _keep_sentence(comparison: Comparison, best: str, rivals: list[str]) -> str:
    worse = [alias for alias in rivals if _is_worse(comparison, alias, best)]
    level = [alias for alias in rivals if alias not in worse]
    parts = []
    if level:
        parts.append(_no_evidence(comparison, best, level))
    parts += [_worse_words(comparison, alias, best) for alias in worse]
    where = "".join(_except_where(comparison, alias, best) for alias in rivals)
    return f"Use {best}: {'; '.join(parts)}{where}."


def _except_where(comparison: Comparison, alias: str, best: str) -> str:
    """The segments where ``alias`` wins although ``best`` is to be used, if that is no chance."""
    found = comparison.segments(alias, best)
    found = found[found["significant"] & (found["better"] == alias)].nsmallest(2, "p_value")
    if found.empty:
        return ""
    parts = [_segment_words(row) for row in found.to_dict("records")]
    return f"; but {alias} is better on {' and '.join(parts)}"


def _segment_words(row: dict) -> str:
    words = ", ".join(filter(None, (p_words(row["p_value"]), row["label"])))
    return f"{row['segment']} (by {_percent(row['skill %'] / 100.0)} %, {words})"


def _is_worse(comparison: Comparison, alias: str, best: str) -> bool:
    p_value = comparison.test(alias, best).p_value
    behind = comparison.score(alias) > comparison.score(best)
    return behind and p_value is not None and p_value < SIGNIFICANT


def _worse_words(comparison: Comparison, alias: str, best: str) -> str:
    words = comparison.test(alias, best).words
    return f"{alias} is worse by {_size(comparison, alias, best)}, {words}"


def _no_evidence(comparison: Comparison, best: str, level: list[str]) -> str:
    reasons = [_reason(comparison, alias, best) for alias in level]
    if len(set(reasons)) == 1:
        return f"no evidence that {' or '.join(level)} is better ({reasons[0]})"
    named = [f"{alias} ({reason})" for alias, reason in zip(level, reasons, strict=True)]
    return f"no evidence that {' or '.join(named)} is better"


def _reason(comparison: Comparison, alias: str, best: str) -> str:
    """The p-value that decides, or the model of the role that stops the claim."""
    role = comparison.protocol.roles[best]
    if comparison.score(alias) >= comparison.score(best):
        return comparison.test(alias, best).words
    ahead = [a for a in comparison.aliases(role) if comparison.score(a) <= comparison.score(alias)]
    if ahead:
        return f"{ahead[0]} has the lower MASE, {_against(comparison, ahead[0], alias)}"
    return _labelled(comparison, comparison.p_beats(alias, role))


def _labelled(comparison: Comparison, p_value: float | None) -> str:
    """A p-value with the label of the test that it comes from."""
    words = p_words(1.0 if p_value is None else p_value)
    return ", ".join(filter(None, (words, comparison.significance.label)))


def _size(comparison: Comparison, alias: str, against: str) -> str:
    """``"12 % (8 to 15 %)"``: the size of the difference in MASE and its 95 % interval."""
    value = comparison.skill(alias, against)
    sign = 1.0 if value >= 0.0 else -1.0
    interval = comparison.skill_interval(alias, against)
    text = f"{_percent(sign * value)} %"
    if interval is None:
        return text
    low, high = sorted((sign * interval.low, sign * interval.high))
    return f"{text} ({_percent(low)} to {_percent(high)} %)"


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.1f}" if abs(percent) < 1.95 else f"{percent:.0f}"
