"""What pages say so that nothing waits silently."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone

from accounts.models import User
from reviews.services.stuck import appeals_alone_count, is_told, stuck_count

register = template.Library()


@register.inclusion_tag("reviews/_stuck.html", takes_context=True)
def stuck_cases(context: Context) -> dict[str, Any]:
    """Tell seniors and administrators of overdue cases that nobody can be dealt."""
    user = context["request"].user
    told = isinstance(user, User) and is_told(user)
    now = timezone.now()
    return {
        "count": stuck_count(now=now) if told else 0,
        "appeals": appeals_alone_count(now=now) if told else 0,
    }
