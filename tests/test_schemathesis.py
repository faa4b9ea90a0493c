"""Requests made from the OpenAPI document, good ones and bad ones: answered as it says, never 5xx.

A short run; `make fuzz` sets FUZZ_EXAMPLES for a long one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.openapi import document
from tests.api_calls import CALLS, GoodCall

CHECKS = [
    not_a_server_error,
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
PATHS = json.loads(document())["paths"]
NAMES = [(method.upper(), path) for path, methods in PATHS.items() for method in methods]


@cache
def schema() -> Any:
    """The document as the server gives it, and the server to ask."""
    return from_wsgi("/api/schema", get_wsgi_application())


def authorization(call: GoodCall) -> dict[str, str]:
    return {"Authorization": f"Bearer {call.credential}"}


@contextmanager
def found_as_it_was() -> Iterator[None]:
    """Undo what is done inside: a second call finds all that the first one found."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The server is asked inside the test's transaction, as Django's own test client does it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_each_operation_has_a_good_call() -> None:
    assert sorted(CALLS) == sorted(NAMES)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), NAMES)
def test_a_good_call_is_answered_as_it_says(method: str, path: str) -> None:
    call = CALLS[method, path]()
    case = schema()[path][method].Case(
        path_parameters=call.path,
        query=call.query,
        headers=call.headers,
        **({} if call.body is None else {"body": call.body, "media_type": call.media_type}),
    )
    answer = case.call_and_validate(headers=authorization(call), checks=CHECKS)
    assert 200 <= answer.status_code < 300, answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), NAMES)
def test_it_answers_as_it_says(method: str, path: str, mode: GenerationMode) -> None:
    call = CALLS[method, path]()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=schema()[path][method].as_strategy(generation_mode=mode), existing=st.booleans())
    def answered(case: Case[Any], existing: bool) -> None:
        if existing:
            case.path_parameters.update(call.path)
            case.query.update(call.query)
            case.headers.update(call.headers)
        with found_as_it_was():
            case.call_and_validate(headers=authorization(call), checks=CHECKS)

    answered()
