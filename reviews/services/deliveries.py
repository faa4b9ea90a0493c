"""The list of deliveries, what is wrong with them, and sending some again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from conversations import keys
from conversations.hurrying import hurry
from conversations.models import Cutoff, Source
from conversations.services import holds
from reviews.models import Delivery, Endpoint, Outcome
from reviews.outcome_vocabulary import DeliveryState
from reviews.permissions import check_change_outcomes
from reviews.services.endpoints import NotPossible
from reviews.services.outcomes import DELIVER_TASK

OUTCOMES = "outcomes"

#: What an earlier round left; a new one begins with it.
_ANEW: dict[str, Any] = {
    "state": DeliveryState.WAITING,
    "first_at": None,
    "failures": 0,
    "delivered_at": None,
    "dead_at": None,
    "lease": None,
    "leased_until": None,
}


@dataclass(frozen=True)
class Backlog:
    """What waits to be sent.

    *lag* is the age of the oldest delivery that is due to an endpoint which is on, 0 where none
    is; *failing* have failed at least once and are tried again; *dead* failed for good.
    """

    lag: timedelta
    waiting: int
    failing: int
    dead: int
    disabled: int


def backlog(*, now: datetime) -> Backlog:
    """How far sending is behind, and what has failed."""
    waiting = Q(state=DeliveryState.WAITING)
    on = Q(endpoint__paused_at=None, endpoint__disabled_at=None, endpoint__removed_at=None)
    unfinished = Delivery.objects.filter(
        state__in=[DeliveryState.WAITING, DeliveryState.DEAD]
    ).order_by()
    found = unfinished.aggregate(
        oldest=Min("due_at", filter=waiting & on),
        waiting=Count("pk", filter=waiting),
        failing=Count("pk", filter=waiting & Q(failures__gt=0)),
        dead=Count("pk", filter=Q(state=DeliveryState.DEAD)),
    )
    return Backlog(
        lag=max(now - (found["oldest"] or now), timedelta()),
        waiting=found["waiting"],
        failing=found["failing"],
        dead=found["dead"],
        disabled=Endpoint.objects.disabled().count(),
    )


#: More than these are not counted where a page says that there are some.
MANY = 100


def some_dead() -> int:
    """How many failed for good, up to :data:`MANY`."""
    return Delivery.objects.filter(state=DeliveryState.DEAD).order_by()[:MANY].count()


def wants_somebody() -> int:
    """Deliveries that failed for good and endpoints that are disabled, each to :data:`MANY`."""
    return len(_WANTING.tuples())


def _wanting() -> QuerySet[Delivery, Any]:
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).order_by().values_list("pk")
    disabled = Endpoint.objects.disabled().order_by().values_list("pk")
    return dead[:MANY].union(disabled[:MANY], all=True)


#: The sidebar asks for it with every page.
_WANTING: Final = Prepared(_wanting)


def replay(*, delivery: Delivery, user: User, now: datetime) -> Delivery:
    """Send one again, under its id, at once and for three days more.

    One that waits is tried now. Raises :class:`NotPossible` where its endpoint is off.
    """
    check_change_outcomes(user)
    with transaction.atomic():
        found = Delivery.objects.select_related("endpoint", "outcome", "source")
        row = found.select_for_update(of=("self",), no_key=True).get(pk=delivery.pk)
        if row.endpoint.state != "live":
            raise NotPossible(_("Its endpoint is off. Resume it first."))
        if row.lease is None:
            Delivery.objects.filter(pk=row.pk).update(due_at=now, **_ANEW)
        record(
            actor=Actor(user=user),
            at=now,
            action="delivery.replayed",
            obj="delivery",
            object_id=row.pk,
            details={"state": row.state},
        )
        transaction.on_commit(partial(hurry, DELIVER_TASK))
    return found.get(pk=delivery.pk)


def replayable(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those of *rows* that failed for good and whose endpoint is on."""
    return rows.filter(
        state=DeliveryState.DEAD,
        endpoint__paused_at=None,
        endpoint__disabled_at=None,
        endpoint__removed_at=None,
    )


def replay_many(
    *, rows: QuerySet[Delivery], said: dict[str, str], user: User, now: datetime
) -> int:
    """Send again all of *rows* that failed for good; how many. *said* are the filters."""
    check_change_outcomes(user)
    with transaction.atomic():
        chosen = replayable(rows).order_by().values("pk")
        count = Delivery.objects.filter(pk__in=chosen).update(due_at=now, **_ANEW)
        record(
            actor=Actor(user=user),
            at=now,
            action="deliveries.replayed",
            obj="deliveries",
            object_id="",
            details={**said, "count": count},
        )
        transaction.on_commit(partial(hurry, DELIVER_TASK))
    return count


def offer_outcomes(
    *, source: Source, before: datetime, now: datetime, **_kwargs: Any
) -> tuple[str, QuerySet[Outcome], QuerySet[Outcome]]:
    """What *source* was told and is kept no longer, with its deliveries, for retention."""
    told = Outcome.objects.filter(source=source, pk__lt=keys.lowest(before))
    held = Cutoff.objects.filter(holds.on_cutoff(now)).values("pk")
    return OUTCOMES, told, told.filter(Q(cutoff=None) | ~Q(cutoff__in=held))
