"""``make bench-single``: single events at 100 a second while batches are coming in.

Batches of 500 over 4 connections, as fast as they are answered, and beside them single events at
a constant rate. The peer, in the same run: the plain Django view behind the same server under the
same two loads. ``ratio`` is the p99 of single events over the peer's; less is better. What a
single event takes while nothing else comes in is reported too.
"""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench import events, harness, openloop
from bench.load import Load, Target, meanwhile
from bench.openloop import Answers, request

RATE = 100
BATCH = 500
CONNECTIONS = 4
_ACCEPTED = 202
_BATCHES = 10**9
_WARM = 4.0


@dataclass(frozen=True)
class Side:
    """One of the two that are measured: how it takes batches and single events."""

    target: str
    path: str
    headers: dict[str, str]
    batch_type: str
    single_type: str
    brackets: bool


@dataclass(frozen=True)
class Measured:
    """Single events alone, then during the batches, and what the batches came to."""

    alone: Answers
    beside: Answers
    batches: Load
    peak_mib: int


def main() -> None:
    """Measure both and report."""
    seconds = harness.scale(60, least=5)
    with harness.servers():
        harness.set_up_django()
        key = harness.source_key()
        from django.db import connection

        from bench.plain.tables import create

        create(connection)
        plain = _measure(_plain(), seconds)
        ours = _measure(_ours(key), seconds)
    harness.report(
        "single",
        ratio=round(ours.beside.milliseconds(0.99) / plain.beside.milliseconds(0.99), 2),
        **_figures("", ours),
        **_figures("plain_", plain),
        server_process_peak_mib=ours.peak_mib,
    )


def _ours(key: str) -> Side:
    return Side(
        "config.wsgi:application",
        "/api/v1/events",
        {"Authorization": f"Bearer {key}"},
        "application/cloudevents-batch+json",
        "application/cloudevents+json",
        brackets=False,
    )


def _plain() -> Side:
    json = "application/json"
    return Side("bench.plain.wsgi:application", "/events", {}, json, json, brackets=True)


def _measure(side: Side, seconds: int) -> Measured:
    with harness.web(side.target) as web:
        harness.say(f"{side.target}: single events alone, {RATE} a second …")
        _singles(side, web.port, 5 * 10**9, 2 * RATE)
        alone = _singles(side, web.port, 6 * 10**9, seconds * RATE // 2)
        harness.say(f"{side.target}: the same beside batches of {BATCH} …")
        headers = side.headers | {"Content-Type": side.batch_type}
        target = Target(web.port, side.path, headers, CONNECTIONS)
        with meanwhile(events.batches(1, _BATCHES, size=BATCH), target, progress=40) as load:
            time.sleep(_WARM)
            beside = _singles(side, web.port, 7 * 10**9, seconds * RATE)
        if set(load.statuses) != {_ACCEPTED}:
            raise SystemExit(f"Batches failed: {load.statuses}.")
        return Measured(alone, beside, load, web.peak_mib())


def _singles(side: Side, port: int, first: int, count: int) -> Answers:
    """From a process of its own: the batches' threads would delay it."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(side, port, first, count, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        answers: Answers = mine.recv()
    except EOFError:
        raise SystemExit("The load of single events failed.") from None
    finally:
        process.terminate()
        process.join()
    return answers


def _send(side: Side, port: int, first: int, count: int, results: Connection) -> None:
    headers = side.headers | {"Content-Type": side.single_type}
    requests = []
    for number in range(first, first + count):
        event = events.event(number)
        body = b"[" + event + b"]" if side.brackets else event
        requests.append(request("POST", side.path, headers=headers, body=body))
    results.send(openloop.run(requests, port=port, rate=RATE))


def _figures(prefix: str, measured: Measured) -> dict[str, object]:
    alone, beside, batches = measured.alone, measured.beside, measured.batches
    return {
        f"{prefix}p50_ms": beside.milliseconds(0.5),
        f"{prefix}p99_ms": beside.milliseconds(0.99),
        f"{prefix}alone_p50_ms": alone.milliseconds(0.5),
        f"{prefix}alone_p99_ms": alone.milliseconds(0.99),
        f"{prefix}per_second": round(len(beside.latencies) / beside.seconds),
        f"{prefix}errors": alone.errors(_ACCEPTED) + beside.errors(_ACCEPTED),
        f"{prefix}batched_per_second": round(len(batches.latencies) * BATCH / batches.seconds),
    }


if __name__ == "__main__":
    main()
