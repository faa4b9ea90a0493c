"""What each scope of a personal token opens: by table, every call of the staff's API."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.token_scopes import TokenScope
from config.openapi import document
from tests.factories import make_token, make_user
from tests.routes import addresses, routes
from tests.test_openapi import operations

pytestmark = pytest.mark.django_db

#: Route and method, by what a token needs.
TABLE: Final[dict[TokenScope, str]] = {
    TokenScope.CASES_READ: """
        GET status-by-query, GET status, GET api-cases, GET api-case
    """,
    TokenScope.CASES_WRITE: """
        POST api-claim-next, POST api-claim, POST api-heartbeat, POST api-release, POST api-defer,
        POST api-escalate, POST api-skip, POST api-verdicts
    """,
    TokenScope.FEEDBACK_READ: "GET api-feedback",
    TokenScope.POLICIES_READ: """
        GET active-policy, GET api-in-force, GET api-versions, GET api-version, GET api-document,
        GET api-differences, GET api-backtest, GET api-backtest-figures, POST api-backtest-preview
    """,
    TokenScope.POLICIES_WRITE: """
        POST api-versions, PATCH api-version, POST api-submit, POST api-approve, POST api-reject,
        POST api-activate, POST api-rollback, POST api-end-override, POST api-cancel-plan,
        POST api-pause, POST api-resume, POST api-backtests, POST api-cancel-backtest
    """,
    TokenScope.DELIVERIES_READ: "GET api-deliveries",
    TokenScope.DELIVERIES_WRITE: "POST api-replay",
    TokenScope.LEDGER_READ: "GET api-ledger",
}
SCOPE_OF: Final = {
    call.strip(): scope for scope, calls in TABLE.items() for call in calls.strip().split(",")
}
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def view_of(route: Any, method: str) -> Any:
    """The view of *route* as one call of *method* has it; None where it is no view of the API."""
    kind = getattr(route.callback, "cls", None)
    if kind is None or not hasattr(kind, method.lower()):
        return None
    view = kind()
    view.request = type("Request", (), {"method": method})()
    return view


def takes_tokens(view: Any) -> bool:
    return any(isinstance(one, PersonalTokenAuthentication) for one in view.get_authenticators())


def test_every_call_that_takes_a_token_names_its_scope() -> None:
    found = {
        f"{method} {route.name}": view.token_scopes.get(method)
        for route in routes()
        for method in METHODS
        if (view := view_of(route, method)) and takes_tokens(view)
    }
    assert found == SCOPE_OF


def test_the_document_says_the_scope_of_each_call() -> None:
    said: dict[str, Any] = json.loads(document())
    named = [
        each["personalToken"]
        for _, _, operation in operations(said)
        for each in operation["security"]
        if "personalToken" in each
    ]
    assert sorted(named) == sorted([scope.value] for scope in SCOPE_OF.values())
    about = said["components"]["securitySchemes"]["personalToken"]["description"]
    assert all(scope.value in about for scope in TokenScope)


@pytest.mark.parametrize("scope", TokenScope)
def test_a_scope_opens_its_calls_and_no_other(scope: TokenScope) -> None:
    everything = User.objects.create_superuser("all@example.com", None, name="All")
    client = Client(headers={"Authorization": f"Bearer {make_token(everything, scope)}"})
    where = addresses({})
    for call, needed in SCOPE_OF.items():
        method, name = call.split()
        answer = client.generic(method, where[name], b"{}", content_type="application/json")
        if needed == scope:
            assert answer.status_code not in (401, 403), call
        else:
            assert answer.status_code == 403, call
            problem = answer.json()
            assert problem["type"].endswith(":missing_scope"), call
            assert problem["detail"] == f"This token does not have the scope {needed.value}."


def test_head_asks_for_what_get_does_and_other_methods_are_405_or_nobodys() -> None:
    user = User.objects.create_superuser("all@example.com", None, name="All")
    client = Client(headers={"Authorization": f"Bearer {make_token(user, TokenScope.CASES_READ)}"})
    cases, versions = reverse("api-cases"), reverse("api-versions")
    assert client.head(cases).status_code == 200
    assert client.head(versions).status_code == 403
    assert client.delete(versions).status_code == 405
    assert client.options(cases).json()["detail"] == "No personal token opens this."


def test_a_scope_gives_nobody_more_than_their_role() -> None:
    nobody = Client(headers={"Authorization": f"Bearer {make_token(make_user())}"})
    where = addresses({})
    for call in SCOPE_OF:
        method, name = call.split()
        answer = nobody.generic(method, where[name], b"{}", content_type="application/json")
        assert answer.status_code == 403, call
        assert not answer.json()["type"].endswith(":missing_scope"), call
