"""Who asks, and for which case."""

from __future__ import annotations

from functools import lru_cache

from django.http import Http404, HttpRequest

from accounts.models import User
from accounts.prepared import Prepared
from accounts.requests import user_of
from reviews.models import Case
from reviews.permissions import check_change_outcomes, check_list, check_open, check_see_outcomes
from reviews.services.seen import known_as, seen
from reviews.sight import unknown_to


def reviewer(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where they may not know of cases."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - a login is required
    check_list(user)
    return user


def case_for(
    user: User, number: int, *, joined: tuple[str, ...] = ("cutoff__conversation", "source")
) -> Case:
    """The case of that number that *user* may know of, as they are to see it; 404 otherwise.

    *joined* is what of it is read at once. Raises ``sight.ForTheQualified`` where they may know of
    it and not open it.
    """
    unknown = unknown_to(user)
    found = _by_number(joined, unknown).first(number=number)
    if found is None:
        known = Case.objects.without(unknown).select_related(*joined)
        found = known.filter(pk__in=known_as(user, number=number)).first()
    if found is None:
        raise Http404
    check_open(user, found)
    return seen(found, user=user)


@lru_cache(maxsize=16)
def _by_number(joined: tuple[str, ...], unknown: tuple[str, ...]) -> Prepared[Case]:
    cases = Case.objects.without(unknown).select_related(*joined)
    return Prepared(lambda number: cases.filter(number=number), number=int)


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
