"""The family of a conversation: what it branched from, what branched off, whose thread it is.

A source may send anything as a parent: a thread that never comes, the thread itself, a loop. Only
one step is taken in each direction, so that no loop is walked. Lists are bounded, and so is
counting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from conversations.models import Conversation

#: How many threads a list shows.
SHOWN: Final = 20
#: Nobody needs to know how many more than this there are; counting them would cost.
MOST_COUNTED: Final = 1_000


@dataclass(frozen=True)
class Some:
    """The first of some threads, and how many there are, up to :data:`MOST_COUNTED`."""

    threads: list[Conversation]
    count: int

    @property
    def more(self) -> bool:
        """Whether there are more than :attr:`count` says."""
        return self.count >= MOST_COUNTED


@dataclass(frozen=True)
class Family:
    """A conversation among its branches. ``parent`` is None where it has not been received."""

    parent_external_id: str
    parent: Conversation | None
    siblings: Some
    children: Some


def family_of(conversation: Conversation) -> Family:
    """The parent, the other branches of it, and the branches of *conversation*, oldest first.

    Nobody stands in it twice: in a loop of two, the other one is the parent alone.
    """
    parent_id = conversation.parent_external_id
    if parent_id == conversation.external_id:
        parent_id = ""
    others = Conversation.objects.filter(source=conversation.source_id).exclude(pk=conversation.pk)
    parent = others.filter(external_id=parent_id).first() if parent_id else None
    siblings = others.filter(parent_external_id=parent_id).exclude(external_id=parent_id)
    children = others.filter(parent_external_id=conversation.external_id)
    if parent:
        children = children.exclude(pk=parent.pk)
    return Family(
        parent_id,
        parent,
        _some(siblings.order_by("pk")) if parent_id else Some([], 0),
        _some(children.order_by("pk")),
    )


def other_threads(conversation: Conversation) -> Some:
    """The subject's other threads at the same source, newest first; none where nobody was named."""
    if not conversation.subject:
        return Some([], 0)
    threads = Conversation.objects.filter(
        source=conversation.source_id, subject=conversation.subject
    ).exclude(pk=conversation.pk)
    return _some(threads.order_by("-pk"))


def _some(threads: QuerySet[Conversation]) -> Some:
    first = list(threads[: SHOWN + 1])
    count = len(first) if len(first) <= SHOWN else threads[:MOST_COUNTED].count()
    return Some(first[:SHOWN], count)
