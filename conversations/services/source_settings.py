"""Changing a source's settings."""

from __future__ import annotations

from django.db import transaction

from accounts.ledger import Actor, record
from conversations.models import Source
from conversations.vocabulary import Mode


def change_source(
    *,
    source: Source,
    name: str,
    mode: Mode,
    events_per_second: int,
    calls_per_second: int,
    actor: Actor,
) -> bool:
    """Save the settings of *source*; whether any of them is new.

    The ledger notes what each changed setting was and became; of the name only that it changed.
    """
    wanted = {
        "name": name,
        "mode": mode.value,
        "events_per_second": events_per_second,
        "calls_per_second": calls_per_second,
    }
    with transaction.atomic():
        stored = Source.objects.select_for_update().get(pk=source.pk)
        changed = {
            setting: [getattr(stored, setting), value]
            for setting, value in wanted.items()
            if getattr(stored, setting) != value
        }
        if not changed:
            return False
        for setting, (_before, after) in changed.items():
            setattr(stored, setting, after)
        stored.save(update_fields=list(changed))
        noted = changed | ({"name": True} if "name" in changed else {})
        record(
            actor=actor,
            action="source.changed",
            obj="source",
            object_id=source.slug,
            details=noted,
        )
    return True
