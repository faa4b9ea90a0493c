"""Events that were valid and that intake failed to store: parked whole, to be replayed.

Beside what was sent stands the row of its event, alone: it holds the identity by the same
constraint as that of any other, so that a repetition is a duplicate and another body is refused.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction

from conversations import rows
from conversations.models import Event, ParkedEvent, Source
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
