"""Who asks, and for which case."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.requests import user_of
from reviews.models import Case
from reviews.permissions import check_change_outcomes, check_list, check_see_outcomes
from reviews.services.seen import seen


def reviewer(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where they may not know of cases."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - a login is required
    check_list(user)
    return user


def case_for(
    user: User, number: int, *, joined: Sequence[str] = ("cutoff__conversation", "source")
) -> Case:
    """The case of that number that *user* may know of, as they are to see it; 404 otherwise.

    *joined* is what of it is read at once.
    """
    cases = Case.objects.listed_for(user).select_related(*joined)
    return seen(get_object_or_404(cases, number=number), user=user)


def who_sees_outcomes(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where outcomes are not their business."""
    user = user_of(request)
    check_see_outcomes(user)
    return user


def who_changes_outcomes(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where they may change no endpoint."""
    user = user_of(request)
    check_change_outcomes(user)
    return user


def numbered(text: str) -> int | None:
    """The number that somebody sent; None for what is none, or greater than any key."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
