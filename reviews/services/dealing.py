"""Dealing: which of the waiting cases may be given to whom.

Every rule of it stands here, one function each. What is refused here can be claimed by hand all
the same, unless ``permissions.can_decide`` refuses it too.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Subquery

from accounts.models import User
from reviews.models import Case, CaseQuerySet, CaseQueue, Reservation, Skip
from reviews.services.care import spared


def suited_to(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that may be dealt to *user* at *now*.

    A rule must be answered row by row from the case and one look into an index: claim-next
    walks down the order of work until the first row that suits.
    """
    suited = spared(cases.listed_for(user).decidable_by(user).unclaimed(), user, now)
    suited = _of_whom_it_may_be(_qualified_for(suited, user), user)
    return _not_kept_for_another(_not_passed_on_by(suited, user), user, now)


def next_for(user: User, now: datetime, queue: str = "") -> Case | None:
    """The next case for *user*, locked: of one queue, or of all that they work in.

    Rows that another is just taking are passed over. None where nothing is left that suits.
    """
    suited = suited_to(Case.objects.waiting(), user, now)
    if queue:
        suited = suited.filter(queue=queue)
    back = came_back_for(suited, user, now)
    if back is not None and (case := _first(back)):
        return case
    for slug in [queue] if queue else _queues_by_urgency(suited):
        if case := _first(suited.filter(queue=slug)):
            return case
    return None


def _first(suited: CaseQuerySet) -> Case | None:
    return (
        suited.in_order_of_work()
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .first()
    )


def _queues_by_urgency(suited: CaseQuerySet) -> list[str]:
    """The queues in which something suits, that of the most urgent case first.

    Queue by queue, because each has its own stretch of the index: walking down all of them as
    one would read every case of a queue for which one is not qualified.
    """
    first = suited.filter(queue=OuterRef("slug")).in_order_of_work().values("pk")[:1]
    heads = CaseQueue.objects.values_list(Subquery(first))
    return list(
        Case.objects.filter(pk__in=heads).in_order_of_work().values_list("queue", flat=True)
    )


def _qualified_for(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """Nobody is dealt from a queue that asks for a qualification that they lack."""
    return cases.filter(queue__in=CaseQueue.objects.worked_by(user).values("pk"))


def _of_whom_it_may_be(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """An assigned case is dealt to its one person."""
    return cases.filter(Q(assignee=None) | Q(assignee=user))


def came_back_for(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet | None:
    """Those of *cases* that come first for *user*: deferred until now, or asked about.

    None where there can be none, which is nearly always.
    """
    kept = Reservation.objects.filter(reviewer=user, until__gt=now)
    return cases.filter(pk__in=kept.values("pk")) if kept.exists() else None


def _not_passed_on_by(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """Whoever skipped a case is not dealt it again."""
    return cases.exclude(Exists(Skip.objects.filter(case=OuterRef("pk"), reviewer=user)))


def _not_kept_for_another(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """What came back for one person is theirs for a while."""
    kept = Reservation.objects.filter(case=OuterRef("pk"), until__gt=now).exclude(reviewer=user)
    return cases.exclude(Exists(kept))
