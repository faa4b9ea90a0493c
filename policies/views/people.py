"""Who may see policies, and who may change them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.requests import user_of as user_of
from policies.permissions import check_change, check_view

View = Callable[..., HttpResponse]


def may_see(view: View) -> View:
    """Let in those who may see policies; 403 for others."""
    return _let_in(view, check_view)


def may_change(view: View) -> View:
    """Let in those who may change policies; 403 for others."""
    return _let_in(view, check_change)


def _let_in(view: View, check: Callable[[User], None]) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check(user_of(request))
        return view(request, *args, **kwargs)

    return checked
