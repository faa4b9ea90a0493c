"""Storing events: once each, and all of what belongs to them."""

from __future__ import annotations

import pytest

from conversations.models import (
    Conversation,
    Cutoff,
    Enrichment,
    Event,
    EventRemainder,
    Refusal,
    Transcript,
)
from conversations.vocabulary import Kind
from reviews.models import Case
from reviews.vocabulary import CaseState
from tests.factories import ended_event, make_source, near_miss_event, record

pytestmark = pytest.mark.django_db


def test_an_event_makes_all_its_rows() -> None:
    source = make_source()
    event = ended_event(conversation={"theme": "garden"})
    (result,) = record(source, event)

    assert result.status == "accepted"
    assert result.notice_url.startswith("http://recourse.test/n/")
    assert result.cutoff_id
    cutoff = Cutoff.objects.get(pk=result.cutoff_id)
    assert (cutoff.kind, cutoff.severity, cutoff.warnings) == (Kind.CUTOFF, 0.55, 1)
    assert cutoff.conversation.external_id == event["data"]["conversation"]["id"]
    assert cutoff.conversation.latest_cutoff == cutoff
    assert cutoff.conversation.locked
    assert cutoff.conversation.subject not in ("", event["data"]["conversation"]["user_id"])
    assert Transcript.objects.get(pk=cutoff.pk).format == "openai.chat"
    stored = Event.objects.get(cutoff_id=cutoff.pk)
    assert EventRemainder.objects.get(pk=stored.pk).body == {"conversation": {"theme": "garden"}}
    assert Enrichment.objects.filter(cutoff=cutoff).exists()
    assert cutoff.case.state in (CaseState.OPEN, CaseState.UNSELECTED)


def test_the_same_event_again_is_a_duplicate_and_adds_nothing() -> None:
    source = make_source()
    event = ended_event()
    (first,) = record(source, event)
    (again,) = record(source, event)

    assert (again.status, again.notice_url) == ("duplicate", first.notice_url)
    assert Event.objects.count() == Cutoff.objects.count() == Case.objects.count() == 1


def test_the_same_event_twice_in_one_batch_counts_once() -> None:
    event = ended_event()
    first, second = record(make_source(), event, event)

    assert (first.status, second.status) == ("accepted", "duplicate")
    assert Cutoff.objects.count() == 1


def test_another_body_under_the_same_id_is_refused_and_logged() -> None:
    source = make_source()
    event = ended_event()
    record(source, event)
    (other,) = record(source, {**event, "data": ended_event()["data"]})

    assert other.status == "rejected"
    assert other.errors[0]["code"] == "id_reused"
    assert other.errors[0]["pointer"] == "/0/id"
    assert Refusal.objects.get().errors == other.errors
    assert Cutoff.objects.count() == 1


def test_ids_are_a_sources_own() -> None:
    event = ended_event()
    (one,) = record(make_source(), event)
    (two,) = record(make_source(), event)

    assert one.status == two.status == "accepted"
    assert Conversation.objects.count() == 2


def test_a_bad_event_does_not_keep_the_rest_out() -> None:
    bad = ended_event()
    bad["data"]["transcript"] = {"format": "openai.chat", "messages": [{"role": "wizard"}]}
    results = record(make_source(), ended_event(), bad, ended_event())

    assert [result.status for result in results] == ["accepted", "rejected", "accepted"]
    assert results[1].errors[0]["pointer"] == "/1/data/transcript/messages/0/role"
    assert results[1].errors[0]["code"] == "unknown_role"
    assert Cutoff.objects.count() == 2


def test_a_later_ending_is_the_latest_whatever_the_order_of_arrival() -> None:
    source = make_source()
    ids = {"conversation": {"id": "same"}}
    later = ended_event(time="2026-11-20T11:00:00Z", **ids)
    earlier = ended_event(time="2026-11-20T09:00:00Z", **ids)
    (newest,) = record(source, later)
    record(source, earlier)

    conversation = Conversation.objects.get()
    assert conversation.latest_cutoff_id == newest.cutoff_id
    assert conversation.cutoffs.count() == Case.objects.count() == 2


def test_two_endings_of_one_conversation_in_one_batch() -> None:
    ids = {"conversation": {"id": "same"}}
    results = record(
        make_source(),
        ended_event(time="2026-11-20T11:00:00Z", **ids),
        ended_event(time="2026-11-20T09:00:00Z", **ids),
    )

    assert Conversation.objects.get().latest_cutoff_id == results[0].cutoff_id


def test_a_near_miss_leaves_its_conversation_open_and_has_no_notice() -> None:
    (result,) = record(make_source(), near_miss_event())

    cutoff = Cutoff.objects.get()
    assert cutoff.kind == Kind.NEAR_MISS
    assert cutoff.notice_token is None
    assert result.notice_url == ""
    assert not cutoff.conversation.locked
    assert Case.objects.count() == int(cutoff.in_audit)


def test_history_lies_in_the_partition_of_its_month() -> None:
    (result,) = record(make_source(), ended_event(time="2019-03-05T00:00:00Z"))

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM conversations_transcript WHERE cutoff_id = %s",
            [result.cutoff_id],
        )
        assert cursor.fetchone() == ("conversations_transcript_201903",)


def test_characters_that_cannot_be_stored_are_replaced_and_said() -> None:
    from conversations import parsing
    from conversations.api import limits
    from conversations.services import intake
    from tests.factories import NOW

    raw = (
        b'{"specversion":"1.0","id":"e","source":"/c","type":"recourse.conversation.ended.v1",'
        b'"data":{"conversation":{"id":"c1"},"cutoff":{"initiator":"model"},"transcript":'
        b'{"format":"openai.chat","messages":[{"role":"user","content":"a\\u0000b \\ud800 c"}]}}}'
    )
    items = parsing.parse_events([raw], limits=limits(), now=NOW, in_batch=False)
    (result,) = intake.record(source=make_source(), items=items, now=NOW)

    assert result.warnings == ["text_replaced"]
    assert "a\ufffdb \ufffd c" in Transcript.objects.get().messages
    assert Cutoff.objects.get().text_replaced
