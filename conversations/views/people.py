"""Who may see sources, and who may change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse

from accounts.ledger import Actor
from accounts.requests import user_of

View = TypeVar("View", bound=Callable[..., HttpResponse])

VIEW = "conversations.view_source"
CHANGE = "conversations.change_source"


def may_see(view: View) -> View:
    """Let in those who may see sources; 403 for others."""
    return permission_required(VIEW, raise_exception=True)(view)


def may_change(view: View) -> View:
    """Let in those who may see sources and change them; 403 for others."""
    return permission_required([VIEW, CHANGE], raise_exception=True)(view)


def actor_of(request: HttpRequest) -> Actor:
    """Who is logged in, for the ledger."""
    return Actor(user=user_of(request))
