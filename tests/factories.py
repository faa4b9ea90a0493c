"""What tests are made of: sources, events and people, through the services that make the real ones."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user
from conversations import payloads
from conversations.api import limits
from conversations.models import Cutoff, Source
from conversations.services import intake, sources
from conversations.vocabulary import Mode, Scope
from reviews.models import Case

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = count(1)

MESSAGES = [
    {"id": "m1", "role": "user", "content": "You are useless. Answer me!"},
    {
        "id": "m2",
        "role": "assistant",
        "content": "I can't help with that, but we could talk about the garden instead.",
        "annotations": ["refusal", "redirect"],
    },
    {"id": "m3", "role": "user", "content": "Useless, I say. Say it yourself."},
    {
        "id": "m4",
        "role": "assistant",
        "content": "If this goes on, I will end our conversation.",
        "annotations": ["refusal", "redirect", "warning"],
    },
    {"id": "m5", "role": "user", "content": "Useless thing."},
    {"id": "m6", "role": "assistant", "content": "I am ending the conversation here."},
]

SIGNALS = {
    "severity": 0.55,
    "refusals": 2,
    "redirects": 2,
    "warnings": 1,
    "turns_after_warning": 1,
    "distress": 0.4,
    "risk_self": 0.02,
    "risk_others": 0.01,
}


def make_source(slug: str = "", mode: Mode = Mode.ADVISORY) -> Source:
    """A source with a name of its own."""
    slug = slug or f"source-{next(_numbers)}"
    return sources.create_source(slug=slug, name=slug.title(), mode=mode, actor=Actor.task("test"))


def make_key(source: Source, *scopes: Scope) -> str:
    """A new API key of *source*; with every scope where none is named."""
    return str(
        sources.create_key(
            source=source, name="test", scopes=scopes or list(Scope), actor=Actor.task("test")
        )
    )


def make_user(*roles: Role, name: str = "") -> User:
    """A user in *roles*, whose password is :data:`PASSWORD`."""
    number = next(_numbers)
    return create_user(
        email=f"user{number}@example.com",
        name=name or f"User {number}",
        password=PASSWORD,
        roles=list(roles),
    )


def ended_event(**changes: Any) -> dict[str, Any]:
    """An ended conversation as a chat service sends it.

    *changes* replace whole members of the envelope, or with ``conversation``, ``cutoff``,
    ``signals`` and ``transcript`` add to those of ``data``.
    """
    number = next(_numbers)
    data: dict[str, Any] = {
        "conversation": {"id": f"conv-{number}", "user_id": f"u-{number}", "locale": "en-US"},
        "cutoff": {"initiator": "model", "category": "harassment_of_model"},
        "signals": dict(SIGNALS),
        "transcript": {"format": "openai.chat", "messages": MESSAGES},
    }
    for member in list(data):
        data[member] = data[member] | changes.pop(member, {})
    return {
        "specversion": "1.0",
        "id": f"evt-{number}",
        "source": "/chat/test",
        "type": payloads.ENDED,
        "time": "2026-11-20T10:00:00Z",
        "data": data,
        **changes,
    }


def near_miss_event(**changes: Any) -> dict[str, Any]:
    """A near miss as a chat service sends it."""
    near_miss = {"capture_rule": "one short", "attempted": True, "sampling_probability": 0.5}
    event = ended_event(**changes)
    event["type"] = payloads.NEAR_MISS
    event["data"]["near_miss"] = near_miss
    del event["data"]["cutoff"]
    return event


def record(source: Source, *events: dict[str, Any], now: datetime = NOW) -> list[intake.Result]:
    """Store *events* as intake does."""
    items = payloads.parse_events(
        [msgspec.json.encode(event) for event in events], limits=limits(), now=now, in_batch=True
    )
    results = intake.record(source=source, items=items, now=now)
    assert not any("parked" in result.warnings for result in results)
    return results


def make_cutoff(source: Source | None = None, **changes: Any) -> Cutoff:
    """One stored cutoff."""
    (result,) = record(source or make_source(), ended_event(**changes))
    assert result.status == "accepted", result.errors
    return Cutoff.objects.get(pk=result.cutoff_id)


def make_case(source: Source | None = None, *, opened: bool = True, **changes: Any) -> Case:
    """The case of one stored cutoff; selected by hand where the draw left it out."""
    from reviews.services.selection import select
    from reviews.vocabulary import Reason

    case = make_cutoff(source, **changes).case
    if opened and not case.selected:
        select(case=case, reason=Reason.CHOSEN, now=NOW)
    return case
