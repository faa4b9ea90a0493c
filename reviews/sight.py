"""Whom the cases of restricted queues are for: which queues are closed to somebody.

To whoever is not qualified for child safety its cases do not exist. Those of a crisis are in no
list of an unqualified person who reads conversations, and none but the qualified read them,
except what is in somebody's hands all the same (:func:`in_hands_of`). Whoever oversees by figures
alone knows of them.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any, Final, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from accounts.models import User
from accounts.prepared import Prepared
from reviews import rota
from reviews.danger_models import Alarm, Call, Duty
from reviews.people_models import Qualification
from reviews.routing_models import CaseQueue
from reviews.transitions import PENDING
from reviews.vocabulary import Area, CaseState, Queue
from reviews.ways_out_models import Escalation

_KEPT: Final = "closed_queues"


class ForTheQualified(PermissionDenied):
    """A case may be known of, and only people who are qualified for its queue open it."""

    def __init__(self, label: str) -> None:
        said = gettext("%(case)s is for people who are qualified for a crisis.")
        super().__init__(said % {"case": label})
        self.label = label


def closed_to(user: User) -> tuple[str, ...]:
    """The slugs of the queues of a crisis, where *user* is not qualified. One query, once."""
    if user.is_superuser:
        return ()
    kept: tuple[str, ...] | None = user._state.fields_cache.get(_KEPT)
    if kept is None:
        kept = tuple(slug for (slug,) in _CLOSED.tuples(user=user.pk))
        user._state.fields_cache[_KEPT] = kept
    return kept


_CLOSED: Final = Prepared(
    lambda user: (
        CaseQueue.objects.filter(area=Area.CRISIS)
        .exclude(
            Exists(Qualification.objects.filter(user=user, area=OuterRef("area"), revoked_at=None))
        )
        .values_list("slug")
    ),
    user=int,
)


def closed_if_asked(user: User) -> Container[str]:
    """The same, asked for once somebody looks into it: most pages hold no such case."""
    lazily: Any = SimpleLazyObject(lambda: closed_to(user))
    return cast("Container[str]", lazily)


def forget(user: User) -> None:
    """Ask anew what is closed to *user*: a qualification was given or taken."""
    user._state.fields_cache.pop(_KEPT, None)


def unknown_to(user: User) -> tuple[str, ...]:
    """The slugs of the queues whose cases do not exist for *user*."""
    return () if user.has_perm("reviews.view_restricted_case") else (Queue.CHILD_SAFETY.value,)


def closed_areas(user: User) -> tuple[str, ...]:
    """Of which areas no list names a case to *user* unless they are qualified, beside the above.

    Only those who read conversations: whoever oversees without reading is told that they are there.
    """
    return (Area.CRISIS.value,) if user.has_perm("reviews.decide_case") else ()


def unlisted_for(user: User) -> tuple[str, ...]:
    """The slugs of the queues whose cases are in no list of *user*."""
    return unknown_to(user) + (closed_to(user) if closed_areas(user) else ())


def open_to(user: User) -> Q:
    """The condition that *user* may open a row of ``Case``."""
    listed = ~Q(queue__in=unlisted_for(user))
    return listed | ~Q(queue__in=unknown_to(user)) & in_hands_of(user, timezone.now())


def in_hands_of(user: User, now: datetime) -> Q:
    """The condition that a row of ``Case`` is in the hands of *user*, whatever its queue.

    They hold it; a verdict of theirs waits for another's or to settle; it was escalated to their
    team, or by them; or they were told of an alarm about it, or are on call while it rings.
    """
    from reviews.models import Claim, Verdict

    case = OuterRef("pk")
    given = Verdict.objects.filter(case=case, reviewer=user, withdrawal=None)
    team = Qualification.objects.filter(user=user, area=OuterRef("area"), revoked_at=None)
    asked = Escalation.objects.filter(case=case, ended_at=None)
    alarms = Alarm.objects.filter(Q(acknowledged_at=None) | Q(acknowledged_by=user), case=case)
    if not is_on_call(user, now):
        alarms = alarms.filter(Exists(Call.objects.filter(alarm=OuterRef("pk"), person=user)))
    return (
        Q(Exists(Claim.objects.live().filter(case=case, reviewer=user)))
        | Q(Exists(given), state__in=[*PENDING, CaseState.SETTLING])
        | Q(Exists(asked.filter(Q(asked_by=user) | Exists(team))))
        | Q(Exists(alarms))
    )


def is_on_call(user: User, now: datetime) -> bool:
    """Whether *user* is on call at *now*."""
    return any(rota.covers(duty.turn, now) for duty in Duty.objects.live().filter(person=user))
