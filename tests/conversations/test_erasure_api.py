"""A source asks over the API that a person be erased, and follows it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import LedgerEntry
from conversations import tasks
from conversations.models import ErasureRequest
from conversations.vocabulary import Scope
from tests.conversations.keeping import USER, ask, case_of, erase, hold
from tests.factories import NOW, make_key, make_source

pytestmark = pytest.mark.django_db


def post(client: Client, key: str, **body: Any) -> Any:
    return client.post(
        "/api/v1/subjects/erase",
        {"user_id": USER, "reason": "Asked by letter"} | body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def look(client: Client, key: str, request_id: str) -> Any:
    return client.get(
        f"/api/v1/subjects/erase/{request_id}", headers={"Authorization": f"Bearer {key}"}
    )


def test_a_source_asks_and_follows(client: Client) -> None:
    source = make_source()
    case_of(source)
    key = make_key(source, Scope.SUBJECTS_ERASE)

    answer = post(client, key)

    assert answer.status_code == 202
    assert answer.json() == {"id": answer.json()["id"], "state": "pending"}
    ErasureRequest.objects.update(requested_at=NOW)
    tasks.erase(answer.json()["id"])
    told = look(client, key, answer.json()["id"]).json()
    assert told["state"] == "done"
    assert told["done_at"] is not None
    assert told["erased"]["transcripts"] == 1
    assert LedgerEntry.objects.get(action="erasure.requested").agent.startswith("key:rk_")


def test_a_source_does_not_learn_of_a_hold(client: Client) -> None:
    source = make_source()
    hold(case_of(source).cutoff)
    asked = erase(source)
    assert asked.state == "held"
    told = look(client, make_key(source, Scope.SUBJECTS_ERASE), str(asked.pk))
    assert told.json()["state"] == "running"
    assert "held" not in told.content.decode()
    assert "hold" not in told.content.decode()
    seen = LedgerEntry.objects.exclude(object_type="hold").values_list("action", flat=True)
    assert not [action for action in seen if "hold" in action or "held" in action]


def test_it_needs_its_scope_and_shows_nobody_elses(client: Client) -> None:
    source = make_source()
    asked = ask(source)
    others = [scope for scope in Scope if scope != Scope.SUBJECTS_ERASE]
    weak = make_key(source, *others)
    assert post(client, weak).status_code == 403
    assert look(client, weak, str(asked.pk)).status_code == 403
    assert look(client, make_key(make_source()), str(asked.pk)).status_code == 404
    assert client.post("/api/v1/subjects/erase").status_code == 401
    assert ErasureRequest.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": ""},
        {"user_id": None},
        {"user_id": "u" * 257},
        {"user_id": "a\nb"},
        {"user_id": "a\x00b"},
        {"user_id": "\ud800"},
        {"user_id": {"a": 1}},
        {"reason": ""},
        {"reason": "r" * 501},
    ],
)
def test_what_is_malformed_is_refused(client: Client, body: dict[str, Any]) -> None:
    answer = post(client, make_key(make_source()), **body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
    assert not ErasureRequest.objects.exists()


def test_a_user_id_is_taken_as_it_is(client: Client) -> None:
    """Spaces at its ends are part of it."""
    source = make_source()
    case = case_of(source, f" {USER} ")
    post(client, make_key(source), user_id=f" {USER} ")
    assert ErasureRequest.objects.get().subject == case.cutoff.conversation.subject
