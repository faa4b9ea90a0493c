"""A load of constant rate: requests leave when they are due, whether or not answers have come.

A latency counts from the moment at which a request was due, not from when it could be sent: a
server that stalls is charged for all who would have come meanwhile (no coordinated omission).
One thread, connections that stay open, the one that has rested longest first.
"""

from __future__ import annotations

import asyncio
import re
import selectors
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench import spread
from bench.load import percentile

CONNECTIONS = 32
PATIENCE = 30.0

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
#: Answers without a body, whatever their headers say (RFC 9110, section 6.4.1).
_BODILESS = {204, 304}


@dataclass
class Answers:
    """What came of a load, in the order of the answers but for ``etags``, which name requests."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    etags: dict[int, bytes] = field(default_factory=dict)
    broken: int = 0

    def milliseconds(self, share: float) -> float:
        """The latency under which *share* (0 to 1) of the answers came."""
        return round(percentile(self.latencies, share) * 1000, 2)

    def errors(self, *expected: int) -> int:
        """How many had another status than *expected*, or no answer at all."""
        return self.broken + sum(
            count for status, count in self.statuses.items() if status not in expected
        )


def request(
    method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(
    requests: Iterable[bytes], *, port: int, rate: float, connections: int = CONNECTIONS
) -> Answers:
    """Send *requests*, *rate* a second, to loopback; return when all are answered."""
    # select() waits to the microsecond, epoll to the millisecond only.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    try:
        return loop.run_until_complete(_Run(port).send(list(requests), rate, connections))
    finally:
        loop.close()


class _Run:
    def __init__(self, port: int) -> None:
        self.port = port
        self.answers = Answers()
        self.idle: deque[_Connection] = deque()
        self.waiting: deque[tuple[int, float, bytes]] = deque()
        self.left = 0
        self.done = asyncio.Event()

    async def send(self, requests: list[bytes], rate: float, connections: int) -> Answers:
        loop = asyncio.get_running_loop()
        for connected in spread.connect(self.port, connections):
            connected.setblocking(False)
            await loop.create_connection(lambda: _Connection(self), sock=connected)
        self.left = len(requests)
        began = loop.time()
        for number, content in enumerate(requests):
            due = began + number / rate
            # Late or not: answers are read meanwhile.
            await asyncio.sleep(max(due - loop.time(), 0))
            self.waiting.append((number, due, content))
            self.dispatch()
        try:
            await asyncio.wait_for(self.done.wait(), PATIENCE)
        except TimeoutError:
            raise SystemExit(f"{self.left} requests were not answered.") from None
        self.answers.seconds = loop.time() - began
        for connection in self.idle:
            connection.close()
        return self.answers

    def dispatch(self) -> None:
        while self.waiting and self.idle:
            self.idle.popleft().send(*self.waiting.popleft())

    def count(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()
        self.dispatch()


class _Connection(asyncio.Protocol):
    """One connection, and the request on it that waits for its answer."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.received = bytearray()
        self.number = -1
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.run.idle.append(self)

    def send(self, number: int, due: float, content: bytes) -> None:
        self.number, self.due = number, due
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.received[: end + 2])
        status = int(head[9:12])
        length = 0 if status in _BODILESS else _content_length(head)
        if len(self.received) < end + 4 + length:
            return
        self.received.clear()
        self._answered(status, head)

    def _answered(self, status: int, head: bytes) -> None:
        answers = self.run.answers
        answers.latencies.append(asyncio.get_running_loop().time() - self.due)
        answers.statuses[status] = answers.statuses.get(status, 0) + 1
        if etag := _ETAG.search(head):
            answers.etags[self.number] = etag[1]
        self.number = -1
        self.run.idle.append(self)
        self.run.count()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self.run.idle:
            self.run.idle.remove(self)
        if self.number >= 0:
            self.number = -1
            self.run.answers.broken += 1
            self.run.count()

    def close(self) -> None:
        self.transport.close()


def _content_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    if found is None:
        raise SystemExit(f"An answer without a length: {head[:200]!r}")
    return int(found[1])
