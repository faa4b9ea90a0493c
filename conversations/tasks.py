"""What Celery does for intake, erasure and retention. Each task can be run twice."""

from __future__ import annotations

import time
from collections import Counter
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from conversations import partitions
from conversations.partitions import next_month
from conversations.services import erasure, rehearsal, retention, search

log = structlog.get_logger(__name__)

#: How many batches of an erasure one task does; the next task goes on.
MOST_BATCHES = 100
#: Seconds after which a run of retention hands on to the next one, below the tasks' time limit.
LONGEST_RETENTION = 120


@shared_task
def make_partitions() -> None:
    """The partitions of this month and the next, before the first event needs them."""
    this = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    partitions.ensure([this, next_month(this)])


@shared_task
def erase(request_id: str) -> None:
    """Erase a person's words; what one task does not come to is for the next one."""
    finished = erasure.run(request_id=UUID(request_id), now=timezone.now(), most=MOST_BATCHES)
    if not finished:
        erase.delay(request_id)


@shared_task
def sweep_erasures() -> None:
    """Go on with what the broker lost, a dead worker held, or a hold let go of."""
    for request_id in erasure.to_do(now=timezone.now()):
        erasure.run(request_id=request_id, now=timezone.now(), most=MOST_BATCHES)


@shared_task
def enforce_retention() -> None:
    """Delete what has been kept for its term; what one task does not come to, the next one does."""
    end = time.monotonic() + LONGEST_RETENTION
    report = retention.enforce(now=timezone.now(), time_is_up=lambda: time.monotonic() > end)
    totals: Counter[str] = Counter()
    for line, count in report.counts.items():
        totals[line.kind] += count
    log.info("retention.enforced", dropped=report.dropped, finished=report.finished, **totals)
    if not report.finished:
        enforce_retention.delay()


@shared_task
def rehearse_retention(slug: str, token: str) -> None:
    """Count what the next run of retention would delete of a source; it deletes nothing."""
    end = time.monotonic() + LONGEST_RETENTION
    rehearsal.run(
        slug=slug,
        token=token,
        now=timezone.now(),
        clock=timezone.now,
        time_is_up=lambda: time.monotonic() > end,
    )


@shared_task
def index_missing(after: str = "") -> int:
    """Make findable what has no words in the search yet; how many there were.

    Cutoffs that were enriched before there was a search, or whose rows were lost. What one task
    does not come to, the next one does.
    """
    end = time.monotonic() + LONGEST_RETENTION
    last, done = UUID(after) if after else None, 0
    while time.monotonic() < end:
        page = search.index_missing(after=last)
        done += page.indexed
        if page.last is None:
            return done
        last = page.last
    index_missing.delay(str(last or ""))
    return done
