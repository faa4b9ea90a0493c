"""Server processes killed, the same events at once, the database gone: nothing lost, none twice."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults.installation import Installation, until
from tests.faults.senders import Sent, batch_of, body_of, deliver, event_named, post, sending

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "6"))
"""How many times a server process is killed; 50 for the long run."""


def victim(installation: Installation, dice: random.Random) -> int:
    """One of the server processes that run."""

    def some_run() -> bool:
        installation.keep_up()
        return bool(installation.web_processes())

    until(some_run, seconds=30, what="a server process runs")
    return dice.choice(installation.web_processes())


def test_server_processes_killed_in_mid_batch(installation: Installation) -> None:
    dice = random.Random(20_261_120)
    with sending(installation.port, installation.key, name="kill", senders=8, size=50) as sent:
        for _ in range(ROUNDS):
            time.sleep(dice.uniform(0.2, 1.5))
            os.kill(victim(installation, dice), signal.SIGKILL)
        installation.settle()

    assert sent.broken > 0, "No kill met a request."
    assert set(sent.statuses) == {202}
    assert sent.results["rejected"] == 0
    assert sent.without_notice == 0
    assert len(sent.acknowledged) == len(set(sent.acknowledged))
    installation.check_nothing_lost(sent.acknowledged)


def test_the_same_events_at_once_each_in_another_order(installation: Installation) -> None:
    dice = random.Random(8)
    events = [event_named(f"same-{number}") for number in range(1000)]
    orders = [dice.sample(events, len(events)) for _ in range(8)]
    sent = Sent()

    def send(order: list[dict[str, object]], size: int) -> None:
        for start in range(0, len(order), size):
            body = body_of(order[start : start + size])
            sent.note(*post(installation.port, installation.key, body))

    # Four send all at once, four in pieces that overlap with everybody's.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, orders, [1000, 100] * 4))

    assert set(sent.statuses) == {202}
    assert sent.results == {"accepted": 1000, "duplicate": 7000}
    assert sent.without_notice == 0
    installation.check_nothing_lost([event["id"] for event in events])


def test_the_database_killed_under_load(installation: Installation) -> None:
    port, key = installation.port, installation.key
    with sending(port, key, name="database", senders=8, size=50) as sent:
        until(lambda: sent.statuses[202] > 10, seconds=20, what="senders are at work")
        installation.kill_database()
        until(lambda: sent.statuses[503] >= 4, seconds=20, what="503 is answered")
        status, headers, _ = post(port, key, batch_of("probe", 1)[1])
        installation.keep_up()
        before = sent.statuses[202]
        until(lambda: sent.statuses[202] > before + 10, seconds=30, what="events go in again")

    assert status == 503
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"] == "application/problem+json"
    assert set(sent.statuses) == {202, 503}
    assert (sent.without_retry_after, sent.broken) == (0, 0)
    assert len(sent.acknowledged) == len(set(sent.acknowledged))
    installation.check_nothing_lost(sent.acknowledged)


def test_what_was_not_acknowledged_is_taken_when_sent_again(installation: Installation) -> None:
    """The answer is lost, not the batch: sent again, everything is a duplicate with its notice."""
    ids, body = batch_of("again", 100)
    first, second = Sent(), Sent()
    deliver(installation.port, installation.key, body, first)
    deliver(installation.port, installation.key, body, second)
    assert first.results == {"accepted": 100}
    assert second.results == {"duplicate": 100}
    assert second.without_notice == 0
    installation.check_nothing_lost(ids)
