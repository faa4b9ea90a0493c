"""What is found out after intake: evidence, conformance, words to search, and what is urgent.

It may raise a priority or select a case, never lower or deselect. The outbox row of a cutoff
is deleted in the same transaction, so that each is done once, however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, F, Min, Q
from django.utils import timezone

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.models import Cutoff, Enrichment
from conversations.services import search
from conversations.services.evidence import assess_transcripts
from policies.conformance import CRISIS_CUE, NO_WARNING, Conformance
from policies.services import conformance
from reviews.models import Case
from reviews.permissions import check_change_outcomes
from reviews.services import danger
from reviews.services.routing import learn_language_and_route
from reviews.services.selection import select
from reviews.vocabulary import CaseState, Reason

log = structlog.get_logger(__name__)

#: How many cutoffs one transaction takes.
BATCH = 50
#: After so many failures a cutoff is parked for an administrator to look at.
MOST_ATTEMPTS = 5
RETRY_AFTER = timedelta(seconds=30)
#: The sweep leaves what is younger to the message that was sent with it.
GRACE = timedelta(seconds=10)
#: Parked ones that a page lists; what stands behind them is mended together.
MOST_LISTED = 200


def enrich(*, cutoff_ids: Iterable[UUID], now: datetime | None = None) -> int:
    """Enrich the cutoffs that still wait in the outbox; how many were done.

    One that fails is tried again later by itself, and parked after five failures.
    """
    moment = now or timezone.now()
    wanted = sorted(set(cutoff_ids))
    done = 0
    for start in range(0, len(wanted), BATCH):
        done += _batch_or_each(wanted[start : start + BATCH], moment)
    return done


def waiting(*, now: datetime, limit: int) -> list[UUID]:
    """The cutoffs whose enrichment is due, oldest first."""
    return list(
        Enrichment.objects.filter(parked_at=None, due_at__lte=now)
        .order_by("due_at")
        .values_list("cutoff_id", flat=True)[:limit]
    )


@dataclass(frozen=True)
class Backlog:
    """What waits in the outbox.

    *lag* is the age of the oldest cutoff that is due, 0 where none is; *waiting* counts those
    not yet due too; *parked* are left to an administrator.
    """

    lag: timedelta
    waiting: int
    parked: int


def backlog(*, now: datetime) -> Backlog:
    """How far enrichment is behind."""
    found = Enrichment.objects.aggregate(
        oldest=Min("due_at", filter=Q(parked_at=None)),
        waiting=Count("pk", filter=Q(parked_at=None)),
        parked=Count("pk", filter=Q(parked_at__isnull=False)),
    )
    lag = max(now - (found["oldest"] or now), timedelta())
    return Backlog(lag, found["waiting"], found["parked"])


@dataclass(frozen=True)
class NotRead:
    """A conversation that a worker failed at for good, and the name of the failure.

    ``number`` is that of its case, None where the reader may not know of it.
    """

    number: int | None
    failure: str
    parked_at: datetime | None


def not_read(*, user: User) -> list[NotRead]:
    """What is parked, the oldest first, up to :data:`MOST_LISTED`, as *user* may know of it."""
    found = Enrichment.objects.filter(parked_at__isnull=False).order_by("parked_at", "pk")
    parked = list(found[:MOST_LISTED])
    cases = Case.objects.listed_for(user).filter(pk__in=[one.pk for one in parked])
    numbers = dict(cases.values_list("pk", "number"))
    return [NotRead(numbers.get(one.pk), one.failure, one.parked_at) for one in parked]


def try_again(*, user: User, now: datetime) -> int:
    """Take back what is parked: it is due now, with all of its attempts before it. How many.

    Raises ``PermissionDenied``.
    """
    check_change_outcomes(user)
    with transaction.atomic():
        parked = Enrichment.objects.filter(parked_at__isnull=False)
        locked = list(parked.order_by("pk").select_for_update().values_list("pk", flat=True))
        Enrichment.objects.filter(pk__in=locked).update(parked_at=None, attempts=0, due_at=now)
        if locked:
            record(
                actor=Actor(user=user),
                at=now,
                action="enrichment.tried_again",
                obj="enrichment",
                object_id="",
                details={"count": len(locked)},
            )
    return len(locked)


def _batch_or_each(cutoff_ids: list[UUID], now: datetime) -> int:
    try:
        return _together(cutoff_ids, now)
    except (OperationalError, InterfaceError):
        # The database is away or busy: no cutoff's fault. The sweep comes back to them.
        raise
    except Exception:
        log.exception("enrichment.batch_failed", cutoffs=len(cutoff_ids))
    return sum(_alone(cutoff_id, now) for cutoff_id in cutoff_ids)


def _alone(cutoff_id: UUID, now: datetime) -> int:
    try:
        return _together([cutoff_id], now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as failure:
        log.exception("enrichment.failed", cutoff=str(cutoff_id))
        _note_failure(cutoff_id, failure, now)
        return 0


def _note_failure(cutoff_id: UUID, failure: Exception, now: datetime) -> None:
    """The name of the failure only: its message may quote a transcript."""
    rows = Enrichment.objects.filter(pk=cutoff_id)
    rows.update(
        attempts=F("attempts") + 1, failure=type(failure).__name__, due_at=now + RETRY_AFTER
    )
    rows.filter(attempts__gte=MOST_ATTEMPTS).update(parked_at=now)


@transaction.atomic
def _together(cutoff_ids: list[UUID], now: datetime) -> int:
    taken = list(
        Enrichment.objects.select_for_update(skip_locked=True)
        .filter(pk__in=cutoff_ids, parked_at=None)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not taken:
        return 0
    found = assess(taken)
    _lock(taken)
    _raise_cases(found, now)
    learn_language_and_route(cutoff_ids=taken)
    search.index(taken)
    Enrichment.objects.filter(pk__in=taken).delete()
    return len(taken)


def assess(cutoff_ids: Iterable[UUID]) -> dict[UUID, Conformance]:
    """Evidence and conformance of cutoffs, kept and returned; for a case opened too early too."""
    cutoffs = list(Cutoff.objects.filter(pk__in=sorted(cutoff_ids)).order_by("pk"))
    evidence = assess_transcripts(cutoffs)
    return conformance.compute(cutoffs=cutoffs, evidence=evidence)


def _lock(cutoff_ids: list[UUID]) -> None:
    """Lock the cases in the order of their keys, as everybody does who changes several."""
    cases = Case.objects.filter(pk__in=cutoff_ids).order_by("pk")
    list(cases.select_for_update(no_key=True).values_list("pk", flat=True))


def _raise_cases(found: dict[UUID, Conformance], now: datetime) -> None:
    """Flag what the transcript shows: a crisis cue, or that no turn was marked as a warning."""
    shown = {key: set(result.breaches) & {CRISIS_CUE, NO_WARNING} for key, result in found.items()}
    cases = Case.objects.filter(pk__in=[key for key, codes in shown.items() if codes])
    told: dict[UUID, list[str]] = {}
    for case in cases.order_by("pk"):
        if new := sorted(shown[case.pk] - set(case.flags)):
            _flag(case, new, now)
            if case.is_cutoff:
                told[case.pk] = new
    if told:
        danger.shown(found=told, now=now)


def _flag(case: Case, codes: list[str], now: datetime) -> None:
    """Note the rules that the transcript shows broken; a near miss broke none, nobody ended it."""
    case.flags = [*case.flags, *codes]
    case.crisis = case.crisis or CRISIS_CUE in codes
    case.breach = case.breach or case.is_cutoff
    case.save(update_fields=["flags", "crisis", "breach"])
    if not case.is_cutoff or case.state == CaseState.SETTLED:
        return
    select(case=case, reason=Reason.BREACH, now=now)
    if CRISIS_CUE in codes:
        select(case=case, reason=Reason.CUE, now=now)
