"""A made-up event sent through intake, and events that were parked sent through it again."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction

from accounts.ledger import Actor, record
from conversations import parsing
from conversations.keys import mint
from conversations.models import ParkedEvent, Source
from conversations.parsing import Limits, Parsed
from conversations.payloads import ENDED
from conversations.services import intake
from conversations.services.intake import Result
from conversations.services.parked import give_way

#: What the ids of made-up events and conversations begin with.
TEST_PREFIX = "recourse-test-"
TEST_SOURCE = "/recourse/test"
PARKED = "parked"


def event(*, suffix: str) -> dict[str, object]:
    """A made-up ended conversation, as a chat service would send it: a user asks to stop."""
    return {
        "specversion": "1.0",
        "id": f"{TEST_PREFIX}{suffix}",
        "source": TEST_SOURCE,
        "type": ENDED,
        "data": {
            "conversation": {"id": f"{TEST_PREFIX}{suffix}", "locale": "en"},
            "cutoff": {"initiator": "user", "category": "other", "user_confirmed": True},
            "signals": {"severity": 0, "distress": 0, "risk_self": 0, "risk_others": 0},
            "transcript": {
                "format": "openai.chat",
                "messages": [
                    {"role": "user", "content": "Thanks for the recipe. Please end our chat now."},
                    {"role": "assistant", "content": "Shall I end it? You can start a new one."},
                    {"role": "user", "content": "Yes, please."},
                ],
            },
        },
    }


def send_test_event(*, source: Source, limits: Limits, now: datetime, actor: Actor) -> Result:
    """Have intake store a made-up event of *source*; what became of it.

    It makes a case as any other does, but one that is marked: it is drawn for no audit, counted
    in no figure and waits in no queue. The mark is set here, by nothing that anybody sends.
    """
    raw = msgspec.json.encode(event(suffix=mint(now).hex))
    with transaction.atomic():
        result = _through_intake(source, raw, limits, now, trial=True)
        record(
            actor=actor,
            action="source.tested",
            obj="source",
            object_id=source.slug,
            details={"event": result.id, "status": result.status},
        )
    return result


def replay(*, parked: ParkedEvent, limits: Limits, actor: Actor) -> Result:
    """Have intake store *parked* again, as of when it was received; what became of it.

    It is deleted once it is stored, and stays where it fails again or is refused. Raises
    ``ParkedEvent.DoesNotExist`` where somebody else was first.
    """
    with transaction.atomic():
        locked = (
            ParkedEvent.objects.select_for_update(of=("self",))
            .select_related("source")
            .get(pk=parked.pk)
        )
        source = locked.source
        result = _again(locked, limits)
        stored = result.status != "rejected" and PARKED not in result.warnings
        if stored:
            locked.delete()
        record(
            actor=actor,
            action="event.replayed",
            obj="source",
            object_id=source.slug,
            details={"parked": parked.pk, "stored": stored, "status": result.status},
        )
    return result


def _again(locked: ParkedEvent, limits: Limits) -> Result:
    """Through intake under its own id, which nobody else can take meanwhile."""
    with transaction.atomic():
        give_way(locked)
        result = _through_intake(
            locked.source, bytes(locked.raw), limits, locked.parked_at, trial=locked.trial
        )
        # Refused, it goes on holding its id.
        transaction.set_rollback(result.status == "rejected")
    return result


def _through_intake(
    source: Source, raw: bytes, limits: Limits, now: datetime, *, trial: bool
) -> Result:
    items = parsing.parse_events([raw], limits=limits, now=now, in_batch=False)
    for item in items:
        if isinstance(item, Parsed):
            item.trial = trial
    return intake.record(source=source, items=items, now=now, in_batch=False)[0]
