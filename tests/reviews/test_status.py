"""What a chat service learns of one of its conversations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case
from reviews.services.status import Status, status_of
from reviews.vocabulary import CaseState
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_source,
    make_user,
    near_miss_event,
    record,
    settle,
)

pytestmark = pytest.mark.django_db


def asked(case: Case) -> Status:
    conversation = (
        Cutoff.objects.select_related("conversation__source").get(pk=case.pk).conversation
    )
    found = status_of(source=conversation.source, external_id=conversation.external_id)
    assert found is not None
    return found


def test_it_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    source = make_source()
    make_case(source, conversation={"id": "c1"})
    with django_assert_num_queries(1):
        assert status_of(source=source, external_id="c1")
    with django_assert_num_queries(1):
        assert status_of(source=source, external_id="c2") is None


def test_an_ended_conversation() -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"})
    token = Cutoff.objects.get(pk=case.pk).notice_token
    assert status_of(source=source, external_id="c1") == {
        "id": "c1",
        "state": "ended",
        "locked": True,
        "may_start_new": True,
        "may_branch": True,
        "ended_at": "2026-11-20T10:00:00Z",
        "reason": {
            "title": "This conversation was ended",
            "text": "The assistant ended this conversation by itself. It is meant to do that"
            " rarely, and only as a last resort. It had to do with the way in which the assistant"
            " was spoken to.",
        },
        "review": "pending",
        "notice_url": f"http://recourse.test/n/{token}",
    }


def test_a_conversation_that_was_never_ended() -> None:
    source = make_source()
    record(source, near_miss_event(conversation={"id": "c1"}))
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert (found["state"], found["locked"], found["review"]) == ("open", False, "none")
    assert (found["ended_at"], found["reason"], found["notice_url"]) == (None, None, None)


def test_anothers_conversation_is_unknown() -> None:
    source = make_source()
    make_case(source, conversation={"id": "c1"})
    assert status_of(source=make_source(), external_id="c1") is None


@pytest.mark.parametrize(
    ("decision", "review", "locked"),
    [("overturn", "overturned", False), ("uphold", "upheld", True)],
)
def test_the_road_of_a_review(decision: str, review: str, locked: bool) -> None:
    case = make_case()
    assert asked(case)["review"] == "pending"
    give_verdict(case, make_user(Role.REVIEWER), decision)
    assert (asked(case)["review"], asked(case)["locked"]) == ("pending", True)
    settle(case)
    assert (asked(case)["review"], asked(case)["locked"]) == (review, locked)
    hear(case, appeal=True, now=NOW + timedelta(days=1))
    assert (asked(case)["review"], asked(case)["locked"]) == ("pending", locked)


def test_nobody_is_to_look() -> None:
    case = make_case(opened=False)
    Case.objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED)
    assert asked(case)["review"] == "none"


def test_it_tells_of_the_latest_cutoff() -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"}, time="2026-11-20T08:00:00Z")
    give_verdict(case, make_user(Role.REVIEWER))
    settle(case)
    make_case(source, conversation={"id": "c1"}, time="2026-11-20T09:00:00Z")
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert (found["state"], found["review"], found["ended_at"]) == (
        "ended",
        "pending",
        "2026-11-20T09:00:00Z",
    )
