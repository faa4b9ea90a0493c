"""The same faults with RabbitMQ, the broker of larger installations; skipped where it is not."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.queues import REDELIVERIES
from tests.faults.enriching import EVIDENCE, enriched, held_up, send, waits_for_evidence
from tests.faults.installation import Installation, children, until
from tests.faults.rabbitmq import RabbitMQ, programs

pytestmark = pytest.mark.skipif(
    programs() is None,
    reason="no RabbitMQ on this machine (Debian: apt-get install rabbitmq-server)",
)


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[RabbitMQ]:
    with tempfile.TemporaryDirectory(prefix="recourse-rabbit-") as directory:
        broker = RabbitMQ(Path(directory))
        try:
            broker.start()
            yield broker
        finally:
            broker.close()


@pytest.fixture(scope="module")
def whole(rabbitmq: RabbitMQ) -> Iterator[Installation]:
    with (
        tempfile.TemporaryDirectory(prefix="recourse-faults-") as directory,
        Installation(Path(directory), broker=rabbitmq.address) as installation,
    ):
        yield installation


@pytest.fixture
def installation(whole: Installation) -> Iterator[Installation]:
    """Nothing waits that another test left; no worker runs before or after."""
    with psycopg.connect(whole.address, autocommit=True) as connection:
        connection.execute("DELETE FROM conversations_enrichment")
    yield whole
    if whole.worker:
        whole.kill_worker()


def at_work(installation: Installation) -> None:
    until(lambda: waits_for_evidence(installation), seconds=30, what="a task is at work")


def done(installation: Installation, ids: list[str]) -> None:
    """Within the time that a sweep takes, which has what a stale connection did not send."""
    until(lambda: enriched(installation, ids), seconds=120, what="the task is done")


def forget_the_dead(installation: Installation) -> None:
    """End what killed processes asked of the database, which does not notice while it waits."""
    installation.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_locks"
        " WHERE relation = %s::regclass AND NOT granted",
        EVIDENCE,
    )
    until(lambda: not waits_for_evidence(installation), seconds=30, what="it is forgotten")


def overdue(installation: Installation) -> None:
    """The grace in which a sweep leaves new cutoffs alone is over."""
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute("UPDATE conversations_enrichment SET due_at = due_at - '10 s'::interval")


def test_a_task_goes_through_a_quorum_queue(installation: Installation, rabbitmq: RabbitMQ) -> None:
    """A worker that asked for a global prefetch count would be refused by such a queue."""
    installation.start_worker()
    done(installation, send(installation, "quorum"))
    assert rabbitmq.queue("type", "durable") == {"type": "quorum", "durable": "true"}


def test_what_a_killed_worker_held_is_done_again(installation: Installation) -> None:
    """The message was not acknowledged: the next worker gets it at once, without any sweep."""
    installation.start_worker()
    with held_up(installation):
        ids = send(installation, "whole-worker")
        at_work(installation)
        installation.kill_worker()
    assert not enriched(installation, ids)
    installation.start_worker()
    done(installation, ids)


def test_a_task_that_kills_its_worker_is_given_up(
    installation: Installation, rabbitmq: RabbitMQ
) -> None:
    """It is delivered a few times only, and does not keep the others from their work."""
    installation.start_worker()
    assert installation.worker is not None
    worker = installation.worker.pid
    with held_up(installation):
        ids = send(installation, "poison")
        for _ in range(REDELIVERIES + 1):
            at_work(installation)
            for process in children(worker):
                os.kill(process, signal.SIGKILL)
            forget_the_dead(installation)
        until(lambda: rabbitmq.queue("messages") == {"messages": "0"}, seconds=30, what="gone")
    assert installation.waiting_for_enrichment() == len(ids)
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute("UPDATE conversations_enrichment SET due_at = due_at + '1 h'::interval")
    others = send(installation, "healthy")
    until(
        lambda: installation.waiting_for_enrichment() == len(ids),
        seconds=30,
        what=f"{len(others)} others are done",
    )


def test_the_broker_stopped(installation: Installation, rabbitmq: RabbitMQ) -> None:
    """Worker, beat and web server find it again by themselves; the sweep finds what it missed."""
    installation.start_worker("--beat", "--schedule", str(installation.directory / "beat"))
    done(installation, send(installation, "before"))
    rabbitmq.stop()
    ids = send(installation, "no-broker")
    time.sleep(float(os.environ.get("FAULT_OUTAGE", "5")))
    rabbitmq.start()
    overdue(installation)
    done(installation, ids)
    done(installation, send(installation, "after"))
    installation.check_nothing_lost(ids)


def test_a_broker_that_takes_nothing_holds_up_nobody(
    installation: Installation, rabbitmq: RabbitMQ
) -> None:
    """Out of memory or disk it blocks who publishes, without a word; intake goes on."""
    installation.start_worker("--beat", "--schedule", str(installation.directory / "beat"))
    done(installation, send(installation, "roomy"))
    rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1")
    try:
        ids = [one for number in range(20) for one in send(installation, f"full-{number}", 5)]
    finally:
        rabbitmq.control("set_vm_memory_high_watermark", "0.4")
    overdue(installation)
    done(installation, ids)
