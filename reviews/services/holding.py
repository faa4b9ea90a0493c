"""Legal holds as those who may place them see them: with the cases that they are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from conversations.keys import pseudonym
from conversations.models import Cutoff, LegalHold, Source
from conversations.retention_models import LegalHoldQuerySet
from conversations.services import holds
from reviews.models import Case

#: Nobody needs to know how many more cases than this a hold covers.
MOST_COUNTED = 1_000


@dataclass(frozen=True)
class HoldRow:
    """One hold of a list. ``case`` is None on a subject, and where the viewer may not know it.

    ``state`` is ``live``, ``expired`` or ``released``.
    """

    hold: LegalHold
    case: Case | None
    state: str


def listed(*, live: bool, now: datetime) -> LegalHoldQuerySet:
    """The holds in force at *now*, or those that have ended, with what a row shows."""
    found = LegalHold.objects.live(now) if live else LegalHold.objects.ended(now)
    return found.select_related("source", "placed_by", "released_by")


def rows(found: Sequence[LegalHold], *, user: User, now: datetime) -> list[HoldRow]:
    """Rows for holds that come from :func:`listed`."""
    on = [hold.cutoff_id for hold in found if hold.cutoff_id]
    cases = Case.objects.listed_for(user).in_bulk(on)
    return [
        HoldRow(hold, cases.get(hold.cutoff_id) if hold.cutoff_id else None, _state(hold, now))
        for hold in found
    ]


def _state(hold: LegalHold, now: datetime) -> str:
    if hold.released_at:
        return "released"
    return "live" if hold.expires_at > now else "expired"


def place(
    *,
    on: Case | None,
    whole_subject: bool,
    source: Source | None,
    user_id: str,
    matter: str,
    reason: str,
    expires_at: datetime,
    user: User,
    now: datetime,
) -> LegalHold:
    """Hold the case *on* or its *whole_subject*; without one the person *user_id* of *source*.

    Raises as :func:`conversations.services.holds.place_on_case` does.
    """
    if on and not whole_subject:
        return holds.place_on_case(
            cutoff=on.cutoff,
            matter=matter,
            reason=reason,
            expires_at=expires_at,
            user=user,
            now=now,
        )
    if on:
        conversation = on.cutoff.conversation
        source, subject = conversation.source, conversation.subject
    else:
        assert source is not None  # noqa: S101 - the form asked for it
        subject = pseudonym(
            source=source.slug, user_id=user_id, secret=settings.RECOURSE_SUBJECT_KEY
        )
    return holds.place_on_subject(
        source=source,
        subject=subject,
        matter=matter,
        reason=reason,
        expires_at=expires_at,
        user=user,
        now=now,
    )


def covers(hold: LegalHold) -> int:
    """How many cutoffs and near misses there are that *hold* keeps, up to a bound."""
    kept = Q(pk=hold.cutoff_id)
    if not hold.cutoff_id:
        kept = Q(conversation__source=hold.source_id, conversation__subject=hold.subject)
    return Cutoff.objects.filter(kept)[:MOST_COUNTED].count()
