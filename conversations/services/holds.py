"""Legal holds: what is on hold is neither erased nor deleted when its term is over.

A hold is placed under a lock that every deleting transaction shares: once it is placed, nothing
of it goes any more. It shows in no page, answer or report of those who may not place one.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.ledger import HOLD, Actor, record
from accounts.models import User
from conversations.models import Conversation, Cutoff, LegalHold, Source
from conversations.permissions import check_place_hold
from conversations.signals import case_held

_ADVISORY_KEY = 0x5EC0_4011


def place_on_case(
    *, cutoff: Cutoff, matter: str, reason: str, expires_at: datetime, user: User, now: datetime
) -> LegalHold:
    """Hold one case until *expires_at*: its words stay whatever is asked, and it is reviewed.

    Raises ``PermissionDenied``, or ``ValidationError`` for an empty matter or an expiry that is
    past.
    """
    hold = LegalHold(source_id=cutoff.source_id, cutoff=cutoff)
    return _place(hold, matter, reason, expires_at, user, now)


def place_on_subject(
    *,
    source: Source,
    subject: str,
    matter: str,
    reason: str,
    expires_at: datetime,
    user: User,
    now: datetime,
) -> LegalHold:
    """Hold all that there is of a subject (a pseudonym) and what will come. Raises likewise."""
    hold = LegalHold(source=source, subject=subject)
    return _place(hold, matter, reason, expires_at, user, now)


def _place(
    hold: LegalHold, matter: str, reason: str, expires_at: datetime, user: User, now: datetime
) -> LegalHold:
    check_place_hold(user)
    if not matter.strip():
        raise ValidationError({"matter": "Give the number of the matter."})
    _check_end(expires_at, now)
    hold.matter, hold.reason = matter.strip(), reason.strip()
    hold.placed_by, hold.placed_at, hold.expires_at = user, now, expires_at
    hold.clean_fields(exclude=["cutoff"])
    with transaction.atomic():
        _exclude_deletions()
        hold.save()
        _note(hold, "hold.placed", user, now)
        if hold.cutoff_id:
            case_held.send(sender=LegalHold, cutoff_id=hold.cutoff_id, now=now)
    return hold


def _check_end(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        raise ValidationError({"expires_at": "A hold ends in the future."})


def _exclude_deletions() -> None:
    """Let every transaction that deletes or settles end first, and the next ones wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])


def extend(*, hold: LegalHold, expires_at: datetime, user: User, now: datetime) -> None:
    """Let a hold that is in force end later.

    Raises ``PermissionDenied``, or ``ValidationError`` for an end that is not later, and for a
    hold that has ended: what it kept may be gone.
    """
    check_place_hold(user)
    _check_end(expires_at, now)
    with transaction.atomic():
        _exclude_deletions()
        live = LegalHold.objects.live(now).select_for_update().filter(pk=hold.pk).first()
        if live is None:
            raise ValidationError("This hold has ended. Place another one.")
        if expires_at <= live.expires_at:
            raise ValidationError({"expires_at": "Choose a day after the present end."})
        live.expires_at = expires_at
        live.save(update_fields=["expires_at"])
        _note(live, "hold.extended", user, now)
    hold.expires_at = expires_at


def release(*, hold: LegalHold, user: User, now: datetime) -> None:
    """End a hold before it expires. Releasing twice keeps the first moment."""
    check_place_hold(user)
    with transaction.atomic():
        live = LegalHold.objects.filter(pk=hold.pk, released_at=None)
        if live.update(released_at=now, released_by=user):
            _note(hold, "hold.released", user, now)


def _note(hold: LegalHold, action: str, user: User, now: datetime) -> None:
    on = {"cutoff": str(hold.cutoff_id)} if hold.cutoff_id else {"subject": hold.subject}
    record(
        actor=Actor(user=user),
        at=now,
        action=action,
        obj=HOLD,
        object_id=hold.pk,
        details={"matter": hold.matter, **on},
    )


def respect() -> None:
    """Let no hold be placed until the present transaction, which deletes or settles, is over.

    Called before any row is locked: placing a hold locks its case after this.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_ADVISORY_KEY])


def on_cutoff(now: datetime) -> Q:
    """The condition that a row of :class:`Cutoff` is on hold at *now*."""
    live = LegalHold.objects.live(now)
    return Q(Exists(live.filter(cutoff=OuterRef("pk")))) | Q(
        Exists(
            live.filter(
                cutoff=None, source=OuterRef("source"), subject=OuterRef("conversation__subject")
            )
        )
    )


def on_conversation(now: datetime) -> Q:
    """The condition that a row of :class:`Conversation` or one of its cutoffs is on hold."""
    live = LegalHold.objects.live(now)
    return Q(Exists(live.filter(cutoff__conversation=OuterRef("pk")))) | Q(
        Exists(live.filter(cutoff=None, source=OuterRef("source"), subject=OuterRef("subject")))
    )


def on(*, cutoff: Cutoff, now: datetime) -> QuerySet[LegalHold]:
    """The holds that keep *cutoff* at *now*: on its case or on its subject.

    For nobody's eyes who may not place one.
    """
    subject = cutoff.conversation.subject
    held = Q(cutoff=cutoff)
    if subject:
        held |= Q(cutoff=None, source=cutoff.source_id, subject=subject)
    return LegalHold.objects.live(now).filter(held).order_by("expires_at", "pk")


def on_subject(*, source: Source, subject: str, now: datetime) -> bool:
    """Whether the subject as such is on hold, beside holds on single cases."""
    return LegalHold.objects.live(now).filter(cutoff=None, source=source, subject=subject).exists()


def event_is_held(now: datetime) -> Exists:
    """The condition that a row of :class:`conversations.models.Event` is of a held thread."""
    return Exists(
        Conversation.objects.filter(
            on_conversation(now),
            source=OuterRef("source"),
            external_id=OuterRef("conversation_external_id"),
        )
    )
