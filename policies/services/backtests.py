"""Backtests as records: asked for, run by a worker, cancelled, taken up again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from policies.backtest import Filters, Question
from policies.backtest_figures import SCHEMA, Figures
from policies.backtest_models import UNFINISHED, Backtest, BacktestQuerySet, BacktestState
from policies.backtest_sums import figures
from policies.models import PolicyVersion
from policies.services.backtest_scan import scan
from policies.services.code_version import code_version
from policies.thresholds import Thresholds, parse

log = structlog.get_logger(__name__)

#: How often one is begun before it is given up.
MOST_ATTEMPTS: Final = 3
#: Without a sign of life for so long, whoever ran it is dead: above a task's hard time limit.
SILENCE: Final = timedelta(minutes=5)
#: So long a queued one waits for the message that the broker has of it.
PATIENCE: Final = timedelta(seconds=30)
#: No filter.
EVERYTHING: Final = Filters()
LONGEST_WINDOW: Final = timedelta(days=3 * 366)
#: No event has an earlier time (docs/reference/api.md, "Time and text"), and none a later one for
#: long.
EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Stopped(Exception):
    """It was cancelled, or somebody else took it up."""


def request(
    *,
    candidate: Thresholds,
    since: datetime,
    until: datetime,
    now: datetime,
    actor: Actor,
    candidate_number: int | None = None,
    baseline: PolicyVersion | None = None,
    filters: Filters = EVERYTHING,
) -> Backtest:
    """Note a backtest; a task runs it. Raises ``ValidationError`` for a window without length."""
    check_window(since, until)
    with transaction.atomic():
        backtest = Backtest.objects.create(
            candidate=msgspec.to_builtins(candidate),
            candidate_number=candidate_number,
            baseline=baseline,
            since=since,
            until=until,
            filters=msgspec.to_builtins(filters),
            requested_by=actor.user,
            requested_at=now,
        )
        record(
            actor=actor,
            at=now,
            action="backtest.requested",
            obj="backtest",
            object_id=backtest.pk,
            details={"candidate": candidate_number, "baseline": baseline and baseline.pk},
        )
    return backtest


def check_window(since: datetime, until: datetime) -> None:
    """Raise ``ValidationError`` for a window that has no length, or too great a one, or lies
    outside of all times that an event may have.
    """
    if since >= until:
        raise ValidationError({"until": gettext("The window must end after it begins.")})
    if until - since > LONGEST_WINDOW:
        raise ValidationError({"since": gettext("The window must be three years or less.")})
    if until < EARLIEST:
        raise ValidationError(
            {"until": gettext("No event is so old: the window ends before 2015.")}
        )
    if until > LATEST:
        raise ValidationError({"until": gettext("The window must end before the year 2200.")})


def cancel(*, backtest: Backtest, now: datetime, actor: Actor) -> bool:
    """Stop it, queued or running; False where it had finished. A worker sees it within a month's
    scan and writes nothing more.
    """
    with transaction.atomic():
        stopped = Backtest.objects.filter(pk=backtest.pk, state__in=UNFINISHED).update(
            state=BacktestState.CANCELLED, finished_at=now
        )
        if stopped:
            record(
                actor=actor,
                at=now,
                action="backtest.cancelled",
                obj="backtest",
                object_id=backtest.pk,
            )
    return bool(stopped)


def run(*, backtest_id: UUID, clock: Callable[[], datetime] = timezone.now) -> None:
    """Compute a queued backtest and keep its figures. Run twice, it is computed once.

    What goes wrong is kept in words, and raised no further: the record is the answer.
    """
    backtest = _begin(backtest_id, clock())
    if backtest is None:
        return
    try:
        found = figures(scan(question_of(backtest), progress=_progress_of(backtest, clock)))
    except Stopped:
        log.info("backtest.stopped", backtest=str(backtest_id))
        return
    except msgspec.ValidationError:
        _fail(backtest, clock(), "A policy of it can no longer be read by this version.")
        return
    except DatabaseError:
        log.exception("backtest.failed", backtest=str(backtest_id))
        _fail(backtest, clock(), "The database stopped answering. Start it again.")
        return
    _mine(backtest).update(
        state=BacktestState.DONE,
        progress=100,
        finished_at=clock(),
        figures=msgspec.to_builtins(found),
        code_version=code_version(),
    )


def give_up(*, backtest_id: UUID, now: datetime, words: str) -> None:
    """Mark a running backtest as failed."""
    Backtest.objects.filter(pk=backtest_id, state=BacktestState.RUNNING).update(
        state=BacktestState.FAILED, finished_at=now, error=words
    )


def left_behind(*, now: datetime) -> list[UUID]:
    """Queued ones to be begun: what the broker lost, and what a dead worker held.

    One that was begun too often fails.
    """
    dead = Backtest.objects.filter(state=BacktestState.RUNNING, beat_at__lt=now - SILENCE)
    dead.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=BacktestState.FAILED,
        finished_at=now,
        error=f"It was begun {MOST_ATTEMPTS} times, and its worker died each time.",
    )
    dead.update(state=BacktestState.QUEUED, progress=0, started_at=None, beat_at=None)
    waiting = Backtest.objects.filter(
        state=BacktestState.QUEUED, requested_at__lt=now - PATIENCE
    ).order_by("requested_at")
    return list(waiting.values_list("pk", flat=True))


def finished_of(content: dict[str, Any]) -> BacktestQuerySet:
    """Those that are done of exactly what *content* says, in figures that can be shown; the
    newest first.
    """
    done = Backtest.objects.filter(state=BacktestState.DONE, candidate=content)
    return done.filter(figures__schema=SCHEMA).order_by("-requested_at")


def figures_of(backtest: Backtest) -> Figures | None:
    """The kept figures; None while there are none, or where their form is another one now."""
    if backtest.figures is None or backtest.figures.get("schema") != SCHEMA:
        return None
    return msgspec.convert(backtest.figures, Figures)


def question_of(backtest: Backtest) -> Question:
    """What was asked. Raises ``msgspec.ValidationError`` where it can no longer be read."""
    return Question(
        candidate=parse(backtest.candidate),
        baseline=backtest.baseline.thresholds if backtest.baseline else None,
        since=backtest.since,
        until=backtest.until,
        now=backtest.requested_at,
        filters=msgspec.convert(backtest.filters, Filters),
    )


def _begin(backtest_id: UUID, now: datetime) -> Backtest | None:
    with transaction.atomic():
        backtest = (
            Backtest.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("baseline")
            .filter(pk=backtest_id, state=BacktestState.QUEUED)
            .first()
        )
        if backtest is None:
            return None
        backtest.state = BacktestState.RUNNING
        backtest.attempts += 1
        backtest.started_at = backtest.beat_at = now
        backtest.save(update_fields=["state", "attempts", "started_at", "beat_at"])
    return backtest


def _mine(backtest: Backtest) -> BacktestQuerySet:
    """The record, as long as this attempt is the one that runs."""
    return Backtest.objects.filter(
        pk=backtest.pk, state=BacktestState.RUNNING, attempts=backtest.attempts
    )


def _progress_of(backtest: Backtest, clock: Callable[[], datetime]) -> Callable[[int], None]:
    def progress(percent: int) -> None:
        if not _mine(backtest).update(progress=percent, beat_at=clock()):
            raise Stopped

    return progress


def _fail(backtest: Backtest, now: datetime, words: str) -> None:
    _mine(backtest).update(state=BacktestState.FAILED, finished_at=now, error=words)
