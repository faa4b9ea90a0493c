"""Certifying people for a queue: from then on they may be dealt its cases.

For the ordinary queues it makes a trainee a reviewer; crisis and child safety take a
qualification on top. A senior certifies, by what they saw of the person's work; the reason is
kept beside who and when.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.roles import Role
from reviews.models import AccessChange
from reviews.permissions import check_mentor
from reviews.services import qualifications
from reviews.services.access import LONGEST_REASON as LONGEST_REASON
from reviews.vocabulary import Access, Area, Queue

#: Queues that need no qualification, one certificate for all.
ORDINARY = Queue.GENERAL


@transaction.atomic
def certify(*, user: User, queue: str, by: User, reason: str, at: datetime) -> bool:
    """Let *user* be dealt *queue*; whether that is new.

    Raises ``PermissionDenied`` for nobody's mentor or oneself, ``ValidationError`` without a
    reason, or for a restricted queue where *user* is no reviewer yet.
    """
    kept = _checked(user, by, reason)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if queue == ORDINARY:
        return _make_reviewer(locked, by, kept, at)
    area = _area(queue)
    if not locked.has_role(Role.REVIEWER) and not locked.has_role(Role.SENIOR):
        raise ValidationError({"queue": _("Certify them for the general queue first.")})
    if area in qualifications.areas_of(locked):
        return False
    qualifications.grant(user=locked, area=area, by=by, at=at)
    _keep(locked, Access.QUALIFICATION, area, True, by, kept, at)
    return True


@transaction.atomic
def withdraw(*, user: User, queue: str, by: User, reason: str, at: datetime) -> bool:
    """Take the certificate for *queue* back; whether there was one. Raises as :func:`certify`."""
    kept = _checked(user, by, reason)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if queue == ORDINARY:
        if not locked.has_role(Role.REVIEWER):
            return False
        _swap(locked, Role.REVIEWER, Role.TRAINEE, by, kept, at)
        return True
    area = _area(queue)
    revoked = qualifications.revoke(user=locked, area=area, by=by, at=at)
    if revoked:
        _keep(locked, Access.QUALIFICATION, area, False, by, kept, at)
    return revoked


def _checked(user: User, by: User, reason: str) -> str:
    check_mentor(by)
    if user.pk == by.pk:
        raise PermissionDenied("Nobody certifies themselves.")
    kept = reason.strip()
    if not kept or len(kept) > LONGEST_REASON:
        raise ValidationError({"reason": _("Say why, in at most 500 characters.")})
    return kept


def _area(queue: str) -> Area:
    if queue not in (Area.CRISIS, Area.CHILD_SAFETY):
        raise ValidationError({"queue": _("Choose one of the queues.")})
    return Area(queue)


def _make_reviewer(user: User, by: User, reason: str, at: datetime) -> bool:
    if user.has_role(Role.REVIEWER):
        return False
    if not user.has_role(Role.TRAINEE):
        raise ValidationError({"queue": _("Only a trainee is made a reviewer here.")})
    _swap(user, Role.TRAINEE, Role.REVIEWER, by, reason, at)
    return True


def _swap(user: User, old: Role, new: Role, by: User, reason: str, at: datetime) -> None:
    user.groups.remove(Group.objects.get(name=old))
    user.groups.add(Group.objects.get(name=new))
    for role, given in ((old, False), (new, True)):
        _keep(user, Access.ROLE, role, given, by, reason, at)
        record(
            actor=Actor(user=by),
            action="role.given" if given else "role.taken",
            obj="user",
            object_id=user.pk,
            details={"name": role.value},
            at=at,
        )


def _keep(
    user: User, access: Access, name: str, given: bool, by: User, reason: str, at: datetime
) -> None:
    AccessChange.objects.create(
        user=user, access=access, name=name, given=given, by=by, reason=reason, at=at
    )
