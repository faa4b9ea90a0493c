"""Certifying people for a queue: from then on they may be dealt its cases.

For the ordinary queues it makes a trainee a reviewer; crisis and child safety take a
qualification on top. A senior certifies, by what they saw of the person's work; the reason is
kept beside who and when.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from reviews.permissions import check_mentor
from reviews.services.access import apply, checked_reason
from reviews.services.qualifications import areas_of
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
    if area in areas_of(locked):
        return False
    apply(
        user=locked, access=Access.QUALIFICATION, name=area, given=True, by=by, reason=kept, at=at
    )
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
    if not locked.qualifications.filter(area=area, revoked_at=None).exists():
        return False
    apply(
        user=locked, access=Access.QUALIFICATION, name=area, given=False, by=by, reason=kept, at=at
    )
    return True


def _checked(user: User, by: User, reason: str) -> str:
    check_mentor(by)
    if user.pk == by.pk:
        raise PermissionDenied(_("Nobody certifies themselves."))
    return checked_reason(reason)


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
    apply(user=user, access=Access.ROLE, name=old, given=False, by=by, reason=reason, at=at)
    apply(user=user, access=Access.ROLE, name=new, given=True, by=by, reason=reason, at=at)
