"""A load generator: connections that stay open, each sending one body after another."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a load came to: seconds in all, seconds a request, and the answers' status codes."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


def send(
    bodies: Iterable[bytes],
    *,
    port: int,
    path: str,
    headers: dict[str, str],
    connections: int,
    progress: int = 0,
) -> Load:
    """POST all *bodies* over *connections*; a line of progress every *progress* requests."""
    load, lock, source = Load(), threading.Lock(), iter(bodies)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (body := _next(source, lock)) is not None:
            began = time.perf_counter()
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - began
            with lock:
                load.latencies.append(took)
                load.statuses[answer.status] = load.statuses.get(answer.status, 0) + 1
                if progress and len(load.latencies) % progress == 0:
                    print(f"  {len(load.latencies)} requests", flush=True)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    return load


def _next(source: Iterator[bytes], lock: threading.Lock) -> bytes | None:
    with lock:
        return next(source, None)


def percentile(values: list[float], share: float) -> float:
    """The value under which *share* (0 to 1) of *values* lie; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
