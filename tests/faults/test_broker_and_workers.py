"""The broker stopped, a worker killed at its task: events go in, and each is enriched later."""

from __future__ import annotations

import os
import signal
import time

import psycopg
import pytest

from conversations.hurrying import REST_SECONDS
from tests.faults.enriching import enriched, held_up, send, waits_for_evidence
from tests.faults.installation import Installation, children, until

SWEEP = "reviews.tasks.sweep_enrichment"


@pytest.fixture(autouse=True)
def _nothing_waits(installation: Installation) -> None:
    """What other tests left in the outbox is none of these tests' business."""
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute("DELETE FROM conversations_enrichment")


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
    # A server process tells a broker that was away of nothing for so long; the next tests need it.
    time.sleep(REST_SECONDS)


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
