"""What a chat service learns of one of its conversations (CONTRACT.md, "Asking")."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from conversations.models import Conversation, Source
from conversations.services.intake import notice_url
from conversations.vocabulary import ConversationState
from reviews.notices import reason_for
from reviews.transitions import PENDING


#: What is read, of three tables with some eighty columns: the call is made before each message.
_READ: Final = (
    "external_id",
    "state",
    "ended_at",
    "latest_cutoff__initiator",
    "latest_cutoff__category",
    "latest_cutoff__standing",
    "latest_cutoff__notice_token",
    "latest_cutoff__case__state",
)


class Status(TypedDict):
    """The representation that the ETag is computed over."""

    id: str
    state: str
    locked: bool
    may_start_new: bool
    may_branch: bool
    ended_at: str | None
    reason: dict[str, str] | None
    review: str
    notice_url: str | None


def status_of(*, source: Source, external_id: str) -> Status | None:
    """The status of one conversation, in one indexed read; None where it is not known."""
    known = Conversation.objects.select_related("latest_cutoff__case").only(*_READ)
    try:
        conversation = known.get(source=source, external_id=external_id)
    except Conversation.DoesNotExist:
        return None
    cutoff = conversation.latest_cutoff
    return Status(
        id=conversation.external_id,
        state=ConversationState(conversation.state).value,
        locked=conversation.locked,
        may_start_new=True,
        may_branch=True,
        ended_at=conversation.ended_at.isoformat().replace("+00:00", "Z")
        if conversation.ended_at
        else None,
        reason=reason_for(cutoff)._asdict() if cutoff else None,
        review=_review(cutoff),
        notice_url=notice_url(cutoff.notice_token) if cutoff else None,
    )


def _review(cutoff: Any) -> str:
    """``pending`` while anybody is to look or look again, then what became of it."""
    if cutoff is None:
        return "none"
    if cutoff.case.state in PENDING:
        return "pending"
    return cutoff.standing or "none"
