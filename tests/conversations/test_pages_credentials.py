"""Keys and secrets on a source's page: shown once, rotated, revoked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts import tokens
from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from conversations.models import Source, SourceKey, SourceSecret
from conversations.services import sources
from tests.conversations.sources_pages import entries, said
from tests.factories import make_key, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    """A source without anything."""
    return make_source("chat")


_KEY = re.compile(r"rk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


def test_a_key_is_shown_once_and_stands_nowhere_else(
    client: Client, ida: User, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    sent = {"key-name": "backend", "key-scopes": ["events:write", "status:read"]}
    response = client.post("/sources/chat/keys", sent)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    (shown,) = set(_KEY.findall(response.text))
    key = SourceKey.objects.get()
    token = tokens.parse(shown)
    assert token is not None
    assert token.matches(bytes(key.digest))
    assert key.scopes == ["events:write", "status:read"]
    assert key.created_by == ida
    assert entries("key.created")[0].actor == ida
    for address in ("/sources/chat", "/sources", "/review"):
        assert token.secret not in client.get(address).text
    assert str(key) in client.get("/sources/chat").text
    assert token.secret not in str(dict(client.session.items()))
    assert token.secret not in caplog.text
    assert token.secret not in str(list(LedgerEntry.objects.values()))
    again = client.get("/sources/chat/keys")
    assert again.headers["Location"] == "/sources/chat"


def test_the_key_works_until_it_is_revoked(client: Client, ida: User, source: Source) -> None:
    sent = {"key-name": "backend", "key-scopes": ["events:write"]}
    key = _KEY.findall(client.post("/sources/chat/keys", sent).text)[0]

    def send() -> int:
        return (
            Client(headers={"Authorization": f"Bearer {key}"})
            .post("/api/v1/events", said(), content_type="application/cloudevents+json")
            .status_code
        )

    assert send() == 202
    address = f"/sources/chat/keys/{key.split('_')[1]}/revoke"
    assert "cannot be undone" in client.get(address).text
    assert send() == 202
    assert client.post(address).headers["Location"] == "/sources/chat"
    assert send() == 401
    assert client.post(address).status_code == 302
    assert len(entries("key.revoked")) == 1
    assert client.get(address).status_code == 302


@pytest.mark.parametrize(
    "sent",
    [
        {"key-name": "", "key-scopes": ["events:write"]},
        {"key-name": "x", "key-scopes": []},
        {"key-name": "x", "key-scopes": ["everything"]},
    ],
)
def test_a_key_needs_a_name_and_a_scope(
    client: Client, ida: User, source: Source, sent: dict[str, Any]
) -> None:
    response = client.post("/sources/chat/keys", sent)
    assert response.status_code == 422
    assert "errorlist" in response.text
    assert not SourceKey.objects.exists()


def test_two_secrets_count_while_they_are_rotated(
    client: Client, ida: User, source: Source
) -> None:
    shown = set()
    for name in ("old", "new"):
        response = client.post("/sources/chat/secrets", {"secret-name": name})
        assert response.headers["Cache-Control"] == "no-store"
        shown |= set(_SECRET.findall(response.text))
    assert shown == set(SourceSecret.objects.values_list("secret", flat=True))
    assert len(shown) == 2
    page = client.get("/sources/chat").text
    assert not _SECRET.search(page)
    assert "Both are valid" in page
    third = client.post("/sources/chat/secrets", {"secret-name": "third"})
    assert third.status_code == 422
    assert "Revoke one first" in third.text
    old = SourceSecret.objects.get(name="old")
    address = f"/sources/chat/secrets/{old.pk}/revoke"
    assert "cannot be undone" in client.get(address).text
    assert client.post(address).status_code == 302
    old.refresh_from_db()
    assert (old.revoked_at is not None, old.secret) == (True, "")
    assert client.get(address).status_code == 302
    assert len(entries("secret.revoked")) == 1


def test_a_key_or_secret_of_another_source_is_not_there(
    client: Client, ida: User, source: Source
) -> None:
    other = make_source("other")
    make_key(other)
    sources.create_secret(source=other, name="x", actor=Actor.task("test"))
    key, secret = SourceKey.objects.get(), SourceSecret.objects.get()
    assert client.post(f"/sources/chat/keys/{key.public_id}/revoke").status_code == 404
    assert client.post(f"/sources/chat/secrets/{secret.pk}/revoke").status_code == 404
