"""Dealing: which of the waiting cases may be given to whom.

Every rule of it stands here, one function each. What is refused here can be claimed by hand all
the same, unless ``permissions.can_decide`` refuses it too.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import User
from reviews.models import CaseQuerySet, Reservation, Skip
from reviews.services.care import spared


def suited_to(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that may be dealt to *user* at *now*.

    A rule must be answered row by row from the case and one look into an index: claim-next
    walks down the order of work until the first row that suits.
    """
    suited = spared(cases.listed_for(user).decidable_by(user).unclaimed(), user, now)
    return _not_kept_for_another(_not_passed_on_by(suited, user), user, now)


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
