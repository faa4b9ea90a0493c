"""Asking a team about a case: crisis, child safety, legal or security.

A team is everybody who is qualified for its area. While its question is open nobody decides the
case. What goes to child safety is out of the sight of everybody else from that moment on, and
stays so unless the team returns it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import CharField, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.prepared import AnyOf, Prepared
from reviews.models import Case, Escalation
from reviews.permissions import can_list
from reviews.phrases import AREAS, within
from reviews.services.erased import check_fresh
from reviews.services.exercises import check_stays
from reviews.services.leaving import come_back, end_claim, held, locked, note, words
from reviews.services.qualifications import areas_of
from reviews.sight import unknown_to
from reviews.transitions import Action, Forbidden, check
from reviews.vocabulary import Area, CaseState, EscalationEnd, Queue

#: How soon a team should have answered.
DUE_IN: Final = {
    Area.CRISIS: timedelta(hours=1),
    Area.CHILD_SAFETY: timedelta(hours=2),
    Area.SECURITY: timedelta(hours=24),
    Area.LEGAL: timedelta(hours=48),
}


@transaction.atomic
def escalate(*, case: Case, user: User, area: str, question: str, now: datetime) -> Escalation:
    """Ask the team of *area* about *case*, which leaves *user*'s hands.

    Raises ``HeldByAnother`` or ``NotHeld``, ``transitions.Forbidden``, or ``ValidationError``
    without a team or a question.
    """
    if area not in Area.values:
        raise ValidationError({"team": _("Choose a team.")})
    kept = words(question, field="question", missing=_("Ask what you need to know."))
    found = held(case, user)
    check_stays(found, user)
    check(found.state, Action.ESCALATE)
    asked = Escalation.objects.create(
        case=found,
        area=area,
        question=kept,
        asked_by=user,
        asked_at=now,
        due_at=now + DUE_IN[Area(area)],
        state_before=found.state,
        queue_before=found.queue,
    )
    end_claim(found)
    found.state = CaseState.ESCALATED
    if area == Area.CHILD_SAFETY:
        found.queue = Queue.CHILD_SAFETY
    found.save(update_fields=["state", "queue"])
    _note(asked, "case.escalated", user, now)
    return asked


def _note(asked: Escalation, action: str, user: User, now: datetime) -> None:
    note(asked.case, action, user=user, now=now, escalation=asked.pk, team=asked.area)


@transaction.atomic
def accept(*, case: Case, user: User, now: datetime) -> Escalation:
    """Take the open question on *case*; whoever has it already keeps it.

    Raises ``PermissionDenied`` for nobody of the team, ``transitions.Forbidden`` where somebody
    else has taken it, or none is open.
    """
    asked = _open(case, user, Action.ACCEPT)
    if asked.taken_by_id is None:
        _take(asked, user, now)
        asked.save(update_fields=["taken_by", "taken_at"])
        _note(asked, "case.accepted", user, now)
    return asked


def _take(asked: Escalation, user: User, now: datetime) -> None:
    asked.taken_by, asked.taken_at = user, now


def _open(case: Case, user: User, action: Action) -> Escalation:
    """The open question on *case*, locked, for somebody of its team."""
    found = locked(case)
    check(found.state, action)
    asked = Escalation.objects.select_related("asked_by", "taken_by").get(case=found, ended_at=None)
    asked.case = found
    if not of_the_team(user, asked):
        raise PermissionDenied(
            _("Only the %(area)s team does this.") % {"area": within(AREAS, asked.area)}
        )
    if asked.taken_by_id not in (None, user.pk):
        assert asked.taken_by is not None  # noqa: S101 - the row has an id
        raise Forbidden(_("%(name)s has taken this question.") % {"name": asked.taken_by.name})
    if action != Action.ACCEPT and asked.taken_by_id is None:
        check_fresh(found, user)
    return asked


def of_the_team(user: User, asked: Escalation) -> bool:
    """Whether *user* answers such questions: qualified, and not the one who asked."""
    return asked.asked_by_id != user.pk and can_list(user) and Area(asked.area) in areas_of(user)


@transaction.atomic
def answer(*, case: Case, user: User, text: str, now: datetime) -> Escalation:
    """Answer the question: *case* waits again, first for whoever asked.

    Raises as :func:`accept` does, ``ValidationError`` without an answer, and ``Forbidden`` for
    whoever has not taken it since the words of *case* were erased.
    """
    kept = words(text, field="answer", missing=_("Write the answer."))
    asked = _open(case, user, Action.ANSWER)
    _end(asked, EscalationEnd.ANSWERED, user, now, text=kept)
    _note(asked, "case.answered", user, now)
    return asked


@transaction.atomic
def send_back(*, case: Case, user: User, text: str, now: datetime) -> Escalation:
    """Return the question unanswered, with a word why; the case is in its old queue again.

    Raises as :func:`answer` does.
    """
    kept = words(text, field="answer", missing=_("Say why it comes back."))
    asked = _open(case, user, Action.RETURN)
    asked.case.queue = asked.queue_before
    _end(asked, EscalationEnd.RETURNED, user, now, text=kept)
    _note(asked, "case.returned", user, now)
    return asked


def _end(asked: Escalation, how: EscalationEnd, user: User, now: datetime, text: str = "") -> None:
    if asked.taken_by_id is None and how != EscalationEnd.WITHDRAWN:
        _take(asked, user, now)
    asked.end, asked.answer, asked.ended_by, asked.ended_at = how, text, user, now
    asked.save()
    asked.case.save(update_fields=["queue"])
    may_see = Case.objects.listed_for(asked.asked_by).filter(pk=asked.case_id).exists()
    come_back(
        asked.case,
        state=asked.state_before,
        reserved_for=asked.asked_by if may_see else None,
        now=now,
    )


@transaction.atomic
def withdraw(*, case: Case, user: User, now: datetime) -> None:
    """Take one's own question back while nobody has taken it.

    Raises ``transitions.Forbidden`` otherwise.
    """
    found = locked(case)
    check(found.state, Action.WITHDRAW)
    asked = Escalation.objects.select_related("asked_by").get(case=found, ended_at=None)
    asked.case = found
    if asked.asked_by_id != user.pk:
        raise Forbidden(_("Only whoever asked can take the question back."))
    if asked.taken_by_id:
        raise Forbidden(_("Somebody of the team has taken your question."))
    found.queue = asked.queue_before
    _end(asked, EscalationEnd.WITHDRAWN, user, now)
    _note(asked, "case.withdrawn", user, now)


def waiting_for(user: User, area: Area | None = None) -> QuerySet[Escalation]:
    """The open questions to the teams of *user*, or to one of them, of cases they may know of."""
    areas = areas_of(user) & ({area} if area else set(Area))
    return _listed(user).filter(ended_at=None, area__in=sorted(areas))


def asked_by(user: User) -> QuerySet[Escalation]:
    """What *user* asked. The case may be out of their sight meanwhile: the page says so."""
    return Escalation.objects.filter(asked_by=user).select_related("case", "taken_by", "ended_by")


def _listed(user: User) -> QuerySet[Escalation]:
    # A crisis that their team was asked about is theirs to see.
    known = Case.objects.without(unknown_to(user))
    return Escalation.objects.filter(case__in=known).select_related(
        "case", "asked_by", "taken_by", "ended_by"
    )


#: Nobody needs to know how many more than these wait.
MOST_COUNTED: Final = 99


def waiting_count(user: User) -> int:
    """How many questions wait for the teams of *user*; one query where they are in none."""
    areas = areas_of(user)
    if not areas:
        return 0
    return len(_waiting(unknown_to(user)).tuples(areas=sorted(areas), user=user.pk))


@lru_cache(maxsize=2)
def _waiting(unknown: tuple[str, ...]) -> Prepared[Escalation]:
    def build(areas: list[str], user: int) -> QuerySet[Escalation, Any]:
        asked = Escalation.objects.filter(AnyOf("area", areas, field=CharField()), ended_at=None)
        listed = asked.filter(case__in=Case.objects.without(unknown))
        return listed.exclude(asked_by=user).order_by().values_list("pk")[:MOST_COUNTED]

    return Prepared(build, areas=list[str], user=int)
