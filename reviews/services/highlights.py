"""Where the words that were searched for stand, for a list of what was found.

Words are shown only where their text would be: under the same visibility, hidden like the text
itself. What is hidden is named by its turn and by what it may hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from conversations.models import Transcript
from conversations.services.evidence import read_messages, transcripts_of
from conversations.words import places
from reviews.hazards import Hiding
from reviews.models import Case
from reviews.permissions import facts_of_each, viewer_of
from reviews.services.care import excerpts_hidden
from reviews.services.search import readable_rationales
from reviews.visibility import Text, visible

#: Characters before and after the first word found.
BEFORE: Final = 60
AFTER: Final = 140
#: Of one case.
MOST_SHOWN: Final = 2


@dataclass(frozen=True)
class Piece:
    """Some words; ``found`` ones are those that were searched for."""

    text: str
    found: bool = False


@dataclass(frozen=True)
class Highlight:
    """One place of a case. ``turn`` counts from 1, None for a rationale.

    Without ``pieces`` the words are hidden, and ``warning`` says what they may hold.
    """

    where: str
    turn: int | None
    pieces: tuple[Piece, ...]
    warning: str = ""


@dataclass(frozen=True)
class _Said:
    """One text that may have the words. ``harmful``: hidden where excerpts of its case are.

    Whoever spoke: the model and the service repeat what they answer to, and nobody chose to read.
    """

    where: str
    turn: int | None
    text: str
    harmful: bool


def highlights(
    cases: Sequence[Case], *, user: User, query: str, now: datetime
) -> dict[UUID, list[Highlight]]:
    """Where the words of *query* stand in each of *cases*, as far as *user* may see it."""
    viewer, facts = viewer_of(user), facts_of_each(cases)
    shown = {case.pk: visible(viewer, facts[case.pk]) for case in cases}
    hidden = excerpts_hidden(cases, user=user)
    transcripts = {found.cutoff_id: found for found in transcripts_of(list(shown))}
    written = _written([key for key, kinds in shown.items() if Text.VERDICTS in kinds], user, now)
    found: dict[UUID, list[Highlight]] = {}
    for key, kinds in shown.items():
        said: list[_Said] = []
        if Text.TRANSCRIPT in kinds and key in transcripts:
            said += _turns(transcripts[key])
        if Text.RATIONALE in kinds and key in transcripts:
            said += _of_the_end(transcripts[key])
        said += written.get(key, [])
        found[key] = _marked(said, query, hidden[key])
    return found


def _written(keys: list[UUID], user: User, now: datetime) -> dict[UUID, list[_Said]]:
    """What reviewers wrote of the cases *keys*."""
    texts = readable_rationales(user, now).filter(verdict__case__in=keys)
    said: dict[UUID, list[_Said]] = {}
    for key, words in texts.order_by("verdict__at").values_list("verdict__case_id", "rationale"):
        said.setdefault(key, []).append(_Said(_("Reviewer’s rationale"), None, words, False))
    return said


def _turns(transcript: Transcript) -> Iterator[_Said]:
    for turn, message in enumerate(read_messages(transcript), 1):
        where = _("Turn %(number)d") % {"number": turn}
        for part in message.parts:
            yield _Said(where, turn, part.text, True)


def _of_the_end(transcript: Transcript) -> list[_Said]:
    return [
        _Said(_("Model’s explanation"), None, transcript.explanation, True),
        _Said(_("Service’s rationale"), None, transcript.rationale, True),
    ]


def _marked(said: Iterable[_Said], query: str, hiding: Hiding | None) -> list[Highlight]:
    """The first places; those whose words may be shown come before hidden ones."""
    shown: list[Highlight] = []
    kept_back: list[Highlight] = []
    for one in said:
        if len(shown) == MOST_SHOWN:
            break
        if not (spans := places(one.text, query)):
            continue
        if one.harmful and hiding:
            kept_back.append(Highlight(one.where, one.turn, (), hiding.warning))
        else:
            shown.append(Highlight(one.where, one.turn, _pieces(one.text, spans)))
    return [*shown, *kept_back][:MOST_SHOWN]


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """The words around the first place, each place marked."""
    begin, end = max(0, spans[0][0] - BEFORE), min(len(text), spans[0][0] + AFTER)
    pieces, at = [Piece("…")] if begin else [], begin
    for start, stop in spans:
        if stop > end:
            break
        pieces += [Piece(text[at:start]), Piece(text[start:stop], found=True)]
        at = stop
    pieces.append(Piece(text[at:end] + ("…" if end < len(text) else "")))
    return tuple(piece for piece in pieces if piece.text)
