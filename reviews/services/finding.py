"""Finding words within one transcript, those of hidden turns too, without showing them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from accounts.models import User
from conversations.services.evidence import read_messages, transcript_of
from conversations.transcripts import Message
from reviews.models import Case
from reviews.permissions import visible_texts
from reviews.services.reading import note
from reviews.visibility import Text


@dataclass(frozen=True)
class Hit:
    """A turn, from 1, and how often the words stand in it."""

    turn: int
    count: int


@dataclass(frozen=True)
class Found:
    """What was looked for, and the turns that have it."""

    query: str
    hits: list[Hit]

    @property
    def count(self) -> int:
        """How often the words stand in all turns."""
        return sum(hit.count for hit in self.hits)


def find(*, case: Case, user: User, query: str) -> Found | None:
    """Where *query* stands in the transcript of *case*, whatever its case or width.

    None where *user* may not see it or there is none. The ledger holds that somebody looked,
    and none of the words.
    """
    query = query.strip()
    if Text.TRANSCRIPT not in visible_texts(user, case):
        return None
    transcript = transcript_of(case.cutoff)
    if transcript is None:
        return None
    note(case=case, user=user, action="transcript.searched", details={"words": len(query.split())})
    return Found(query, hits(read_messages(transcript), query))


def hits(messages: list[Message], query: str) -> list[Hit]:
    """The turns of *messages* that have *query*; none for an empty one."""
    wanted = _folded(query)
    if not wanted:
        return []
    counts = (
        (turn, sum(_folded(part.text).count(wanted) for part in message.parts))
        for turn, message in enumerate(messages, 1)
    )
    return [Hit(turn, count) for turn, count in counts if count]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
