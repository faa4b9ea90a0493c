"""What was enriched before there was a search becomes findable by itself."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import pytest
from django.db import connection

from accounts.ledger import Actor
from config.celery import app
from conversations import tasks
from conversations.models import Enrichment, Transcript, TranscriptSearch
from conversations.services import erasure, search
from reviews.services.enrichment import enrich
from tests.concurrency import at_once
from tests.factories import NOW, make_cutoff, make_source

pytestmark = pytest.mark.django_db


def indexed() -> set[Any]:
    return set(TranscriptSearch.objects.values_list("cutoff_id", flat=True))


def enriched(number: int) -> list[Any]:
    """Cutoffs that were enriched and whose words are not in the search, oldest first."""
    source = make_source()
    keys = sorted(make_cutoff(source).pk for _ in range(number))
    enrich(cutoff_ids=keys)
    assert indexed() == set(keys)
    TranscriptSearch.objects.all().delete()
    return keys


def test_what_has_no_words_in_the_search_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    keys = enriched(5)
    search.index([keys[1]])
    before = set(TranscriptSearch.objects.values_list("pk", flat=True))
    assert tasks.index_missing() == 4
    assert indexed() == set(keys)
    assert before <= set(TranscriptSearch.objects.values_list("pk", flat=True))
    assert tasks.index_missing() == 0


def test_a_walk_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    keys = enriched(3)
    page = search.index_missing(after=None)
    assert (page, indexed()) == ((2, keys[1]), set(keys[:2]))
    assert search.index_missing(after=page.last) == (1, None)
    assert indexed() == set(keys)


def test_a_task_hands_on_what_it_did_not_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_on: list[str] = []
    monkeypatch.setattr(tasks.index_missing, "delay", handed_on.append)
    keys = enriched(2)
    monkeypatch.setattr(search, "PAGE", 1)
    monkeypatch.setattr(tasks, "LONGEST_RETENTION", -1)
    assert tasks.index_missing(str(keys[0])) == 0
    assert handed_on == [str(keys[0])]
    monkeypatch.setattr(tasks, "LONGEST_RETENTION", 60)
    assert tasks.index_missing(*handed_on) == 1
    assert indexed() == {keys[1]}


def test_a_task_whose_time_is_up_at_once_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_on: list[str] = []
    monkeypatch.setattr(tasks.index_missing, "delay", handed_on.append)
    monkeypatch.setattr(tasks, "LONGEST_RETENTION", -1)
    tasks.index_missing()
    assert handed_on == [""]


def test_what_waits_for_enrichment_or_has_no_words_is_left_alone() -> None:
    erased, waiting = enriched(2)
    Transcript.objects.filter(pk=erased).update(
        messages="[]", explanation="", rationale="", erased_at="2026-11-20T12:00:00Z"
    )
    Enrichment.objects.create(cutoff_id=waiting)
    assert tasks.index_missing() == 0
    assert indexed() == set()


def test_beat_walks_each_night() -> None:
    tasks_of_beat = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert tasks.index_missing.name in tasks_of_beat


def wait_for_a_row() -> None:
    """Come back once a transaction waits for a row that another one holds."""
    end = time.monotonic() + 30
    waiting = 0
    while not waiting:
        assert time.monotonic() < end
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
            (waiting,) = cursor.fetchone()
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_at_the_same_moment_leaves_no_word_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = make_source()
    cutoff = make_cutoff(source, conversation={"user_id": "u-1"})
    enrich(cutoff_ids=[cutoff.pk])
    TranscriptSearch.objects.all().delete()
    asked = erasure.request_erasure(
        source=source, user_id="u-1", reason="Letter", actor=Actor.task("test"), now=NOW
    )
    inside, index = Event(), search.index

    def index_slowly(keys: list[Any]) -> None:
        inside.set()
        wait_for_a_row()
        index(keys)

    def erase() -> bool:
        assert inside.wait(30)
        return erasure.run(request_id=asked.pk, now=NOW)

    monkeypatch.setattr(search, "index", index_slowly)
    assert at_once(tasks.index_missing, erase) == [1, True]
    assert indexed() == set()
