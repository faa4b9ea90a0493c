"""What users say of a cutoff."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.ledger import Actor, record
from conversations.models import Cutoff
from conversations.services import standing
from policies.services.due_hours import due_hours
from reviews.models import Case, Feedback, FeedbackText
from reviews.priorities import due_in
from reviews.services.selection import select
from reviews.transitions import Action, check
from reviews.vocabulary import PLAIN_REASONS, CaseState, Channel, Reason

LONGEST_COMMENT = 5_000
#: One link takes this much feedback; a person who has more to say has been heard.
MOST_PER_CUTOFF = 20


def submit(
    *,
    cutoff: Cutoff,
    surprised: bool,
    reason: str,
    comment: str,
    appeal: bool,
    channel: Channel,
    now: datetime,
) -> Feedback:
    """Keep feedback on *cutoff*; a surprise selects its case, an appeal unsettles it.

    Raises ``ValidationError`` for an unknown reason, too long a comment, or too many.
    """
    _check(reason=reason, comment=comment)
    with transaction.atomic():
        case = Case.objects.select_for_update(no_key=True).get(pk=cutoff.pk)
        if case.feedback.count() >= MOST_PER_CUTOFF:
            raise ValidationError("We have received your messages about this and will read them.")
        given = Feedback.objects.create(
            case=case, surprised=surprised, reason=reason, appeal=appeal, channel=channel, at=now
        )
        if comment.strip():
            FeedbackText.objects.create(feedback=given, comment=comment.strip())
        if surprised:
            standing.note_surprise(cutoff=cutoff, now=now)
            _note_surprise(case, now)
        else:
            standing.note_no_surprise(cutoff=cutoff, now=now)
        if appeal:
            _appeal(case, now)
        record(
            actor=Actor(agent=f"user:{channel}"),
            at=now,
            action="feedback.received",
            obj="case",
            object_id=case.pk,
            details={"surprised": surprised, "appeal": appeal, "reason": reason},
        )
    return given


def _check(*, reason: str, comment: str) -> None:
    if reason and reason not in PLAIN_REASONS:
        raise ValidationError({"reason": "Choose one of the reasons."})
    if len(comment) > LONGEST_COMMENT:
        raise ValidationError({"comment": f"Please keep it under {LONGEST_COMMENT:,} characters."})


def _note_surprise(case: Case, now: datetime) -> None:
    if not case.surprised:
        case.surprised = True
        case.save(update_fields=["surprised"])
    if case.state != CaseState.SETTLED:
        select(case=case, reason=Reason.FEEDBACK, now=now)


def _appeal(case: Case, now: datetime) -> None:
    """Another look: a decided case opens for a new round, which is due by its own time."""
    if case.state in (CaseState.SETTLED, CaseState.SETTLING):
        check(case.state, Action.APPEAL)
        case.state, case.settle_at, case.round = CaseState.OPEN, None, case.round + 1
        case.due_at = now + due_in(Reason.APPEAL, due_hours())
        case.save(update_fields=["state", "settle_at", "round", "due_at"])
    select(case=case, reason=Reason.APPEAL, now=now)
