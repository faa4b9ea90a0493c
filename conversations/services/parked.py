"""Events that were valid and that intake failed to store: parked whole, to be replayed.

Beside what was sent stands the row of its event, alone: it holds the identity by the same
constraint as that of any other, so that a repetition is a duplicate and another body is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import transaction

from conversations import keys, rows
from conversations.models import Conversation, Event, LegalHold, ParkedEvent, Source
from conversations.services import holds
from conversations.services.writing import write_events


@transaction.atomic
def park(*, source: Source, item: rows.Prepared, failure: str, now: datetime) -> bool:
    """Park *item*, because of *failure*; False where its id was taken meanwhile."""
    alone = msgspec.structs.replace(item.event, cutoff_id=None)
    if not write_events([alone]):
        return False
    # One that is replayed and fails again is there already.
    ParkedEvent.objects.update_or_create(
        source=source,
        ce_source=alone.ce_source,
        ce_id=alone.ce_id,
        defaults={
            "raw": item.parsed.raw,
            "failure": failure,
            "trial": item.parsed.trial,
            "parked_at": now,
        },
    )
    return True


def give_way(parked: ParkedEvent) -> None:
    """Take back the row that holds the identity of *parked*, for it to be stored now.

    In the caller's transaction: until that ends nobody else can take the id. A row that was
    stored as a whole is another event, and stays.
    """
    Event.objects.filter(
        source=parked.source_id,
        ce_source=parked.ce_source,
        ce_id=parked.ce_id,
        received_at=parked.parked_at,
        cutoff_id=None,
    ).delete()


class Whose(NamedTuple):
    """The source's own id of a thread, and the pseudonym of a person; empty where it names none."""

    thread: str
    subject: str


def whose_is(parked: ParkedEvent, source: Source) -> Whose:
    """Whose *parked* is. Nothing but its content says so; it was valid, and can be read."""
    data: dict[str, Any] = json.loads(bytes(parked.raw)).get("data") or {}
    said = data.get("conversation") or {"id": data.get("conversation_id")}
    user_id = said.get("user_id")
    subject = (
        keys.pseudonym(source=source.slug, user_id=user_id, secret=settings.RECOURSE_SUBJECT_KEY)
        if user_id
        else ""
    )
    return Whose(str(said.get("id")), subject)


def not_held(*, source: Source, numbers: Iterable[int], now: datetime) -> list[int]:
    """Those of *numbers* that no hold keeps, in order: on their thread, or on their person."""
    if not LegalHold.objects.live(now).filter(source=source).exists():
        return list(numbers)
    # One at a time: each may have 4 MiB.
    found = (ParkedEvent.objects.filter(pk=number).first() for number in numbers)
    return [row.pk for row in found if row and not _is_held(whose_is(row, source), source, now)]


def _is_held(whose: Whose, source: Source, now: datetime) -> bool:
    thread = Conversation.objects.filter(source=source, external_id=whose.thread)
    return (
        holds.on_subject(source=source, subject=whose.subject, now=now)
        or thread.filter(holds.on_conversation(now)).exists()
    )
