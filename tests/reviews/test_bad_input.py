"""What no browser sends: NUL, lone surrogates, numbers of thousands of digits. None is a 500."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, CaseNoteText, Label, SavedView
from reviews.services import claims
from tests.factories import make_case, make_user
from tests.reviews.pages import verdict

pytestmark = pytest.mark.django_db

ENDLESS = "9" * 5_000


@pytest.fixture
def case(client: Client) -> Case:
    """A case that the senior who is signed in holds."""
    user: User = make_user(Role.SENIOR, name="Sofia")
    client.force_login(user)
    case = make_case()
    claims.claim(case=case, user=user)
    return case


def test_what_the_database_takes_no_nul_for_is_kept_all_the_same(
    client: Client, case: Case
) -> None:
    client.post(f"/cases/{case.number}/notes", {"text": "a\0b"})
    client.post("/review/views", {"name": "a\0b"})
    label = {"case": str(case.number), "act": "label", "label": "a\0b", "confirmed": "1"}
    client.post("/review/arrange", label)
    assert CaseNoteText.objects.get().text == "a\ufffdb"
    assert SavedView.objects.get().name == "a\ufffdb"
    assert Label.objects.get().name == "a\ufffdb"


def test_a_number_without_an_end_is_no_number(client: Client, case: Case) -> None:
    chosen = {"case": ENDLESS, "act": "label", "label": "a"}
    assert "Choose the cases first" in client.post("/review/arrange", chosen, follow=True).text
    assert client.post("/review/views/default", {"view": ENDLESS}).status_code == 404
    cited = verdict(evidence=[ENDLESS])
    assert client.post(f"/cases/{case.number}/verdict", cited).status_code == 422


@pytest.mark.parametrize("queue", ["a\0b", "\ud800", ["general"]])
def test_a_queue_that_cannot_be_one(client: Client, case: Case, queue: object) -> None:
    sent = client.post("/api/v1/cases/claim-next", {"queue": queue}, "application/json")
    assert (sent.status_code, sent.json()["errors"][0]["pointer"]) == (400, "/queue")


def test_an_error_that_quotes_a_lone_surrogate_can_be_read(client: Client, case: Case) -> None:
    sent = client.post(f"/api/v1/cases/{case.pk}/skip", {"reason": "\ud800"}, "application/json")
    assert (sent.status_code, sent.json()["errors"][0]["pointer"]) == (400, "/reason")
