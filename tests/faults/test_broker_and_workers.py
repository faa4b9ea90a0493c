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


def test_worker_and_beat_live_through_a_broker_that_goes_for_seconds(
    installation: Installation,
) -> None:
    """Nobody starts or calls anything: the same two processes do what waited."""
    installation.start_worker()
    installation.start_beat()
    before = send(installation, "before-the-outage")
    until(lambda: enriched(installation, before), seconds=30, what="the worker works")
    beat, worker = installation.beat, installation.worker
    assert beat is not None
    assert worker is not None
    at_work = children(worker.pid)
    try:
        installation.valkey.stop()
        ids = send(installation, "in-the-outage")
        # Some tasks are due every five seconds: a tick of the beat finds no broker.
        time.sleep(6)
        installation.valkey.start()
        assert installation.waiting_for_enrichment() == len(ids)
        until(lambda: enriched(installation, ids), seconds=60, what="what waited is done")
        assert (worker.poll(), beat.poll()) == (None, None)
        assert children(worker.pid) == at_work
        installation.check_nothing_lost(before + ids)
    finally:
        installation.stop_beat()
        installation.kill_worker()
    assert b"Connection error" in (installation.directory / "beat.log").read_bytes()


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
