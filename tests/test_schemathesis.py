"""Requests made from the OpenAPI document, good ones and bad ones: answered as it says, never 5xx.

A short run; `make fuzz` sets FUZZ_EXAMPLES for a long one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
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

from accounts.roles import Role
from config.openapi import document
from policies.services.drafts import create_draft
from tests.factories import make_case, make_key, make_source, make_token, make_user

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


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The server is asked inside the test's transaction, as Django's own test client does it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), NAMES)
def test_it_answers_as_it_says(method: str, path: str, mode: GenerationMode) -> None:
    source = make_source()
    opened = make_case(source)
    known = {"id": str(opened.pk), "external_id": opened.cutoff.conversation.external_id}
    person = make_user(Role.POLICY_ADMIN if "/polic" in path else Role.REVIEWER)
    if "{number}" in path:
        known["number"] = str(create_draft(user=person, now=timezone.now()).number)
    token = make_token(person)
    for_staff = PATHS[path][method.lower()]["tags"] == ["Staff"]
    credential = token if for_staff else make_key(source)
    headers = {"Authorization": f"Bearer {credential}"}

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=schema()[path][method].as_strategy(generation_mode=mode), existing=st.booleans())
    def answered(case: Case[Any], existing: bool) -> None:
        if existing:
            for parameter in set(case.path_parameters) & set(known):
                case.path_parameters[parameter] = known[parameter]
        case.call_and_validate(headers=headers, checks=CHECKS)

    answered()
