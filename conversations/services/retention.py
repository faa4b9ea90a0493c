"""Deleting what has been kept for its term, source by source, but for what is on hold.

By row, in batches, each a transaction of its own: a run that was interrupted goes on when it
is run again. A whole month's partition is dropped once nothing but rows on hold is left in it,
and those have been moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from accounts.ledger import Actor, record
from conversations.keys import lowest, month_of
from conversations.models import (
    Cutoff,
    Event,
    EventRemainder,
    HeldTranscript,
    ParkedEvent,
    RelayedFeedback,
    Source,
    Transcript,
)
from conversations.retention import Terms, happened_before, received_before
from conversations.services import holds, parked
from conversations.services.months import drop_empty_months
from conversations.services.words import count_search_chunks, delete_search_chunks
from conversations.signals import kept_like_signals, signals_expired

#: How many rows one transaction takes.
BATCH: Final = 1_000

TRANSCRIPTS: Final = "transcripts"
SEARCH_CHUNKS: Final = "search_chunks"
REMAINDERS: Final = "remainders"
WAITING_FEEDBACK: Final = "waiting_feedback"
PARKED: Final = "parked"
SIGNALS: Final = "signals"

_FORGOTTEN: Final[dict[str, Any]] = {
    "severity": None,
    "distress": None,
    "risk_self": None,
    "risk_others": None,
    "refusals": None,
    "redirects": None,
    "warnings": None,
    "turns_after_warning": None,
    "locale": "",
    "country": "",
    "age_band": "",
}


class Line(NamedTuple):
    """What a count is of. ``month`` is that in which it happened, ``2026-11``.

    Of a parked event it is that in which it was received.
    """

    source: str
    month: str
    kind: str


@dataclass
class Report:
    """What was deleted, or would be; ``finished`` is False where the time was up."""

    counts: Counter[Line] = field(default_factory=Counter)
    dropped: list[str] = field(default_factory=list)
    finished: bool = True


@dataclass(frozen=True)
class _Run:
    """One run of :func:`enforce`."""

    now: datetime
    dry_run: bool
    time_is_up: Callable[[], bool]
    progress: Callable[[Report], None]
    report: Report = field(default_factory=Report)


def set_terms(*, source: Source, terms: Terms, actor: Actor) -> bool:
    """Keep the words and signals of *source* for so long from now on, what is there included.

    Whether that is new: what stands already leaves no line in the ledger.
    """
    wanted = {"transcript_days": terms.transcript_days, "signal_days": terms.signal_days}
    with transaction.atomic():
        stored = Source.objects.select_for_update().get(pk=source.pk)
        if all(getattr(stored, name) == days for name, days in wanted.items()):
            return False
        Source.objects.filter(pk=source.pk).update(**wanted)
        record(
            actor=actor,
            action="source.terms_set",
            obj="source",
            object_id=source.slug,
            details=wanted,
        )
    source.transcript_days, source.signal_days = terms.transcript_days, terms.signal_days
    return True


def enforce(
    *,
    now: datetime,
    dry_run: bool = False,
    time_is_up: Callable[[], bool] = lambda: False,
    progress: Callable[[Report], None] = lambda _report: None,
    slug: str | None = None,
) -> Report:
    """Delete what is over at *now*; a dry run counts and changes nothing.

    *time_is_up* is asked before each batch, *progress* told after it. With *slug* only for that
    source.
    """
    run = _Run(now, dry_run, time_is_up, progress)
    sources = Source.objects.order_by("slug")
    for source in sources.filter(slug=slug) if slug else sources:
        _enforce_for(source, run)
    if run.report.finished and not dry_run:
        run.report.dropped = drop_empty_months(now=now)
    return run.report


def _enforce_for(source: Source, run: _Run) -> None:
    words_over = _cutoffs_over(source, source.transcript_days, run.now)
    before = lowest(happened_before(run.now, source.transcript_days))
    for table in (Transcript, HeldTranscript):
        rows = table._default_manager.filter(pk__lt=before)
        _by_batches(source, run, _Deletion(TRANSCRIPTS, rows, words_over))
    remainders = EventRemainder.objects.filter(pk__lt=before)
    events_over = _events_over(source, run.now)
    _by_batches(source, run, _Deletion(REMAINDERS, remainders, events_over))
    waiting = RelayedFeedback.objects.filter(pk__lt=before, source=source, linked_at=None)
    said = waiting.exclude(comment="")
    _by_batches(source, run, _Silencing(WAITING_FEEDBACK, said, events_over))
    _by_batches(source, run, _parked_over(source, run.now))
    signals_over = _cutoffs_over(source, source.signal_days, run.now)
    before = lowest(happened_before(run.now, source.signal_days))
    known = Cutoff.objects.filter(pk__lt=before, source=source, signals_expired_at=None)
    _by_batches(source, run, _Forgetting(SIGNALS, known, signals_over))
    received = received_before(run.now, source.signal_days)
    answers: list[tuple[Any, Any]] = kept_like_signals.send(
        sender=Source, source=source, before=received, now=run.now
    )
    for _, offered in answers:
        _by_batches(source, run, _Deletion(*offered))
    _note(source, run)


def _cutoffs_over(source: Source, days: int, now: datetime) -> QuerySet[Cutoff]:
    over = Cutoff.objects.filter(source=source, received_at__lt=received_before(now, days))
    return over.exclude(holds.on_cutoff(now))


def _events_over(source: Source, now: datetime) -> QuerySet[Event]:
    received = received_before(now, source.transcript_days)
    return Event.objects.filter(~holds.event_is_held(now), source=source, received_at__lt=received)


def _parked_over(source: Source, now: datetime) -> _ParkedDeletion:
    received = received_before(now, source.transcript_days)
    over = ParkedEvent.objects.filter(source=source, parked_at__lt=received)
    return _ParkedDeletion(PARKED, over, over, source, now)


#: The key of a row: a UUID, or the number of a parked event.
_Key = Any


@dataclass(frozen=True)
class _Deletion:
    """Deleting those of *rows* whose cutoff or event is *over*, and with a transcript its chunks.

    *rows* are walked through by key, which they are old enough by, a page at a time; each page
    is held against *over*. The other way round, every batch would look at all that ever was.
    """

    kind: str
    rows: QuerySet[Any]
    over: QuerySet[Any]

    def page(self, after: _Key) -> list[_Key]:
        """The next keys to look at."""
        rest = self.rows.filter(pk__gt=after) if after else self.rows
        return list(rest.order_by("pk").values_list("pk", flat=True)[:BATCH])

    def due(self, page: list[_Key], *, lock: bool) -> list[_Key]:
        """Those of *page* whose term is over, in order; not those that another run deletes."""
        over = list(self.over.filter(pk__in=page).values_list("pk", flat=True))
        rows = self.rows.filter(pk__in=over).order_by("pk")
        if lock:
            rows = rows.select_for_update(skip_locked=True)
        return list(rows.values_list("pk", flat=True))

    def by_month(self, keys: list[_Key]) -> list[tuple[str, list[_Key]]]:
        """*keys* by the month of :class:`Line`."""
        grouped = groupby(keys, key=lambda key: f"{month_of(key):%Y-%m}")
        return [(month, list(together)) for month, together in grouped]

    def count(self, keys: list[_Key]) -> dict[str, int]:
        """What the deletion of *keys* would come to."""
        chunks = count_search_chunks(keys) if self.kind == TRANSCRIPTS else 0
        return {self.kind: len(keys), SEARCH_CHUNKS: chunks}

    def do(self, keys: list[_Key], now: datetime) -> dict[str, int]:
        """Delete *keys*."""
        deleted, _ = self.rows.filter(pk__in=keys).delete()
        chunks = delete_search_chunks(keys) if self.kind == TRANSCRIPTS else 0
        return {self.kind: deleted, SEARCH_CHUNKS: chunks}


@dataclass(frozen=True)
class _Forgetting(_Deletion):
    """Making signals unknown; the row, its standing and its audit draw stay."""

    def do(self, keys: list[_Key], now: datetime) -> dict[str, int]:
        """Forget the signals of *keys*, here and where they are repeated."""
        forgotten = self.rows.filter(pk__in=keys).update(signals_expired_at=now, **_FORGOTTEN)
        signals_expired.send(sender=Cutoff, cutoff_ids=keys, now=now)
        return {self.kind: forgotten}


@dataclass(frozen=True)
class _Silencing(_Deletion):
    """Emptying what a user said that still waits for its cutoff; that it came, stays."""

    def do(self, keys: list[_Key], now: datetime) -> dict[str, int]:
        """Empty the comments of *keys*."""
        return {self.kind: self.rows.filter(pk__in=keys).update(comment="")}


@dataclass(frozen=True)
class _ParkedDeletion(_Deletion):
    """Deleting parked events of *source*. Their ids stay taken: the row of the event stays."""

    source: Source
    now: datetime

    def due(self, page: list[_Key], *, lock: bool) -> list[_Key]:
        """Those that no hold keeps, which their content alone tells."""
        over = super().due(page, lock=lock)
        return parked.not_held(source=self.source, numbers=over, now=self.now)

    def by_month(self, keys: list[_Key]) -> list[tuple[str, list[_Key]]]:
        """By the month in which they were received."""
        rows = self.rows.filter(pk__in=keys).order_by("parked_at", "pk")
        grouped = groupby(
            rows.values_list("pk", "parked_at"), key=lambda row: f"{row[1].astimezone(UTC):%Y-%m}"
        )
        return [(month, [key for key, _ in together]) for month, together in grouped]


def _by_batches(source: Source, run: _Run, deletion: _Deletion) -> None:
    last: _Key = None
    while run.report.finished:
        if run.time_is_up():
            run.report.finished = False
            return
        page = deletion.page(last)
        if not page:
            return
        _one_batch(source, page, run, deletion)
        last = page[-1]
        run.progress(run.report)


@transaction.atomic
def _one_batch(source: Source, page: list[_Key], run: _Run, deletion: _Deletion) -> None:
    if not run.dry_run:
        holds.respect()
    for month, keys in deletion.by_month(deletion.due(page, lock=not run.dry_run)):
        done = deletion.count(keys) if run.dry_run else deletion.do(keys, run.now)
        for kind, count in done.items():
            if count:
                run.report.counts[Line(source.slug, month, kind)] += count


def _note(source: Source, run: _Run) -> None:
    """One line in the ledger for what a run deleted of a source."""
    totals: Counter[str] = Counter()
    for line, count in run.report.counts.items():
        if line.source == source.slug:
            totals[line.kind] += count
    if run.dry_run or not totals:
        return
    with transaction.atomic():
        record(
            actor=Actor.task("retention"),
            at=run.now,
            action="retention.enforced",
            obj="source",
            object_id=source.slug,
            details=dict(totals),
        )
