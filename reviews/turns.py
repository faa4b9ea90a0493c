"""The turns of a transcript as a page shows them: what is open, folded, hidden and marked.

Pure: messages and evidence in, plain values out, in the language of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy, gettext_noop, ngettext_lazy
from msgspec import structs

from conversations.evidence import Evidence, Mark
from conversations.transcripts import Message, Part
from reviews.hazards import Form

#: How many turns at the end stand open. Together with the first they show how it ended.
LAST_OPEN: Final = 8
#: Fewer turns than this are not worth a fold.
SMALLEST_FOLD: Final = 4
#: How many turns of the folded middle are loaded at a time.
CHUNK: Final = 50
#: How many come at a time where all of them are wanted.
ALL_CHUNK: Final = 200
#: How many turns before the one that is looked for are opened with it.
BEFORE: Final = 5
#: How many marked turns are listed above the transcript.
MOST_JUMPS: Final = 24

#: A veil draws no more signs than this.
LONGEST_VEIL: Final = 400
_SIGN: Final = re.compile(r"\S")

_GRAVITY: Final = ("bad", "warn", "")
_SHOWN_YEARS: Final = range(1990, 2200)

ROLES: Final = {
    "user": gettext_noop("User"),
    "assistant": gettext_noop("Model"),
    "system": gettext_noop("System"),
    "tool": gettext_noop("Tool"),
}
#: What a turn is known to be: its label, and how many of them are in a fold.
_MARKS: Final[dict[str, tuple[str, Any]]] = {
    "refusal": (
        gettext_noop("refusal"),
        ngettext_lazy("%(number)s refusal", "%(number)s refusals", "number"),
    ),
    "redirect": (
        gettext_noop("redirect"),
        ngettext_lazy("%(number)s redirect", "%(number)s redirects", "number"),
    ),
    "warning": (
        gettext_noop("warning"),
        ngettext_lazy("%(number)s warning", "%(number)s warnings", "number"),
    ),
    "crisis_cue": (
        gettext_noop("crisis cue"),
        ngettext_lazy("%(number)s crisis cue", "%(number)s crisis cues", "number"),
    ),
    # Of these there is one in a transcript at most.
    "end_requested": (gettext_noop("asks to end"), gettext_lazy("1 asks to end")),
    "end_confirmed": (gettext_noop("confirms"), gettext_lazy("1 confirms")),
    "ended": (gettext_noop("ended here"), gettext_lazy("1 ended here")),
    "trigger": (gettext_noop("trigger"), gettext_lazy("1 trigger")),
}
_CLASSES: Final = {"user": "user", "assistant": "model", "system": "system", "tool": "tool"}


@dataclass(frozen=True)
class TurnMark:
    """What a turn is known to be, and how that is known. ``code`` is the same in any language."""

    code: str
    label: str
    kind: str
    inferred: bool
    note: str


@dataclass(frozen=True)
class Turn:
    """One turn of a page. ``concealed``: its words are not in the page until asked for.

    ``veil`` is what is drawn in their place, for whoever wants to see how much was said.
    """

    number: int
    role: str
    css: str
    at: datetime | None
    parts: tuple[Part, ...]
    marks: tuple[TurnMark, ...]
    ended: bool
    cue: bool
    concealed: bool
    revealed: bool
    veil: str = ""

    @property
    def classes(self) -> str:
        """The classes of its element."""
        extra = [
            "ended" if self.ended else "",
            "cue" if self.cue else "",
            "proof" if self.marks else "",
        ]
        return " ".join(filter(None, [self.css, *extra]))


@dataclass(frozen=True)
class Stretch:
    """Turns *first* to *last*, both included: open, or folded with what is marked in them.

    ``following``: it is on its way, for all turns were asked for.
    """

    first: int
    last: int
    folded: bool
    note: str = ""
    turns: tuple[Turn, ...] = ()
    following: bool = False

    @property
    def count(self) -> int:
        """How many turns."""
        return self.last - self.first + 1

    @property
    def chunk_last(self) -> int:
        """The last turn that is loaded when the first chunk of a fold is asked for."""
        return min(self.last, self.first + CHUNK - 1)


@dataclass(frozen=True)
class Jump:
    """A marked turn in the list above the transcript."""

    number: int
    label: str
    kind: str


@dataclass(frozen=True)
class Reading:
    """One transcript with what is known of its turns, for one viewer at one moment.

    ``hidden`` are concealed but for those in ``revealed``; ``warning`` says what they may hold.
    ``ended_at`` is 0 for none.
    """

    messages: Sequence[Message]
    evidence: Evidence | None
    hidden: frozenset[int]
    revealed: frozenset[int]
    warning: str = ""
    form: Form = Form.FOLDED
    ended_at: int = 0
    ended_basis: str = ""

    def turn(self, number: int) -> Turn:
        """Turn *number*, from 1."""
        message = self.messages[number - 1]
        concealed = number in self.hidden and number not in self.revealed
        marks = self.marks.get(number, [])
        return Turn(
            number=number,
            role=gettext(ROLES[message.role]),
            css=_CLASSES[message.role],
            at=_moment(message.created_at),
            parts=() if concealed else message.parts,
            marks=tuple(marks),
            ended=number == self.ended_at,
            cue=any(mark.code == "crisis_cue" for mark in marks),
            concealed=concealed,
            veil=veil(message) if concealed and self.form == Form.BLURRED else "",
            revealed=number in self.hidden and number in self.revealed,
        )

    @cached_property
    def marks(self) -> dict[int, list[TurnMark]]:
        """What each marked turn is known to be."""
        found: dict[int, list[TurnMark]] = {}
        for number, mark in _marks(self.evidence):
            found.setdefault(number, []).append(mark)
        if self.ended_at:
            inferred = self.ended_basis != "reported"
            ending = _mark("ended", "bad", inferred, gettext("last turn") if inferred else "")
            found.setdefault(self.ended_at, []).append(ending)
            if trigger := self._trigger():
                mark = _mark("trigger", "warn", True, gettext("last before the end"))
                found.setdefault(trigger, []).append(mark)
        return found

    def _trigger(self) -> int:
        """What the user said last before it ended; 0 for nothing."""
        before = range(self.ended_at, 0, -1)
        return next((turn for turn in before if self.messages[turn - 1].role == "user"), 0)

    def jumps(self) -> list[Jump]:
        """The marked turns in their order; of very many, the gravest."""
        found = [
            Jump(number, mark.label, mark.kind)
            for number, marks in sorted(self.marks.items())
            for mark in marks
        ]
        gravest = sorted(found, key=lambda jump: _GRAVITY.index(jump.kind))[:MOST_JUMPS]
        return sorted(gravest, key=lambda jump: jump.number)

    def stretches(
        self, *, first: int = 0, last: int = 0, everything: bool = False
    ) -> list[Stretch]:
        """The whole transcript: its beginning, its end and *first* to *last* open, the rest folded.

        At most :data:`CHUNK` turns are opened beside the beginning and the end, unless
        *everything* is asked for.
        """
        total = len(self.messages)
        if everything and total:
            return [self._open(1, total)]
        wanted = {number for number in (1, *range(total - LAST_OPEN + 1, total + 1)) if number > 0}
        if first > 0:
            wanted |= set(range(first, min(last, total, first + CHUNK - 1) + 1))
        wanted &= set(range(1, total + 1))
        for before, after in pairwise(sorted(wanted)):
            if after - before <= SMALLEST_FOLD:
                wanted |= set(range(before, after))
        return list(self._stretches(sorted(wanted), total))

    def chunk(
        self, *, first: int, last: int, around: int = 0, everything: bool = False
    ) -> list[Stretch]:
        """Part of a fold from *first* to *last*, and what of it stays folded.

        Its first :data:`CHUNK` turns, or those about the turn *around*; where *everything* is
        asked for, the first :data:`ALL_CHUNK` with the rest to follow.
        """
        last = min(last, len(self.messages))
        if not 1 <= first <= last:
            return []
        start = max(first, around - BEFORE) if first <= around <= last else first
        end = min(last, start + (ALL_CHUNK if everything else CHUNK) - 1)
        before = [self._folded(first, start - 1)] if first < start else []
        after = [self._folded(end + 1, last, following=everything)] if end < last else []
        return [*before, self._open(start, end), *after]

    def _stretches(self, wanted: Sequence[int], total: int) -> Iterator[Stretch]:
        following = 1
        for first, last in _runs(wanted):
            if following < first:
                yield self._folded(following, first - 1)
            yield self._open(first, last)
            following = last + 1
        if following <= total:
            yield self._folded(following, total)

    def _open(self, first: int, last: int) -> Stretch:
        turns = tuple(self.turn(number) for number in range(first, last + 1))
        return Stretch(first, last, folded=False, turns=turns)

    def _folded(self, first: int, last: int, *, following: bool = False) -> Stretch:
        counts: dict[str, int] = {}
        for number, marks in sorted(self.marks.items()):
            if first <= number <= last:
                for mark in marks:
                    counts[mark.code] = counts.get(mark.code, 0) + 1
        note = gettext(", ").join(_counted(code, count) for code, count in counts.items())
        return Stretch(first, last, folded=True, note=note, following=following)


def veil(message: Message) -> str:
    """The shape of what *message* says, a block for every sign: no word of it is in there."""
    words = " ".join(part.text for part in message.parts if part.kind == "text")
    return _SIGN.sub("\u2586", words[:LONGEST_VEIL])


def _mark(code: str, kind: str, inferred: bool, note: str) -> TurnMark:
    return TurnMark(code, gettext(_MARKS[code][0]), kind, inferred, note)


def _counted(code: str, number: int) -> str:
    return str(_MARKS[code][1] % {"number": number})


def _marks(evidence: Evidence | None) -> Iterator[tuple[int, TurnMark]]:
    if evidence is None:
        return
    by_service, inferred = gettext("by the service"), gettext("inferred")
    kinds: tuple[tuple[Sequence[Mark], str, str], ...] = (
        (evidence.refusals, "refusal", ""),
        (evidence.redirects, "redirect", ""),
        (evidence.warnings, "warning", "warn"),
        (evidence.crisis_cues, "crisis_cue", "bad"),
    )
    for marks, code, kind in kinds:
        for mark in marks:
            reported = mark.basis == "reported"
            note = by_service if reported else inferred
            yield mark.turn, _mark(code, kind, not reported, note)
    for turn, code in (
        (evidence.end_requested, "end_requested"),
        (evidence.end_confirmed, "end_confirmed"),
    ):
        if turn is not None:
            yield turn, _mark(code, "", True, inferred)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Consecutive *numbers* as pairs of first and last."""
    start = previous = 0
    for number in numbers:
        if start and number != previous + 1:
            yield start, previous
            start = number
        start, previous = start or number, number
    if start:
        yield start, previous


def _moment(text: str) -> datetime | None:
    """The time that a source gave a turn; None where it is none.

    Without a zone nobody knows when it was."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment.year in _SHOWN_YEARS else None


def said_later(messages: list[Message], by: timedelta) -> list[Message]:
    """*messages* some whole days later, *by*; without a time where it begins with no date."""
    return [
        structs.replace(message, created_at=_later(message.created_at, by)) for message in messages
    ]


def _later(text: str, by: timedelta) -> str:
    """As :func:`said_later`, in the spelling in which it was sent."""
    try:
        return f"{date.fromisoformat(text[:10]) + by}{text[10:]}"
    except (ValueError, OverflowError):
        return ""


def ending_turn(messages: Sequence[Message], message_id: str) -> tuple[int, str]:
    """Where it ended, from 1, and how that is known: ``reported``, or ``inferred`` as the last.

    0 where there are no messages.
    """
    if message_id:
        for number, message in enumerate(messages, 1):
            if message.id == message_id:
                return number, "reported"
    return len(messages), "inferred" if messages else ""
