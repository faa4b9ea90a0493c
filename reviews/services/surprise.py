"""How often ends surprise their users, and how many crises were missed.

Figures of the model's cutoffs of the last four weeks that are old enough for an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from conversations import keys
from conversations.models import Cutoff
from conversations.vocabulary import Initiator, Kind
from policies.feedback_rates import (
    ANSWER_WINDOW,
    MissedCrisis,
    Noticed,
    SurpriseRate,
    missed_crisis,
    surprise_rate,
)
from reviews.models import Verdict
from reviews.vocabulary import ReasonCode

#: Of so long a time is the surprise rate: four weeks, as before an activation.
RATE_WINDOW: Final = timedelta(days=28)
#: No more cutoffs than that are read for it, the newest.
MOST_COUNTED: Final = 100_000
#: The rate is as good for ten minutes, in seconds.
FRESH: Final = 600
_KEY: Final = "reviews.surprise"
_MISSED_KEY: Final = "reviews.crises_missed"
#: Reasons by which a reviewer says that there was a crisis.
CRISIS: Final = [ReasonCode.IMMINENT_RISK_MISSED.value, ReasonCode.CRISIS_MISTAKEN.value]


@dataclass(frozen=True)
class Surprise:
    """The surprise rate; ``capped`` where there were more cutoffs, and the newest were counted."""

    found: SurpriseRate
    capped: bool


def surprise(*, now: datetime) -> Surprise:
    """How often users said that an end by the model surprised them; ten minutes old at most.

    Of the cutoffs of four weeks that are old enough for an answer (docs/explanation/estimation.md,
    "Surprise, and missed crises").
    """
    known: Surprise | None = cache.get(_KEY)
    if known is None:
        known = _surprise(now)
        cache.set(_KEY, known, FRESH)
    return known


def _surprise(now: datetime) -> Surprise:
    columns = (
        "source_id",
        "conversation__subject",
        "pk",
        "at",
        "notice_opening__at",
        "surprised_at",
        "unsurprised_at",
    )
    rows = counted(now).order_by("-pk").values_list(*columns)[: MOST_COUNTED + 1]
    noticed = [_noticed(*row) for row in rows]
    return Surprise(surprise_rate(noticed[:MOST_COUNTED], now=now), len(noticed) > MOST_COUNTED)


def crises_missed(*, now: datetime) -> MissedCrisis:
    """Crises that people found and no cue had shown, in audits of the same four weeks; ten minutes
    old at most (docs/explanation/estimation.md, "Surprise, and missed crises").
    """
    known: MissedCrisis | None = cache.get(_MISSED_KEY)
    if known is None:
        known = _crises_missed(now)
        cache.set(_MISSED_KEY, known, FRESH)
    return known


def _crises_missed(now: datetime) -> MissedCrisis:
    reviewed = counted(now).filter(in_audit=True, first_review__isnull=False)
    said = Verdict.objects.filter(
        case=OuterRef("pk"), withdrawal=None, reason_codes__overlap=CRISIS
    )
    found = Count("pk", filter=Q(Exists(said), crisis_cue=False))
    return missed_crisis(**reviewed.aggregate(n=Count("pk"), found=found))


def counted(now: datetime) -> QuerySet[Cutoff]:
    """The cutoffs by the model of the four weeks that are old enough for an answer."""
    until = now - ANSWER_WINDOW
    return made_between(until - RATE_WINDOW, until)


def made_between(since: datetime, until: datetime) -> QuerySet[Cutoff]:
    """The cutoffs by the model after *since* and up to *until*."""
    return Cutoff.objects.filter(
        kind=Kind.CUTOFF,
        initiator=Initiator.MODEL,
        trial=False,
        at__gt=since,
        at__lte=until,
        # Keys are minted from that time: what is younger is not walked past.
        pk__gte=keys.lowest(since),
        pk__lt=keys.lowest(until + timedelta(milliseconds=1)),
    )


def _noticed(
    source: int,
    subject: str,
    key: UUID,
    ended: datetime,
    opened: datetime | None,
    surprised: datetime | None,
    unsurprised: datetime | None,
) -> Noticed:
    """A cutoff with its user's first answer; what they said after a week does not undo it."""
    return Noticed(
        # Who is not known is somebody of their own.
        subject=f"{source}:{subject or key}",
        ended=ended,
        opened=opened,
        answered=min((at for at in (surprised, unsurprised) if at), default=None),
        surprised=surprised is not None and surprised - ended <= ANSWER_WINDOW,
    )
