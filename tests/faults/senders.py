"""Senders that do as the contract asks: what was not acknowledged is sent again, unchanged."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.factories import ended_event

HEADERS = {"Content-Type": "application/cloudevents-batch+json"}
PATIENCE = 90.0
"""Seconds for which one batch is sent again before the sender gives up."""


@dataclass
class Sent:
    """What senders saw: the ids that were acknowledged and how, and all other answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    broken: int = 0
    without_retry_after: int = 0
    without_notice: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: int, headers: http.client.HTTPMessage, body: bytes) -> bool:
        """Count one answer; whether the batch was acknowledged."""
        with self.lock:
            self.statuses[status] += 1
            if status not in (202, 207):
                self.without_retry_after += "Retry-After" not in headers
                return False
            for result in json.loads(body)["results"]:
                self.results[result["status"]] += 1
                self.without_notice += not result.get("notice_url")
                self.acknowledged.append(result["id"])
            return True

    def note_broken(self) -> None:
        """Count a connection that broke before its answer."""
        with self.lock:
            self.broken += 1


def batch_of(name: str, size: int) -> tuple[list[str], bytes]:
    """*size* new events whose ids begin with *name*, and the body that carries them."""
    ids = [f"{name}-{number}" for number in range(size)]
    return ids, body_of([event_named(one) for one in ids])


def event_named(name: str) -> dict[str, Any]:
    """An event of that id about a conversation of its own."""
    return ended_event(id=name, conversation={"id": f"conv-{name}"})


def body_of(events: list[dict[str, Any]]) -> bytes:
    """A batch as it is sent."""
    return json.dumps(events).encode()


def post(port: int, key: str, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request on a connection of its own. Raises ``OSError`` or ``HTTPException``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = HEADERS | {"Authorization": f"Bearer {key}"}
        connection.request("POST", "/api/v1/events", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def deliver(port: int, key: str, body: bytes, sent: Sent) -> None:
    """Send *body* until it is acknowledged."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if sent.note(*post(port, key, body)):
                return
        except (OSError, http.client.HTTPException):
            sent.note_broken()
        assert time.monotonic() < end, f"Not acknowledged within {PATIENCE:.0f} s."
        time.sleep(0.05)


@contextmanager
def sending(port: int, key: str, *, name: str, senders: int, size: int) -> Iterator[Sent]:
    """Let *senders* send batches of *size* for as long as the body of ``with`` runs.

    At its end each delivers what it has begun; what failed in a sender is raised here.
    """
    sent, stop = Sent(), threading.Event()

    def work(sender: int) -> None:
        number = 0
        while not stop.is_set():
            deliver(port, key, batch_of(f"{name}-{sender}-{number}", size)[1], sent)
            number += 1

    with ThreadPoolExecutor(senders) as pool:
        running: list[Future[None]] = [pool.submit(work, sender) for sender in range(senders)]
        try:
            yield sent
        finally:
            stop.set()
        for future in running:
            future.result()
