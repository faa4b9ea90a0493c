"""Storing events: once each, durably, many at a time.

One transaction a batch. Every set of rows is written in the order of its keys, so that
overlapping batches wait for one another instead of deadlocking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Final, Literal, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import OuterRef, Subquery
from django.urls import reverse

from accounts.pipelines import without_waiting
from accounts.plans import kept_plans
from accounts.prepared import Prepared
from conversations import partitions, rows
from conversations.keys import month_of
from conversations.models import (
    AuditSettings,
    Cutoff,
    Event,
    Refusal,
    Source,
)
from conversations.parsing import Parsed, Rejected
from conversations.services import parked
from conversations.services.writing import write, write_events
from conversations.signals import cutoffs_recorded

log = structlog.get_logger(__name__)

T = TypeVar("T")
Status = Literal["accepted", "duplicate", "rejected"]

ATTEMPTS = 3
_RETRIED_STATES = {"40P01", "40001"}
_PARKED = "parked"


@dataclass(slots=True)
class Result:
    """What became of one event."""

    id: str
    status: Status
    conversation_id: str = ""
    notice_url: str = ""
    warnings: list[str] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)
    cutoff_id: UUID | None = None


def record(
    *, source: Source, items: Sequence[Parsed | Rejected], now: datetime, in_batch: bool = True
) -> list[Result]:
    """Store the valid events among *items*; the result of each, in order.

    When this returns, everything accepted is committed. Raises ``OperationalError`` where the
    database cannot be reached or three attempts met a deadlock; then nothing was stored.
    """
    first: dict[tuple[str, str], Parsed] = {}
    for item in items:
        if isinstance(item, Parsed):
            first.setdefault((item.ce_source, item.ce_id), item)
    stored = _store(source, list(first.values()), now) if first else {}
    results = [
        _result(index, item, first, stored, in_batch=in_batch) for index, item in enumerate(items)
    ]
    _log_refusals(source, results)
    return results


def _key(item: Parsed) -> tuple[str, str]:
    return item.ce_source, item.ce_id


def _result(
    index: int,
    item: Parsed | Rejected,
    first: dict[tuple[str, str], Parsed],
    stored: dict[tuple[str, str], Result],
    *,
    in_batch: bool,
) -> Result:
    if isinstance(item, Rejected):
        return Result(item.ce_id, "rejected", errors=item.errors)
    known = stored[_key(item)]
    leader = first[_key(item)]
    if leader is item and known.status != "rejected":
        return known
    if known.status != "rejected" and leader.digest == item.digest:
        return Result(item.ce_id, "duplicate", known.conversation_id, known.notice_url)
    error = {
        "pointer": f"/{index}/id" if in_batch else "/id",
        "code": "id_reused",
        "detail": "Another event was accepted under this id. Send this one under a new id.",
    }
    return Result(item.ce_id, "rejected", errors=[error])


_LATEST_SETTINGS: Final = Prepared(lambda: AuditSettings.objects.order_by("-id")[:1])


@kept_plans()
def _store(source: Source, events: list[Parsed], now: datetime) -> dict[tuple[str, str], Result]:
    settings_row = _LATEST_SETTINGS.first()
    assert settings_row  # noqa: S101 - written with the first source
    prepared = [rows.prepare(source, event, settings_row, now) for event in events]
    partitions.ensure(month_of(item.event.id) for item in prepared)
    try:
        return _retried(lambda: _store_together(source, prepared, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(prepared) > 1:
            log.exception("intake.batch_failed", source=source.slug, events=len(prepared))
        results: dict[tuple[str, str], Result] = {}
        for item in prepared:
            results.update(_store_or_park(source, item, now))
        return results


def _store_or_park(
    source: Source, item: rows.Prepared, now: datetime
) -> dict[tuple[str, str], Result]:
    """Store one event by itself; park it where something behind intake fails on it."""
    try:
        return _retried(lambda: _store_together(source, [item], now))
    except (OperationalError, InterfaceError):
        raise
    except Exception as failure:
        log.exception("intake.event_parked", source=source.slug)
        return _retried(partial(_park, source, item, type(failure).__name__, now))


def _park(
    source: Source, item: rows.Prepared, failure: str, now: datetime
) -> dict[tuple[str, str], Result]:
    if not parked.park(source=source, item=item, failure=failure, now=now):
        # Somebody else stored it meanwhile, or parked it.
        return _known_results(source, [item])
    result = Result(
        item.event.ce_id,
        "accepted",
        item.event.conversation_external_id,
        warnings=[*item.parsed.warnings, _PARKED],
    )
    return {_key(item.parsed): result}


def _retried(store: Callable[[], T]) -> T:
    """What *store* returns, tried again where PostgreSQL broke a deadlock."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return store()
        except OperationalError as error:
            if (
                attempt == ATTEMPTS
                or getattr(error.__cause__, "sqlstate", None) not in _RETRIED_STATES
            ):
                raise
    raise AssertionError("unreachable")


def _store_together(
    source: Source, prepared: list[rows.Prepared], now: datetime
) -> dict[tuple[str, str], Result]:
    # Not many events at once: all their rows would lie in the driver's memory.
    together = without_waiting() if len(prepared) == 1 else nullcontext()
    with transaction.atomic(), together:
        return _write(source, prepared, now)


def _write(
    source: Source, prepared: list[rows.Prepared], now: datetime
) -> dict[tuple[str, str], Result]:
    new_ids = write_events([item.event for item in prepared])
    fresh = [item for item in prepared if item.event.id in new_ids]
    results = _known_results(source, [item for item in prepared if item.event.id not in new_ids])
    if not fresh:
        return results
    cutoff_ids = write(fresh)
    if cutoff_ids:
        cutoffs_recorded.send(sender=Cutoff, cutoff_ids=cutoff_ids, now=now)
    results.update((_key(item.parsed), _accepted(item)) for item in fresh)
    return results


def _accepted(item: rows.Prepared) -> Result:
    return Result(
        item.event.ce_id,
        "accepted",
        item.event.conversation_external_id,
        notice_url(item.cutoff.notice_token if item.cutoff else None),
        warnings=item.parsed.warnings,
        cutoff_id=item.event.cutoff_id,
    )


def notice_url(token: str | None) -> str:
    """The address of a notice, below the configured public one; empty without a token."""
    if not token:
        return ""
    return f"{_notices(settings.RECOURSE_PUBLIC_URL)}{token}"


@cache
def _notices(public_url: str) -> str:
    """Where notices are: reversed once, since a batch asks a thousand times."""
    placeholder = "token"
    address = public_url.rstrip("/") + reverse("notice", args=[placeholder])
    return address.removesuffix(placeholder)


def _known_results(
    source: Source, prepared: Iterable[rows.Prepared]
) -> dict[tuple[str, str], Result]:
    """Events that were there before, parked ones too: duplicates, or other content under the id."""
    sent = {_key(item.parsed): item.parsed for item in prepared}
    if not sent:
        return {}
    token = Cutoff.objects.filter(id=OuterRef("cutoff_id")).values("notice_token")
    found = Event.objects.filter(
        source=source,
        ce_source__in={key[0] for key in sent},
        ce_id__in={key[1] for key in sent},
    ).values_list("ce_source", "ce_id", "digest", "conversation_external_id", Subquery(token))
    results = {}
    for ce_source, ce_id, digest, conversation, notice_token in found:
        parsed = sent.get((ce_source, ce_id))
        if parsed is None:
            continue
        same = bytes(digest) == parsed.digest
        results[ce_source, ce_id] = Result(
            ce_id,
            "duplicate" if same else "rejected",
            conversation,
            notice_url(notice_token) if same else "",
        )
    return results


def _log_refusals(source: Source, results: Iterable[Result]) -> None:
    refused = [result for result in results if result.status == "rejected"]
    if not refused:
        return
    Refusal.objects.bulk_create(
        Refusal(source=source, ce_id=result.id.replace("\x00", ""), errors=result.errors)
        for result in refused
    )
