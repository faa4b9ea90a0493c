"""Events that wait to be enriched, and a task that hangs in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.faults.installation import Installation
from tests.faults.senders import Sent, batch_of, post

#: What enrichment writes for each cutoff; whoever holds it holds the task up.
EVIDENCE = "conversations_transcriptevidence"


@contextmanager
def held_up(installation: Installation) -> Iterator[psycopg.Connection]:
    """Nobody can write evidence while the body of ``with`` runs: a task hangs in the middle."""
    with psycopg.connect(installation.address) as connection:
        connection.execute(f"LOCK TABLE {EVIDENCE} IN EXCLUSIVE MODE".encode())
        yield connection


def waits_for_evidence(installation: Installation) -> bool:
    """Whether a task hangs there."""
    query = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
    return bool(installation.rows(query, EVIDENCE)[0][0])


def enriched(installation: Installation, ids: list[str]) -> bool:
    """Whether each of the events *ids* has its evidence, and the outbox is empty."""
    found = installation.rows(
        f"SELECT count(*) FROM conversations_event event"  # noqa: S608 - our own words
        f" JOIN {EVIDENCE} found ON found.cutoff_id = event.cutoff_id WHERE ce_id = ANY(%s)",
        ids,
    )
    return found[0][0] == len(ids) and installation.waiting_for_enrichment() == 0


def send(installation: Installation, name: str, size: int = 50) -> list[str]:
    """One batch, accepted at the first attempt; its ids."""
    ids, body = batch_of(name, size)
    sent = Sent()
    sent.note(*post(installation.port, installation.key, body))
    assert sent.results == {"accepted": size}, sent.statuses
    return ids
