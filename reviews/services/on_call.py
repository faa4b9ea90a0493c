"""The rota: who is on call when, and which pagers are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.roles import Role
from conversations import signatures
from reviews import outgoing, rota
from reviews.danger_models import Alarm, Duty, Pager
from reviews.danger_vocabulary import Why
from reviews.models import Qualification
from reviews.permissions import can_keep_rota, check_keep_rota, check_set_pagers
from reviews.sight import is_on_call
from reviews.vocabulary import Area

#: So far ahead gaps are looked for.
AHEAD: Final = timedelta(days=7)
#: Pagers of an installation; more would be a mistake.
MOST_PAGERS: Final = 5


@dataclass(frozen=True)
class Crew:
    """Whom to tell at one moment: ``on_call`` in order, and ``wide``, those told when none of
    them acknowledges. ``restricted`` may open a case of child safety.
    """

    on_call: tuple[int, ...]
    wide: tuple[int, ...]
    restricted: frozenset[int]


@dataclass(frozen=True)
class Waits:
    """How many alarms nobody has acknowledged, and how many drills."""

    real: int
    drills: int


@dataclass(frozen=True)
class NewDuty:
    """What somebody's hours are to be."""

    person: User
    position: int
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    time_zone: str


def mail_is_set_up() -> bool:
    """Whether e-mail can be sent at all."""
    return bool(settings.EMAIL_HOST)


def eligible() -> QuerySet[User]:
    """Who may be on call: whoever may answer an alarm, by name."""
    answering = [Role.REVIEWER, Role.SENIOR, Role.ADMINISTRATOR]
    return (
        User.objects.filter(is_active=True)
        .filter(Q(is_superuser=True) | Q(groups__name__in=answering))
        .order_by("name", "pk")
        .distinct()
    )


def duties() -> list[Duty]:
    """The rota, the first to be called first."""
    return list(Duty.objects.live().select_related("person"))


def crew(now: datetime) -> Crew:
    """Whom to tell of an alarm at *now*: all seniors where nobody is on call, or nobody answers.

    Where there is no senior either, the administrators.
    """
    active = User.objects.filter(is_active=True)
    wide: list[int] = []
    for role in (Role.SENIOR, Role.ADMINISTRATOR):
        wide = wide or list(active.filter(groups__name=role).order_by("pk").values_list(flat=True))
    qualified = Qualification.objects.filter(area=Area.CHILD_SAFETY, revoked_at=None)
    turns = [duty.turn for duty in duties()]
    return Crew(
        tuple(rota.on_call(turns, now)),
        tuple(wide),
        frozenset(qualified.values_list("user_id", flat=True)),
    )


def gaps(listed: Sequence[Duty], now: datetime) -> list[rota.Span]:
    """When nobody is on call in the days ahead."""
    return rota.gaps([duty.turn for duty in listed], now, now + AHEAD)


@transaction.atomic
def add_duty(*, duty: NewDuty, by: User, now: datetime) -> Duty:
    """Put hours into the rota. Raises ``ValidationError`` by field, and ``PermissionDenied``."""
    check_keep_rota(by)
    if not eligible().filter(pk=duty.person.pk).exists():
        raise ValidationError({"person": _("This person may not answer alarms.")})
    if not duty.weekdays:
        raise ValidationError({"weekdays": _("Choose at least one day.")})
    made = Duty.objects.create(
        person=duty.person,
        position=duty.position,
        weekdays=sorted(duty.weekdays),
        starts=duty.starts,
        ends=duty.ends,
        time_zone=duty.time_zone,
        added_by=by,
        added_at=now,
    )
    _note("duty.added", "duty", made.pk, by, now, person=made.person_id)
    return made


@transaction.atomic
def end_duty(*, duty: Duty, by: User, now: datetime) -> bool:
    """Take hours out of the rota; whether they were in it. Raises ``PermissionDenied``."""
    check_keep_rota(by)
    ended = Duty.objects.filter(pk=duty.pk, ended_at=None).update(ended_by=by, ended_at=now)
    if ended:
        _note("duty.ended", "duty", duty.pk, by, now, person=duty.person_id)
    return bool(ended)


def pagers() -> list[Pager]:
    """The pagers that are told, oldest first."""
    return list(Pager.objects.filter(removed_at=None).defer("secret").order_by("pk"))


@transaction.atomic
def add_pager(*, url: str, by: User, now: datetime) -> tuple[Pager, str]:
    """A new pager, and its secret, ``whsec_…``, to be shown once.

    Raises ``ValidationError`` by field, and ``PermissionDenied``.
    """
    check_set_pagers(by)
    try:
        outgoing.parsed_url(url, named=settings.WEBHOOK_HOSTS)
    except outgoing.BadUrl as error:
        raise ValidationError({"url": str(error)}) from None
    if Pager.objects.filter(removed_at=None).count() >= MOST_PAGERS:
        raise ValidationError({"url": _("There are as many pagers as there can be.")})
    secret = signatures.mint()
    try:
        with transaction.atomic():
            made = Pager.objects.create(url=url, secret=secret, added_by=by, added_at=now)
    except IntegrityError:
        raise ValidationError({"url": _("There is a pager at this address already.")}) from None
    _note("pager.added", "pager", made.pk, by, now)
    return made, secret


@transaction.atomic
def remove_pager(*, pager: Pager, by: User, now: datetime) -> bool:
    """Tell *pager* nothing more, and forget its secret. Raises ``PermissionDenied``."""
    check_set_pagers(by)
    live = Pager.objects.filter(pk=pager.pk, removed_at=None)
    removed = live.update(removed_by=by, removed_at=now, secret="")
    if removed:
        _note("pager.removed", "pager", pager.pk, by, now)
    return bool(removed)


def _note(action: str, obj: str, pk: int, by: User, now: datetime, **details: int) -> None:
    record(actor=Actor(user=by), at=now, action=action, obj=obj, object_id=pk, details=details)


def waits_for(user: User, *, works_in_crisis: bool, now: datetime) -> Waits | None:
    """The alarms that wait and nobody holds, where *user* is to see them on every page: seniors,
    administrators, who is qualified for a crisis, and who is on call. None for anybody else.
    """
    if not (can_keep_rota(user) or works_in_crisis or is_on_call(user, now)):
        return None
    counted = Alarm.objects.waiting().aggregate(
        real=Count("pk", filter=~Q(why=Why.DRILL)), drills=Count("pk", filter=Q(why=Why.DRILL))
    )
    return Waits(**counted) if any(counted.values()) else None
