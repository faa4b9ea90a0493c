"""What machines ask: /healthz, /readyz, /metrics."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from config import health


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.json() == {
        "status": "ready",
        "checks": {"database": True, "migrations": True, "broker": True},
    }
    assert answer.status_code == 200


@pytest.mark.django_db
def test_not_ready_without_broker(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Celery reads the variable itself, each time, before its configuration.
    monkeypatch.setenv("CELERY_BROKER_URL", f"redis+socket://{tmp_path}/nobody.sock")

    answer = client.get("/readyz")

    assert answer.json()["checks"] == {"database": True, "migrations": True, "broker": False}
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.django_db
def test_not_ready_before_its_migrations_are_applied(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder.Migration.objects.filter(app="accounts").delete()

    answer = client.get("/readyz")

    assert answer.json()["checks"] == {"database": True, "migrations": False, "broker": True}


def test_not_ready_without_database(client: Client) -> None:
    """Tests without the mark `django_db` have none: any use of it raises."""
    answer = client.get("/readyz")

    assert answer.json()["checks"]["database"] is False
    assert answer.status_code == 503


def test_alive_without_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "203.0.113.9"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 403),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer a-long-enough-token"}, 200),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer another-long-token"}, 403),
    ],
)
def test_metrics_are_for_the_machine_itself_or_the_token(
    client: Client, meta: dict[str, Any], status: int
) -> None:
    with override_settings(RECOURSE_METRICS_TOKEN="a-long-enough-token"):
        assert client.get("/metrics", **meta).status_code == status


def test_metrics_trust_no_address_behind_a_proxy(client: Client) -> None:
    with override_settings(RECOURSE_TRUSTED_PROXY=True):
        assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 403


def test_metrics_count_requests(client: Client) -> None:
    client.get("/healthz")

    page = client.get("/metrics").content.decode()

    assert 'view="healthz"' in page


def test_probes_only_read(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405
