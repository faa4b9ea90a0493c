"""How soon people should look, as the version in force says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q

from policies.models import DEFAULT_SCOPE, Activation
from policies.thresholds import DueHours

_SAID = ("version__content__review__due_hours", "beside__content__review__due_hours", "beside")


def due_hours() -> DueHours:
    """The due times of what is in force by default; of a rollout, those that the others have.

    In one query. The first ones where nothing was activated, or it can no longer be read.
    """
    live = Activation.objects.live().filter(scope=DEFAULT_SCOPE)
    said = live.values_list(*_SAID).first()
    return _read(*said) if said else DueHours()


def due_hours_at(*, since: datetime, until: datetime) -> Callable[[datetime], DueHours]:
    """What :func:`due_hours` was at each moment from *since* to *until*, in one query."""
    ends = Q(ended_at=None) | Q(ended_at__gt=since)
    stretches = Activation.objects.filter(ends, scope=DEFAULT_SCOPE, activated_at__lte=until)
    said = stretches.order_by("-activated_at", "-pk").values_list(
        "activated_at", "ended_at", *_SAID
    )
    found = [(began, ended, _read(*rest)) for began, ended, *rest in said]

    def at(moment: datetime) -> DueHours:
        for began, ended, hours in found:
            if began <= moment and (ended is None or moment < ended):
                return hours
        return DueHours()

    return at


def _read(version: Any, beside: Any, number: int | None) -> DueHours:
    hours = version if number is None else beside
    try:
        return msgspec.convert(hours or {}, DueHours)
    except msgspec.ValidationError:
        return DueHours()
