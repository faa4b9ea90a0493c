"""Cases that are overdue and can be dealt to nobody: nothing waits silently.

Limits that nobody can lift may leave a case without anybody. Seniors and administrators are told
of it, and not who opted out of what or who is at their limit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from reviews.models import Case, CaseQueue, Feedback
from reviews.permissions import may_manage_people
from reviews.services.dealing import suited_to

#: So many overdue cases are looked at, the most urgent.
MOST: Final = 200
#: The answer is as good for a minute, in seconds.
_FRESH: Final = 60
_KEY: Final = "reviews.stuck"
_APPEALS_KEY: Final = "reviews.appeals_alone"


def is_told(user: User) -> bool:
    """Whether *user* can do something about it: seniors and administrators."""
    return user.has_perm("reviews.adjudicate_case") or may_manage_people(user)


def stuck_count(*, now: datetime) -> int:
    """How many overdue cases nobody can be dealt, up to :data:`MOST`; a minute old at most."""
    return int(cache.get_or_set(_KEY, lambda: len(stuck(now=now)), _FRESH) or 0)


def stuck(*, now: datetime) -> set[UUID]:
    """The keys of the overdue cases that none of those who decide can be dealt at *now*."""
    overdue = Case.objects.waiting().unclaimed().filter(due_at__lte=now).in_order_of_work()
    left: set[UUID] = set(overdue.values_list("pk", flat=True)[:MOST])
    for user in _deciders() if left else ():
        cases = Case.objects.filter(pk__in=left)
        left -= set(suited_to(cases, user, now).values_list("pk", flat=True))
        if not left:
            break
    return left


def appeals_alone_count(*, now: datetime) -> int:
    """How many open appeals there is nobody for; a minute old at most."""
    count = cache.get_or_set(_APPEALS_KEY, lambda: len(appeals_alone(now=now)), _FRESH)
    return int(count or 0)


def appeals_alone(*, now: datetime) -> set[UUID]:
    """The keys of cases with an open appeal which nobody may decide, overdue or not.

    Everybody who is qualified has taken part in them. What somebody may be dealt today is
    another question: that is :func:`stuck`.
    """
    appealed = Feedback.objects.open_appeals().filter(case=OuterRef("pk"), at__lte=now)
    waiting = Case.objects.waiting().filter(Exists(appealed)).unclaimed().in_order_of_work()
    left: set[UUID] = set(waiting.values_list("pk", flat=True)[:MOST])
    for user in _deciders() if left else ():
        theirs = Case.objects.filter(pk__in=left).listed_for(user).decidable_by(user)
        works_in = CaseQueue.objects.worked_by(user).values("pk")
        left -= set(theirs.filter(queue__in=works_in).values_list("pk", flat=True))
        if not left:
            break
    return left


def _deciders() -> list[User]:
    """Those who may give verdicts, whoever worked last first: they are at hand."""
    decide = Permission.objects.filter(codename="decide_case", content_type__app_label="reviews")
    permitted = Q(groups__permissions__in=decide) | Q(user_permissions__in=decide)
    users = User.objects.filter(permitted | Q(is_superuser=True), is_active=True).distinct()
    return list(users.order_by("-last_login", "pk"))
