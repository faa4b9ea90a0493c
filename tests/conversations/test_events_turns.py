"""One batch at a time in a server process; a single event does not wait for it."""

from __future__ import annotations

import json

import pytest

from conversations import api
from conversations.models import Cutoff
from tests.factories import ended_event
from tests.sender import BATCH, STRUCTURED, Sender

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_PATIENCE", 0.01)


def test_a_batch_waits_its_turn_and_is_told_when_to_come_again(sender: Sender) -> None:
    with api._ONE_BATCH:
        answer = sender.post(json.dumps([ended_event()]).encode(), BATCH)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["type"].endswith("busy")
    assert not Cutoff.objects.exists()


def test_a_single_event_does_not_wait(sender: Sender) -> None:
    with api._ONE_BATCH:
        answer = sender.post(json.dumps(ended_event()).encode(), STRUCTURED)
    assert answer.status_code == 202


@pytest.mark.parametrize("body", [b"[", b"[]", b"[1]"])
def test_a_bad_batch_gives_its_turn_back(sender: Sender, body: bytes) -> None:
    sender.post(body, BATCH)
    assert sender.post(json.dumps([ended_event()]).encode(), BATCH).status_code == 202
