"""Selecting cases for review, and raising what has become more urgent. Never the reverse."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from policies.services.due_hours import due_hours
from reviews.models import Case, CaseQueue, Selection
from reviews.priorities import SELECTED_WEIGHT, WEIGHTS, due_in
from reviews.transitions import Action, check
from reviews.vocabulary import CaseState, Queue, Reason


def select(*, case: Case, reason: Reason, now: datetime | None = None) -> bool:
    """Add *reason* to a case that the caller has locked; whether it is a new one.

    Raises its priority, brings its due time forward, selects it where it was not, and moves an
    appeal or a crisis to its queue.
    """
    moment = now or timezone.now()
    _, created = Selection.objects.get_or_create(case=case, reason=reason, defaults={"at": moment})
    if not created:
        return False
    due_at = moment + due_in(reason, due_hours())
    if not case.selected:
        check(case.state, Action.SELECT)
        case.selected, case.state, case.due_at = True, CaseState.OPEN, due_at
        case.priority += SELECTED_WEIGHT
    case.due_at = min(case.due_at, due_at)
    case.priority += WEIGHTS[reason]
    if reason == Reason.CUE and case.queue != Queue.CHILD_SAFETY:
        case.queue, case.rule = Queue.CRISIS, None
    elif reason == Reason.APPEAL and not _asks_for_the_qualified(case.queue):
        case.queue, case.rule = Queue.APPEALS, None
    case.save(update_fields=["selected", "state", "due_at", "priority", "queue", "rule"])
    return True


def _asks_for_the_qualified(queue: str) -> bool:
    return CaseQueue.objects.filter(pk=queue).exclude(area="").exists()


def select_held(*, cutoff_id: UUID, now: datetime, **_kwargs: Any) -> None:
    """Have a case that came under a legal hold reviewed, if nobody was to look at it.

    It shows as selected, as when a reviewer chose it. One that is reviewed anyway is not
    touched.
    """
    case = Case.objects.select_for_update(no_key=True).filter(pk=cutoff_id, selected=False).first()
    if case:
        select(case=case, reason=Reason.HELD, now=now)
