"""A body of unknown length is refused, not taken for an empty one."""

import pytest
from django.test import Client

CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["feedback", "subjects/erase", "cases/claim-next"])
def test_a_chunked_body_is_411(client: Client, path: str) -> None:
    answer = client.generic("POST", f"/api/v1/{path}", headers=CHUNKED)

    assert answer.status_code == 411
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


@pytest.mark.django_db
def test_intake_reads_it_by_itself(client: Client) -> None:
    assert client.generic("POST", "/api/v1/events", headers=CHUNKED).status_code == 401
