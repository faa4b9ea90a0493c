"""What those above decide of a cutoff, written where those who ask can read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from conversations.models import Conversation, Cutoff
from conversations.vocabulary import ConversationState, FirstReview, Remedy, Standing


def settle(*, cutoff: Cutoff, standing: Standing, remedy: Remedy, now: datetime) -> bool:
    """Let a cutoff's standing and remedy take effect; whether the thread was reopened.

    Only the conversation's latest cutoff reopens it: an older one was followed by an ending
    that still holds. In the caller's transaction.
    """
    Cutoff.objects.filter(pk=cutoff.pk).update(standing=standing, remedy=remedy, settled_at=now)
    if remedy != Remedy.REOPEN:
        return False
    reopened = Conversation.objects.filter(
        pk=cutoff.conversation_id, latest_cutoff=cutoff, state=ConversationState.ENDED
    ).update(state=ConversationState.REOPENED)
    return bool(reopened)


def reopen(*, cutoff_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Reopen the threads that these cutoffs ended, before anybody decides; those that were.

    Not one that a later cutoff ended. In the caller's transaction.
    """
    ended = Conversation.objects.filter(
        latest_cutoff__in=list(cutoff_ids), state=ConversationState.ENDED
    )
    locked = ended.order_by("pk").select_for_update(no_key=True)
    latest = dict(locked.values_list("pk", "latest_cutoff_id"))
    if latest:
        Conversation.objects.filter(pk__in=latest).update(state=ConversationState.REOPENED)
    return frozenset(cutoff_id for cutoff_id in latest.values() if cutoff_id)


def note_surprise(*, cutoff: Cutoff, now: datetime) -> None:
    """Keep the first moment at which the user said that the cutoff surprised them."""
    Cutoff.objects.filter(pk=cutoff.pk, surprised_at=None).update(surprised_at=now)


def note_first_review(*, cutoff: Cutoff, review: FirstReview, now: datetime) -> None:
    """Keep what the first review of a cutoff or near miss said; a later one changes nothing.

    It is the label that rates are estimated from (docs/explanation/estimation.md,
    "Overturn rate"), known from *now* on. In the caller's transaction.
    """
    Cutoff.objects.filter(pk=cutoff.pk, first_review=None).update(
        first_review=review, first_reviewed_at=now
    )


def note_no_surprise(*, cutoff: Cutoff, now: datetime) -> None:
    """Keep the first moment at which the user said that the cutoff did not surprise them."""
    Cutoff.objects.filter(pk=cutoff.pk, unsurprised_at=None).update(unsurprised_at=now)


def take_answer_back(*, cutoff: Cutoff, at: datetime) -> None:
    """The user corrects what they said at *at*, surprised or not: it counts as not said."""
    Cutoff.objects.filter(pk=cutoff.pk, surprised_at=at).update(surprised_at=None)
    Cutoff.objects.filter(pk=cutoff.pk, unsurprised_at=at).update(unsurprised_at=None)


def renew_notice_token(*, cutoff_id: UUID, token: str) -> None:
    """Let another *token* lead to a cutoff's notice; a near miss has none, and gets none."""
    Cutoff.objects.filter(pk=cutoff_id, notice_token__isnull=False).update(notice_token=token)
