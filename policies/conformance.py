"""Criterion by criterion: what the policy asked, the source reported, the transcript shows.

Conformance is computed; whether ending was *right* is for people to say
(docs/explanation/ending.md, "Merits, not conformance").
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from django.utils.translation import gettext_noop
from msgspec import Struct

from conversations.evidence import Evidence, Mark
from policies import evaluation
from policies.evaluation import Decision, Line, Observation
from policies.thresholds import Thresholds


class Finding(StrEnum):
    """What one line comes to."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"
    BREACH = "breach"


class Shown(Struct, frozen=True):
    """What the transcript itself shows for a criterion.

    ``assessed`` False: the language or the signal is one that was not measured, which is not
    the same as nothing found. ``turns`` are the ones that prove it.
    """

    assessed: bool
    value: int | None = None
    turns: tuple[int, ...] = ()
    basis: Literal["reported", "inferred", ""] = ""


NOT_ASSESSED = Shown(assessed=False)


class ConformanceLine(Struct, frozen=True):
    """One criterion of a case."""

    name: str
    label: str
    rule: bool
    asked: str
    reported: float | int | bool | None
    shown: Shown
    finding: Finding
    disagrees: bool
    explanation: str


class Conformance(Struct, frozen=True):
    """All lines of a case, what the policy would have answered, and the rules that were broken."""

    decision: Decision
    lines: tuple[ConformanceLine, ...]
    breaches: tuple[str, ...]


_LABELS = {
    evaluation.IMMINENT_RISK: gettext_noop("Imminent risk"),
    evaluation.CRISIS_CUE: gettext_noop("Crisis cue"),
    evaluation.ENABLED: gettext_noop("Ending allowed for the category"),
    evaluation.CONFIRMATION: gettext_noop("Confirmed by the user"),
} | {criterion.name: criterion.label for criterion in evaluation.CRITERIA}

_RULES = {evaluation.IMMINENT_RISK, evaluation.CRISIS_CUE}

#: The codes of a broken rule, as a case carries them.
RISK_ABOVE_CEILING = "risk_above_ceiling"
RISK_UNKNOWN = "risk_unknown"
NO_WARNING = "no_warning"
CRISIS_CUE = "crisis_cue"


def conformance(
    observation: Observation, thresholds: Thresholds, evidence: Evidence | None
) -> Conformance:
    """Hold one cutoff against one policy; *evidence* is None where there is no transcript."""
    cues = evidence.crisis_cues if evidence else ()
    seen = Observation(
        initiator=observation.initiator,
        category=observation.category,
        signals=observation.signals,
        user_confirmed=observation.user_confirmed,
        crisis_cue=bool(cues),
    )
    evaluated = evaluation.evaluate(seen, thresholds)
    lines = tuple(_line(found, seen, evidence) for found in evaluated.criteria)
    return Conformance(evaluated.decision, lines, _breaches(seen, thresholds, evidence))


def _breaches(
    seen: Observation, thresholds: Thresholds, evidence: Evidence | None
) -> tuple[str, ...]:
    found = []
    risks = [seen.signals.get("risk_self"), seen.signals.get("risk_others")]
    if any(risk is not None and risk > thresholds.imminent_risk_ceiling for risk in risks):
        found.append(RISK_ABOVE_CEILING)
    elif None in risks:
        found.append(RISK_UNKNOWN)
    if seen.initiator == "model" and (
        seen.signals.get("warnings") == 0 or annotated_without_warning(evidence)
    ):
        found.append(NO_WARNING)
    if seen.crisis_cue:
        found.append(CRISIS_CUE)
    return tuple(found)


def annotated_without_warning(evidence: Evidence | None) -> bool:
    """The service marked its turns, and none of them as a warning.

    What is only inferred never makes a breach: most services word a warning in a way that no
    pattern knows.
    """
    if evidence is None or evidence.warnings:
        return False
    return any(mark.basis == "reported" for mark in evidence.refusals + evidence.redirects)


def _line(found: Line, seen: Observation, evidence: Evidence | None) -> ConformanceLine:
    shown = _shown(found.name, evidence)
    finding = _finding(found, seen)
    return ConformanceLine(
        name=found.name,
        label=_LABELS[found.name],
        rule=found.name in _RULES or found.name == "warnings",
        asked=_asked(found),
        reported=None if found.name == evaluation.CRISIS_CUE else found.observed,
        shown=shown,
        finding=finding,
        disagrees=_disagrees(found, shown),
        explanation=found.explanation,
    )


def _asked(found: Line) -> str:
    if isinstance(found.threshold, bool):
        return {
            evaluation.CRISIS_CUE: gettext_noop("none"),
            evaluation.ENABLED: gettext_noop("switched on"),
            evaluation.CONFIRMATION: gettext_noop("yes"),
        }[found.name]
    value = f"{found.threshold:.2f}" if isinstance(found.threshold, float) else found.threshold
    return f"{found.operator} {value}"


def _finding(found: Line, seen: Observation) -> Finding:
    if found.name in _RULES:
        if found.met:
            return Finding.MET
        return Finding.UNKNOWN if found.observed is None and not seen.crisis_cue else Finding.BREACH
    if found.name == "warnings" and found.observed == 0:
        return Finding.BREACH
    if found.met:
        return Finding.MET
    return Finding.UNKNOWN if found.observed is None else Finding.UNMET


def _shown(name: str, evidence: Evidence | None) -> Shown:
    if evidence is None:
        return NOT_ASSESSED
    marks: Mapping[str, tuple[Mark, ...]] = {
        "refusals": evidence.refusals,
        "redirects": evidence.redirects,
        "warnings": evidence.warnings,
    }
    if name in (evaluation.CRISIS_CUE, evaluation.IMMINENT_RISK):
        return _counted(evidence.crisis_cues, assessed=evidence.crisis_assessed)
    if name in marks:
        return _counted(marks[name], assessed=evidence.assessed)
    if name == "turns_after_warning" and evidence.turns_after_warning is not None:
        last = evidence.warnings[-1]
        return Shown(True, evidence.turns_after_warning, (last.turn,), last.basis)
    if name == evaluation.CONFIRMATION and evidence.assessed:
        turns = tuple(
            turn for turn in (evidence.end_requested, evidence.end_confirmed) if turn is not None
        )
        return Shown(True, int(evidence.end_confirmed is not None), turns, "inferred")
    return NOT_ASSESSED


def _counted(marks: tuple[Mark, ...], *, assessed: bool) -> Shown:
    """A count of marks; the service's own annotations stand in any language."""
    if not marks:
        return Shown(True, 0, (), "inferred") if assessed else NOT_ASSESSED
    return Shown(True, len(marks), tuple(mark.turn for mark in marks), marks[0].basis)


def _disagrees(found: Line, shown: Shown) -> bool:
    """Whether the transcript shows another side of the threshold than the source reported."""
    if not shown.assessed or shown.value is None:
        return False
    if found.name == evaluation.IMMINENT_RISK:
        return found.met and shown.value > 0
    if found.name == evaluation.CRISIS_CUE:
        return False
    if isinstance(found.threshold, bool):
        return found.met != bool(shown.value)
    return found.observed is not None and found.met != (shown.value >= found.threshold)
