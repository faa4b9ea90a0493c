"""For how long what users said is kept: their words, the replies, their addresses.

Words go with the transcripts: so many days after they were written as their source keeps
transcripts. An address goes once its link is too old, or with the words. Nothing goes that a
legal hold keeps.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.ledger import Actor, record
from conversations.models import Cutoff, Source
from conversations.retention import received_before
from conversations.services import holds
from reviews.appeal_models import AnswerAddress, ReplyText
from reviews.models import FeedbackText

#: A link that nobody followed is of no use after so long, however often it was to be sent again.
UNVERIFIED_FOR: Final = timedelta(days=7)


def enforce(*, now: datetime) -> int:
    """Delete what is over at *now*; how many rows went."""
    return sum(_enforce_for(source, now) for source in Source.objects.order_by("slug"))


@transaction.atomic
def _enforce_for(source: Source, now: datetime) -> int:
    holds.respect()
    before = received_before(now, source.transcript_days)
    addresses = _of(source, AnswerAddress.objects.all(), "case", now)
    over = Q(asked_at__lt=before) | Q(verified_at=None, asked_at__lt=now - UNVERIFIED_FOR)
    gone = {
        "comments": _of(source, FeedbackText.objects.all(), "feedback__case", now).filter(
            feedback__at__lt=before
        ),
        "replies": _of(source, ReplyText.objects.all(), "reply__case", now).filter(
            reply__written_at__lt=before
        ),
        "addresses": addresses.filter(over),
    }
    counts = {kind: rows.delete()[0] for kind, rows in gone.items()}
    if any(counts.values()):
        record(
            actor=Actor.task("feedback_terms"),
            at=now,
            action="feedback.forgotten",
            obj="source",
            object_id=source.slug,
            details=counts,
        )
    return sum(counts.values())


def _of(source: Source, rows: QuerySet[Any], path: str, now: datetime) -> QuerySet[Any]:
    """Those of *rows* whose case, at *path*, is of *source* and not held."""
    held = Cutoff.objects.filter(holds.on_cutoff(now), pk=OuterRef(path))
    return rows.filter(**{f"{path}__source": source}).exclude(Exists(held))
