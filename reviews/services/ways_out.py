"""Where a case is when nobody decides it, as its page tells it to one viewer."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.db.models import Exists

from accounts.models import User
from reviews.models import Case, Deferral, Escalation, Skip
from reviews.services.deferring import may_resume
from reviews.services.escalating import of_the_team
from reviews.visibility import Text


@dataclass(frozen=True)
class Elsewhere:
    """What *user* may know and do of the ways out that a case has taken.

    ``deferral`` is how it is deferred now, ``came_back`` the viewer's own last deferral that is
    over, ``question`` the open one, ``answered`` those that ended with words. ``skipped``: they
    passed it on.
    """

    deferral: Deferral | None
    may_resume: bool
    came_back: Deferral | None
    question: Escalation | None
    of_the_team: bool
    may_answer: bool
    may_withdraw: bool
    answered: list[Escalation]
    skipped: bool


def elsewhere_of(*, case: Case, user: User, shows: AbstractSet[Text], blind: bool) -> Elsewhere:
    """Gather it, in one query where there is nothing. The blind read no question but their own."""
    # Whoever reads the transcript may read what colleagues wrote of it.
    reads = Text.TRANSCRIPT in shows and not blind
    escalations, deferrals = case.escalations.all(), case.deferrals.all()
    skips = Skip.objects.filter(case=case, reviewer=user)
    escalated, deferred, skipped = Case.objects.values_list(
        Exists(escalations), Exists(deferrals), Exists(skips)
    ).get(pk=case.pk)
    asked = (
        list(escalations.select_related("asked_by", "taken_by", "ended_by").order_by("-asked_at"))
        if escalated
        else []
    )
    question = next((one for one in asked if one.ended_at is None), None)
    team = question is not None and of_the_team(user, question)
    latest = deferrals.select_related("reviewer").order_by("-at").first() if deferred else None
    deferral = latest if latest and latest.ended_at is None else None
    own = latest is not None and latest.reviewer_id == user.pk
    return Elsewhere(
        deferral=deferral if deferral and (reads or own) else None,
        may_resume=deferral is not None and may_resume(user, deferral),
        came_back=latest if own and not deferral else None,
        question=question
        if question and (reads or team or question.asked_by_id == user.pk)
        else None,
        of_the_team=team,
        may_answer=team and question is not None and question.taken_by_id in (None, user.pk),
        may_withdraw=question is not None
        and question.asked_by_id == user.pk
        and question.taken_by_id is None,
        answered=[one for one in asked if one.answer and (reads or one.asked_by_id == user.pk)],
        skipped=skipped,
    )
