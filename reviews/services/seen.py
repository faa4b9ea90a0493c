"""Cases as one person is to see them: nobody recognises a double review, a check or a gold case.

Whatever shows a case shows it through :func:`as_seen`, and whatever lists cases by their state
through :func:`in_state`. What is masked is a copy for the eyes: it cannot be saved, and services
that change a case lock and read it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from reviews.models import Case, CaseQuerySet, Exercise, Verdict
from reviews.permissions import can_decide, can_manage_quality, facts_of_each, viewer_of
from reviews.transitions import CLAIMABLE
from reviews.visibility import shown_state
from reviews.vocabulary import CaseState

_MASKED = (CaseState.SECOND_REVIEW, CaseState.ADJUDICATION)


def as_seen(cases: Iterable[Case], *, user: User, now: datetime | None = None) -> list[Case]:
    """*cases*, in order, each in the state and with the due time that *user* is to see.

    In three queries at most; none for somebody who gives no verdicts.
    """
    listed = list(cases)
    if not listed or not can_decide(user):
        return listed
    covering = _covering(user, now or timezone.now(), among=listed)
    for case in listed:
        if exercise := covering.get(case.pk):
            case.exercise = "answered" if exercise.answered_at else "to_answer"
            case.due_at, case.selected, case.settle_at = exercise.due_at, True, None
    doubtful = [case for case in listed if case.exercise or case.state in _MASKED]
    if doubtful:
        viewer, facts = viewer_of(user), facts_of_each(doubtful)
        for case in doubtful:
            shown = shown_state(viewer, facts[case.pk])
            case.masked = case.masked or bool(case.exercise) or shown != case.state
            case.state = shown
    return listed


def seen(case: Case, *, user: User, now: datetime | None = None) -> Case:
    """*case* as *user* is to see it."""
    return as_seen([case], user=user, now=now)[0]


def _covering(user: User, now: datetime, *, among: list[Case]) -> dict[UUID, Exercise]:
    """The gold cases among some that look to *user* like work. Who makes them is dealt none."""
    if can_manage_quality(user):
        return {}
    found = Exercise.objects.covering(user, now).filter(case__in=[case.pk for case in among])
    return {exercise.case_id: exercise for exercise in found}


def in_state(
    cases: CaseQuerySet, state: str, *, user: User, now: datetime | None = None
) -> CaseQuerySet:
    """Those of *cases* that :func:`as_seen` shows to *user* in *state*."""
    if not can_decide(user):
        return cases.filter(state=state)
    moment = now or timezone.now()
    to_answer, answered = _gold(user, moment), _gold(user, moment, answered=True)
    own = Exists(Verdict.objects.filter(case=OuterRef("pk"), reviewer=user, withdrawal=None))
    masked = Q(state=CaseState.SECOND_REVIEW)
    if user.has_perm("reviews.adjudicate_case"):
        masked |= Q(state=CaseState.ADJUDICATION, contested=False)
    masked &= ~Q(own)
    if state == CaseState.OPEN:
        # The first condition lets the index on what waits be used.
        found = Q(state__in=CLAIMABLE) & (Q(state=CaseState.OPEN) | masked)
    else:
        found = Q(state=state) & ~masked if state in _MASKED else Q(state=state)
    if to_answer or answered:
        found &= ~Q(pk__in=[*to_answer, *answered])
        if state in (CaseState.OPEN, CaseState.SECOND_REVIEW):
            found |= Q(pk__in=to_answer if state == CaseState.OPEN else answered)
    return cases.filter(found)


def to_answer(user: User, now: datetime | None = None) -> list[UUID]:
    """The keys of the gold cases that *user* was dealt and has not answered."""
    return _gold(user, now or timezone.now())


def _gold(user: User, now: datetime, *, answered: bool = False) -> list[UUID]:
    """The cases that are *user*'s own gold cases now. Few at any time."""
    if can_manage_quality(user):
        return []
    mine = Exercise.objects.covering(user, now).filter(answered_at__isnull=not answered)
    return list(mine.values_list("case_id", flat=True))
