"""Cases as one person is to see them: nobody recognises a double review, a check or a gold case.

Whatever shows a case shows it through :func:`as_seen`, and whatever lists cases by their state
through :func:`in_state`. What is masked is a copy for the eyes: it cannot be saved, and services
that change a case lock and read it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import Case, CaseQuerySet, Exercise, Verdict
from reviews.permissions import (
    WAITS_FOR_ANOTHER,
    can_decide,
    can_manage_quality,
    facts_of_each,
    is_fresh,
    own_fresh,
    viewer_of,
)
from reviews.quality_models import TOLD_AFTER
from reviews.transitions import CLAIMABLE
from reviews.visibility import shown_state
from reviews.vocabulary import CaseState

#: Gold cases that look to somebody like work, by the keys of their cases.
Gold: TypeAlias = Mapping[UUID, Exercise]


def as_seen(cases: Iterable[Case], *, user: User, gold: Gold | None = None) -> list[Case]:
    """*cases*, in order, each in the state and with the due time that *user* is to see.

    *gold* is what :func:`gold_of` says of *user*, where it is known. In four queries at most;
    none for somebody who gives no verdicts.
    """
    listed = list(cases)
    if not listed or not can_decide(user):
        return listed
    now = timezone.now()
    covering = gold_of(user, now) if gold is None else gold
    for case in listed:
        if exercise := covering.get(case.pk):
            if not case.exercise:
                _disguise(case, exercise)
            case.exercise = "answered" if exercise.answered_at else "to_answer"
            fresh = exercise.answered_at and is_fresh(exercise.answered_at, now)
            case.answerer = user.pk if fresh else 0
    doubtful = [case for case in listed if case.exercise or case.state in WAITS_FOR_ANOTHER]
    if doubtful:
        viewer, facts = viewer_of(user), facts_of_each(doubtful)
        for case in doubtful:
            shown = shown_state(viewer, facts[case.pk])
            case.masked = case.masked or bool(case.exercise) or shown != case.state
            case.state = shown
    return listed


def _disguise(case: Case, exercise: Exercise) -> None:
    """Give a gold case the number, the key and the times of one that came lately."""
    case.later = timedelta(days=exercise.days_later)
    case.alias, case.number = exercise.alias, exercise.number or case.number
    case.at, case.opened_at = case.at + case.later, case.opened_at + case.later
    case.due_at, case.selected, case.settle_at = exercise.due_at, True, None


def known_as(user: User, **names: Any) -> list[UUID]:
    """The cases that were dealt to *user* as gold under these numbers or aliases.

    Whoever makes gold cases finds those of others, too: they are asked about them.
    """
    dealt = Exercise.objects.gold().filter(**names)
    if not can_manage_quality(user):
        dealt = dealt.filter(person=user)
    return list(dealt.values_list("case", flat=True))


def seen(case: Case, *, user: User) -> Case:
    """*case* as *user* is to see it."""
    return as_seen([case], user=user)[0]


_COVERING: Final = Prepared(Exercise.objects.covering_since, user=int, told=datetime)


def gold_of(user: User, now: datetime) -> Gold:
    """The gold cases that look to *user* like work at *now*; few at any time.

    None for those who make them: they are dealt none.
    """
    if can_manage_quality(user):
        return {}
    covering = _COVERING.all(user=user.pk, told=now - TOLD_AFTER)
    return {exercise.case_id: exercise for exercise in covering}


def waits_for_another(user: int) -> Q:
    """The condition that a row of ``Case`` waits for another's verdict after that of *user*."""
    own = Verdict.objects.filter(case=OuterRef("pk"), reviewer=user, withdrawal=None)
    return Q(Exists(own), state__in=WAITS_FOR_ANOTHER)


def waiting(cases: CaseQuerySet, *, user: User) -> CaseQuerySet:
    """Those of *cases* that wait to be claimed, as *user* is to see it.

    What they have decided waits for them no more, be it for another's verdict: by staying it would
    tell that it was drawn for two, and from an answered gold case, which does not stay.
    """
    return cases.waiting().exclude(waits_for_another(user.pk))


def in_state(cases: CaseQuerySet, state: str, *, user: User) -> CaseQuerySet:
    """Those of *cases*, no gold ones among them, that *user* sees in *state*."""
    if not can_decide(user):
        return cases.filter(state=state)
    own = Exists(Verdict.objects.filter(case=OuterRef("pk"), reviewer=user, withdrawal=None))
    masked = Q(state=CaseState.SECOND_REVIEW)
    if user.has_perm("reviews.adjudicate_case"):
        masked |= Q(state=CaseState.ADJUDICATION, contested=False)
    masked &= ~Q(own)
    if state == CaseState.OPEN:
        # The first condition lets the index on what waits be used.
        return cases.filter(Q(state__in=CLAIMABLE) & (Q(state=CaseState.OPEN) | masked))
    if state == CaseState.SETTLING:
        return cases.filter(Q(state=state) | Q(pk__in=own_fresh(user)))
    if state in WAITS_FOR_ANOTHER:
        return cases.filter(Q(state=state) & ~masked).exclude(pk__in=own_fresh(user))
    return cases.filter(state=state)


def unanswered(gold: Gold) -> set[UUID]:
    """The keys of those of somebody's *gold* cases that they have not answered."""
    return {key for key, exercise in gold.items() if exercise.answered_at is None}
