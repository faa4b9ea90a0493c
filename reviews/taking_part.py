"""What it means to have taken part in a case: such a person gives no further verdict on it."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull

from accounts.models import User
from reviews.case_page_models import CaseNote
from reviews.feedback_models import Feedback, FeedbackQuerySet
from reviews.quality_models import Exercise
from reviews.ways_out_models import Deferral, Escalation, Reclassification, UnclearSignal


def took_part(user: User | OuterRef) -> Q:
    """The condition that *user* took part in a row of ``Case``, in whatever round.

    With ``OuterRef("assignee")``, whoever that row is kept for.

    A verdict of theirs stands, be it a senior's last word; or they know its outcome from an
    exercise; or they had to do with it before the appeal that is open.
    """
    from reviews.models import Verdict

    given = Verdict.objects.filter(case=OuterRef("pk"), reviewer=user, withdrawal=None)
    known = Exercise.objects.filter(case=OuterRef("pk"), person=user)
    # No EXISTS: PostgreSQL may answer one for all open appeals at once, to look for one case in it.
    appealed = IsNull(Subquery(_appealed_after(user).values("pk")[:1]), False)
    return Q(Exists(given)) | Q(Exists(known)) | Q(appealed)


def _appealed_after(user: User | OuterRef) -> FeedbackQuerySet:
    """The open appeal of a row of ``Case`` that came after anything *user* did with it.

    A verdict that they took back, another category, a note, an hour to come back at, a question
    to a team or its answer, a word that it is hard to judge. Whoever skipped it or gave it back
    did nothing with it. What is done since the appeal is the work on that.
    """
    from reviews.models import Verdict

    # Asked of one row of feedback, of which most cases have none: only then is more looked at.
    person = OuterRef(user) if isinstance(user, OuterRef) else user
    case, at = OuterRef("case"), OuterRef("at")
    done = (
        Verdict.objects.filter(case=case, reviewer=person, at__lte=at),
        Reclassification.objects.filter(case=case, by=person, at__lte=at),
        CaseNote.objects.filter(case=case, author=person, at__lte=at),
        Deferral.objects.filter(case=case, reviewer=person, at__lte=at),
        UnclearSignal.objects.filter(case=case, reviewer=person, at__lte=at),
        Escalation.objects.filter(
            Q(asked_by=person, asked_at__lte=at)
            | Q(taken_by=person, taken_at__lte=at)
            | Q(ended_by=person, ended_at__lte=at),
            case=case,
        ),
    )
    anything = Q()
    for one in done:
        anything |= Q(Exists(one))
    return Feedback.objects.open_appeals().filter(anything, case=OuterRef("pk"))
