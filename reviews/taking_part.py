"""What it means to have taken part in a case: such a person gives no further verdict on it."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from reviews.feedback_models import Feedback
from reviews.quality_models import Exercise
from reviews.vocabulary import EscalationEnd
from reviews.ways_out_models import Escalation


def took_part(user: User | OuterRef) -> Q:
    """The condition that *user* took part in a row of ``Case``, in whatever round.

    With ``OuterRef("assignee")``, whoever that row is kept for.

    A verdict of theirs stands, be it a senior's last word; or they know its outcome from an
    exercise; or they answered a team's question about it before the appeal that is open. Whoever
    passed it on, put it off, asked, or took their verdict back has said nothing on it.
    """
    from reviews.models import Verdict

    given = Verdict.objects.filter(case=OuterRef("pk"), reviewer=user, withdrawal=None)
    known = Exercise.objects.filter(case=OuterRef("pk"), person=user)
    appealed = Feedback.objects.open_appeals().filter(
        case=OuterRef("case"), at__gte=OuterRef("ended_at")
    )
    answered = Escalation.objects.filter(
        Exists(appealed), case=OuterRef("pk"), ended_by=user, end=EscalationEnd.ANSWERED
    )
    return Q(Exists(given)) | Q(Exists(known)) | Q(Exists(answered))
