"""``make bench-intake``: events a second over HTTP, beside a plain view and beside COPY.

The load generator, two server processes and PostgreSQL share the machine's cores. Durability is
PostgreSQL's default. ``ratio`` is the events a second over HTTP divided by those of one process
that COPYs all the rows which the same events made; ``times_plain`` is over the plain view's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import psycopg

from bench import events, harness
from bench.load import Load, Target, percentile, send

BATCH = 500
CONNECTIONS = 4


def main() -> None:
    """Run all three and report."""
    count = harness.scale(100_000, least=5_000)
    with harness.servers():
        harness.set_up_django()
        key = harness.source_key()
        ours, memory = over_http(key, 0, count)
        _check(ours, count)
        copied = _copy(min(count, 20_000))
        plain = _plain(min(count, 20_000))
    rate = count / ours.seconds
    harness.report(
        "intake",
        ratio=round(rate / copied, 3),
        times_plain=round(rate / plain, 2),
        events_per_second=round(rate),
        plain_view_per_second=round(plain),
        copy_per_second=round(copied),
        batch_p50_ms=round(statistics.median(ours.latencies) * 1000),
        batch_p99_ms=round(percentile(ours.latencies, 0.99) * 1000),
        server_process_peak_mib=memory,
        events=count,
    )


def _check(load: Load, count: int) -> None:
    """A rate counts only where everything was stored."""
    from conversations.models import Cutoff
    from reviews.models import Case

    stored = (Cutoff.objects.count(), Case.objects.count())
    if set(load.statuses) != {202} or stored != (count, count):
        raise SystemExit(f"Not all was stored: {load.statuses}, {stored} of {count}.")


def over_http(key: str, first: int, count: int) -> tuple[Load, int]:
    """Send *count* events, numbered from *first*; the load, and the largest process's peak in MiB.

    A few of them beforehand: the partition of the month, the pools and the caches are no part of
    a sustained rate.
    """
    harness.say(f"{count:,} events over HTTP, batches of {BATCH}, {CONNECTIONS} connections …")
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    with harness.web("config.wsgi:application") as web:
        target = Target(web.port, "/api/v1/events", headers, CONNECTIONS)
        send([b"[" + events.event(first) + b"]"] * 8, target)
        load = send(events.batches(first + 1, count - 1, size=BATCH), target, progress=40)
        return load, web.peak_mib()


_TABLES = (
    ("conversations_event", "id"),
    ("conversations_conversation", "id"),
    ("conversations_cutoff", "id"),
    ("conversations_transcript", "cutoff_id"),
    ("conversations_enrichment", "cutoff_id"),
    ("reviews_case", "cutoff_id"),
    ("reviews_selection", "case_id"),
)


def _copy(count: int) -> float:
    """Events a second of one process that COPYs the rows of *count* events, 500 together.

    The rows are those that intake wrote, exported beforehand, into the same tables, emptied: the
    same indexes, constraints and partitions.
    """
    from django.db import connection, connections

    harness.say(f"COPY of all the rows of {count:,} events, one process …")
    settings = connection.get_connection_params()
    settings.pop("cursor_factory", None), settings.pop("context", None), settings.pop("pool", None)
    settings.pop("prepare_threshold", None)
    connections.close_all()
    with psycopg.connect(**settings) as server:
        pieces = list(_exported(server, count))
        with server.cursor() as cursor:
            # Append-only tables refuse TRUNCATE, rightly; this database is thrown away.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"TRUNCATE {', '.join(name for name, _ in _TABLES)} CASCADE")
            cursor.execute("SET session_replication_role = origin")
        server.commit()
        began = time.perf_counter()
        for piece in pieces:
            with server.cursor() as cursor:
                for (table, _), content in zip(_TABLES, piece, strict=True):
                    with cursor.copy(
                        f"COPY {table} ({_columns(server, table)}) FROM STDIN"
                    ) as copy:
                        copy.write(content)
            server.commit()
        return count / (time.perf_counter() - began)


def _columns(server: psycopg.Connection, table: str) -> str:
    with server.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attidentity = '' AND attgenerated = ''",
            [table],
        )
        row = cursor.fetchone()
        return str(row[0]) if row else ""


def _exported(server: psycopg.Connection, count: int) -> Iterator[list[bytes]]:
    """The rows of *count* events as COPY's own text, a piece for each batch."""
    with server.cursor() as cursor:
        cursor.execute(
            "SELECT id, conversation_id FROM conversations_cutoff ORDER BY id LIMIT %s", [count]
        )
        keys = cursor.fetchall()
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        cutoffs, conversations = [row[0] for row in part], [row[1] for row in part]
        yield [_rows_as_text(server, table, key, cutoffs, conversations) for table, key in _TABLES]


def _rows_as_text(
    server: psycopg.Connection,
    table: str,
    key: str,
    cutoffs: list[object],
    conversations: list[object],
) -> bytes:
    column = "cutoff_id" if table == "conversations_event" else key
    wanted = conversations if table == "conversations_conversation" else cutoffs
    ids = ", ".join(f"'{one}'" for one in wanted)
    with server.cursor() as cursor:
        columns = _columns(server, table)
        query = f"COPY (SELECT {columns} FROM {table} WHERE {column} IN ({ids})) TO STDOUT"
        with cursor.copy(query.encode()) as copy:
            return b"".join(bytes(piece) for piece in copy)


def _plain(count: int) -> float:
    """Events a second of the plain view, behind the same server."""
    from django.db import connection

    harness.say(f"{count:,} events to the plain view …")
    from bench.plain.tables import create

    create(connection)
    headers = {"Content-Type": "application/json"}
    with harness.web("bench.plain.wsgi:application") as web:
        target = Target(web.port, "/events", headers, CONNECTIONS)
        send([b"[" + events.event(0) + b"]"] * 8, target)
        load = send(events.batches(1, count - 1, size=BATCH), target, progress=20)
    if set(load.statuses) != {202}:
        raise SystemExit(f"The plain view failed: {load.statuses}.")
    return count / load.seconds


if __name__ == "__main__":
    main()
