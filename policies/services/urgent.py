"""What every page of staff says first about policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, PositiveIntegerField, QuerySet, TextField, Value

from accounts.models import User
from accounts.prepared import Prepared
from policies.models import GuardReading, Pause
from policies.permissions import can_change
from policies.scopes import label_of
from policies.services import break_glass
from policies.watch_models import GuardState

_NOBODY = Value(None, output_field=TextField())
_NOTHING = Value("", output_field=TextField())


@dataclass(frozen=True)
class Urgent:
    """A pause, a second look that is overdue, or an alert of the guard.

    ``who`` paused, or activated alone, at ``at``; of an alert that is nobody, and when the guard
    last looked. ``number`` is the version to look at, None of a pause. ``first`` is who asked to
    resume, if anybody has. ``evidence`` is of an alert: a ``policies.watch_models.Evidence``.
    """

    scope: str
    at: datetime
    who: str | None
    number: int | None
    first: str | None
    evidence: str

    @property
    def label(self) -> str:
        """The scope in words."""
        return label_of(self.scope)


def urgent(*, user: User, now: datetime) -> list[Urgent]:
    """Pauses, for everybody; overdue second looks and alerts of the guard, for whoever could look
    or roll back. One query.
    """
    if can_change(user):
        found = _ALL.tuples(since=now - break_glass.REVIEW_WITHIN)
    else:
        found = _PAUSES.tuples()
    return [Urgent(*row) for row in found]


def _pauses() -> QuerySet[Pause, Any]:
    return Pause.objects.live().values_list(
        "scope",
        "paused_at",
        "paused_by__name",
        Value(None, output_field=PositiveIntegerField()),
        "first_resume_by__name",
        _NOTHING,
    )


def _all(since: datetime) -> QuerySet[Pause, Any]:
    looks = break_glass.overdue(since=since).values_list(
        "scope", "activated_at", "activated_by__name", "version_id", _NOBODY, _NOTHING
    )
    alerts = _alerts().values_list(
        "activation__scope", "at", _NOBODY, "activation__version_id", _NOBODY, "kind"
    )
    return _pauses().order_by().union(looks.order_by(), alerts.order_by(), all=True)


#: Every page asks for one of them.
_PAUSES: Final = Prepared(_pauses)
_ALL: Final = Prepared(_all, since=datetime)


def _alerts() -> QuerySet[GuardReading]:
    """The latest readings of what is in force that are alerts; a guard that is paused is none."""
    later = GuardReading.objects.filter(
        activation=OuterRef("activation"), kind=OuterRef("kind"), hour__gt=OuterRef("hour")
    )
    return GuardReading.objects.filter(
        ~Exists(later),
        activation__ended_at=None,
        state__in=[GuardState.ALERT, GuardState.ROLL_BACK],
    )
