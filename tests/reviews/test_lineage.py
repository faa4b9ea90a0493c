"""A conversation's family beside its case: bounded, without loops, blind where it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Role
from conversations import payloads
from conversations.keys import mint
from conversations.models import Conversation, Cutoff, Source
from conversations.services import lineage as families
from reviews.models import Case
from reviews.vocabulary import Area
from tests.factories import (
    NOW,
    ended_event,
    give_verdict,
    hear,
    make_case,
    make_source,
    make_user,
    record,
    settle,
)
from tests.reviews.pages import actions

pytestmark = pytest.mark.django_db

#: Queries that a parent, 30 siblings and 30 branches, and other threads add to a case page.
RELATIVES, THREADS = 9, 9


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def thread(source: Source, name: str, parent: str = "", user: str = "u-1") -> Case:
    """The case of an ended conversation *name* that branched off *parent*."""
    said: dict[str, Any] = {"id": name, "user_id": user}
    if parent:
        said |= {"parent_id": parent, "branched_from_message_id": "m3"}
    return make_case(source, conversation=said)


def branch(source: Source, name: str, parent: str, minute: int = 0) -> None:
    """A branch that has not ended."""
    event = ended_event(
        conversation={"id": name, "parent_id": parent}, time=f"2026-11-20T10:{minute:02}:00Z"
    )
    event["data"]["conversation"]["branched_from_message_id"] = "m3"
    event["data"] = {"conversation": event["data"]["conversation"]}
    record(source, event | {"type": payloads.BRANCHED})


def told(client: Client, case: Case) -> Any:
    """The lineage as the API tells it."""
    return client.get(f"/api/v1/cases/{case.pk}").json()["lineage"]


def tree_on(client: Client, case: Case) -> str:
    """The tree of branches on the page of *case*."""
    text = client.get(f"/cases/{case.number}").text
    return text[text.index('id="branches"') : text.index('id="threads"')]


def names(threads: Any) -> list[str]:
    return [one["conversation_id"] for one in threads["first"]]


def test_parent_siblings_and_branches_are_told(client: Client, ana: User, source: Source) -> None:
    parent = thread(source, "parent")
    case = thread(source, "here", "parent")
    branch(source, "sibling", "parent")
    child = thread(source, "child", "here")
    thread(make_source("other"), "foreign", "here")

    found = told(client, case)
    assert found["conversation_id"] == "here"
    assert found["branched_from_message_id"] == "m3"
    assert found["parent"]["conversation_id"] == "parent"
    assert (found["parent"]["received"], found["parent"]["state"]) == (True, "ended")
    assert [one["label"] for one in found["parent"]["cases"]] == [parent.label]
    assert names(found["siblings"]) == ["sibling"]
    assert found["siblings"]["first"][0]["state"] == "open"
    assert found["siblings"]["first"][0]["cases"] == []
    assert names(found["branches"]) == ["child"]

    text = client.get(f"/cases/{case.number}").text
    tree = text[text.index('id="branches"') : text.index('id="threads"')]
    places = [
        tree.index(name) for name in (">parent<", "This conversation", ">child<", ">sibling<")
    ]
    assert places == sorted(places)
    assert f'href="/cases/{child.number}"' in tree
    assert "from message m3" in tree


def test_a_parent_that_never_came_is_said_to_be_missing(
    client: Client, ana: User, source: Source
) -> None:
    case = thread(source, "here", "nowhere")
    assert told(client, case)["parent"] == {
        "conversation_id": "nowhere",
        "received": False,
        "state": None,
        "at": None,
        "cases": [],
    }
    assert "Not received yet" in client.get(f"/cases/{case.number}").text
    thread(source, "nowhere")
    assert told(client, case)["parent"]["received"]


def test_a_conversation_without_relatives_says_so(
    client: Client, ana: User, source: Source
) -> None:
    case = thread(source, "here")
    found = told(client, case)
    assert (found["parent"], found["branched_from_message_id"]) == (None, None)
    text = client.get(f"/cases/{case.number}").text
    assert "No branch of this conversation has been received." in text


def test_no_loop_is_walked(client: Client, ana: User, source: Source) -> None:
    itself = thread(source, "itself", "itself")
    found = told(client, itself)
    assert (found["parent"], names(found["branches"])) == (None, [])

    one, two = thread(source, "one", "two"), thread(source, "two", "one")
    for case, other in ((one, "two"), (two, "one")):
        found = told(client, case)
        assert found["parent"]["conversation_id"] == other
        assert (names(found["siblings"]), names(found["branches"])) == ([], [])
    own_parent = thread(source, "child", "itself")
    assert names(told(client, own_parent)["siblings"]) == []
    assert client.get(f"/cases/{itself.number}").status_code == 200


def test_of_many_branches_the_first_are_shown_and_counted_up_to_a_bound(
    client: Client, ana: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = thread(source, "here")
    for number in range(25):
        branch(source, f"branch-{number}", "here", number)
    found = told(client, case)["branches"]
    assert names(found) == [f"branch-{number}" for number in range(20)]
    assert (found["count"], found["more"]) == (25, False)
    tree = tree_on(client, case)
    assert [f">branch-{number}<" in tree for number in range(25)] == [True] * 25
    assert "is cut" not in tree

    monkeypatch.setattr(families, "MOST_COUNTED", 23)
    found = told(client, case)["branches"]
    assert (found["count"], found["more"]) == (23, True)


def test_other_threads_are_shown_when_asked_for_with_a_line_in_the_ledger(
    client: Client, ana: User, source: Source
) -> None:
    case, other = thread(source, "here"), thread(source, "other")
    thread(source, "stranger", user="u-2")
    thread(make_source("elsewhere"), "abroad")
    page = f"/cases/{case.number}"
    text = client.get(page).text
    assert ">other<" not in text
    assert "threads.opened" not in actions(case)

    answer = client.post(f"{page}/threads", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert f'href="/cases/{other.number}"' in answer.text
    assert "Harassment of the model" in answer.text
    for absent in (">stranger<", ">abroad<", ">here<"):
        assert absent not in answer.text
    assert actions(case)[-1] == "threads.opened"
    assert ">other<" in client.get(page).text
    assert ">other<" not in client.get(f"/cases/{other.number}").text.replace(">here<", "")
    assert client.get(f"{page}/threads").status_code == 405


def test_without_scripts_the_page_comes_again_with_them(
    client: Client, ana: User, source: Source
) -> None:
    case = thread(source, "here")
    thread(source, "other")
    answer = client.post(f"/cases/{case.number}/threads", follow=True)
    assert answer.redirect_chain[-1][0] == f"/cases/{case.number}#threads"
    assert ">other<" in answer.text
    assert actions(case).count("threads.opened") == 1


def test_nobody_named_and_nobody_else_are_said(client: Client, ana: User, source: Source) -> None:
    nameless = make_case(source, conversation={"id": "nameless", "user_id": None})
    make_case(source, conversation={"id": "another", "user_id": None})
    assert "did not say whose conversation" in client.get(f"/cases/{nameless.number}").text
    assert (
        ">another<"
        not in client.post(f"/cases/{nameless.number}/threads", headers={"HX-Request": "true"}).text
    )
    lonely = thread(source, "lonely", user="u-9")
    answer = client.post(f"/cases/{lonely.number}/threads", headers={"HX-Request": "true"})
    assert "No other thread of this person has been received." in answer.text


# --- Whose it is to know -----------------------------------------------------------------------


def reopened(source: Source, name: str) -> Case:
    """A branch of ``here`` whose case was overturned."""
    case = thread(source, name, "here")
    give_verdict(case, make_user(Role.SENIOR))
    settle(case)
    assert Conversation.objects.get(external_id=name).state == "reopened"
    return case


def state_of(client: Client, case: Case) -> str | None:
    (one,) = told(client, case)["branches"]["first"]
    state: str | None = one["state"]
    return state


def test_that_a_branch_was_reopened_is_for_those_who_see_verdicts(
    client: Client, ana: User, source: Source
) -> None:
    here = thread(source, "here")
    reopened(source, "child")
    assert state_of(client, here) == "reopened"
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert state_of(client, here) is None
    text = client.get(f"/cases/{here.number}").text
    assert "Was ended" in text
    assert "Reopened" not in text


def test_a_branch_under_appeal_tells_its_next_reviewer_nothing_of_the_first_verdict(
    client: Client, ana: User, source: Source
) -> None:
    here = thread(source, "here")
    child = reopened(source, "child")
    hear(child, appeal=True)
    assert state_of(client, here) is None
    assert "Reopened" not in client.get(f"/cases/{here.number}").text


def test_a_blind_second_reviewer_reads_no_outcome_of_related_threads(
    client: Client, ana: User, source: Source
) -> None:
    here = thread(source, "here")
    reopened(source, "child")
    Cutoff.objects.filter(pk=here.pk).update(in_double=True)
    first = make_user(Role.REVIEWER)
    give_verdict(Case.objects.select_related("cutoff").get(pk=here.pk), first)
    assert state_of(client, here) is None
    answer = client.post(f"/cases/{here.number}/threads", headers={"HX-Request": "true"})
    assert "Was ended" in answer.text
    assert "Reopened" not in answer.text
    client.force_login(first)
    assert state_of(client, here) == "reopened"


def test_a_restricted_case_is_linked_for_the_qualified_alone(
    client: Client, ana: User, source: Source
) -> None:
    here = thread(source, "here")
    hidden = make_case(
        source,
        conversation={"id": "child", "user_id": "u-1", "parent_id": "here"},
        cutoff={"category": "child_sexual_exploitation"},
    )
    (one,) = told(client, here)["branches"]["first"]
    assert (one["conversation_id"], one["state"], one["cases"]) == ("child", None, [])
    assert hidden.label not in client.get(f"/cases/{here.number}").text
    client.force_login(make_user(Role.SENIOR, qualified=[Area.CHILD_SAFETY]))
    (one,) = told(client, here)["branches"]["first"]
    assert [found["number"] for found in one["cases"]] == [hidden.number]


def test_those_without_cases_get_none(client: Client, source: Source) -> None:
    case = thread(source, "here")
    client.force_login(make_user())
    assert client.post(f"/cases/{case.number}/threads").status_code == 403
    assert "threads.opened" not in actions(case)


def queries(client: Client, case: Case) -> int:
    """How many queries the page of *case* makes."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/cases/{case.number}").status_code == 200
    return len(asked)


def test_the_queries_do_not_grow_with_the_family(client: Client, ana: User, source: Source) -> None:
    alone, here = thread(source, "alone", user="u-3"), thread(source, "here", "parent")
    thread(source, "parent")
    for number in range(30):
        thread(source, f"sibling-{number}", "parent", user="u-2")
        thread(source, f"child-{number}", "here")
    client.get(f"/cases/{alone.number}")
    client.get(f"/cases/{here.number}")
    full = queries(client, here)
    assert full == queries(client, alone) + RELATIVES
    client.post(f"/cases/{here.number}/threads")
    assert queries(client, here) == full + THREADS


@pytest.mark.parametrize(
    ("find", "index"),
    [
        (families.family_of, "conversation_branches"),
        (families.other_threads, "conversation_subject"),
    ],
)
def test_each_list_walks_its_index(
    source: Source, find: Callable[[Conversation], object], index: str
) -> None:
    here = thread(source, "here").cutoff.conversation
    Conversation.objects.bulk_create(
        Conversation(
            id=mint(NOW),
            source=source,
            external_id=f"more-{number}",
            subject=f"{number % 200}",
            parent_external_id=f"parent-{number % 200}",
        )
        for number in range(4_000)
    )
    with CaptureQueriesContext(connection) as asked, connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")
        find(here)
    *_, last = [query["sql"] for query in asked if "ORDER BY" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {last}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan
    assert "Sort" not in plan, plan
