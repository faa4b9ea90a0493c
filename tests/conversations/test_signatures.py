"""Requests signed by Standard Webhooks."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from standardwebhooks import Webhook

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from conversations import signatures
from conversations.models import Event, Source, SourceSecret
from conversations.services import sources
from conversations.signatures import BadSignature, Signed
from tests.factories import ended_event, make_source

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"not secret, for tests only: 0123").decode()
BATCH = "application/cloudevents-batch+json"
ACTOR = Actor.task("test")


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> Signed:
    """The headers of *body*, signed by us."""
    seconds = int(at.timestamp())
    signature = signatures.sign(secret=secret, message_id="msg_1", timestamp=seconds, body=body)
    return Signed("msg_1", str(seconds), signature)


# --- Pure ---------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_library() -> None:
    body = '{"text": "Grüße 😀"}'
    ours = signed(body.encode())

    assert ours.signature == Webhook(SECRET).sign("msg_1", NOW, body)
    signatures.check(ours, body=body.encode(), secrets=[SECRET])


def test_bytes_that_are_no_text() -> None:
    body = bytes(range(256))

    signatures.check(signed(body), body=body, secrets=[SECRET])


def test_either_secret_and_either_signature() -> None:
    other = signatures.mint()
    both = Signed("msg_1", signed(b"").timestamp, "v1a,AAAA v1,AAAA " + signed(b"x").signature)

    signatures.check(both, body=b"x", secrets=[other, SECRET])
    with pytest.raises(BadSignature):
        signatures.check(both, body=b"x", secrets=[other])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "msg_2"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"signature": ""},
        {"signature": "v1"},
        {"signature": "v1,"},
        {"signature": "v1,é"},
        {"signature": "v2," + signed(b"x").signature[3:]},
        {"signature": " ".join(["v1,AAAA"] * 1000) + " " + signed(b"x").signature},
    ],
)
def test_whatever_is_changed_does_not_match(change: dict[str, str]) -> None:
    headers = Signed(**{**vars(signed(b"x")), **change})
    with pytest.raises(BadSignature):
        signatures.check(headers, body=b"x", secrets=[SECRET])


def test_another_body_does_not_match() -> None:
    with pytest.raises(BadSignature):
        signatures.check(signed(b"x"), body=b"y", secrets=[SECRET])


@pytest.mark.parametrize(("minutes", "fits"), [(-5, True), (-5.1, False), (5, True), (5.1, False)])
def test_five_minutes_of_tolerance(minutes: float, fits: bool) -> None:
    headers = signed(b"", at=NOW + timedelta(minutes=minutes))
    if fits:
        signatures.check_headers(headers, now=NOW)
    else:
        with pytest.raises(BadSignature, match=f"too {'old' if minutes < 0 else 'new'}.*clock"):
            signatures.check_headers(headers, now=NOW)


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-1", "١٢", "9" * 30, "nan", "17000.5"])
def test_a_timestamp_that_is_none(timestamp: str) -> None:
    with pytest.raises(BadSignature, match="webhook-timestamp"):
        signatures.check_headers(Signed("msg_1", timestamp, "v1,AAAA"), now=NOW)


@pytest.mark.parametrize("message_id", ["", "é", "x" * 257])
def test_an_id_that_is_none(message_id: str) -> None:
    with pytest.raises(BadSignature, match="webhook-id"):
        signatures.check_headers(Signed(message_id, "1", "v1,AAAA"), now=NOW)


def test_secrets_are_of_256_bits_and_differ() -> None:
    one, two = signatures.mint(), signatures.mint()

    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


# --- Over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def source() -> Source:
    return make_source("signing")


def post(body: bytes, secret: str, *, at: datetime = NOW, **changes: Any) -> Any:
    """Post a signed batch at :data:`NOW`, with *changes* to its headers."""
    headers = signed(body, secret=secret, at=at)
    with time_machine.travel(NOW, tick=False):
        return Client(raise_request_exception=False).generic(
            "POST",
            "/api/v1/events",
            body,
            BATCH,
            **{
                "HTTP_RECOURSE_SOURCE": "signing",
                "HTTP_WEBHOOK_ID": headers.id,
                "HTTP_WEBHOOK_TIMESTAMP": headers.timestamp,
                "HTTP_WEBHOOK_SIGNATURE": headers.signature,
                **changes,
            },
        )


def batch(*events: dict[str, Any]) -> bytes:
    return json.dumps(events).encode()


@pytest.mark.django_db
def test_a_signed_batch_and_its_retry(source: Source) -> None:
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    body = batch(ended_event())
    first, retry = post(body, secret), post(body, secret)

    assert (first.status_code, first.json()["accepted"]) == (202, 1)
    assert (retry.status_code, retry.json()["duplicates"]) == (202, 1)
    assert Event.objects.get().source == source


@pytest.mark.django_db
def test_what_is_signed_is_the_compressed_body(source: Source) -> None:
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    packed = gzip.compress(batch(ended_event()))

    assert post(packed, secret, HTTP_CONTENT_ENCODING="gzip").status_code == 202
    unpacked = signed(gzip.decompress(packed), secret=secret)
    answer = post(
        packed, secret, HTTP_CONTENT_ENCODING="gzip", HTTP_WEBHOOK_SIGNATURE=unpacked.signature
    )
    assert answer.status_code == 401


@pytest.mark.django_db
def test_two_secrets_count_until_the_old_one_is_revoked(source: Source) -> None:
    old = sources.create_secret(source=source, name="old", actor=ACTOR)
    new = sources.create_secret(source=source, name="new", actor=ACTOR)
    assert post(batch(ended_event()), old).status_code == 202
    assert post(batch(ended_event()), new).status_code == 202
    with pytest.raises(sources.TwoSecretsAlready):
        sources.create_secret(source=source, name="third", actor=ACTOR)

    row = SourceSecret.objects.get(name="old")
    sources.revoke_secret(secret=row, now=NOW, actor=ACTOR)
    sources.revoke_secret(secret=row, now=NOW + timedelta(days=1), actor=ACTOR)
    row.refresh_from_db()

    assert post(batch(ended_event()), old).status_code == 401
    assert post(batch(ended_event()), new).status_code == 202
    assert (row.revoked_at, row.secret) == (NOW, "")
    sources.create_secret(source=source, name="third", actor=ACTOR)
    said = LedgerEntry.objects.filter(object_type="secret").values_list("action", flat=True)
    assert sorted(said) == ["secret.created"] * 3 + ["secret.revoked"]
    assert old not in str(list(LedgerEntry.objects.values()))


@pytest.mark.django_db
def test_three_live_secrets_cannot_be_stored(source: Source) -> None:
    for slot in (1, 2):
        SourceSecret.objects.create(source=source, slot=slot, name="x", secret="x")
    for slot in (1, 3):
        with pytest.raises(IntegrityError), transaction.atomic():
            SourceSecret.objects.create(source=source, slot=slot, name="x", secret="x")


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_wrong_is_told_so(source: Source, minutes: int) -> None:
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    answer = post(batch(ended_event()), secret, at=NOW + timedelta(minutes=minutes))

    assert answer.status_code == 401
    assert "clock" in answer.json()["detail"]
    assert str(int(NOW.timestamp())) in answer.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["", "another", "nobody", "\x00", "é"])
def test_another_source(source: Source, slug: str) -> None:
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    sources.create_secret(source=make_source("another"), name="main", actor=ACTOR)
    answer = post(batch(ended_event()), secret, HTTP_RECOURSE_SOURCE=slug)

    assert answer.status_code == 401
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_large_body_is_read_only_for_a_source_that_signs(source: Source) -> None:
    body = b" " * (16 * 1024 * 1024 + 1)

    assert post(body, SECRET).status_code == 401
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    assert post(body, secret).status_code == 413


@pytest.mark.django_db
def test_a_signature_does_for_events_only(source: Source) -> None:
    secret = sources.create_secret(source=source, name="main", actor=ACTOR)
    headers = signed(b"", secret=secret)
    answer = Client().get(
        "/api/v1/conversations/x/status",
        headers={
            "Recourse-Source": "signing",
            "webhook-id": headers.id,
            "webhook-timestamp": headers.timestamp,
            "webhook-signature": headers.signature,
        },
    )

    assert answer.status_code in (401, 403)
