"""Who may do what with what was received. ``check_x`` raises, ``can_x`` asks."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext

from accounts.ledger import PLACE_HOLD
from accounts.models import User


def can_place_hold(user: User) -> bool:
    """May place and release legal holds; nobody else may know that there is one."""
    return user.has_perm(PLACE_HOLD)


def check_place_hold(user: User) -> None:
    """Raise where *user* may place no legal hold."""
    if not can_place_hold(user):
        raise PermissionDenied(gettext("Your role does not include legal holds."))
