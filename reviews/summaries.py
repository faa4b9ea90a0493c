"""A case in sentences: what happened, what the policy asked for, what speaks against it.

Built from the computed conformance and the evidence alone; no word of a transcript is in it.
Numbers of turns are counted from 1 and become links.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from conversations.evidence import Evidence
from conversations.vocabulary import Category, Initiator, Kind
from policies import conformance as rules
from policies import evaluation
from policies.conformance import Conformance, ConformanceLine, Finding


@dataclass(frozen=True)
class Piece:
    """Words of a sentence; ``turn`` makes them a link, ``strong`` says them louder."""

    text: str
    turn: int | None = None
    strong: bool = False


@dataclass(frozen=True)
class Subject:
    """What the sentences are about. ``ended_at_turn`` is the last turn where none was named."""

    kind: str
    initiator: str
    category: str
    policy_version: int
    ended_at_turn: int | None = None


_BEGINNINGS: Final = {
    Initiator.MODEL: "The model ended the conversation",
    Initiator.USER: "The conversation was ended at the user’s request",
    Initiator.OPERATOR: "Staff ended the conversation",
}

_SEVERITY: Final = "severity"


def summary(
    subject: Subject, conformance: Conformance, evidence: Evidence | None, *, folded: bool
) -> list[Piece]:
    """What happened, and what counts most about it: a rule broken, else what fell short.

    *folded* leaves out what the reported severity comes to.
    """
    return [
        *_beginning(subject),
        *(_objections(conformance, evidence) or _asked(subject, conformance, folded=folded)),
    ]


def remarks(conformance: Conformance, evidence: Evidence | None, *, folded: bool) -> list[Piece]:
    """How far the table can be relied on: where reports and transcript differ, what is unread."""
    return [*_differences(conformance, folded=folded), *_unread(evidence)]


def _beginning(subject: Subject) -> list[Piece]:
    about = Category(subject.category)
    because = "" if about == Category.OTHER else f", for {about.label.lower()}"
    if subject.kind == Kind.NEAR_MISS:
        return [Piece(f"The conversation went on although ending was close{because}.")]
    pieces = [Piece(_BEGINNINGS[Initiator(subject.initiator)])]
    if subject.ended_at_turn:
        pieces += [Piece(" at "), Piece(f"turn {subject.ended_at_turn}", subject.ended_at_turn)]
    return [*pieces, Piece(f"{because}.")]


def _asked(subject: Subject, conformance: Conformance, *, folded: bool) -> list[Piece]:
    """What the policy asked for beside its rules, and whether that was reported."""
    policy = f"policy {subject.policy_version}"
    lines = [line for line in _asking(conformance) if not (folded and line.name == _SEVERITY)]
    if not lines:
        return []
    unmet = [_name(line) for line in lines if line.finding in (Finding.UNMET, Finding.BREACH)]
    unknown = [_name(line) for line in lines if line.finding == Finding.UNKNOWN]
    if any(line.name == evaluation.ENABLED for line in lines if line.finding == Finding.UNMET):
        return [Piece(f" {policy.capitalize()} never ends a conversation of this category.")]
    if not unmet and not unknown:
        aside = ", leaving aside the severity that you grade yourself" if folded else ""
        return [Piece(f" What {policy} asks for was there by the service’s report{aside}.")]
    clauses = []
    if unmet:
        clauses.append(f"{_and(unmet)} fell short by the service’s report")
    if unknown:
        clauses.append(f"{_and(unknown)} {_were(unknown)} not reported")
    return [Piece(f" Of what {policy} asks for, {'; '.join(clauses)}.")]


def _asking(conformance: Conformance) -> Iterable[ConformanceLine]:
    silent = (evaluation.IMMINENT_RISK, evaluation.CRISIS_CUE)
    return (line for line in conformance.lines if line.name not in silent)


def _name(line: ConformanceLine) -> str:
    return line.label[0].lower() + line.label[1:]


def _objections(conformance: Conformance, evidence: Evidence | None) -> list[Piece]:
    """The rules without a switch that were broken, loudly, in one sentence."""
    broken = [
        clause
        for flag, clause in (
            (rules.CRISIS_CUE, _cue(evidence)),
            (
                rules.RISK_ABOVE_CEILING,
                [_loud("the service itself reported a risk above the ceiling")],
            ),
            (rules.RISK_UNKNOWN, [_loud("whether anybody was in danger was not reported")]),
            (rules.NO_WARNING, [_loud("there was no earlier warning")]),
        )
        if flag in conformance.breaches
    ]
    if not broken:
        return []
    pieces = [_loud(" But ")]
    for place, clause in enumerate(broken):
        if place:
            pieces.append(_loud(" and " if place == len(broken) - 1 else ", "))
        pieces += clause
    return [*pieces, Piece("; no policy may end a conversation then.")]


def _cue(evidence: Evidence | None) -> list[Piece]:
    cues = evidence.crisis_cues if evidence else ()
    where = [_loud("at "), Piece(f"turn {cues[0].turn}", cues[0].turn, strong=True)] if cues else []
    space = " " if where else ""
    return [*where, _loud(f"{space}the user wrote something that reads like a crisis")]


def _loud(text: str) -> Piece:
    return Piece(text, strong=True)


def _differences(conformance: Conformance, *, folded: bool) -> list[Piece]:
    names = [
        _name(line)
        for line in conformance.lines
        if line.disagrees and not (folded and line.name == _SEVERITY)
    ]
    if not names:
        return []
    return [Piece(f" On {_and(names)} the transcript shows something else than was reported.")]


def _unread(evidence: Evidence | None) -> list[Piece]:
    if evidence is None:
        return [Piece(" There is no transcript to hold this against.")]
    if evidence.assessed and evidence.crisis_assessed:
        return []
    return [
        Piece(
            " What this transcript shows was not assessed in full: its language is not one"
            " that the reading was measured on."
        )
    ]


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _were(names: Sequence[str]) -> str:
    return "were" if len(names) > 1 or names[0].endswith("s") else "was"


_CONFIRMED: Final = {
    True: "which they confirmed",
    False: "not confirmed",
    None: "confirmation unknown",
}


def headline(
    subject: Subject,
    *,
    refusals: int | None,
    redirects: int | None,
    warnings: int | None,
    confirmed: bool | None,
    flags: Sequence[str],
    expired: bool = False,
) -> str:
    """One line for a list of cases, from what the service reported and the flags.

    *expired*: the term of what was reported is over.
    """
    beginning = {
        Initiator.MODEL: "Ended by the model",
        Initiator.USER: "Ended at the user’s request",
        Initiator.OPERATOR: "Ended by staff",
    }
    start = "Went on" if subject.kind == Kind.NEAR_MISS else beginning[Initiator(subject.initiator)]
    if rules.CRISIS_CUE in flags:
        return f"{start}; a turn reads like a crisis"
    if rules.RISK_ABOVE_CEILING in flags:
        return f"{start}; the reported risk is above the ceiling"
    if rules.NO_WARNING in flags:
        return f"{start} without a warning"
    if subject.initiator == Initiator.USER:
        return f"{start}, {_CONFIRMED[confirmed]}"
    if expired:
        return f"{start}; what was reported is no longer kept"
    counts = [
        _count(refusals, "refusal"),
        _count(redirects, "redirect"),
        _count(warnings, "warning"),
    ]
    told = [words for words in counts if words]
    return f"{start}: {', '.join(told)}" if told else f"{start}; no counts were reported"


def _count(number: int | None, word: str) -> str:
    if number is None:
        return ""
    return f"{number or 'no'} {word if number == 1 else word + 's'}"


_NOTHING_ASKED: Final = {"≥ 0": "nothing", "≥ 0.00": "nothing"}

#: What only the policy says: there is nothing to report or to show.
_POLICY_ALONE: Final = (evaluation.ENABLED,)


@dataclass(frozen=True)
class Row:
    """One row of the conformance table, as words. ``turns`` prove what the transcript shows.

    ``folded``: what was reported is kept back until the reviewer has graded it or asks.
    """

    label: str
    rule: bool
    asked: str
    reported: str
    shown: str
    turns: tuple[int, ...]
    basis: str
    differs: bool
    finding: str
    kind: str
    is_severity: bool = False
    folded: bool = False


_FINDINGS: Final = {
    Finding.MET: ("Met", "ok"),
    Finding.UNMET: ("Not met", "warn"),
    Finding.UNKNOWN: ("Unknown", "calm"),
    Finding.BREACH: ("Breach", "bad"),
}

#: What the reported severity reads while the reviewer has not graded it.
FOLDED_SEVERITY: Final = "folded until your verdict"
#: What a signal reads once its term is over: that is not the same as never reported.
NO_LONGER_KEPT: Final = "no longer kept"

_SIGNALS: Final = frozenset(
    {evaluation.IMMINENT_RISK, *(criterion.name for criterion in evaluation.CRITERIA)}
)


def table(conformance: Conformance, *, folded: bool, expired: bool = False) -> list[Row]:
    """The conformance criterion by criterion; *folded* keeps the reported severity back.

    *expired*: the term of the signals is over, and nobody knows any more what was reported.
    """
    return [
        _row(line, folded=folded and line.name == _SEVERITY, expired=expired)
        for line in conformance.lines
    ]


def _row(line: ConformanceLine, *, folded: bool, expired: bool) -> Row:
    finding, kind = _FINDINGS[line.finding]
    return Row(
        label=line.label,
        rule=line.rule,
        asked=_NOTHING_ASKED.get(line.asked, line.asked),
        reported=FOLDED_SEVERITY if folded else _reported(line, expired=expired),
        shown=_shown(line),
        turns=line.shown.turns,
        basis=line.shown.basis,
        differs=line.disagrees and not folded,
        finding="" if folded else finding,
        kind="" if folded else kind,
        is_severity=line.name == _SEVERITY,
        folded=folded,
    )


def _reported(line: ConformanceLine, *, expired: bool) -> str:
    if line.name in _POLICY_ALONE:
        return "–"
    if expired and line.reported is None and line.name in _SIGNALS:
        return NO_LONGER_KEPT
    match line.reported:
        case bool():
            return "yes" if line.reported else "no"
        case None:
            return "–" if line.name == evaluation.CRISIS_CUE else "unknown"
        case float():
            return f"{line.reported:.2f}"
        case number:
            return str(number)


def _shown(line: ConformanceLine) -> str:
    shown = line.shown
    if line.name in _POLICY_ALONE:
        return "–"
    if not shown.assessed or shown.value is None:
        return "not assessed"
    if line.name in (evaluation.CRISIS_CUE, evaluation.IMMINENT_RISK):
        return "crisis cue" if shown.value else "no crisis cue"
    if line.name == evaluation.CONFIRMATION:
        return "confirmed" if shown.value else "not confirmed"
    return str(shown.value)
