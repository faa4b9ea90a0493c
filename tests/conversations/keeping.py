"""What the tests of erasure and retention store, hold and ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import Cutoff, ErasureRequest, LegalHold, Source
from conversations.services import erasure, holds
from reviews.models import Case
from tests.factories import NOW, make_case, make_user

USER = "mallory-4711"
SECRET = "the purple giraffe sleeps beside my grandmother's piano"
LATER = NOW + timedelta(hours=1)


def messages(words: str = SECRET) -> dict[str, Any]:
    said = [
        {"id": "m1", "role": "user", "content": words},
        {"id": "m2", "role": "assistant", "content": "I would rather not talk about that."},
    ]
    return {"format": "openai.chat", "messages": said}


def case_of(source: Source, user: str | None = USER, **changes: Any) -> Case:
    """A case of *user* in whose transcript, rationale and unknown fields the secret stands."""
    changes = {
        "conversation": {"user_id": user},
        "transcript": messages(),
        "cutoff": {"rationale": SECRET, "explanation": SECRET},
        "note": SECRET,
        **changes,
    }
    return make_case(source, **changes)


def ask(source: Source, user: str = USER, reason: str = "Letter of 3 May") -> ErasureRequest:
    return erasure.request_erasure(
        source=source, user_id=user, reason=reason, actor=Actor(agent="key:rk_1"), now=NOW
    )


def erase(source: Source, user: str = USER) -> ErasureRequest:
    asked = ask(source, user)
    assert erasure.run(request_id=asked.pk, now=NOW)
    asked.refresh_from_db()
    return asked


def hold(cutoff: Cutoff, *, whole_subject: bool = False) -> LegalHold:
    """A hold for thirty days on *cutoff*, or on the person who chatted there."""
    terms: dict[str, Any] = {
        "matter": "M-1",
        "reason": "Court",
        "expires_at": NOW + timedelta(days=30),
        "user": make_user(Role.SENIOR),
        "now": NOW,
    }
    if whole_subject:
        subject = cutoff.conversation.subject
        return holds.place_on_subject(source=cutoff.source, subject=subject, **terms)
    return holds.place_on_case(cutoff=cutoff, **terms)
