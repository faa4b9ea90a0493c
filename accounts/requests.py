"""What views know of a request beyond what Django says of it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from accounts.models import User


class HtmxRequest(HttpRequest):
    """What ``HtmxMiddleware`` makes of every request."""

    htmx: HtmxDetails


def user_of(request: HttpRequest | Request) -> User:
    """Who is signed in. Raises ``PermissionDenied`` where nobody is: a login is required before."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user
