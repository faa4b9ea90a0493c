"""What was enriched before there was a search becomes findable by itself."""

from __future__ import annotations

from typing import Any

import pytest

from conversations import tasks
from conversations.models import Enrichment, Transcript, TranscriptSearch
from conversations.services import search
from reviews.services.enrichment import enrich
from tests.factories import make_cutoff, make_source

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
