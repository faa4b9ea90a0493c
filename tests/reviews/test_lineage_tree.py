"""The tree of branches on a case's page: whole, without loops, and cut where it says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Role
from conversations.keys import mint
from conversations.models import Conversation, Source
from conversations.services import branches
from conversations.services import lineage as families
from tests.factories import NOW, make_source, make_user
from tests.reviews.test_lineage import branch, thread, tree_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def outline(source: Source, name: str) -> list[Any]:
    """The tree around a conversation, as nested lists of names and what is not there."""
    here = Conversation.objects.get(source=source, external_id=name)

    def told(branch: branches.Branch) -> list[Any]:
        more = [f"+{branch.more}"] if branch.more else []
        return [branch.conversation.external_id, *map(told, branch.branches), *more]

    return [told(top) for top in branches.tree_of(here, families.family_of(here)).tops]


def test_the_whole_tree_is_shown_from_the_top(client: Client, ana: User, source: Source) -> None:
    thread(source, "grandparent")
    branch(source, "parent", "grandparent", 1)
    case = thread(source, "here", "parent")
    branch(source, "sibling", "parent", 3)
    branch(source, "nephew", "sibling", 4)
    branch(source, "child", "here", 5)
    branch(source, "grandchild", "child", 6)
    branch(source, "aunt", "grandparent", 7)
    branch(source, "cousin", "aunt", 8)
    whole = [
        "grandparent",
        ["parent", ["here", ["child", ["grandchild"]]], ["sibling", ["nephew"]]],
        ["aunt", ["cousin"]],
    ]
    assert outline(source, "here") == [whole]
    tree = tree_on(client, case)
    shown = re.findall(r'class="mono">([a-z]+)</bdi>', tree)
    assert shown == [
        *("grandparent", "parent", "here", "child", "grandchild", "sibling", "nephew"),
        *("aunt", "cousin"),
    ]
    assert tree.count("<ul") == tree.count("</ul>") == 7
    assert "is cut" not in tree


def test_a_wide_tree_is_cut_and_says_where(client: Client, ana: User, source: Source) -> None:
    case = thread(source, "here", "parent")
    branch(source, "parent", "top")
    branch(source, "child", "here", 1)
    thread(source, "top")
    for number in range(70):
        branch(source, f"aunt-{number}", "top", 2)
    tree = tree_on(client, case)
    for near in (">top<", ">parent<", "This conversation", ">child<"):
        assert near in tree
    assert len(re.findall(r">aunt-\d+<", tree)) <= branches.MOST
    assert re.search(r"\d+ branches or more of it are not shown", tree)
    assert "it is cut where it says so" in tree


def test_a_deep_tree_is_cut_above_and_below(client: Client, ana: User, source: Source) -> None:
    for number in range(13):
        branch(source, f"up-{number}", f"up-{number + 1}", number)
    case = thread(source, "here", "up-0")
    branch(source, "child", "here")
    branch(source, "grandchild", "child")
    tree = tree_on(client, case)
    assert "What this branched off is not shown." in tree
    assert (">up-9<" in tree, ">up-10<" in tree) == (True, False)
    assert ">child<" in tree
    low = thread(source, "low", "low-parent")
    thread(source, "low-parent")
    for number in range(12):
        branch(source, f"down-{number}", f"down-{number - 1}" if number else "low")
    tree = tree_on(client, low)
    assert (">down-8<" in tree, ">down-9<" in tree) == (True, False)
    assert "1 branch of it is not shown." in tree


def test_a_loop_of_three_is_walked_once(source: Source) -> None:
    for name, parent in (("one", "two"), ("two", "three"), ("three", "one")):
        branch(source, name, parent)
    for name in ("one", "two", "three"):
        (top,) = outline(source, name)
        assert sorted(re.findall(r"[a-z]+", str(top))) == ["one", "three", "two"]


def test_the_tree_is_read_by_indexes_and_no_further_than_its_bound(source: Source) -> None:
    thread(source, "top")
    here = thread(source, "here", "top").cutoff.conversation
    Conversation.objects.bulk_create(
        Conversation(
            id=mint(NOW),
            source=source,
            external_id=f"more-{number}",
            parent_external_id=f"more-{number // 60}" if number >= 60 else "top",
        )
        for number in range(4_000)
    )
    family = families.family_of(here)
    with CaptureQueriesContext(connection) as asked, connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")
        branches.tree_of(here, family)
    (recursive,) = [query["sql"] for query in asked if "RECURSIVE" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {recursive}")
        (((plan,),),) = (cursor.fetchall(),)
    steps = list(_steps(plan[0]["Plan"]))
    assert "conversation_branches" in {step.get("Index Name") for step in steps}
    scans = [step for step in steps if step.get("Relation Name") == "conversations_conversation"]
    assert {step["Node Type"] for step in scans} <= {"Index Scan", "Index Only Scan"}
    read = sum(step["Actual Rows"] * step["Actual Loops"] for step in scans)
    assert read <= branches.MOST * (branches.MOST + 10)


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _steps(below)
