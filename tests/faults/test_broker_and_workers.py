"""The broker stopped, a worker killed at its task: events go in, and each is enriched later."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.faults.installation import Installation, children, until
from tests.faults.senders import Sent, batch_of, post

SWEEP = "reviews.tasks.sweep_enrichment"
#: What enrichment writes for each cutoff; whoever holds it holds the task up.
EVIDENCE = "conversations_transcriptevidence"


@pytest.fixture(autouse=True)
def _nothing_waits(installation: Installation) -> None:
    """What other tests left in the outbox is none of these tests' business."""
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute("DELETE FROM conversations_enrichment")


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


def swept(installation: Installation, ids: list[str]) -> None:
    """Sweep until *ids* are enriched; the grace in which a sweep leaves them alone is over."""
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute("UPDATE conversations_enrichment SET due_at = due_at - '10 s'::interval")

    def done() -> bool:
        installation.call(SWEEP)
        return enriched(installation, ids)

    until(done, seconds=90, what="the sweep enriches what was left behind")


def test_the_broker_stopped(installation: Installation) -> None:
    installation.valkey.stop()
    ids = send(installation, "no-broker")
    assert installation.waiting_for_enrichment() == len(ids)
    installation.valkey.start()
    installation.start_worker()
    swept(installation, ids)
    installation.check_nothing_lost(ids)
    installation.kill_worker()


def test_a_worker_killed_at_its_task(installation: Installation) -> None:
    installation.start_worker()
    with held_up(installation):
        ids = send(installation, "whole-worker")
        until(lambda: waits_for_evidence(installation), seconds=30, what="a task is at work")
        installation.kill_worker()
    assert not enriched(installation, ids)
    installation.start_worker()
    swept(installation, ids)
    installation.kill_worker()


def test_one_process_of_a_worker_killed_at_its_task(installation: Installation) -> None:
    """The message was not acknowledged: it is delivered again at once, without any sweep."""
    installation.start_worker()
    assert installation.worker is not None
    with held_up(installation):
        ids = send(installation, "one-process")
        until(lambda: waits_for_evidence(installation), seconds=30, what="a task is at work")
        for process in children(installation.worker.pid):
            os.kill(process, signal.SIGKILL)
    until(lambda: enriched(installation, ids), seconds=30, what="the task is done again")
    installation.kill_worker()
