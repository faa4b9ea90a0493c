"""Requests refused whole and duplicates, as the sources page tells of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import InterfaceError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.ledger import Actor
from accounts.models import User
from conversations import api, cache_scripts, rate_limits
from conversations.models import Refusal, Source, SourceKey
from conversations.services import receipts, sources, unstored
from conversations.vocabulary import Scope
from tests.conversations.sources_pages import said
from tests.factories import make_key, make_source
from tests.sender import BATCH, STRUCTURED

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SIGNED = {
    "Webhook-Id": "msg_1",
    "Webhook-Timestamp": str(int(NOW.timestamp())),
    "Webhook-Signature": "v1,AAAA",
    "Recourse-Source": "chat",
}


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def post(
    body: bytes, headers: dict[str, str], media_type: str = BATCH, *, at: datetime = NOW
) -> Any:
    """What *body* is answered at *at*."""
    with time_machine.travel(at, tick=False):
        return Client().generic("POST", "/api/v1/events", body, media_type, headers=headers)


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def told(source: Source) -> list[tuple[str, int]]:
    """The codes of the tail's lines, and how many each counts."""
    return [
        (line.errors[0]["code"] if line.refused else "duplicate", line.count)
        for line in receipts.tail(source=source).receipts
        if line.whole or line.duplicate
    ]


REFUSED: list[tuple[str, str, Callable[[], bytes], dict[str, str]]] = [
    ("400 malformed_body", BATCH, lambda: b"{", {}),
    ("400 malformed_body", STRUCTURED, lambda: b"[]", {}),
    ("400 empty_batch", BATCH, lambda: b"[]", {}),
    ("413 too_large", BATCH, lambda: b"[" + b"1," * 1000 + b"1]", {}),
    ("413 too_large", STRUCTURED, lambda: b" " * (settings.INTAKE_MAX_EVENT + 1), {}),
    ("415 unsupported_media_type", "text/plain", lambda: b"[]", {}),
    ("415 unsupported_media_type", BATCH, lambda: b"[]", {"Content-Encoding": "br"}),
]


@pytest.mark.parametrize(("code", "media_type", "body", "headers"), REFUSED)
def test_a_request_refused_whole_is_told(
    client: Client,
    ida: User,
    source: Source,
    code: str,
    media_type: str,
    body: Callable[[], bytes],
    headers: dict[str, str],
) -> None:
    answer = post(body(), by(make_key(source)) | headers, media_type)

    assert answer.status_code == int(code[:3])
    assert told(source) == [(code, 1)]
    page = client.get("/sources/chat/tail").text
    assert "the whole request" in page
    assert code in page
    assert answer.json()["detail"] in page


def test_an_event_alone_that_is_too_large_is_told(source: Source) -> None:
    transcript = {
        "format": "openai.chat",
        "messages": [{"role": "user", "content": "a " * 1_500_000}],
    }
    answer = post(
        json.dumps(said(transcript=transcript)).encode(), by(make_key(source)), STRUCTURED
    )

    assert answer.status_code == 413
    assert told(source) == [("413 too_large", 1)]


def test_too_many_events_are_counted_by_the_minute(source: Source) -> None:
    Source.objects.update(events_per_second=1)
    key = make_key(source)
    rate_limits.take(source=Source.objects.get(), kind="events", amount=300)
    for _ in range(40):
        assert post(b"[1]", by(key)).status_code == 429
    assert post(b"[1]", by(key), at=NOW + timedelta(minutes=1)).status_code == 429

    assert told(source) == [("429 too_many_events", 1), ("429 too_many_events", 40)]
    assert Refusal.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Webhook-Timestamp": str(int(NOW.timestamp()) - 900)},
        {"Webhook-Signature": ""},
        {"Webhook-Id": ""},
    ],
    ids=["wrong", "late", "none", "no id"],
)
@pytest.mark.parametrize("signs", [True, False])
def test_a_bad_signature_under_a_known_name_is_told(
    source: Source, change: dict[str, str], signs: bool
) -> None:
    if signs:
        sources.create_secret(source=source, name="one", actor=Actor.task("test"))
    answer = post(b"[]", SIGNED | change)

    assert answer.status_code == 401
    (line,) = receipts.tail(source=source).receipts
    assert line.errors[0]["code"].startswith("401 ")
    assert line.errors[0]["detail"] == answer.json()["detail"]


@pytest.mark.parametrize("wrong", ["revoked", "scope", "secret"])
def test_a_key_that_opens_nothing_is_told(source: Source, wrong: str) -> None:
    key = make_key(source, Scope.STATUS_READ if wrong == "scope" else Scope.EVENTS_WRITE)
    if wrong == "revoked":
        SourceKey.objects.update(revoked_at=NOW)
    if wrong == "secret":
        key = key[:-1] + ("a" if key[-1] != "a" else "b")
    answer = post(b"[]", by(key))

    assert answer.status_code == (403 if wrong == "scope" else 401)
    assert [count for _, count in told(source)] == [1]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Recourse-Source": "nobody"},
        {"Recourse-Source": "no slug\x00"},
        {"Authorization": "Bearer rubbish"},
        {"Authorization": "Basic rubbish"},
    ],
)
def test_who_names_no_source_leaves_no_trace(source: Source, headers: dict[str, str]) -> None:
    assert post(b"[]", headers).status_code == 401
    assert cache_scripts.client().keys() == []


def test_strangers_add_a_line_an_hour_and_drive_out_nobody(source: Source) -> None:
    key = make_key(source)
    post(b"[]", by(key), at=NOW + timedelta(minutes=90))
    for minute in range(0, 180, 5):
        post(b"[]", SIGNED, at=NOW + timedelta(minutes=minute))

    assert told(source) == [
        ("401 authentication_failed", 12),
        ("401 authentication_failed", 12),
        ("400 empty_batch", 1),
        ("401 authentication_failed", 12),
    ]


def test_the_lines_of_a_source_are_few(source: Source) -> None:
    key = make_key(source)
    for minute in range(unstored.MOST + 10):
        post(b"[]", by(key), at=NOW + timedelta(minutes=minute))
    post(b"[]", by(make_key(make_source("other"))))

    kept = unstored.lines(source=source)
    assert len(kept) == unstored.MOST
    assert min(line.at for line in kept) == NOW + timedelta(minutes=10)


def test_events_sent_again_are_counted_together(client: Client, ida: User, source: Source) -> None:
    key = make_key(source)
    body = json.dumps([said(id=f"e{number}") for number in range(20)]).encode()
    post(body, by(key))
    before = client.get("/sources/chat/tail").context["tail"].mark
    for _ in range(3):
        assert post(body, by(key)).json()["duplicates"] == 20

    assert told(source) == [("duplicate", 60)]
    page = client.get(f"/sources/chat/tail?mark={before}")
    assert page.status_code == 200
    assert "60 times; this is the last." in page.text
    assert [line.event_id for line in unstored.lines(source=source)] == ["e19"]


def test_a_good_batch_asks_the_cache_and_the_database_no_more_than_before(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = cache_scripts.run

    def noted(script: str, *, key: str, arguments: list[str | int | float]) -> Any:
        asked.append(key)
        return run(script, key=key, arguments=arguments)

    monkeypatch.setattr(cache_scripts, "run", noted)
    key = make_key(source)
    post(json.dumps([said()]).encode(), by(key))
    body = json.dumps([said() for _ in range(5)]).encode()
    with CaptureQueriesContext(connection) as good:
        assert post(body, by(key)).json()["accepted"] == 5
    assert asked == [f"rate:events:{source.pk}"] * 2
    with CaptureQueriesContext(connection) as again:
        post(body, by(key))
    assert asked[2:] == [f"rate:events:{source.pk}", f"unstored:{source.pk}"]
    assert not [query for query in (*good, *again) if "refusal" in query["sql"]]


def test_nothing_of_what_was_sent_is_kept(source: Source) -> None:
    secret = "the-very-words"
    coded = {"Content-Encoding": secret}
    for media_type, body in (
        (BATCH, f'[{{"data": "{secret}"'),
        (STRUCTURED, f'"{secret}"'),
        (f"text/{secret}", secret),
    ):
        post(body.encode(), coded | by(make_key(source)), media_type)
        post(body.encode(), SIGNED | {"Webhook-Id": secret}, media_type)

    assert len(told(source)) >= 2
    assert secret not in repr(unstored.lines(source=source))


AWAY = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "unix:///nowhere/valkey.sock",
    }
}


def test_without_the_cache_the_answers_and_the_page_are_there(
    client: Client, ida: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_scripts, "_resting_until", 0.0)
    cache_scripts._known.cache_clear()
    with override_settings(CACHES=AWAY):
        assert post(b"[]", by(make_key(source))).status_code == 400
        assert "Nothing has come yet" in client.get("/sources/chat/tail").text
    cache_scripts._known.cache_clear()


def test_a_database_that_goes_meanwhile_changes_no_answer(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise InterfaceError

    monkeypatch.setattr(api, "named_source", gone)
    assert post(b"[]", by(make_key(source))).status_code == 400
