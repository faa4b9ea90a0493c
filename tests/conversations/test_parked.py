"""Parked events: each keeps its identity, as any other event does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest

from accounts.ledger import Actor
from conversations.api import limits
from conversations.models import Cutoff, Event, ParkedEvent, Source
from conversations.services import intake, trial
from conversations.services.intake import Result
from conversations.signals import cutoffs_recorded
from reviews.models import Case
from tests.concurrency import at_once
from tests.conversations.keeping import LATER
from tests.factories import NOW, ended_event, make_source, parsed, record

pytestmark = pytest.mark.django_db

ACTOR = Actor.task("test")


@pytest.fixture
def fault() -> Iterator[Any]:
    """Something behind intake that fails on every cutoff until it is mended."""

    def broken(**_: object) -> None:
        raise ValueError

    cutoffs_recorded.connect(broken, dispatch_uid="fault", weak=False)
    yield lambda: cutoffs_recorded.disconnect(dispatch_uid="fault")
    cutoffs_recorded.disconnect(dispatch_uid="fault")


def send(source: Source, *events: dict[str, Any]) -> list[Result]:
    return intake.record(source=source, items=parsed(*events, now=LATER), now=LATER)


def replay(parked: ParkedEvent) -> Result:
    return trial.replay(parked=parked, limits=limits(), actor=ACTOR)


def other_body(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "data": ended_event()["data"]}


@pytest.fixture
def source() -> Source:
    return make_source()


@pytest.mark.parametrize("mended", [False, True])
def test_a_parked_event_sent_again_is_a_duplicate(source: Source, fault: Any, mended: bool) -> None:
    event = ended_event()
    send(source, event)
    if mended:
        fault()
    (again,) = send(source, event)

    assert (again.status, again.notice_url) == ("duplicate", "")
    assert again.conversation_id == event["data"]["conversation"]["id"]
    assert ParkedEvent.objects.count() == Event.objects.count() == 1
    assert not Cutoff.objects.exists(), "it waits to be replayed"


@pytest.mark.parametrize("mended", [False, True])
def test_another_body_under_the_id_of_a_parked_event_is_refused(
    source: Source, fault: Any, mended: bool
) -> None:
    event = ended_event()
    send(source, event)
    if mended:
        fault()
    (other,) = send(source, other_body(event))

    assert (other.status, other.errors[0]["code"]) == ("rejected", "id_reused")
    assert bytes(ParkedEvent.objects.get().raw) == msgspec.json.encode(event)
    fault()
    assert replay(ParkedEvent.objects.get()).status == "accepted"
    assert Cutoff.objects.get().conversation.external_id == event["data"]["conversation"]["id"]


def test_once_replayed_it_is_like_any_other(source: Source, fault: Any) -> None:
    event = ended_event()
    send(source, event)
    fault()
    first = replay(ParkedEvent.objects.get())
    (again,) = send(source, event)

    assert (again.status, again.notice_url) == ("duplicate", first.notice_url)
    assert first.notice_url
    assert Event.objects.get().cutoff_id == first.cutoff_id
    assert Cutoff.objects.count() == Case.objects.count() == 1
    assert not ParkedEvent.objects.exists()


def test_a_replay_that_fails_leaves_it_as_it_was(source: Source, fault: Any) -> None:
    event = ended_event()
    send(source, event)
    (parked,) = ParkedEvent.objects.all()

    assert "parked" in replay(parked).warnings
    assert ParkedEvent.objects.get() == parked
    assert send(source, event)[0].status == "duplicate"


def test_a_replay_that_is_refused_leaves_its_id_taken(source: Source, fault: Any) -> None:
    event = ended_event()
    send(source, event)
    fault()
    narrow = replace(limits(), event=10)
    refused = trial.replay(parked=ParkedEvent.objects.get(), limits=narrow, actor=ACTOR)

    assert refused.errors[0]["code"] == "too_large"
    assert send(source, other_body(event))[0].errors[0]["code"] == "id_reused"
    assert ParkedEvent.objects.count() == 1


def test_a_stored_event_is_not_taken_for_the_one_that_is_parked(source: Source) -> None:
    """As one may be that was parked before parked events held their id."""
    event = ended_event()
    record(source, event)
    parked = ParkedEvent.objects.create(
        source=source,
        ce_source=event["source"],
        ce_id=event["id"],
        raw=msgspec.json.encode(event),
        failure="ValueError",
        parked_at=NOW,
    )

    assert replay(parked).status == "duplicate"
    assert Cutoff.objects.count() == 1
    assert not ParkedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_bodies_sent_at_once_one_is_parked_and_the_other_refused(fault: Any) -> None:
    source = make_source()
    one = ended_event()
    other = other_body(one)
    outcomes = at_once(*(partial(send, source, event) for event in (one, other) * 4))

    found: dict[str, list[str]] = {"one": [], "other": []}
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, list), outcome
        found["other" if number % 2 else "one"].append(outcome[0].status)
    won, lost = sorted(found, key=lambda name: "accepted" not in found[name])
    assert sorted(found[won]) == ["accepted", *["duplicate"] * 3]
    assert found[lost] == ["rejected"] * 4
    kept = msgspec.json.encode(one if won == "one" else other)
    assert bytes(ParkedEvent.objects.get().raw) == kept
