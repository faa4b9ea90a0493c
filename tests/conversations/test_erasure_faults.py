"""Erasure with committed data: killed in the middle, and met by a hold."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from threading import Event as Flag
from typing import Any

import pytest
from django.db import transaction

from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import Cutoff, ErasureRequest, LegalHold, Transcript
from conversations.services import erasure, holds
from conversations.services.erasure import request_erasure
from reviews.models import FeedbackText
from tests.concurrency import PATIENCE, at_once
from tests.conversations.test_events_server import database_url
from tests.factories import NOW, ended_event, hear, make_source, make_user, record

CUTOFFS = 120

ERASE = """
import sys, uuid, datetime, django
django.setup()
from conversations.services import erasure
erasure.BATCH = 1
now = datetime.datetime.fromisoformat(sys.argv[2])
erasure.run(request_id=uuid.UUID(sys.argv[1]), now=now)
"""

pytestmark = pytest.mark.django_db(transaction=True)


def asked_for(cutoffs: int) -> ErasureRequest:
    source = make_source()
    events = [ended_event(conversation={"user_id": "u"}) for _ in range(cutoffs)]
    record(source, *events)
    for cutoff in Cutoff.objects.select_related("case"):
        hear(cutoff.case, comment="I was only joking.")
    return request_erasure(
        source=source, user_id="u", reason="Letter", actor=Actor.task("test"), now=NOW
    )


def test_killed_in_the_middle_it_goes_on_where_it_was() -> None:
    asked = asked_for(CUTOFFS)
    running = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ERASE, str(asked.pk), NOW.isoformat()],
        env={**os.environ, "DATABASE_URL": database_url()},
    )
    give_up = time.monotonic() + PATIENCE
    while asked.counts.get("transcripts", 0) < 3:
        assert time.monotonic() < give_up, "Nothing was erased."
        assert running.poll() is None, "It ended by itself."
        asked.refresh_from_db()
    running.kill()
    running.wait()

    asked.refresh_from_db()
    done = asked.counts["transcripts"]
    assert 3 <= done < CUTOFFS
    assert asked.state == "running"
    assert Transcript.objects.exclude(erased_at=None).count() == done
    assert FeedbackText.objects.count() == CUTOFFS - done == CUTOFFS - asked.counts["feedback"]

    assert erasure.to_do(now=NOW) == [asked.pk]
    assert erasure.run(request_id=asked.pk, now=NOW)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert asked.counts == {"transcripts": CUTOFFS, "feedback": CUTOFFS}
    assert not Transcript.objects.filter(erased_at=None).exists()
    assert not FeedbackText.objects.exists()


def test_two_workers_at_once_count_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    asked = asked_for(20)

    def run() -> bool:
        return erasure.run(request_id=asked.pk, now=NOW)

    assert at_once(*[run] * 4) == [True] * 4
    erasure.run(request_id=asked.pk, now=NOW)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert asked.counts == {"transcripts": 20, "feedback": 20}


def test_a_hold_is_placed_when_no_deletion_is_under_way() -> None:
    """What is being deleted has been looked up before: a hold that came between would be late."""
    asked_for(1)
    cutoff = Cutoff.objects.get()
    senior = make_user(Role.SENIOR)
    deleting, deleted = Flag(), Flag()

    def delete() -> list[Any]:
        with transaction.atomic():
            holds.respect()
            deleting.set()
            time.sleep(0.3)
            seen = list(LegalHold.objects.all())
            deleted.set()
        return seen

    def place() -> bool:
        deleting.wait(PATIENCE)
        holds.place_on_case(
            cutoff=cutoff,
            matter="M",
            reason="R",
            expires_at=NOW.replace(year=2030),
            user=senior,
            now=NOW,
        )
        return deleted.is_set()

    assert at_once(delete, place) == [[], True]
    assert LegalHold.objects.count() == 1
