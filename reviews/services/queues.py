"""The queues themselves: which there are, and making, renaming and closing one's own."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import Case, CaseQueue
from reviews.permissions import check_route
from reviews.routing_models import SLUG_LENGTH
from reviews.transitions import PENDING
from reviews.vocabulary import Area, CaseState, Queue

#: Asked for twice by every page of the queue.
_ALL: Final = Prepared(lambda: CaseQueue.objects.all())

_AREAS: Final = {Queue.CRISIS: Area.CRISIS, Queue.CHILD_SAFETY: Area.CHILD_SAFETY}


def create_built_in(**_kwargs: Any) -> None:
    """Make the queues that every installation has, where they are missing.

    Runs after every ``migrate`` and flush.
    """
    CaseQueue.objects.bulk_create(
        (
            CaseQueue(
                slug=queue.value, name=queue.label, area=_AREAS.get(queue, ""), position=position
            )
            for position, queue in enumerate(Queue)
        ),
        ignore_conflicts=True,
    )


def listed_for(user: User) -> list[CaseQueue]:
    """The open queues that *user* may know of, in their order."""
    restricted = user.has_perm("reviews.view_restricted_case")
    return [
        queue
        for queue in _ALL.all()
        if queue.closed_at is None and (restricted or queue.area != Area.CHILD_SAFETY)
    ]


def named(slug: str, user: User) -> CaseQueue | None:
    """The queue of that slug, where *user* may know of it; None for anything else."""
    known = listed_for(user) if slug else []
    return next((queue for queue in known if queue.slug == slug), None)


def choices() -> list[tuple[str, str]]:
    """Every queue's slug and name, for a filter; closed ones too, whose cases stay."""
    return [(queue.slug, queue.name) for queue in _ALL.all()]


def slug_for(name: str) -> str:
    """A slug for a queue of that name, which nobody has yet; a number where it says nothing."""
    said = slugify(name).lstrip("0123456789_-")[: SLUG_LENGTH - 4].rstrip("-") or "queue"
    taken = set(CaseQueue.objects.values_list("slug", flat=True))
    numbered = (f"{said}-{number}" for number in count(2))
    return next(slug for slug in chain([said], numbered) if slug not in taken)


@transaction.atomic
def make(*, slug: str, name: str, area: str = "", by: User, now: datetime) -> CaseQueue:
    """A new queue, last in the order; *area* is what one must be qualified for, or nothing.

    Raises ``ValidationError`` where the slug or the name is taken or cannot be one, or the area
    is child safety, which has one queue; ``PermissionDenied``.
    """
    check_route(by)
    last = CaseQueue.objects.aggregate(last=Max("position"))["last"] or 0
    queue = CaseQueue(slug=slug, name=name.strip(), area=area, position=last + 1)
    queue.full_clean()
    try:
        with transaction.atomic():
            queue.save(force_insert=True)
    except IntegrityError:
        raise ValidationError(_("Somebody made a queue of that name meanwhile.")) from None
    _record(by, "queue.made", queue, {"name": queue.name, "area": queue.area}, now)
    return queue


@transaction.atomic
def rename(*, queue: CaseQueue, name: str, by: User, now: datetime) -> CaseQueue:
    """Give a queue another name; its slug stays, and so does every link. Raises as :func:`make`."""
    check_route(by)
    locked = CaseQueue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    before, locked.name = locked.name, name.strip()
    if before == locked.name:
        return locked
    locked.full_clean()
    try:
        with transaction.atomic():
            locked.save(update_fields=["name"])
    except IntegrityError:
        raise ValidationError(_("Another queue has that name.")) from None
    _record(by, "queue.renamed", locked, {"from": before, "to": locked.name}, now)
    return locked


@transaction.atomic
def close(*, queue: CaseQueue, by: User, now: datetime) -> CaseQueue:
    """Close a queue of one's own that is empty and that no rule sends cases to.

    Raises ``ValidationError`` where it is not so; ``PermissionDenied``.
    """
    check_route(by)
    locked = CaseQueue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    if locked.closed_at:
        return locked
    if locked.built_in:
        raise ValidationError(_("Every installation has this queue."))
    if locked.rules.filter(retired_at=None).exists():
        raise ValidationError(_("A rule sends cases there. Retire the rule first."))
    if Case.objects.filter(queue=locked.pk, state__in=(*PENDING, CaseState.UNSELECTED)).exists():
        raise ValidationError(_("There are cases in it. Move them first."))
    locked.closed_at = now
    locked.save(update_fields=["closed_at"])
    _record(by, "queue.closed", locked, {}, now)
    return locked


def _record(
    by: User, action: str, queue: CaseQueue, details: dict[str, Any], now: datetime
) -> None:
    actor = Actor(user=by)
    record(actor=actor, action=action, obj="queue", object_id=queue.pk, details=details, at=now)
