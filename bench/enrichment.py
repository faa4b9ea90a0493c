"""``make bench-enrichment``: events a second that one Celery worker enriches.

One worker of one process reads evidence and conformance of transcripts of about 4 KB with 12
messages of varied words, and indexes them for search. The events are stored beforehand; what is
timed is the queue, from the first message to the empty outbox. ``ratio`` is events a second over
the 300 that a worker is meant to keep up with.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import events, harness

BATCH = 500
TARGET = 300
_LETTERS = ("bcdfghklmnprstvw", "aeiou")


def main() -> None:
    """Store, enrich, report."""
    count = harness.scale(10_000, least=1_000)
    with harness.servers():
        harness.set_up_django()
        harness.say(f"Storing {count:,} events …")
        ids = _store(count)
        with _worker():
            harness.say("Enriching them, one worker process …")
            seconds = _enrich(ids)
        words = _words_a_transcript()
    rate = count / seconds
    harness.report(
        "enrichment",
        ratio=round(rate / TARGET, 2),
        events_per_second=round(rate),
        events=count,
        words_a_transcript=words,
    )


def _vocabulary(dice: random.Random) -> list[str]:
    """20,000 invented words of two to eight letters or a few more."""
    return [
        "".join(dice.choice(letters) for _ in range(dice.randint(1, 4)) for letters in _LETTERS)
        for _ in range(20_000)
    ]


def _varied(count: int) -> Iterator[bytes]:
    """The benchmarks' events with other words in each: frequent ones, and many rare ones."""
    dice = random.Random(4)
    vocabulary = _vocabulary(dice)
    for number in range(count):
        event = json.loads(events.event(number))
        for message in event["data"]["transcript"]["messages"]:
            places = (int(len(vocabulary) ** dice.random()) - 1 for _ in range(50))
            message["content"] = " ".join(vocabulary[place] for place in places) + "."
        yield json.dumps(event).encode()


def _store(count: int) -> list[str]:
    from django.utils import timezone

    from accounts.ledger import Actor
    from conversations import parsing
    from conversations.api import limits
    from conversations.services import intake
    from conversations.services.sources import create_source
    from conversations.vocabulary import Mode

    source = create_source(
        slug="bench", name="Bench", mode=Mode.ADVISORY, actor=Actor.task("bench")
    )
    stored, made, now = [], list(_varied(count)), timezone.now()
    for start in range(0, count, BATCH):
        items = parsing.parse_events(
            made[start : start + BATCH], limits=limits(), now=now, in_batch=True
        )
        results = intake.record(source=source, items=items, now=now)
        stored += [str(result.cutoff_id) for result in results if result.cutoff_id]
    if len(stored) != count:
        raise SystemExit(f"Only {len(stored)} of {count} events were stored.")
    return stored


@contextmanager
def _worker() -> Iterator[None]:
    """A Celery worker of one process that answers."""
    from config.celery import app

    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--app", "config", "worker"),
            *("--concurrency", "1", "--loglevel", "ERROR"),
        ],
        cwd=harness.ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not app.control.ping(timeout=1.0):
            if time.monotonic() > until:
                raise SystemExit("The worker did not start.")
        yield
    finally:
        process.terminate()
        process.wait(30)


def _enrich(ids: list[str]) -> float:
    """Seconds until the outbox is empty, one message for each batch as intake sends them."""
    from config.celery import app
    from conversations.api import ENRICH_TASK
    from conversations.models import Enrichment, TranscriptEvidence

    began = time.perf_counter()
    for start in range(0, len(ids), BATCH):
        app.send_task(ENRICH_TASK, args=[ids[start : start + BATCH]])
    told = time.perf_counter()
    while waiting := Enrichment.objects.filter(parked_at=None).count():
        if time.perf_counter() > told + 5:
            told = time.perf_counter()
            harness.say(f"  {waiting:,} wait")
        time.sleep(0.1)
    seconds = time.perf_counter() - began
    if TranscriptEvidence.objects.count() != len(ids):
        raise SystemExit("Not all was enriched.")
    return seconds


def _words_a_transcript() -> int:
    """Distinct words in the search index of a transcript, on average."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT round(sum(length(words)) / count(DISTINCT cutoff_id))"
            " FROM conversations_transcriptsearch"
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
