"""Legal holds: what is on hold is neither erased nor deleted when its term is over.

A hold is placed under a lock that every deleting transaction shares: once it is placed, nothing
of it goes any more. It shows in no page, answer or report of those who may not place one.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.ledger import HOLD, Actor, record
from accounts.models import User
from conversations.models import Conversation, Cutoff, LegalHold, Source
from conversations.permissions import check_place_hold

_ADVISORY_KEY = 0x5EC0_4011


def place_on_case(
    *, cutoff: Cutoff, matter: str, reason: str, expires_at: datetime, user: User, now: datetime
) -> LegalHold:
    """Hold one case until *expires_at*: its words stay whatever is asked.

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
    if expires_at <= now:
        raise ValidationError({"expires_at": "A hold ends in the future."})
    hold.matter, hold.reason = matter.strip(), reason.strip()
    hold.placed_by, hold.placed_at, hold.expires_at = user, now, expires_at
    hold.clean_fields(exclude=["cutoff"])
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
        hold.save()
        _note(hold, "hold.placed", user, now)
    return hold


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
    """Let no hold be placed until the present transaction, which deletes words, is over."""
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
