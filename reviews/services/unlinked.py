"""What users said of a cutoff that has not come: relayed feedback that waits (``relay.py``).

Where such words sound like a crisis people are called (``overheard.py``), and read them here. Of
those, and of what could not be assessed, the overview tells too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.models import Event, RelayedFeedback
from reviews.cues import Heard, heard_in
from reviews.danger_models import Alarm
from reviews.permissions import check_read_feedback
from reviews.services.danger import OLD

#: What finds its cutoff does so with the next sweep, seconds after it came; that sweep hears the
#: rest. Where no worker runs it is listed all the same.
LINKED_WITHIN: Final = timedelta(minutes=1)
#: So many are listed, the latest.
MOST: Final = 100
#: The count is as good for a minute, in seconds.
_FRESH: Final = 60
_KEY: Final = "reviews.unlinked"


@dataclass(frozen=True)
class Waiting:
    """One piece of feedback that waits, without its words."""

    event_id: UUID
    source: str
    conversation_id: str
    received_at: datetime
    heard: Heard

    @property
    def needs_somebody(self) -> bool:
        """Whether its words sound like a crisis, or nobody knows what they sound like."""
        return self.heard != Heard.NONE


def waiting(*, now: datetime, alarm: Alarm | None = None) -> list[Waiting]:
    """The latest :data:`MOST` with words that wait; of what *alarm* is about, where it is given.

    What was not looked at for :data:`LINKED_WITHIN` may still find its cutoff. One query.
    """
    rows = _waiting(now).select_related("source").order_by("-received_at", "-pk")
    if alarm:
        rows = rows.filter(
            source=alarm.source_id, conversation_external_id=alarm.conversation_external_id
        )
    return [
        Waiting(
            event_id=row.pk,
            source=row.source.name,
            conversation_id=row.conversation_external_id,
            received_at=row.received_at,
            heard=heard_in(row.comment),
        )
        for row in rows[:MOST]
    ]


def needing_count(*, now: datetime) -> int:
    """How many of the last days need somebody, up to :data:`MOST`; a minute old at most."""
    return int(cache.get_or_set(_KEY, lambda: _needing(now), _FRESH) or 0)


def read(*, event_id: UUID, user: User, now: datetime) -> str:
    """The words of one that waits, for *user*, which the ledger notes.

    Raises ``PermissionDenied``, or ``RelayedFeedback.DoesNotExist`` where none waits any more.
    """
    check_read_feedback(user)
    with transaction.atomic():
        row = _waiting(now).select_related("source").get(pk=event_id)
        record(
            actor=Actor(user=user),
            at=now,
            action="feedback.opened",
            obj="source",
            object_id=row.source.slug,
            details={"event": str(event_id)},
        )
    words: str = row.comment
    return words


def _waiting(now: datetime) -> QuerySet[Any]:
    received = Event.objects.filter(pk=OuterRef("pk")).values("received_at")
    # By the index relayed_feedback_waiting: little waits.
    return (
        RelayedFeedback.objects.filter(linked_at=None)
        .exclude(comment="")
        .annotate(received_at=Subquery(received))
        .filter(Q(hearing__isnull=False) | Q(received_at__lte=now - LINKED_WITHIN))
    )


def _needing(now: datetime) -> int:
    return sum(one.needs_somebody and one.received_at > now - OLD for one in waiting(now=now))
