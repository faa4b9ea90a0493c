"""The OpenAPI document: valid, whole, and to be browsed."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema

from config.urls import urlpatterns
from conversations import payloads


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    document: dict[str, Any] = json.loads(answer.content)
    return document


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def api_paths(patterns: Any, prefix: str = "") -> set[str]:
    """The addresses below api/v1/ that the server knows."""
    found = set()
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            found |= api_paths(pattern.url_patterns, whole)
        elif whole.startswith("api/v1/"):
            found.add(whole)
    return found


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_the_parameters_of_a_path_stand_in_it(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        named = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        assert sorted(named) == sorted(re.findall(r"{(\w+)}", path)), (method, path)


def test_it_is_made_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_address_of_the_api_is_in_it(document: dict[str, Any]) -> None:
    assert len(document["paths"]) == len(api_paths(urlpatterns)) > 0


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert references(document) <= known


def test_every_call_says_what_it_answers(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["security"], where
        assert {"401", "403", "429", "503"} <= set(operation["responses"]), where
        for status, response in operation["responses"].items():
            if int(status) >= 400 and (method, status) != ("post", "422"):
                (media_type,) = response["content"]
                assert media_type == "application/problem+json", where


def test_every_type_of_event_is_in_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    named = [
        schemas[one["$ref"].rpartition("/")[2]]["properties"]["type"]["const"]
        for one in schemas["CloudEvent"]["oneOf"]
    ]

    assert named == list(payloads.DATA_TYPES)


def test_the_page_loads_nothing_of_others(client: Client) -> None:
    answer = client.get("/api/docs")
    policy = dict(
        part.partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split("; ")
    )

    assert answer.status_code == 200
    assert "/api/schema" in answer.content.decode()
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    other = client.get("/login").headers["Content-Security-Policy"]
    assert "data:" not in other


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
def test_it_is_only_read(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_another_method_at_the_document_is_a_problem(client: Client) -> None:
    assert client.post("/api/schema").headers["Content-Type"] == "application/problem+json"
