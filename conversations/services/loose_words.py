"""A person's words that belong to no cutoff: remainders of other events, feedback that waits for
its cutoff, and events that were parked.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Exists, OuterRef

from conversations.models import (
    Conversation,
    Event,
    EventRemainder,
    ParkedEvent,
    RelayedFeedback,
    Source,
)
from conversations.services import holds
from conversations.services.parked import whose_is


def erase_loose_words(
    source: Source, subject: str, *, received_until: datetime, now: datetime
) -> Counter[str]:
    """Erase them, but for what a hold keeps; how many rows by kind."""
    if holds.on_subject(source=source, subject=subject, now=now):
        return Counter()
    threads = Conversation.objects.filter(source=source, subject=subject)
    free = list(
        threads.exclude(holds.on_conversation(now))
        .order_by("external_id")
        .values_list("external_id", flat=True)
    )
    held = set(threads.values_list("external_id", flat=True)) - set(free)
    return Counter(
        remainders=_remainders(source, free, received_until),
        feedback=_waiting_feedback(source, free, received_until),
        parked=_parked(source, subject, set(free), held, received_until),
    )


def _remainders(source: Source, threads: list[str], received_until: datetime) -> int:
    events = Event.objects.filter(
        source=source,
        conversation_external_id__in=threads,
        cutoff_id=None,
        received_at__lte=received_until,
    )
    found = list(events.order_by("pk").values_list("pk", flat=True))
    return EventRemainder.objects.filter(pk__in=found).delete()[0]


def _waiting_feedback(source: Source, threads: list[str], received_until: datetime) -> int:
    received = Event.objects.filter(pk=OuterRef("pk"), received_at__lte=received_until)
    waiting = RelayedFeedback.objects.filter(
        Exists(received), source=source, conversation_external_id__in=threads, linked_at=None
    )
    return waiting.exclude(comment="").update(comment="")


def _parked(
    source: Source, subject: str, threads: set[str], held: set[str], received_until: datetime
) -> int:
    """Parked events are few, and nothing but their content says whose they are."""
    parked = ParkedEvent.objects.filter(source=source, parked_at__lte=received_until)
    theirs = []
    for row in parked.order_by("pk").iterator():
        whose = whose_is(row, source)
        if whose.thread not in held and (whose.subject == subject or whose.thread in threads):
            theirs.append(row.pk)
    return ParkedEvent.objects.filter(pk__in=theirs).delete()[0]
