"""A database as intake leaves it after many events, filled by SQL in minutes instead of hours.

One event goes in through intake itself; its rows are then multiplied, each with keys, times and
ids of its own, into the same tables under the same constraints. Cases are opened by those who
open them after intake. Enrichment is thought done: the outbox is empty.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bench import events, harness
from conversations import parsing, partitions
from conversations.api import limits
from conversations.models import Cutoff, Enrichment, Source
from conversations.services import intake
from conversations.signals import cutoffs_recorded

PIECE = 20_000

#: The stored events lie in the year before those that the benchmarks send.
LAST = datetime(2026, 10, 20, 9, tzinfo=UTC)
YEAR = timedelta(days=365)

_MADE = """
CREATE TEMP TABLE made AS
SELECT number, label, at,
       {event} AS event_id, {conversation} AS conversation_id, {cutoff} AS cutoff_id
FROM (
    SELECT number,
           lpad(mod((%(first)s + number) * {scatter}, 10000000000)::text, 10, '0') AS label,
           %(first_at)s::timestamptz + (number * 1.0 / %(count)s) * %(span)s::interval AS at
    FROM generate_series(%(start)s::bigint, %(last)s::bigint) AS number
) AS numbered
"""

_RESULT = Cutoff._meta.db_table

# What differs from the first event's row; every other column is copied.
_TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "conversations_event": (
        "cutoff_id",
        {
            "id": "made.event_id",
            "ce_id": "'evt-' || made.label",
            "time": "made.at",
            "received_at": "made.at",
            "digest": "sha256(made.label::bytea)",
            "conversation_external_id": "'conv-' || made.label",
            "cutoff_id": "made.cutoff_id",
        },
    ),
    "conversations_conversation": (
        "latest_cutoff_id",
        {
            "id": "made.conversation_id",
            "external_id": "'conv-' || made.label",
            "subject": "md5('user-' || made.label)",
            "started_at": "made.at - interval '20 minutes'",
            "latest_cutoff_id": "made.cutoff_id",
            "ended_at": "made.at",
        },
    ),
    _RESULT: (
        "id",
        {
            "id": "made.cutoff_id",
            "conversation_id": "made.conversation_id",
            "at": "made.at",
            "received_at": "made.at",
            "in_audit": "random() < first.audit_probability",
            "in_double": "random() < first.double_probability",
            "notice_token": "substr(md5('notice' || made.label), 1, 24)",
        },
    ),
    "conversations_transcript": (
        "cutoff_id",
        {
            "cutoff_id": "made.cutoff_id",
            "messages": "replace(first.messages, %(label)s, made.label)",
        },
    ),
}


def fill(*, source: Source, count: int, first: int = 0) -> None:
    """Store *count* events of :mod:`bench.events`, numbered from *first*."""
    harness.say(f"Storing {count:,} events by SQL …")
    row = _store_first(source, first)
    partitions.ensure(
        (LAST - YEAR + timedelta(days=days)).replace(day=1, hour=0) for days in range(366)
    )
    for start in range(1, count, PIECE):
        with transaction.atomic():
            _multiply(row, first, start, min(start + PIECE, count) - 1, count)
        if (start // PIECE) % 10 == 9:
            harness.say(f"  {start + PIECE - 1:,}")
    with connection.cursor() as cursor:
        # What autovacuum and the checkpointer would else do in the middle of what is measured.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
        cursor.execute("CHECKPOINT")


def _store_first(source: Source, number: int) -> Cutoff:
    now = timezone.now()
    items = parsing.parse_events([events.event(number)], limits=limits(), now=now, in_batch=True)
    (result,) = intake.record(source=source, items=items, now=now)
    Enrichment.objects.all().delete()
    assert result.cutoff_id
    return Cutoff.objects.get(id=result.cutoff_id)


def _multiply(row: Cutoff, first: int, start: int, last: int, count: int) -> None:
    parameters: dict[str, Any] = {
        "first": first,
        "start": start,
        "last": last,
        "count": count,
        "first_at": LAST - YEAR,
        "span": YEAR,
        "id": row.id,
        "label": events.label(first),
    }
    keys = {name: _key(name) for name in ("event", "conversation", "cutoff")}
    with connection.cursor() as cursor:
        cursor.execute(_MADE.format(scatter=events.SCATTER, **keys), parameters)
        for table, (key, changes) in _TABLES.items():
            columns = harness.columns(cursor, table)
            values = [changes.get(name, f"first.{name}") for name in columns]
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
                f" FROM made, {table} AS first WHERE first.{key} = %(id)s ORDER BY made.number",
                parameters,
            )
        cursor.execute("SELECT cutoff_id FROM made ORDER BY number")
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE made")
    cutoffs_recorded.send(sender=Cutoff, cutoff_ids=ids, now=timezone.now())


def _key(purpose: str) -> str:
    """A UUIDv7 of the moment ``at`` (RFC 9562, section 5.7) as an SQL expression."""
    rest = f"md5('{purpose}' || label)"
    return (
        "(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'"
        f" || substr({rest}, 1, 3) || '8' || substr({rest}, 4, 15))::uuid"
    )
