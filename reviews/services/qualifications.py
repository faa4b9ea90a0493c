"""Who is qualified for which area: crisis, child safety, legal, security.

Cases of child safety exist for the qualified alone: the qualification gives and takes the
permission to see them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.auth.models import Permission
from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import Qualification
from reviews.sight import forget
from reviews.vocabulary import Area


def areas_of(user: User) -> frozenset[Area]:
    """What *user* is qualified for now; everything for a superuser. One query."""
    if user.is_superuser:
        return frozenset(Area)
    return frozenset(Area(area) for (area,) in _LIVE.tuples(user=user.pk))


_LIVE: Final = Prepared(
    lambda user: Qualification.objects.filter(user=user, revoked_at=None).values_list("area"),
    user=int,
)


@transaction.atomic
def grant(*, user: User, area: Area, by: User, at: datetime) -> Qualification:
    """Qualify *user* for *area*; who is qualified already stays so."""
    granted, is_new = Qualification.objects.get_or_create(
        user=user, area=area, revoked_at=None, defaults={"granted_by": by, "granted_at": at}
    )
    if is_new:
        if area == Area.CHILD_SAFETY:
            user.user_permissions.add(_sight_of_child_safety())
        forget(user)
        _record(by, "qualification.granted", user, area, at)
    return granted


@transaction.atomic
def revoke(*, user: User, area: Area, by: User, at: datetime) -> bool:
    """Take the qualification back; whether there was one."""
    live = Qualification.objects.filter(user=user, area=area, revoked_at=None)
    revoked = bool(live.update(revoked_by=by, revoked_at=at))
    if revoked:
        if area == Area.CHILD_SAFETY:
            user.user_permissions.remove(_sight_of_child_safety())
        forget(user)
        _record(by, "qualification.revoked", user, area, at)
    return revoked


def _sight_of_child_safety() -> Permission:
    """What every surface asks for that shows such a case, also where apps below this one do."""
    return Permission.objects.get(
        codename="view_restricted_case", content_type__app_label="reviews"
    )


def _record(by: User, action: str, user: User, area: Area, at: datetime) -> None:
    record(
        actor=Actor(user=by),
        action=action,
        obj="user",
        object_id=user.pk,
        details={"area": area.value},
        at=at,
    )
