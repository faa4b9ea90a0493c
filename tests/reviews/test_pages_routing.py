"""The pages of queues and rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, CaseQueue, RoutingRule
from reviews.vocabulary import Queue
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> User:
    user = make_user(Role.ADMINISTRATOR, name="Ada")
    client.force_login(user)
    return user


def made_queue(client: Client, name: str = "Spanish") -> CaseQueue:
    assert client.post("/routing/queues/new", {"name": name, "area": ""}).status_code == 302
    return CaseQueue.objects.get(name=name)


def rule(**changes: Any) -> dict[str, Any]:
    return {"name": "Hate speech", "queue": "spanish", "categories": ["hate"]} | changes


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.POLICY_ADMIN, Role.AUDITOR])
@pytest.mark.parametrize("path", ["", "/queues/new", "/rules/new", "/queues/general/close"])
def test_they_are_for_administrators(client: Client, role: Role, path: str) -> None:
    client.force_login(make_user(role))
    assert client.get(f"/routing{path}").status_code == 403
    assert client.post(f"/routing{path}").status_code in (403, 405)
    assert "/routing" not in client.get("/review").text


def test_with_no_rule_it_says_what_happens(client: Client, admin: User) -> None:
    text = client.get("/routing").text
    assert "No rule yet" in text
    assert "Child safety" in text
    assert "people qualified for Crisis" in text


def test_a_queue_is_made_renamed_and_closed_after_asking(client: Client, admin: User) -> None:
    queue = made_queue(client)
    assert queue.slug == "spanish"
    client.post("/routing/queues/spanish", {"name": "Español"})
    assert "Español" in client.get("/routing").text
    assert "cannot be undone" in client.get("/routing/queues/spanish/close").text
    client.post("/routing/queues/spanish/close")
    assert not CaseQueue.objects.open().filter(pk="spanish").exists()
    actions = LedgerEntry.objects.filter(actor=admin, object_type="queue").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "queue.made",
        "queue.renamed",
        "queue.closed",
    ]


def test_a_name_that_is_taken_is_said_beside_the_form(client: Client, admin: User) -> None:
    response = client.post("/routing/queues/new", {"name": "general", "area": ""})
    assert response.status_code == 422
    assert CaseQueue.objects.count() == len(Queue)


def test_a_queue_that_is_in_use_is_not_closed(client: Client, admin: User) -> None:
    made_queue(client)
    client.post("/routing/rules/new", rule())
    response = client.post("/routing/queues/spanish/close", follow=True)
    assert "A rule sends cases there." in response.text


def test_a_rule_is_tried_before_it_is_saved(client: Client, admin: User) -> None:
    made_queue(client)
    case = make_case(cutoff={"category": "hate"})
    response = client.post("/routing/rules/new", rule(**{"try": "1"}))
    assert response.context["tried"].moved == 1
    assert "it would have moved 1 case." in response.text
    assert not RoutingRule.objects.exists()
    assert response.context["form"]["name"].value() == "Hate speech"
    client.post("/routing/rules/new", rule())
    assert make_case(cutoff={"category": "hate"}).queue == "spanish"
    assert Case.objects.get(pk=case.pk).queue == Queue.GENERAL
    assert "category Hate" in client.get("/routing").text


def test_a_rule_that_asks_for_nothing_is_refused(client: Client, admin: User) -> None:
    made_queue(client)
    response = client.post("/routing/rules/new", rule(categories=[]))
    assert response.status_code == 422
    assert "at least one thing" in response.text


def test_a_rule_is_changed_asked_earlier_and_retired(client: Client, admin: User) -> None:
    made_queue(client)
    client.post("/routing/rules/new", rule())
    client.post("/routing/rules/new", rule(name="Later", categories=["privacy"]))
    first, later = RoutingRule.objects.live()
    assert "Hate speech" in client.get(f"/routing/rules/{first.pk}").text
    client.post(f"/routing/rules/{later.pk}/up")
    assert [one.name for one in RoutingRule.objects.live()] == ["Later", "Hate speech"]
    client.post(f"/routing/rules/{first.pk}", rule(name="Better", languages=["es"]))
    assert [one.name for one in RoutingRule.objects.live()] == ["Later", "Better"]
    assert client.get(f"/routing/rules/{first.pk}").status_code == 404
    assert "still say" in client.get(f"/routing/rules/{later.pk}/retire").text
    client.post(f"/routing/rules/{later.pk}/retire")
    assert [one.name for one in RoutingRule.objects.live()] == ["Better"]


def test_the_number_of_queries_does_not_grow(
    client: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    made_queue(client)
    for number in range(6):
        client.post("/routing/rules/new", rule(name=f"Rule {number}"))
    with django_assert_max_num_queries(12):
        client.get("/routing")


def test_a_queue_of_ones_own_is_a_filter_and_stands_in_the_sidebar(
    client: Client, admin: User
) -> None:
    made_queue(client)
    client.post("/routing/rules/new", rule())
    case = make_case(cutoff={"category": "hate"})
    make_case()
    client.force_login(make_user(Role.REVIEWER))
    response = client.get("/review?queue=spanish")
    assert [row.case.number for row in response.context["rows"]] == [case.number]
    found = {item["label"]: item["count"] for item in response.context["queues"]}
    assert found == {"General": "1", "Appeals": "", "Spanish": "1"}
