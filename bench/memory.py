"""``make bench-memory``: how much a server process holds at most.

While batches of 500 come in over 4 connections, the largest requests that intake takes come in
beside them, one after another: 16 MiB as 1,000 events and as 4, plain, as gzip and as zstd.
``ratio`` is the peak of the largest server process (``VmHWM``) over the 300 MiB that it is meant
to stay under; less is better. Each kind's peak is of the seconds around it.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from functools import partial

import zstandard

from bench import events, harness
from bench.load import Target, meanwhile, send

LIMIT_MIB = 300
MIB = 1024 * 1024
BATCH = 500
CONNECTIONS = 4
ROUNDS = 5
_LARGE = 10**9
_ACCEPTED = 202

_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": partial(gzip.compress, compresslevel=1),
    "zstd": zstandard.compress,
}


def main() -> None:
    """Send all kinds and report."""
    rounds = harness.scale(ROUNDS, least=1)
    with harness.servers():
        harness.set_up_django()
        key = harness.source_key()
        with harness.web("config.wsgi:application") as web:
            headers = {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/cloudevents-batch+json",
            }
            target = Target(web.port, "/api/v1/events", headers, CONNECTIONS)
            batches = events.batches(1, _LARGE, size=BATCH)
            with meanwhile(batches, target, progress=40) as load:
                time.sleep(harness.scale(20, least=3))
                peaks = {"batches": web.peak_mib()}
                for name, bodies, encoding in _kinds(rounds):
                    harness.say(f"16 MiB beside them: {name} …")
                    peaks[name] = _peak(web, bodies, target, encoding)
            if set(load.statuses) != {_ACCEPTED}:
                raise SystemExit(f"Batches failed: {load.statuses}.")
    harness.report(
        "memory",
        ratio=round(max(peaks.values()) / LIMIT_MIB, 2),
        **{f"{name}_mib": peak for name, peak in peaks.items()},
        batched_per_second=round(len(load.latencies) * BATCH / load.seconds),
    )


def _kinds(rounds: int) -> Iterator[tuple[str, list[bytes], str]]:
    number = _LARGE
    for encoding, encode in _ENCODINGS.items():
        for count in (1000, 4):
            bodies = []
            for _ in range(rounds):
                bodies.append(encode(_body(number, count)))
                number += count
            yield f"{encoding}_{count}", bodies, encoding


def _body(first: int, count: int) -> bytes:
    """A batch of *count* events that together have as near to 16 MiB as they come."""
    room = (16 * MIB - 2) // count - 1
    return b"[" + b",".join(_event(number, room) for number in range(first, first + count)) + b"]"


def _event(number: int, size: int) -> bytes:
    """An event of *size* bytes: a transcript of up to 1 MiB, the rest in a field unknown here.

    Words that repeat, but not soon: neither gzip nor lz4 makes nothing of them.
    """
    event = json.loads(events.event(number))
    missing = size - len(json.dumps(event)) - len(', "notes": ""')
    said = min(missing, MIB)
    messages = event["data"]["transcript"]["messages"]
    messages[0]["content"] += _words(number, said)
    event["data"]["notes"] = _words(number + 1, missing - said)
    return json.dumps(event).encode()


def _words(seed: int, length: int) -> str:
    return " ".join(f"{seed * 7 + n * n * 31:x}" for n in range(length // 8 + 1))[:length]


def _peak(web: harness.Web, bodies: list[bytes], target: Target, encoding: str) -> int:
    web.forget_peak()
    one = Target(target.port, target.path, {**target.headers, "Content-Encoding": encoding}, 1)
    answers = send(bodies, one)
    if set(answers.statuses) != {_ACCEPTED}:
        raise SystemExit(f"A large request was not taken: {answers.statuses}.")
    return web.peak_mib()


if __name__ == "__main__":
    main()
