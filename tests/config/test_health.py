"""What machines ask: /healthz, /readyz, /metrics."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from config import health
from conversations.models import Enrichment
from tests.factories import make_cutoff


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


@pytest.mark.django_db
@pytest.mark.parametrize("processes", ["one", "several"])
def test_metrics_tell_how_far_enrichment_is_behind(
    client: Client, processes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if processes == "several":
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    now = timezone.now()
    ages = {make_cutoff().pk: hours for hours in (1, 2, 9)}
    for cutoff_id, hours in ages.items():
        Enrichment.objects.filter(pk=cutoff_id).update(
            due_at=now - timedelta(hours=hours), parked_at=now if hours == 9 else None
        )

    told = dict(
        line.rsplit(" ", 1)
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("recourse_enrichment_")
    )

    assert told.keys() == {f"recourse_enrichment_{n}" for n in ("lag_seconds", "waiting", "parked")}
    assert 7200 <= float(told["recourse_enrichment_lag_seconds"]) < 7260
    assert float(told["recourse_enrichment_waiting"]) == 2
    assert float(told["recourse_enrichment_parked"]) == 1


@pytest.mark.django_db
def test_metrics_without_a_backlog_say_zero(client: Client) -> None:
    assert "recourse_enrichment_lag_seconds 0.0" in client.get("/metrics").text


def test_probes_only_read(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405
