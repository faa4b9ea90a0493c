"""What answers where no view does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, connection
from django.test import Client

from conversations.vocabulary import Scope
from tests.factories import make_key, make_source

MARKER = "MARKED-WORDS"


def assert_problem(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:recourse:problem:{code}"
    assert answer.json()["status"] == status
    assert answer.json()["instance"] == answer.wsgi_request.path
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] != ""


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v2/events", "/api/v1/events/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_of_the_api(client: Client, path: str, method: str) -> None:
    assert_problem(client.generic(method, path), 404, "not_found")


def test_an_unknown_page_is_a_page(client: Client) -> None:
    answer = client.get("/nothing")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_a_method_that_is_not_there(client: Client) -> None:
    key = make_key(make_source(), Scope.EVENTS_WRITE)
    answer = client.get("/api/v1/events", headers={"Authorization": f"Bearer {key}"})

    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_another_host(client: Client) -> None:
    assert_problem(client.get("/api/v1/cases", HTTP_HOST="evil.example"), 400, "bad_request")


@pytest.mark.django_db
def test_what_nobody_foresaw() -> None:
    key = make_key(make_source(), Scope.EVENTS_WRITE)

    def fail(*_: Any) -> Any:
        raise DataError(MARKER)

    client = Client(raise_request_exception=False)
    with connection.execute_wrapper(fail):
        answer = client.post("/api/v1/events", headers={"Authorization": f"Bearer {key}"})

    assert_problem(answer, 500, "internal_error")
    assert MARKER not in answer.content.decode()
