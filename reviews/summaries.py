"""A case in sentences: what happened, what the policy asked for, what speaks against it.

Built from the computed conformance and the evidence alone; no word of a transcript is in it.
Numbers of turns are counted from 1 and become links. What is one sentence, or one part of it, is
one text to translate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop, ngettext

from conversations.evidence import Evidence
from conversations.vocabulary import Category, Initiator, Kind
from policies import conformance as rules
from policies import evaluation
from policies.conformance import Conformance, ConformanceLine, Finding
from reviews.phrases import CATEGORIES, CRITERIA, within


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


#: Each without a turn, and with one.
_ENDED: Final = {
    Initiator.MODEL: (
        gettext_noop("The model ended the conversation"),
        gettext_noop("The model ended the conversation at %(turn)s"),
    ),
    Initiator.USER: (
        gettext_noop("The conversation was ended at the user’s request"),
        gettext_noop("The conversation was ended at the user’s request at %(turn)s"),
    ),
    Initiator.OPERATOR: (
        gettext_noop("Staff ended the conversation"),
        gettext_noop("Staff ended the conversation at %(turn)s"),
    ),
}

_SEVERITY: Final = "severity"
_PLACE: Final = re.compile(r"%\((\w+)\)s")


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


def _pieces(sentence: str, *, strong: bool = False, **given: Sequence[Piece]) -> list[Piece]:
    """A translated *sentence* with what is *given* where it says so, in whatever order."""
    found: list[Piece] = []
    for place, text in enumerate(_PLACE.split(sentence)):
        found += given[text] if place % 2 else [Piece(text, strong=strong)]
    return [piece for piece in found if piece.text]


def _next(sentence: str) -> list[Piece]:
    """A sentence after another."""
    return [Piece(" "), Piece(sentence)]


def _turn(number: int, *, strong: bool = False) -> list[Piece]:
    return [Piece(gettext("turn %(number)s") % {"number": number}, number, strong)]


def _beginning(subject: Subject) -> list[Piece]:
    if subject.kind == Kind.NEAR_MISS:
        what = [Piece(gettext("The conversation went on although ending was close"))]
    elif subject.ended_at_turn:
        sentence = gettext(_ENDED[Initiator(subject.initiator)][1])
        what = _pieces(sentence, turn=_turn(subject.ended_at_turn))
    else:
        what = [Piece(gettext(_ENDED[Initiator(subject.initiator)][0]))]
    about = Category(subject.category)
    if about == Category.OTHER:
        return _pieces(gettext("%(what)s."), what=what)
    category = [Piece(within(CATEGORIES, about))]
    return _pieces(gettext("%(what)s, for %(category)s."), what=what, category=category)


def _asked(subject: Subject, conformance: Conformance, *, folded: bool) -> list[Piece]:
    """What the policy asked for beside its rules, and whether that was reported."""
    policy: dict[str, object] = {"version": subject.policy_version}
    lines = [line for line in _asking(conformance) if not (folded and line.name == _SEVERITY)]
    if not lines:
        return []
    unmet = [_name(line) for line in lines if line.finding in (Finding.UNMET, Finding.BREACH)]
    unknown = [_name(line) for line in lines if line.finding == Finding.UNKNOWN]
    if any(line.name == evaluation.ENABLED for line in lines if line.finding == Finding.UNMET):
        never = gettext("Policy %(version)s never ends a conversation of this category.")
        return _next(never % policy)
    if not unmet and not unknown:
        return _next(_all_there(folded=folded) % policy)
    found = gettext("; ").join(filter(None, [_fell_short(unmet), _not_reported(unknown)]))
    sentence = gettext("Of what policy %(version)s asks for, %(found)s.")
    return _next(sentence % (policy | {"found": found}))


def _all_there(*, folded: bool) -> str:
    if folded:
        return gettext(
            "What policy %(version)s asks for was there by the service’s report,"
            " leaving aside the severity that you grade yourself."
        )
    return gettext("What policy %(version)s asks for was there by the service’s report.")


def _fell_short(names: Sequence[str]) -> str:
    if not names:
        return ""
    # English has one form; others have more.
    said = ngettext(
        "%(names)s fell short by the service’s report",
        "%(names)s fell short by the service’s report",
        len(names),
    )
    return said % {"names": _and(names)}


def _not_reported(names: Sequence[str]) -> str:
    if not names:
        return ""
    if _are_many(names):
        return gettext("%(names)s were not reported") % {"names": _and(names)}
    return gettext("%(name)s was not reported") % {"name": names[0]}


def _asking(conformance: Conformance) -> Iterable[ConformanceLine]:
    silent = (evaluation.IMMINENT_RISK, evaluation.CRISIS_CUE)
    return (line for line in conformance.lines if line.name not in silent)


def _name(line: ConformanceLine) -> str:
    return within(CRITERIA, line.name)


def _objections(conformance: Conformance, evidence: Evidence | None) -> list[Piece]:
    """The rules without a switch that were broken, loudly, in one sentence."""
    broken = [
        clause
        for flag, clause in (
            (rules.CRISIS_CUE, _cue(evidence)),
            (
                rules.RISK_ABOVE_CEILING,
                [_loud(gettext("the service itself reported a risk above the ceiling"))],
            ),
            (
                rules.RISK_UNKNOWN,
                [_loud(gettext("whether anybody was in danger was not reported"))],
            ),
            (rules.NO_WARNING, [_loud(gettext("there was no earlier warning"))]),
        )
        if flag in conformance.breaches
    ]
    if not broken:
        return []
    but = _pieces(gettext("But %(broken)s"), strong=True, broken=_and_pieces(broken))
    sentence = gettext("%(objection)s; no policy may end a conversation then.")
    return [Piece(" "), *_pieces(sentence, objection=but)]


def _cue(evidence: Evidence | None) -> list[Piece]:
    cues = evidence.crisis_cues if evidence else ()
    if not cues:
        return [_loud(gettext("the user wrote something that reads like a crisis"))]
    return _pieces(
        gettext("at %(turn)s the user wrote something that reads like a crisis"),
        strong=True,
        turn=_turn(cues[0].turn, strong=True),
    )


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
    sentence = gettext("On %(names)s the transcript shows something else than was reported.")
    return _next(sentence % {"names": _and(names)})


def _unread(evidence: Evidence | None) -> list[Piece]:
    if evidence is None:
        return _next(gettext("There is no transcript to hold this against."))
    if evidence.assessed and evidence.crisis_assessed:
        return []
    return _next(
        gettext(
            "What this transcript shows was not assessed in full: its language is not one"
            " that the reading was measured on."
        )
    )


def _and(names: Sequence[str]) -> str:
    return "".join(piece.text for piece in _and_pieces([[Piece(name)] for name in names]))


def _and_pieces(parts: Sequence[Sequence[Piece]]) -> list[Piece]:
    """*parts* as a list within a sentence, as loud as they are."""
    *others, last = parts
    if not others:
        return list(last)
    strong = last[0].strong
    first = list(others[0])
    for other in others[1:]:
        first += [Piece(gettext(", "), strong=strong), *other]
    return _pieces(gettext("%(first)s and %(last)s"), strong=strong, first=first, last=last)


def _are_many(names: Sequence[str]) -> bool:
    return len(names) > 1 or names[0].endswith("s")


#: What the policy asked for, where that is said in words.
_ASKED: Final = {
    "≥ 0": gettext_noop("nothing"),
    "≥ 0.00": gettext_noop("nothing"),
    "none": gettext_noop("none"),
    "switched on": gettext_noop("switched on"),
    "yes": gettext_noop("yes"),
}

#: What only the policy says: there is nothing to report or to show.
_POLICY_ALONE: Final = (evaluation.ENABLED,)


@dataclass(frozen=True)
class Row:
    """One row of the conformance table, as words. ``turns`` prove what the transcript shows.

    ``assessed``: whether anybody could tell what it shows.
    ``folded``: what was reported is kept back until the reviewer has graded it or asks.
    """

    label: str
    rule: bool
    asked: str
    reported: str
    shown: str
    assessed: bool
    turns: tuple[int, ...]
    basis: str
    differs: bool
    finding: str
    kind: str
    is_severity: bool = False
    folded: bool = False


_FINDINGS: Final = {
    Finding.MET: (gettext_noop("Met"), "ok"),
    Finding.UNMET: (gettext_noop("Not met"), "warn"),
    Finding.UNKNOWN: (gettext_noop("Unknown"), "calm"),
    Finding.BREACH: (gettext_noop("Breach"), "bad"),
}

#: What the reported severity reads while the reviewer has not graded it.
FOLDED_SEVERITY: Final = gettext_noop("folded until your verdict")
#: What a signal reads once its term is over: that is not the same as never reported.
NO_LONGER_KEPT: Final = gettext_noop("no longer kept")

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
        label=gettext(line.label),
        rule=line.rule,
        asked=gettext(_ASKED[line.asked]) if line.asked in _ASKED else line.asked,
        reported=gettext(FOLDED_SEVERITY) if folded else _reported(line, expired=expired),
        shown=_shown(line),
        assessed=_is_assessed(line),
        turns=line.shown.turns,
        basis=line.shown.basis,
        differs=line.disagrees and not folded,
        finding="" if folded else gettext(finding),
        kind="" if folded else kind,
        is_severity=line.name == _SEVERITY,
        folded=folded,
    )


def _reported(line: ConformanceLine, *, expired: bool) -> str:
    if line.name in _POLICY_ALONE:
        return "–"
    if expired and line.reported is None and line.name in _SIGNALS:
        return gettext(NO_LONGER_KEPT)
    match line.reported:
        case bool():
            return gettext("yes") if line.reported else gettext("no")
        case None:
            return "–" if line.name == evaluation.CRISIS_CUE else gettext("unknown")
        case float():
            return f"{line.reported:.2f}"
        case number:
            return str(number)


def _shown(line: ConformanceLine) -> str:
    shown = line.shown
    if line.name in _POLICY_ALONE:
        return "–"
    if not _is_assessed(line):
        return gettext("not assessed")
    if line.name in (evaluation.CRISIS_CUE, evaluation.IMMINENT_RISK):
        return gettext("crisis cue") if shown.value else gettext("no crisis cue")
    if line.name == evaluation.CONFIRMATION:
        return gettext("confirmed") if shown.value else gettext("not confirmed")
    return str(shown.value)


def _is_assessed(line: ConformanceLine) -> bool:
    return line.name in _POLICY_ALONE or (line.shown.assessed and line.shown.value is not None)
