"""Danger does not wait: a breach or a crisis cue flags, reopens and raises an alarm at once.

All in the transaction of what it is about; people are told by Celery (``calling.py``). A test
raises nothing, nor does what happened so long ago that nobody can be reached by it any more, as
when a history is loaded: such cases are flagged and selected all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.ledger import Actor, record, record_each
from accounts.models import User
from conversations.hurrying import hurry
from conversations.services import standing
from conversations.vocabulary import Category, Kind
from policies.conformance import CRISIS_CUE
from reviews.danger_models import Alarm, Call
from reviews.danger_vocabulary import Answered, Tells, Why
from reviews.models import Case, CaseQuerySet, Verdict
from reviews.permissions import check_answer, check_keep_rota
from reviews.services import outcomes
from reviews.services.selection import select
from reviews.vocabulary import CaseState, Queue, Reason

CALL_TASK: Final = "reviews.tasks.call_people"

#: What ended longer ago than this raises no alarm. A service that could not reach us for some
#: days sends what happened meanwhile, and that still does.
OLD: Final = timedelta(days=7)


def breached(*, cutoff_ids: Sequence[UUID], now: datetime) -> None:
    """Say of cutoffs whose case was opened as a breach."""
    cases = list(_fresh(cutoff_ids, now))
    reopened = _reopen(cases)
    outcomes.breached(cutoff_ids=cutoff_ids, now=now, reopened=reopened)
    _raise({case.pk: Why.BREACH for case in cases}, reopened, now)


def shown(*, found: Mapping[UUID, Sequence[str]], now: datetime) -> None:
    """Say of cutoffs whose transcript shows a broken rule, or reads like a crisis."""
    cases = list(_fresh(found, now))
    reopened = _reopen(cases)
    outcomes.flagged(found=found, now=now, reopened=reopened)
    why = {case.pk: Why.CUE if CRISIS_CUE in found[case.pk] else Why.BREACH for case in cases}
    _raise(why, reopened, now)


def cued(*, case: Case, now: datetime, told: bool = False) -> None:
    """What a user wrote of *case*, which the caller has locked, sounds like a crisis.

    That flags and selects the case, however long ago it was ended: the words are of now. A settled
    case stays settled, and whoever answers the alarm looks at it. Where people were *told* of these
    words before there was a case, they are not told again.
    """
    if case.trial or not case.is_cutoff:
        return
    if not case.crisis:
        case.crisis = True
        case.save(update_fields=["crisis"])
    if case.state != CaseState.SETTLED:
        select(case=case, reason=Reason.CUE, now=now)
    reopened = _reopen([case])
    outcomes.flagged(found={case.pk: [CRISIS_CUE]}, now=now, reopened=reopened)
    if not told:
        _raise({case.pk: Why.FEEDBACK}, reopened, now)
    elif reopened:
        theirs = Alarm.objects.filter(case=case).order_by("-raised_at", "-pk")[:1]
        Alarm.objects.filter(pk__in=theirs.values("pk")).update(reopened=True)


def _fresh(cutoff_ids: Iterable[UUID], now: datetime) -> CaseQuerySet:
    return Case.objects.filter(
        pk__in=list(cutoff_ids), kind=Kind.CUTOFF, trial=False, at__gte=now - OLD
    ).only("pk", "queue", "category")


def _reopen(cases: Iterable[Case]) -> frozenset[UUID]:
    """Reopen threads provisionally, where that is wanted; never those of child safety.

    A legal hold does not keep a thread closed here: from outside it would be seen.
    """
    if not settings.REOPEN_IN_DANGER:
        return frozenset()
    keys = [
        case.pk
        for case in cases
        if case.queue != Queue.CHILD_SAFETY and case.category != Category.CHILD_SEXUAL_EXPLOITATION
    ]
    return standing.reopen(cutoff_ids=keys) if keys else frozenset()


def _raise(why: Mapping[UUID, Why], reopened: Collection[UUID], now: datetime) -> None:
    """Raise an alarm for each case that has none which is live, in the order of their keys."""
    if not why:
        return
    live = Alarm.objects.live().filter(case__in=why).values_list("case_id", flat=True)
    new = sorted(why.keys() - set(live))
    if not new:
        return
    Alarm.objects.bulk_create(
        (
            Alarm(case_id=key, why=why[key], raised_at=now, due_at=now, reopened=key in reopened)
            for key in new
        ),
        # Somebody else may have raised one this very moment.
        ignore_conflicts=True,
    )
    record_each(
        actor=Actor.task("danger"),
        at=now,
        action="alarm.raised",
        obj="case",
        details={key: {"why": why[key], "reopened": key in reopened} for key in new},
    )
    transaction.on_commit(partial(hurry, CALL_TASK))


@transaction.atomic
def drill(*, user: User, now: datetime) -> Alarm:
    """Raise an alarm about nothing, which goes the way of all others.

    One that waits already is returned instead. Raises ``PermissionDenied``.
    """
    check_keep_rota(user)
    if waiting := Alarm.objects.live().filter(why=Why.DRILL).first():
        return waiting
    alarm = Alarm.objects.create(why=Why.DRILL, drill_by=user, raised_at=now, due_at=now)
    _note(alarm, user, "alarm.drill_begun", now)
    transaction.on_commit(partial(hurry, CALL_TASK))
    return alarm


@transaction.atomic
def answer(*, alarm: Alarm, user: User, now: datetime, how: Answered = Answered.BUTTON) -> bool:
    """Acknowledge *alarm* for *user*: nobody is told of it again. Whether it was still live.

    The pagers that were told of it are told that somebody has it. Raises ``PermissionDenied``.
    """
    check_answer(user)
    live = Alarm.objects.live().filter(pk=alarm.pk)
    answered = live.update(acknowledged_by=user, acknowledged_at=now, answered=how)
    if answered:
        _note(alarm, user, "alarm.acknowledged", now, how=how)
        give_the_all_clear(alarm=alarm, now=now)
    return bool(answered)


def give_the_all_clear(*, alarm: Alarm, now: datetime) -> None:
    """Have every pager that may have been told of *alarm* be told that it is over.

    One that is being told of it this moment too: whoever sends waits for that.
    """
    calls = alarm.calls.filter(pager__removed_at=None, tells=Tells.RAISED)
    told = calls.exclude(pager=None).order_by().values_list("pager_id", flat=True).distinct()
    row = {"alarm": alarm, "step": alarm.step, "tells": Tells.ACKNOWLEDGED}
    made = [Call(pager_id=key, called_at=now, due_at=now, **row) for key in sorted(told)]
    if made:
        Call.objects.bulk_create(made)
        transaction.on_commit(partial(hurry, CALL_TASK))


def answer_by_verdict(*, case: Case, user: User, now: datetime) -> None:
    """Acknowledge the alarm of *case*, which *user* decides at *now*.

    A claim alone does not: it may be released, skipped or run out, and then nobody has it.
    """
    if not (case.breach or case.crisis):
        # No other case has one.
        return
    for alarm in Alarm.objects.live().filter(case=case):
        answer(alarm=alarm, user=user, now=now, how=Answered.CLAIM)


def raise_again(*, case: Case, verdict: Verdict, now: datetime) -> None:
    """Raise anew what *verdict*, which is taken back, had acknowledged: *case* waits again."""
    if not (case.breach or case.crisis):
        return
    closed = Alarm.objects.filter(
        case=case,
        answered=Answered.CLAIM,
        acknowledged_by=verdict.reviewer_id,
        acknowledged_at=verdict.at,
    )
    _raise({alarm.case_id: Why(alarm.why) for alarm in closed if alarm.case_id}, (), now)


def alarms_of(case: Case) -> list[Alarm]:
    """The alarms of *case*, the latest first. No query for a case that cannot have one."""
    if not (case.breach or case.crisis):
        return []
    found = Alarm.objects.filter(case=case).select_related("acknowledged_by")
    return list(found.order_by("-raised_at", "-pk"))


def _note(alarm: Alarm, user: User, action: str, now: datetime, **details: str) -> None:
    record(
        actor=Actor(user=user),
        at=now,
        action=action,
        obj="alarm",
        object_id=alarm.pk,
        details={"drill": alarm.is_drill, **details},
    )
