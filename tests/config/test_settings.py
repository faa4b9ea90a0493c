"""Settings: typed, refused with a sentence, documented in one table."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import settings, variables
from config.embedded import socket_directory
from config.valkey import broker_url

ROOT = Path(settings.__file__).parent.parent

PRODUCTION = {
    "DATABASE_URL": "postgresql://recourse@db.example/recourse",
    "CELERY_BROKER_URL": "amqp://broker.example",
    "CACHE_URL": "redis://cache.example",
    "RECOURSE_PUBLIC_URL": "https://recourse.example",
    "RECOURSE_SECRET_KEY": "0123456789" * 5,
    "RECOURSE_SUBJECT_KEY": "0123456789" * 4,
    "RECOURSE_AUDIT_SALT": "0123456789" * 2,
}


def load(
    directory: Path, environment: dict[str, str], show: str = "None"
) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a process of their own, with this environment alone; print `show`."""
    return subprocess.run(
        [sys.executable, "-c", f"from config import settings as s; print({show})"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "RECOURSE_DATA_DIR": str(directory)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"DATABASE_URL", "CELERY_BROKER_URL"}))
def test_missing_one_is_named_in_one_sentence(tmp_path: Path, name: str) -> None:
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    loaded = load(tmp_path, environment)

    assert loaded.returncode == 1
    assert re.fullmatch(rf"{name} is not set: set it to [^\n]+\.\n", loaded.stderr)


@pytest.mark.parametrize(
    ("name", "malformed"),
    [
        ("DATABASE_URL", "mysql://db.example/recourse"),
        ("DATABASE_URL", "db.example"),
        ("CELERY_BROKER_URL", "sqla+sqlite:///queue"),
        ("RECOURSE_PUBLIC_URL", "recourse.example"),
        ("RECOURSE_PUBLIC_URL", "http://recourse.example"),
        ("RECOURSE_SECRET_KEY", "short"),
        ("RECOURSE_SUBJECT_KEY", "short"),
        ("RECOURSE_AUDIT_SALT", "short"),
        ("RECOURSE_METRICS_TOKEN", "short"),
        ("RECOURSE_DEBUG", "perhaps"),
        ("RECOURSE_UNDO_SECONDS", "0"),
        ("RECOURSE_CLAIM_LEASE_SECONDS", "ten minutes"),
        ("RECOURSE_LOG_LEVEL", "loud"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere/at/all"),
    ],
)
def test_malformed_one_is_named_in_one_sentence(tmp_path: Path, name: str, malformed: str) -> None:
    loaded = load(tmp_path, PRODUCTION | {name: malformed})

    assert loaded.returncode == 1
    assert re.fullmatch(rf"{name} is malformed: set it to [^\n]+\.\n", loaded.stderr)
    assert malformed not in loaded.stderr or name == "PROMETHEUS_MULTIPROC_DIR"


def test_nothing_need_be_set_on_a_laptop(tmp_path: Path) -> None:
    loaded = load(tmp_path, {}, "[s.DATABASES['default']['HOST'], s.CELERY_BROKER_URL, s.DEBUG]")

    assert loaded.stderr == ""
    database, broker, debug = ast.literal_eval(loaded.stdout)
    assert database == str(socket_directory(tmp_path / "postgres", ".s.PGSQL.5432"))
    assert broker == broker_url(tmp_path / "valkey")
    assert debug is False


def test_importing_them_writes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, {}).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    loaded = load(tmp_path, PRODUCTION | {"RECOURSE_UNDO_SECONDS": ""}, "s.UNDO_SECONDS")

    assert loaded.stdout == "30\n"


def test_rabbitmq_gets_quorum_queues_and_redis_a_short_sweep(tmp_path: Path) -> None:
    rabbit = load(tmp_path, PRODUCTION, "s.CELERY_TASK_QUEUES[0].queue_arguments")
    redis = load(
        tmp_path,
        PRODUCTION | {"CELERY_BROKER_URL": "redis://queue.example"},
        "s.CELERY_BROKER_TRANSPORT_OPTIONS['unacked_restore_interval']",
    )

    assert "'x-queue-type': 'quorum'" in rabbit.stdout
    assert redis.stdout == "2\n"


def test_dead_workers_tasks_return_after_the_longest_could_have_ended() -> None:
    timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]

    assert isinstance(timeout, int)
    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < timeout


def test_every_variable_is_documented_and_no_other() -> None:
    table = (ROOT / "docs" / "reference" / "settings.md").read_text()

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == variables.names()


def test_deployment_check_is_silent_in_production(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "RECOURSE_DATA_DIR": str(tmp_path)} | PRODUCTION,
        capture_output=True,
        text=True,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
