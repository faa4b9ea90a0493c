"""Keeping and deleting on the page of a source: terms, what would go, and erasures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.schedules import crontab
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from config.celery import app
from conversations import tasks
from conversations.models import ErasureRequest, ErasureState, LegalHold, Source, Transcript
from conversations.retention import NIGHTLY, next_run
from conversations.services import erasure, holds, rehearsal
from conversations.services.evidence import assess_transcripts
from conversations.views import terms
from reviews.services.enrichment import enrich
from tests.factories import NOW, ended_event, make_cutoff, make_source, make_user, record

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ida(client: Client) -> User:
    """An administrator who is signed in."""
    user = make_user(Role.ADMINISTRATOR, name="Ida")
    client.force_login(user)
    return user


@pytest.fixture
def watcher(client: Client) -> User:
    """Somebody who may see sources, and neither change them nor know of holds."""
    user = make_user(Role.AUDITOR)
    user.user_permissions.add(Permission.objects.get(codename="view_source"))
    client.force_login(user)
    return user


@pytest.fixture
def source() -> Source:
    return make_source("chat")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that were sent to Celery."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(terms, "hurry", lambda *said: found.append(said))
    return found


def old(source: Source, days: int) -> None:
    """An enriched cutoff received so many days ago."""
    received = NOW - days * DAY
    event = ended_event(time=received.isoformat())
    (result,) = record(source, event, now=received)
    assert result.cutoff_id is not None
    enrich(cutoff_ids=[result.cutoff_id])


def chosen(**changes: object) -> dict[str, object]:
    return {"terms-transcript_days": 365, "terms-signal_days": 1095} | changes


# --- Terms --------------------------------------------------------------------------------------


def test_the_page_says_in_words_what_is_kept(client: Client, ida: User, source: Source) -> None:
    text = client.get("/sources/chat").text
    for words in (
        "Transcripts are deleted 200 days after they were received",
        "become unknown after 730 days",
        "A user can appeal for 183 days.",
        "The last appeal leaves 17 days to decide it",
        "Next nightly run",
    ):
        assert words in text
    assert "2026-11-21T03:20:00" in text


def test_terms_are_changed_with_a_line_in_the_ledger(
    client: Client, ida: User, source: Source
) -> None:
    answer = client.post("/sources/chat/terms", chosen(), follow=True)
    assert "The terms are saved." in answer.text
    assert "deleted 365 days after" in answer.text
    source.refresh_from_db()
    assert (source.transcript_days, source.signal_days) == (365, 1095)
    entry = LedgerEntry.objects.get(action="source.terms_set")
    assert (entry.actor, entry.details) == (ida, {"transcript_days": 365, "signal_days": 1095})

    assert "Nothing was changed." in client.post("/sources/chat/terms", chosen(), follow=True).text
    assert LedgerEntry.objects.filter(action="source.terms_set").count() == 1
    shorter = chosen(**{"terms-signal_days": 400})
    assert "A term is shorter" in client.post("/sources/chat/terms", shorter, follow=True).text


@pytest.mark.parametrize("days", ["182", "0", "-5", "32768", "long", ""])
@pytest.mark.parametrize("field", ["terms-transcript_days", "terms-signal_days"])
def test_no_term_is_shorter_than_the_appeal_window(
    client: Client, ida: User, source: Source, field: str, days: str
) -> None:
    answer = client.post("/sources/chat/terms", chosen(**{field: days}))
    assert answer.status_code == 422
    assert answer.context["terms_form"].errors
    source.refresh_from_db()
    assert (source.transcript_days, source.signal_days) == (200, 730)


def test_who_may_only_see_sources_changes_and_asks_for_nothing(
    client: Client, watcher: User, source: Source, sent: list[tuple[Any, ...]]
) -> None:
    text = client.get("/sources/chat").text
    assert "Transcripts are deleted 200 days after" in text
    assert "What would be deleted now?" not in text
    assert "Days for transcripts" not in text
    for path in ("terms", "dry-run"):
        assert client.post(f"/sources/chat/{path}", chosen()).status_code == 403
    assert sent == []
    client.force_login(make_user(Role.REVIEWER))
    assert client.get("/sources/chat/dry-run", headers=HTMX).status_code == 403


def test_the_next_run_is_the_one_that_beat_does() -> None:
    schedule = app.conf.beat_schedule["conversations.tasks.enforce_retention"]["schedule"]
    assert schedule == crontab(hour=NIGHTLY.hour, minute=NIGHTLY.minute)
    tonight = datetime(2026, 11, 20, 3, 20, tzinfo=UTC)
    assert next_run(tonight - timedelta(seconds=1)) == tonight
    assert next_run(tonight) == tonight + DAY


# --- What would be deleted ----------------------------------------------------------------------


def test_a_dry_run_is_counted_by_a_task_and_deletes_nothing(
    client: Client, ida: User, source: Source, sent: list[tuple[Any, ...]]
) -> None:
    old(source, 201)
    old(source, 800)
    old(make_source("other"), 201)
    asked = client.post("/sources/chat/dry-run", headers=HTMX)
    assert "Counting …" in asked.text
    assert 'hx-trigger="every 2s"' in asked.text
    ((task, slug, token),) = sent
    assert (task, slug) == (terms.REHEARSE_TASK, "chat")
    assert LedgerEntry.objects.filter(action="retention.rehearsed", object_id="chat").count() == 1

    tasks.rehearse_retention(slug, token)
    told = client.get("/sources/chat/dry-run", headers=HTMX)
    assert "every 2s" not in told.text
    assert "Nothing was changed." in told.text
    found = rehearsal.latest(source=source, now=NOW)
    assert found is not None
    assert [month for month, _ in found.rows] == ["2026-05", "2024-09"]
    counts = dict(found.rows)
    assert (counts["2026-05"][0], counts["2026-05"][3]) == (1, 0)
    assert (counts["2024-09"][0], counts["2024-09"][3]) == (1, 1)
    assert Transcript.objects.count() == 3
    assert "2024-09" in client.get("/sources/chat").text


def test_without_scripts_the_page_comes_again(
    client: Client, ida: User, source: Source, sent: list[tuple[Any, ...]]
) -> None:
    answer = client.post("/sources/chat/dry-run", follow=True)
    assert answer.redirect_chain == [("/sources/chat#retention", 302)]
    assert "Counting …" in answer.text
    tasks.rehearse_retention(*sent[0][1:])
    assert "Nothing is over." in client.get("/sources/chat").text


def test_a_count_says_how_far_it_is_and_that_its_time_was_up(source: Source) -> None:
    for days in (201, 230, 260):
        old(source, days)
    token = rehearsal.ask(source=source, actor=Actor.task("test"), now=NOW)
    seen: list[int] = []

    def look() -> bool:
        found = rehearsal.latest(source=source, now=NOW)
        assert found is not None
        assert found.running
        seen.append(sum(sum(counts) for _, counts in found.rows))
        return seen[-1] > 0

    rehearsal.run(slug="chat", token=token, now=NOW, clock=lambda: NOW, time_is_up=look)
    found = rehearsal.latest(source=source, now=NOW)
    assert seen[0] == 0
    assert found is not None
    assert (found.running, found.finished) == (False, False)


def test_asking_anew_ends_the_count_before(source: Source) -> None:
    old(source, 201)
    first = rehearsal.ask(source=source, actor=Actor.task("test"), now=NOW)
    rehearsal.ask(source=source, actor=Actor.task("test"), now=NOW)
    tasks.rehearse_retention("chat", first)
    found = rehearsal.latest(source=source, now=NOW)
    assert found is not None
    assert (found.running, found.rows) == (True, ())


def test_a_count_that_nobody_took_is_said_to_be_lost(
    client: Client, ida: User, source: Source, sent: list[tuple[Any, ...]]
) -> None:
    client.post("/sources/chat/dry-run")
    with time_machine.travel(NOW + timedelta(seconds=61), tick=False):
        text = client.get("/sources/chat/dry-run", headers=HTMX).text
    assert "The count was lost on its way." in text
    assert "every 2s" not in text
    cache.clear()
    assert "Counting" not in client.get("/sources/chat").text


def test_without_a_cache_it_is_said_and_the_page_is_there(
    client: Client, ida: User, source: Source, sent: list[tuple[Any, ...]], settings: Settings
) -> None:
    nowhere = {"BACKEND": settings.CACHES["default"]["BACKEND"], "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": nowhere}
    answer = client.post("/sources/chat/dry-run", headers=HTMX)
    assert "the cache cannot be reached" in answer.text
    assert client.get("/sources/chat").status_code == 200


# --- Erasures -----------------------------------------------------------------------------------


def erased(source: Source, number: int = 1) -> ErasureRequest:
    asked = erasure.request_erasure(
        source=source,
        user_id=f"u-{number}",
        reason="Asked by letter",
        actor=Actor.task("test"),
        now=NOW + timedelta(minutes=number),
    )
    erasure.run(request_id=asked.pk, now=NOW)
    asked.refresh_from_db()
    return asked


def test_the_last_erasures_stand_there_with_counts_only(
    client: Client, ida: User, source: Source
) -> None:
    assert "Nobody has asked for an erasure." in client.get("/sources/chat").text
    cutoff = make_cutoff(source, conversation={"user_id": "u-1"})
    assess_transcripts([cutoff])
    asked = erased(source)
    erased(make_source("other"), 2)
    answer = client.get("/sources/chat")
    (row,) = answer.context["erasures"]
    assert (row.state, dict(row.counts)["transcripts"]) == (ErasureState.DONE, 1)
    assert "transcripts 1" in answer.text
    for kept_back in (asked.subject, "Asked by letter", "u-1"):
        assert kept_back not in answer.text
    for number in range(3, 26):
        erased(source, number)
    assert len(client.get("/sources/chat").context["erasures"]) == 20


def test_that_a_hold_keeps_a_part_is_for_those_who_may_hold(
    client: Client, ida: User, source: Source
) -> None:
    cutoff = make_cutoff(source, conversation={"user_id": "u-1"})
    holds.place_on_case(
        cutoff=cutoff, matter="M-1", reason="R", expires_at=NOW + DAY, user=ida, now=NOW
    )
    assert erased(source).state == ErasureState.HELD
    assert "Held" in client.get("/sources/chat").text
    assert LegalHold.objects.count() == 1


def test_to_others_a_held_erasure_goes_on(client: Client, watcher: User, source: Source) -> None:
    cutoff = make_cutoff(source, conversation={"user_id": "u-1"})
    senior = make_user(Role.SENIOR)
    holds.place_on_case(
        cutoff=cutoff, matter="M-1", reason="R", expires_at=NOW + DAY, user=senior, now=NOW
    )
    erased(source)
    answer = client.get("/sources/chat")
    (row,) = answer.context["erasures"]
    assert row.state == ErasureState.RUNNING
    assert "held" not in dict(row.counts)
    assert not [kind for kind, _ in row.counts if "hold" in kind]
    assert "eld<" not in answer.text
