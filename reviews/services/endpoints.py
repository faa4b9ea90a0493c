"""Endpoints of sources: where outcomes go, which ones, and what they are signed with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from conversations import signatures
from conversations.models import Source
from reviews import outgoing
from reviews.models import Delivery, Endpoint, EndpointSecret
from reviews.outcome_vocabulary import DeliveryState, Failure, OutcomeType
from reviews.permissions import check_change_outcomes
from reviews.services import outcomes

#: Endpoints of one source; more would be a mistake.
MOST: int = 20


class NotPossible(Exception):
    """What was asked cannot be done as things stand; its message says why."""


def of_source(source: Source) -> list[Endpoint]:
    """The endpoints of *source*, oldest first, with ``live_secrets``, ``waiting`` and ``dead``."""
    live = EndpointSecret.objects.filter(revoked_at=None).defer("secret").order_by("id")
    counted = Endpoint.objects.present().annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING)),
        dead=Count("deliveries", filter=Q(deliveries__state=DeliveryState.DEAD)),
    )
    return list(
        counted.filter(source=source)
        .select_related("paused_by", "created_by")
        .prefetch_related(Prefetch("secrets", queryset=live, to_attr="live_secrets"))
        .order_by("created_at", "id")
    )


@transaction.atomic
def create(
    *, source: Source, url: str, types: Collection[OutcomeType], user: User, now: datetime
) -> tuple[Endpoint, str]:
    """A new endpoint, and its first secret, ``whsec_…``, to be shown once.

    Raises ``ValidationError`` by field, and ``PermissionDenied``.
    """
    check_change_outcomes(user)
    _check(url=url, types=types)
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    present = Endpoint.objects.present().filter(source=source)
    if present.filter(url=url).exists():
        raise ValidationError({"url": _("This source has an endpoint at this address already.")})
    if present.count() >= MOST:
        raise ValidationError(
            {"url": _("A source has at most %(number)s endpoints.") % {"number": MOST}}
        )
    endpoint = Endpoint.objects.create(
        source=source, url=url, types=sorted(types), created_by=user, created_at=now
    )
    _note(endpoint, user, "endpoint.created", now, types=endpoint.types)
    return endpoint, _mint(endpoint, slot=1, user=user, now=now)


@transaction.atomic
def subscribe(
    *, endpoint: Endpoint, types: Collection[OutcomeType], user: User, now: datetime
) -> None:
    """Send these types from now on; what waits already is sent. Raises ``ValidationError``."""
    check_change_outcomes(user)
    _check(types=types)
    locked = _locked(endpoint)
    if set(locked.types) != set(types):
        _change(locked, types=sorted(types))
        _note(endpoint, user, "endpoint.changed", now, types=sorted(types))


@transaction.atomic
def pause(*, endpoint: Endpoint, user: User, now: datetime) -> None:
    """Send nothing until :func:`resume`; outcomes wait. Pausing twice keeps the first moment."""
    check_change_outcomes(user)
    locked = _locked(endpoint)
    if locked.paused_at is None:
        _change(locked, paused_at=now, paused_by=user)
        _note(endpoint, user, "endpoint.paused", now)


@transaction.atomic
def resume(*, endpoint: Endpoint, user: User, now: datetime) -> None:
    """Send again, what waited first; also where the endpoint had disabled itself by a 410."""
    check_change_outcomes(user)
    locked = _locked(endpoint)
    if locked.state == "live":
        return
    action = "endpoint.enabled" if locked.disabled_at else "endpoint.resumed"
    _change(
        locked,
        paused_at=None,
        paused_by=None,
        disabled_at=None,
        failures=0,
        resting_until=None,
    )
    # The time in which it could not be sent does not count.
    Delivery.objects.filter(endpoint=locked, state=DeliveryState.WAITING).update(
        first_at=None, failures=0, due_at=now
    )
    _note(endpoint, user, action, now)


@transaction.atomic
def remove(*, endpoint: Endpoint, user: User, now: datetime) -> None:
    """Send nothing to it any more. What waits has failed for good; its secrets are forgotten."""
    check_change_outcomes(user)
    locked = _locked(endpoint)
    _change(locked, removed_at=now, removed_by=user)
    waiting = Delivery.objects.filter(endpoint=locked, state=DeliveryState.WAITING).update(
        state=DeliveryState.DEAD,
        dead_at=now,
        failure=Failure.ENDPOINT_OFF,
        lease=None,
        leased_until=None,
    )
    locked.secrets.filter(revoked_at=None).update(revoked_at=now, secret="")
    _note(endpoint, user, "endpoint.removed", now, waiting=waiting)


@transaction.atomic
def rotate(*, endpoint: Endpoint, user: User, now: datetime) -> str:
    """A second secret, to be shown once. Both sign until the older one is revoked.

    Raises :class:`NotPossible` where there are two.
    """
    check_change_outcomes(user)
    locked = _locked(endpoint)
    live = locked.secrets.filter(revoked_at=None)
    free = {1, 2} - set(live.values_list("slot", flat=True))
    if not free:
        raise NotPossible(_("This endpoint has two secrets already. Revoke one first."))
    return _mint(locked, slot=min(free), user=user, now=now)


@transaction.atomic
def revoke(*, secret: EndpointSecret, user: User, now: datetime) -> None:
    """Sign with *secret* no more, and forget it.

    Raises :class:`NotPossible` where it is the last: nothing could be sent any more.
    """
    check_change_outcomes(user)
    locked = _locked(secret.endpoint)
    live = list(locked.secrets.filter(revoked_at=None).values_list("pk", flat=True))
    if secret.pk not in live:
        return
    if len(live) == 1:
        raise NotPossible(_("This is the only secret. Make another one first."))
    locked.secrets.filter(pk=secret.pk).update(revoked_at=now, secret="")
    _note(locked, user, "endpoint_secret.revoked", now, secret=secret.pk)


@transaction.atomic
def send_test(*, endpoint: Endpoint, user: User, now: datetime) -> Delivery:
    """Send a test. Raises :class:`NotPossible` where nothing is sent at present."""
    check_change_outcomes(user)
    locked = _locked(endpoint)
    if locked.state != "live":
        raise NotPossible(_("Nothing is sent to this endpoint at present. Resume it first."))
    delivery = outcomes.tested(endpoint=locked, now=now)
    _note(endpoint, user, "endpoint.tested", now, delivery=delivery.pk)
    return delivery


def _check(*, url: str | None = None, types: Collection[str]) -> None:
    errors: dict[str, Sequence[str]] = {}
    if url is not None:
        try:
            outgoing.parsed_url(url, named=settings.WEBHOOK_HOSTS)
        except outgoing.BadUrl as error:
            errors["url"] = [str(error)]
    if not types:
        errors["types"] = [_("Choose at least one.")]
    if errors:
        raise ValidationError(dict(errors))


def _locked(endpoint: Endpoint) -> Endpoint:
    """The endpoint, for this transaction alone. Raises :class:`NotPossible` where it is gone."""
    present = Endpoint.objects.present().select_for_update(no_key=True)
    found = present.filter(pk=endpoint.pk).first()
    if found is None:
        raise NotPossible(_("This endpoint was removed."))
    return found


def _change(endpoint: Endpoint, **values: Any) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(**values)


def _mint(endpoint: Endpoint, *, slot: int, user: User, now: datetime) -> str:
    secret = signatures.mint()
    row = EndpointSecret.objects.create(
        endpoint=endpoint, slot=slot, secret=secret, created_by=user, created_at=now
    )
    _note(endpoint, user, "endpoint_secret.created", now, secret=row.pk)
    return secret


def _note(endpoint: Endpoint, user: User, action: str, now: datetime, **details: Any) -> None:
    record(
        actor=Actor(user=user),
        at=now,
        action=action,
        obj="endpoint",
        object_id=endpoint.pk,
        details={"source": endpoint.source.slug, **details},
    )
