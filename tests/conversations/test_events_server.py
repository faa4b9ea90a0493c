"""Intake behind granian, the server that is shipped: bodies as they come over the wire."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.db import connection

from config import processes
from conversations.models import Event
from conversations.vocabulary import Scope
from tests.factories import ended_event, make_key, make_source

MIB = 1024 * 1024
BATCH = "application/cloudevents-batch+json"


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def database_url(**changes: object) -> str:
    """The address of the tests' database, *changes* applied."""
    known = {key.lower(): value for key, value in connection.settings_dict.items()} | changes
    where = "&".join(f"{key}={known[key]}" for key in ("host", "port") if known[key])
    return f"postgresql://{known['user']}:{known['password']}@/{known['name']}?{where}"


@contextmanager
def server(log: Path, database: str) -> Iterator[str]:
    """A server of one process with *database*; its address."""
    port = free_port()
    options = ["--interface", "wsgi", "--port", str(port), "--blocking-threads", "4"]
    running = processes.start(
        [sys.executable, "-m", "granian", "config.wsgi:application", *options],
        log=log,
        environment={**os.environ, "DATABASE_URL": database, "RECOURSE_LOG_LEVEL": "INFO"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address)
        yield address
    finally:
        processes.stop(running)


def _await(address: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/healthz")
        except httpx.TransportError:
            assert time.monotonic() < until, "The server did not start."
            time.sleep(0.1)
        else:
            return


def headers(key: str) -> dict[str, str]:
    """Those of a batch."""
    return {"Authorization": f"Bearer {key}", "Content-Type": BATCH}


@pytest.mark.django_db(transaction=True)
def test_bodies_as_they_come_over_the_wire(tmp_path: Path) -> None:
    key = make_key(make_source(), Scope.EVENTS_WRITE)
    body = json.dumps([ended_event() for _ in range(20)]).encode()
    pieces = [body[place : place + 1000] for place in range(0, len(body), 1000)]
    with server(tmp_path / "log", database_url()) as address:
        url = f"{address}/api/v1/events"
        with httpx.Client(headers=headers(key), timeout=30) as client:
            chunked = client.post(url, content=iter(pieces))
            again = client.post(url, content=body)
            empty = client.post(url, content=iter([]))
            too_large = client.post(url, content=b" " * (16 * MIB + 1))
            endless = client.post(url, content=(b" " * MIB for _ in range(30)))
        cut_short = httpx.post(url, content=body, headers={"Authorization": "Bearer x"})
    assert (chunked.status_code, chunked.json()["accepted"]) == (202, 20)
    assert (again.status_code, again.json()["duplicates"]) == (202, 20)
    assert empty.status_code == 400
    assert (too_large.status_code, endless.status_code) == (413, 413)
    assert cut_short.status_code == 401
    assert Event.objects.count() == 20


def test_a_database_that_is_away_is_a_503(tmp_path: Path) -> None:
    key = "rk_" + "0" * 16 + "_" + "A" * 43
    database = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with server(tmp_path / "log", database) as address:
        answer = httpx.post(
            f"{address}/api/v1/events", content=b"[]", headers=headers(key), timeout=30
        )

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
