"""The page of one's personal tokens, and what administrators see of those of others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import LedgerEntry, PersonalToken, User
from accounts.roles import Role
from accounts.token_scopes import TokenScope
from tests.factories import make_token, make_user

PAGE = "/profile/tokens"
SENT: dict[str, Any] = {"name": "Report", "scopes": ["cases:read"], "days": "90"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def test_nobody_has_one_and_the_page_says_what_to_do(
    client: Client, ana: User, settings: Settings
) -> None:
    settings.RECOURSE_PUBLIC_URL = "https://recourse.example.org"
    page = client.get(PAGE).text
    assert "No tokens yet" in page
    assert "curl --fail-with-body 'https://recourse.example.org/api/v1/cases'" in page
    assert 'value="90"' in page
    assert "feedback:read" in page
    assert "policies:read" not in page
    assert f'href="{PAGE}"' in client.get("/profile").text


def test_somebody_without_a_role_is_offered_nothing(client: Client) -> None:
    client.force_login(make_user())
    assert "Your role has nothing over the API." in client.get(PAGE).text
    assert client.post(PAGE, SENT).status_code == 422
    assert not PersonalToken.objects.exists()


def test_a_token_is_shown_once_and_works(client: Client, ana: User) -> None:
    made = client.post(PAGE, SENT)
    assert made.headers["Cache-Control"] == "no-store"
    text = made.context["made"].text
    assert f'value="{text}"' in made.text
    assert text not in repr(made.context["made"])
    bearer = Client(headers={"Authorization": f"Bearer {text}"})
    assert bearer.get("/api/v1/cases").status_code == 200
    assert bearer.get("/api/v1/feedback").status_code == 403
    again = client.get(PAGE).text
    assert text not in again
    assert str(ana.tokens.get()) in again
    assert str(TokenScope.CASES_READ.label) in again
    assert "last used" in again
    ends = ana.tokens.get().expires_at - timezone.now()
    assert timedelta(days=89) < ends <= timedelta(days=90)


@pytest.mark.parametrize(
    "changes",
    [
        {"days": "366"},
        {"days": "0"},
        {"days": ""},
        {"scopes": []},
        {"scopes": ["policies:read"]},
        {"scopes": ["cases:delete"]},
        {"name": " "},
        {"name": "x" * 81},
    ],
)
def test_what_cannot_be_made_is_refused_with_what_was_typed(
    client: Client, ana: User, changes: dict[str, Any]
) -> None:
    answer = client.post(PAGE, SENT | changes)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not PersonalToken.objects.exists()


def test_the_same_again_as_a_browser_s_reload_makes_no_second(client: Client, ana: User) -> None:
    assert client.post(PAGE, SENT).status_code == 200
    again = client.post(PAGE, SENT)
    assert again.status_code == 422
    assert [*again.context["form"].errors] == ["name"]
    assert ana.tokens.count() == 1


def test_one_too_many_is_said(client: Client, ana: User) -> None:
    for _ in range(20):
        make_token(ana)
    assert "You have 20 tokens already." in client.post(PAGE, SENT).text


def test_states_are_marked_and_those_that_open_something_come_first(
    client: Client, ana: User
) -> None:
    now = timezone.now()
    for days in (-1, 3, 60):
        make_token(ana, expires_at=now + timedelta(days=days))
    for _ in range(60):
        make_token(ana)
    PersonalToken.objects.filter(
        pk__in=ana.tokens.order_by("-id").values_list("pk", flat=True)[:60]
    ).update(revoked_at=now)
    rows = client.get(PAGE).context["rows"]
    assert [row.state for row in rows] == ["live", "soon", "expired", *["revoked"] * 47]


def test_it_takes_as_many_queries_for_fifty_as_for_one(
    client: Client, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_token(ana)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as alone:
        client.get(PAGE)
    for _ in range(60):
        make_token(ana)
    with django_assert_num_queries(len(alone)):
        client.get(PAGE)


def test_revoking_asks_first_and_is_only_of_one_s_own(client: Client, ana: User) -> None:
    token = make_token(ana)
    row = ana.tokens.get()
    address = f"{PAGE}/{row.public_id}/revoke"
    assert "refused from this moment on" in client.get(address).text
    make_token(make_user(Role.REVIEWER))
    other = PersonalToken.objects.exclude(user=ana).get()
    for method in (client.get, client.post):
        assert method(f"{PAGE}/{other.public_id}/revoke").status_code == 404
    assert not PersonalToken.objects.exclude(revoked_at=None).exists()
    assert client.post(address).headers["Location"] == PAGE
    assert "The token is revoked." in client.get(PAGE).text
    assert client.get(address).headers["Location"] == PAGE
    bearer = Client(headers={"Authorization": f"Bearer {token}"})
    assert bearer.get("/api/v1/cases").status_code == 401


def test_no_page_of_tokens_takes_a_token(ana: User) -> None:
    bearer = Client(headers={"Authorization": f"Bearer {make_token(ana)}"})
    assert bearer.get(PAGE).status_code == 302


# --- Administrators -----------------------------------------------------------------------------


def test_an_administrator_sees_how_many_are_live_and_revokes_them(client: Client) -> None:
    ada, ben = make_user(Role.ADMINISTRATOR), make_user(Role.REVIEWER, name="Ben")
    client.force_login(ada)
    assert "None is live." in client.get(f"/people/{ben.pk}").text
    secret = make_token(ben)
    make_token(ben)
    make_token(ben, expires_at=timezone.now() - timedelta(days=1))
    page = client.get(f"/people/{ben.pk}").text
    assert "2 tokens are live" in page
    assert not any(row.public_id in page for row in ben.tokens.all())
    address = f"/people/{ben.pk}/tokens"
    assert "Ben has 2 live tokens." in client.get(address).text
    assert not ben.tokens.exclude(revoked_at=None).exists()
    assert client.post(address).headers["Location"] == f"/people/{ben.pk}"
    assert "2 tokens are revoked." in client.get(f"/people/{ben.pk}").text
    assert not ben.tokens.filter(revoked_at=None).exists()
    assert LedgerEntry.objects.filter(action="token.revoked", actor=ada).count() == 3
    bearer = Client(headers={"Authorization": f"Bearer {secret}"})
    assert bearer.get("/api/v1/cases").status_code == 401


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_nobody_else_ends_the_tokens_of_others(client: Client, role: Role) -> None:
    ben = make_user(Role.REVIEWER)
    make_token(ben)
    client.force_login(make_user(role))
    assert client.get(f"/people/{ben.pk}/tokens").status_code == 403
    assert client.post(f"/people/{ben.pk}/tokens").status_code == 403
    assert ben.tokens.get().revoked_at is None
