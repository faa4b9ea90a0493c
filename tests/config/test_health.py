"""/healthz, /readyz, /metrics and the id of every request."""

import pytest
from django.test import Client

from config import health


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.json() == {
        "status": "ready",
        "checks": {"database": True, "migrations": True, "broker": True},
    }
    assert answer.status_code == 200
