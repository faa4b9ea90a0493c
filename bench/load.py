"""A load generator: connections that stay open, each sending one body after another."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench import spread


@dataclass
class Load:
    """What a load came to: seconds in all, seconds a request, and the answers' status codes."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where a load goes, and with which headers."""

    port: int
    path: str
    headers: dict[str, str]
    connections: int


def send(bodies: Iterable[bytes], target: Target, *, progress: int = 0) -> Load:
    """POST all *bodies*; a line of progress every *progress* requests."""
    with meanwhile(bodies, target, progress=progress, until_done=True) as load:
        pass
    return load


@contextmanager
def meanwhile(
    bodies: Iterable[bytes], target: Target, *, progress: int = 0, until_done: bool = False
) -> Iterator[Load]:
    """POST *bodies* until the block is over, or until all are sent; then the load is complete."""
    sending = _Sending(iter(bodies), target, progress)
    threads = [
        threading.Thread(target=sending.work, args=[connected], daemon=True)
        for connected in spread.connect(target.port, target.connections)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    try:
        yield sending.load
        if not until_done:
            sending.over.set()
        for thread in threads:
            thread.join()
        sending.load.seconds = time.perf_counter() - began
    finally:
        sending.over.set()
    if sending.failures:
        raise SystemExit(f"The server broke a connection: {sending.failures[0]!r}")


class _Sending:
    def __init__(self, bodies: Iterator[bytes], target: Target, progress: int) -> None:
        self.load = Load()
        self.over = threading.Event()
        self.failures: list[Exception] = []
        self._bodies, self._target, self._progress = bodies, target, progress
        self._lock = threading.Lock()

    def work(self, connected: socket.socket) -> None:
        try:
            self._work(connected)
        except (OSError, http.client.HTTPException) as failure:
            if not self.over.is_set():
                self.failures.append(failure)

    def _work(self, connected: socket.socket) -> None:
        target = self._target
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        connection.sock = connected
        while (body := self._next()) is not None:
            began = time.perf_counter()
            connection.request("POST", target.path, body, target.headers)
            answer = connection.getresponse()
            answer.read()
            self._count(answer.status, time.perf_counter() - began)
        connection.close()

    def _next(self) -> bytes | None:
        with self._lock:
            return None if self.over.is_set() else next(self._bodies, None)

    def _count(self, status: int, took: float) -> None:
        load = self.load
        with self._lock:
            load.latencies.append(took)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            if self._progress and len(load.latencies) % self._progress == 0:
                print(f"  {len(load.latencies)} requests", flush=True)


def percentile(values: list[float], share: float) -> float:
    """The value under which *share* (0 to 1) of *values* lie; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
