"""All event types, in any order of arrival: nothing waits on anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from conversations import parsing, payloads
from conversations.api import limits
from conversations.models import Conversation, Cutoff, RelayedFeedback
from conversations.vocabulary import ConversationState
from reviews.models import Case, Feedback
from reviews.services.relay import link_relayed_feedback
from tests.factories import NOW, ended_event, make_source, near_miss_event, record

pytestmark = pytest.mark.django_db


def thread_event(kind: str, number: int, **conversation: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"thread-{number}",
        "source": "/chat/test",
        "type": kind,
        "time": "2026-11-20T09:00:00Z",
        "data": {"conversation": conversation},
    }


def feedback_event(
    number: int = 1, time: str = "2026-11-20T10:30:00Z", **said: Any
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"feedback-{number}",
        "source": "/chat/test",
        "type": payloads.FEEDBACK,
        "time": time,
        "data": {"conversation_id": "c", "surprised": True, **said},
    }


def test_a_started_thread_is_open_until_it_is_ended() -> None:
    source = make_source()
    (result,) = record(source, thread_event(payloads.STARTED, 1, id="c", user_id="u"))
    assert (result.status, result.conversation_id, result.notice_url) == ("accepted", "c", "")
    assert Conversation.objects.get().state == ConversationState.OPEN

    record(source, ended_event(conversation={"id": "c", "user_id": "u"}))
    assert Conversation.objects.get().state == ConversationState.ENDED


def test_a_start_that_comes_late_opens_nothing_again() -> None:
    source = make_source()
    record(source, ended_event(conversation={"id": "c"}))
    record(source, thread_event(payloads.STARTED, 1, id="c"))
    assert Conversation.objects.get().locked


@pytest.mark.parametrize("parent_first", [True, False])
def test_a_branch_is_known_to_its_parent_whichever_came_first(parent_first: bool) -> None:
    source = make_source()
    parent = ended_event(conversation={"id": "parent"})
    branch = thread_event(
        payloads.BRANCHED, 1, id="branch", parent_id="parent", branched_from_message_id="m3"
    )
    for event in (parent, branch) if parent_first else (branch, parent):
        record(source, event)

    branches = Conversation.objects.filter(source=source, parent_external_id="parent")
    assert [one.external_id for one in branches] == ["branch"]
    assert branches[0].branched_from_message_id == "m3"


@pytest.mark.parametrize("missing", ["parent_id", "branched_from_message_id"])
def test_a_branch_names_what_it_branched_from(missing: str) -> None:
    said = {"id": "b", "parent_id": "p", "branched_from_message_id": "m"}
    del said[missing]
    event = msgspec.json.encode(thread_event(payloads.BRANCHED, 1, **said))
    (rejected,) = parsing.parse_events([event], limits=limits(), now=NOW, in_batch=False)
    assert isinstance(rejected, parsing.Rejected)
    assert rejected.errors[0]["pointer"] == f"/data/conversation/{missing}"
    assert rejected.errors[0]["code"] == "missing"


def test_a_reopened_thread_that_ends_again_has_a_second_cutoff_and_a_second_case() -> None:
    source = make_source()
    record(source, ended_event(conversation={"id": "c"}))
    Conversation.objects.update(state=ConversationState.REOPENED)
    (again,) = record(source, ended_event(conversation={"id": "c"}, time="2026-11-20T11:00:00Z"))

    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.latest_cutoff_id) == ("ended", again.cutoff_id)
    assert Cutoff.objects.count() == Case.objects.count() == 2


def test_a_near_miss_that_is_followed_by_an_end() -> None:
    source = make_source()
    record(source, near_miss_event(conversation={"id": "c"}))
    assert Conversation.objects.get().state == ConversationState.OPEN
    record(source, ended_event(conversation={"id": "c"}))
    assert Conversation.objects.get().locked
    assert set(Cutoff.objects.values_list("kind", flat=True)) == {"near_miss", "cutoff"}


def test_relayed_feedback_goes_to_the_latest_cutoff_before_it() -> None:
    source = make_source()
    for time in ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"):
        record(source, ended_event(conversation={"id": "c"}, time=time))
    record(source, feedback_event(reason="roleplay", comment="It was a story."))

    assert link_relayed_feedback(now=NOW) == 1
    given = Feedback.objects.get()
    assert given.case.at == datetime.fromisoformat("2026-11-20T10:00:00Z")
    assert (given.reason, given.words.comment) == ("roleplay", "It was a story.")
    assert given.case.surprised
    assert RelayedFeedback.objects.get().comment == "", "the words stand in one place"
    assert link_relayed_feedback(now=NOW) == 0


def test_feedback_that_comes_before_its_cutoff_waits_for_it() -> None:
    source = make_source()
    record(source, feedback_event(appeal=True))
    assert link_relayed_feedback(now=NOW) == 0

    record(source, ended_event(conversation={"id": "c"}, time="2026-11-20T11:00:00Z"))
    assert link_relayed_feedback(now=NOW) == 0, "that cutoff is later than the feedback"

    record(source, ended_event(conversation={"id": "c"}, time="2026-11-20T10:00:00Z"))
    assert link_relayed_feedback(now=NOW) == 1
    assert Feedback.objects.get().appeal


def test_feedback_of_one_source_never_reaches_anothers_conversation() -> None:
    record(make_source(), ended_event(conversation={"id": "c"}))
    record(make_source(), feedback_event())
    assert link_relayed_feedback(now=NOW) == 0


def test_an_unknown_reason_is_kept_as_other() -> None:
    source = make_source()
    record(source, ended_event(conversation={"id": "c"}), feedback_event(reason="moon_phase"))
    link_relayed_feedback(now=NOW)
    assert Feedback.objects.get().reason == "other"


def test_all_types_go_in_together_and_once() -> None:
    source = make_source()
    events = [
        feedback_event(),
        thread_event(payloads.BRANCHED, 2, id="b", parent_id="c", branched_from_message_id="m1"),
        thread_event(payloads.STARTED, 1, id="c"),
        ended_event(conversation={"id": "c"}),
        near_miss_event(conversation={"id": "d"}),
    ]
    assert {result.status for result in record(source, *events)} == {"accepted"}
    assert {result.status for result in record(source, *events)} == {"duplicate"}
    assert Conversation.objects.count() == 3
    assert RelayedFeedback.objects.count() == 1
