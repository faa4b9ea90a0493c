"""The inbox of what users said: whom it shows what, how often ends surprise, and how many crises
were missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.ledger import Actor, record_each
from accounts.models import User
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
from reviews.models import Case, Feedback, Verdict
from reviews.permissions import facts_of_each, viewer_of
from reviews.phrases import STANDINGS, within
from reviews.services.care import excerpts_hidden
from reviews.services.seen import as_seen, gold_of
from reviews.visibility import Text, visible
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
class Line:
    """One feedback as one person is to see it.

    ``verdict`` is what its case settled with, empty where there is none or they are not to know;
    ``warning`` is what its words may be like; ``readable`` is whether they may ask for them.
    """

    said: Feedback
    case: Case
    verdict: str
    warning: str
    readable: bool


def listed_for(user: User, wanted: dict[str, str], *, words: bool = False) -> QuerySet[Feedback]:
    """The feedback that *user* may know of, as the filters of the inbox narrow it.

    With *words* for :func:`read`.
    """
    found = Feedback.objects.filter(case__in=Case.objects.listed_for(user))
    # When somebody wrote about a gold case would tell how old it is.
    if gold := gold_of(user, timezone.now()):
        found = found.exclude(case__in=list(gold))
    if read := wanted.get("read"):
        found = found.filter(read_at__isnull=read == "no")
    if reason := wanted.get("reason"):
        found = found.filter(reason=reason)
    if channel := wanted.get("channel"):
        found = found.filter(channel=channel)
    match wanted.get("said"):
        case "surprised":
            found = found.filter(surprised=True)
        case "not_surprised":
            found = found.filter(surprised=False)
        case "appeal":
            found = found.filter(appeal=True)
        case "open_appeal":
            found = found.filter(appeal=True, closed_at=None)
        case "not_assessed":
            found = found.not_assessed()
    beside = ("case__cutoff", "case__source", "read_by", "words")
    found = found.select_related(*beside)
    return found if words else found.defer("words__comment")


def lines(found: Sequence[Feedback], user: User) -> list[Line]:
    """*found* as *user* is to see it: states masked, verdicts only where they may know them."""
    cases = as_seen({one.case_id: one.case for one in found}.values(), user=user)
    by_key = {case.pk: case for case in cases}
    viewer, facts = viewer_of(user), facts_of_each(cases)
    shows = {case.pk: visible(viewer, facts[case.pk]) for case in cases}
    hidden = excerpts_hidden(cases, user=user)
    made = []
    for one in found:
        case, hiding = by_key[one.case_id], hidden[one.case_id]
        told = Text.VERDICTS in shows[case.pk] and bool(case.cutoff.standing)
        has_words = getattr(one, "words", None) is not None
        made.append(
            Line(
                said=one,
                case=case,
                verdict=within(STANDINGS, case.cutoff.standing) if told else "",
                warning=hiding.warning if hiding else "",
                readable=has_words and Text.FEEDBACK in shows[case.pk],
            )
        )
    return made


def read(found: Iterable[Line], *, user: User, now: datetime) -> None:
    """Note that *user* was given the words of *found*, a line in the ledger for each case."""
    readable = [line.said for line in found if line.readable]
    if not readable:
        return
    with transaction.atomic():
        keys = sorted(one.pk for one in readable)
        locked = Feedback.objects.select_for_update(no_key=True).filter(pk__in=keys)
        unread = locked.filter(read_at=None).order_by("pk").values_list("pk", flat=True)
        Feedback.objects.filter(pk__in=list(unread)).update(read_at=now, read_by=user)
        record_each(
            actor=Actor(user=user),
            action="feedback.opened",
            obj="case",
            details={key: {} for key in sorted({one.case_id for one in readable})},
            at=now,
        )
    for one in readable:
        if one.read_at is None:
            one.read_at, one.read_by = now, user


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
