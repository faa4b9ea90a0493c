"""``/api/v1/deliveries``, for administrators."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from reviews.models import Endpoint
from reviews.outcome_vocabulary import OutcomeType
from reviews.services import outcomes
from tests.factories import make_source, make_user
from tests.reviews.outcomes import make_endpoint, states
from tests.reviews.test_pages_deliveries import breach, die

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return make_source("chat")


@pytest.fixture
def admin(client: Client) -> User:
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    return user


def results(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/deliveries{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_one_delivery_says_everything_but_words(
    client: Client, admin: User, source: Source
) -> None:
    make_endpoint(source)
    row = breach(source)
    (found,) = results(client)
    assert found["webhook_id"] == str(row.outcome_id)
    assert (found["source"], found["state"], found["attempts"]) == ("chat", "waiting", 0)
    assert found["type"] == "recourse.cutoff.flagged.v1"
    assert found["data"]["reasons"] == ["no_warning"]
    assert found["next_attempt_at"]
    assert found["failure"] is found["delivered_at"] is found["failed_at"] is None


def test_it_is_filtered_and_paged(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    die(breach(source))
    for _ in range(3):
        outcomes.policy_paused(scope="everything", now=timezone.now())
    assert len(results(client, "?state=dead")) == 1
    assert len(results(client, f"?type={OutcomeType.PAUSED}&source=chat")) == 3
    first = client.get("/api/v1/deliveries?page_size=3").json()
    rest = client.get(first["next"]).json()["results"]
    assert (len(first["results"]), len(rest)) == (3, 1)


@pytest.mark.parametrize("query", ["?state=lost", "?type=x", "?source=nobody", "?cursor=x"])
def test_a_bad_question_is_a_problem(client: Client, admin: User, query: str) -> None:
    answer = client.get(f"/api/v1/deliveries{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_replay(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    row = breach(source)
    die(row)
    answer = client.post(f"/api/v1/deliveries/{row.pk}/replay")
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert states() == [("waiting", "status", 0)]


def test_replay_where_the_endpoint_is_off(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    row = breach(source)
    Endpoint.objects.update(disabled_at=timezone.now())
    answer = client.post(f"/api/v1/deliveries/{row.pk}/replay")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:recourse:problem:not_possible")


@pytest.mark.parametrize("number", [0, 2**63 + 1])
def test_replay_of_nothing(client: Client, admin: User, number: int) -> None:
    assert client.post(f"/api/v1/deliveries/{number}/replay").status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_administrators_alone(client: Client, source: Source, role: Role) -> None:
    make_endpoint(source)
    row = breach(source)
    client.force_login(make_user(role))
    assert client.get("/api/v1/deliveries").status_code == 403
    assert client.post(f"/api/v1/deliveries/{row.pk}/replay").status_code == 403
