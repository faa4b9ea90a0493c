"""What every page of staff says first about policies, as a context processor."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from policies.services.urgent import urgent


def banner(request: HttpRequest) -> dict[str, Any]:
    """Pauses, overdue second looks and alerts of the guard, for ``base.html``.

    Nothing for somebody without a login. Lazy: a fragment without the frame asks nothing.
    """
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    return {"urgent": SimpleLazyObject(lambda: urgent(user=user, now=timezone.now()))}
