"""``POST /api/v1/cases/{id}/defer``, ``/escalate`` and ``/skip``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, Deferral, Escalation, Skip
from reviews.services import claims
from reviews.vocabulary import CaseState
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.fixture
def case(ana: User) -> Case:
    """A case that Ana holds."""
    case = make_case()
    claims.claim(case=case, user=ana)
    return case


def post(client: Client, case: Case, way: str, body: dict[str, Any]) -> Any:
    url = f"/api/v1/cases/{case.pk}/{way}"
    answer = client.post(url, body, content_type="application/json")
    case.refresh_from_db()
    return answer


def bodies() -> dict[str, dict[str, Any]]:
    ahead = (timezone.now() + timedelta(days=2)).isoformat()
    return {
        "defer": {"until": ahead, "note": "Ask."},
        "escalate": {"team": "legal", "question": "May we?"},
        "skip": {},
    }


def test_defer(client: Client, case: Case) -> None:
    body = bodies()["defer"]
    answer = post(client, case, "defer", body)
    assert (answer.status_code, case.state) == (200, CaseState.DEFERRED)
    assert answer.json()["until"] == Deferral.objects.get().until.isoformat()


def test_escalate(client: Client, case: Case) -> None:
    answer = post(client, case, "escalate", bodies()["escalate"])
    assert (answer.status_code, case.state) == (200, CaseState.ESCALATED)
    due = Escalation.objects.get().due_at.isoformat()
    assert answer.json() == {"team": "legal", "due_at": due}


def test_skip(client: Client, case: Case) -> None:
    assert post(client, case, "skip", {"reason": "language"}).status_code == 204
    assert Skip.objects.get().reason == "language"


@pytest.mark.parametrize("way", ["defer", "escalate", "skip"])
def test_what_another_holds_is_409(client: Client, case: Case, way: str) -> None:
    client.force_login(make_user(Role.REVIEWER))
    answer = post(client, case, way, bodies()[way])
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:recourse:problem:held_by_another",
    )


@pytest.mark.parametrize("way", ["defer", "escalate", "skip"])
def test_what_nobody_holds_is_409_too(client: Client, case: Case, ana: User, way: str) -> None:
    claims.release(case=case, user=ana)
    answer = post(client, case, way, bodies()[way])
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("not_held")


@pytest.mark.parametrize(
    ("way", "body", "pointer"),
    [
        ("defer", {}, "/until"),
        ("defer", {"until": "2015-01-01T00:00:00Z"}, "/until"),
        ("escalate", {"team": "kitchen", "question": "?"}, "/team"),
        ("escalate", {"team": "legal", "question": ""}, "/question"),
        ("skip", {"reason": "rain"}, "/reason"),
    ],
)
def test_a_bad_body_changes_nothing(
    client: Client, case: Case, way: str, body: dict[str, Any], pointer: str
) -> None:
    answer = post(client, case, way, body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert claims.live_claim(case)


@pytest.mark.parametrize("way", ["defer", "escalate", "skip"])
def test_a_case_that_one_may_not_know_of_is_404(client: Client, ana: User, way: str) -> None:
    hidden = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert post(client, hidden, way, bodies()[way]).status_code == 404
