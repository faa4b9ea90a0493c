"""When a key or a secret was last used: to the minute, and without a write for each request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import last_used
from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import Source, SourceKey, SourceSecret
from conversations.services import sources
from tests.conversations.test_signatures import batch, signed
from tests.factories import NOW, ended_event, make_key, make_source, make_user

pytestmark = pytest.mark.django_db

ACTOR = Actor.task("test")


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    last_used._looked.clear()
    yield
    last_used._looked.clear()


def ask(key: str, at: datetime = NOW) -> CaptureQueriesContext:
    """Ask for a status at *at*; the queries that it took."""
    with CaptureQueriesContext(connection) as queries, time_machine.travel(at, tick=False):
        answer = Client().get(
            "/api/v1/conversations/x/status", headers={"Authorization": f"Bearer {key}"}
        )
    assert answer.status_code == 404, answer.content
    return queries


def writes(queries: CaptureQueriesContext) -> int:
    return sum("UPDATE conversations_source" in query["sql"] for query in queries)


def used() -> datetime | None:
    return SourceKey.objects.get().last_used_at


def test_the_first_request_of_a_minute_notes_it_and_no_other() -> None:
    key = make_key(make_source())
    assert used() is None

    first, second = ask(key), ask(key, NOW + timedelta(seconds=59))
    assert (writes(first), writes(second), len(first) - len(second)) == (1, 0, 1)
    assert used() == NOW
    assert writes(ask(key, NOW + timedelta(seconds=60))) == 1
    assert used() == NOW + timedelta(seconds=60)


def test_another_process_in_the_same_minute_changes_nothing() -> None:
    key = make_key(make_source())
    ask(key)
    last_used._looked.clear()
    ask(key, NOW + timedelta(seconds=30))
    assert used() == NOW


def test_a_clock_that_is_behind_takes_nothing_back() -> None:
    key = make_key(make_source())
    ask(key)
    ask(key, NOW - timedelta(minutes=3))
    assert used() == NOW


def test_a_key_that_does_not_hold_was_not_used() -> None:
    key = make_key(make_source())
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    sources.revoke_key(key=SourceKey.objects.get(), now=NOW, actor=ACTOR)
    for sent in (key, wrong):
        answer = Client().get(
            "/api/v1/conversations/x/status", headers={"Authorization": f"Bearer {sent}"}
        )
        assert answer.status_code == 401
    assert used() is None


def post(body: bytes, secret: str) -> Any:
    headers = signed(body, secret=secret, at=NOW)
    with time_machine.travel(NOW, tick=False):
        return Client().generic(
            "POST",
            "/api/v1/events",
            body,
            "application/cloudevents-batch+json",
            headers={
                "Recourse-Source": "signing",
                "webhook-id": headers.id,
                "webhook-timestamp": headers.timestamp,
                "webhook-signature": headers.signature,
            },
        )


def test_of_two_secrets_the_one_that_signed_was_used() -> None:
    source = make_source("signing")
    old = sources.create_secret(source=source, name="old", actor=ACTOR)
    new = sources.create_secret(source=source, name="new", actor=ACTOR)
    body = batch(ended_event())

    def told() -> dict[str, datetime | None]:
        return dict(SourceSecret.objects.values_list("name", "last_used_at"))

    assert post(body, "whsec_" + "A" * 43 + "=").status_code == 401
    assert told() == {"old": None, "new": None}
    assert post(body, new).status_code == 202
    assert told() == {"old": None, "new": NOW}
    assert post(body, old).status_code == 202
    assert told() == {"old": NOW, "new": NOW}


@pytest.mark.django_db(transaction=True)
def test_a_note_that_fails_fails_no_request() -> None:
    key = make_key(make_source())
    table = "conversations_sourcekey"
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT never CHECK (last_used_at IS NULL) NOT VALID"
        )
    try:
        ask(key)
        assert used() is None
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT never")


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def test_the_page_tells_it(client: Client, source: Source) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    key = make_key(source)
    sources.create_secret(source=source, name="main", actor=ACTOR)
    assert client.get("/sources/chat").text.count("never used") == 2
    ask(key, NOW)
    SourceSecret.objects.update(last_used_at=NOW)
    shown = client.get("/sources/chat").text
    assert "never used" not in shown
    assert shown.count(f'last used <time datetime="{NOW.isoformat()}"') == 2
