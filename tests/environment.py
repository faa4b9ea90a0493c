"""Pytest plugin, loaded before Django: the environment of the tests and the servers they run on.

The controller (or the only process) owns an embedded PostgreSQL, without fsync, and a Valkey;
xdist's workers inherit its environment and attach. With DATABASE_URL or CELERY_BROKER_URL set,
those serve.
Run as `python -m pytest`, so that this module is found.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from config import embedded, processes, valkey

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_GIVEN = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"}
_RECOURSE = Path(__file__).resolve().parent.parent / ".recourse"

_lock: int | None = None
_servers: list[embedded.Postgres | valkey.Valkey] = []


def _free_directory() -> Path:
    """Return the first of test, test-2, … that no other run of the tests holds, and hold it."""
    global _lock
    for number in count(1):
        directory = _RECOURSE / ("test" if number == 1 else f"test-{number}")
        _lock = processes.lock(directory / "lock")
        if _lock is not None:
            return directory
    raise AssertionError


def _set_environment(directory: Path) -> None:
    """Set every variable that the tests depend on; whatever the caller's shell had is gone."""
    for name in set(os.environ):
        if name.startswith(("RECOURSE_", "PROMETHEUS_")) or (
            name in _GIVEN and not os.environ[name]
        ):
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "RECOURSE_DATA_DIR": str(directory),
        "RECOURSE_SECRET_KEY": "not secret, for tests only: " + "0123456789" * 4,
        "RECOURSE_SUBJECT_KEY": "not secret, for tests only: subjects",
        "RECOURSE_AUDIT_SALT": "not secret, for tests only: audit",
        "RECOURSE_PUBLIC_URL": "http://recourse.test",
        "RECOURSE_ALLOWED_HOSTS": "testserver",
        "RECOURSE_INSECURE_HTTP": "true",
        "RECOURSE_LOG_LEVEL": "WARNING",
    }


def _own_corner_of_valkey(directory: Path, worker: int) -> None:
    """Give xdist's worker a queue and a cache of its own in the server, which has 16 databases."""
    queue = 2 + 2 * (worker % 7)
    os.environ["CELERY_BROKER_URL"] = f"{valkey.broker_url(directory)}?virtual_host={queue}"
    os.environ["CACHE_URL"] = valkey.cache_url(directory, database=queue + 1)


if not _WORKER:
    _set_environment(_free_directory())
elif "CELERY_BROKER_URL" not in os.environ:
    _own_corner_of_valkey(
        Path(os.environ["RECOURSE_DATA_DIR"]) / "valkey", int(_WORKER.removeprefix("gw"))
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> Iterator[None]:
    """Start the servers before xdist starts its workers."""
    if not _WORKER and not session.config.option.collectonly:
        directory = Path(os.environ["RECOURSE_DATA_DIR"])
        if "DATABASE_URL" not in os.environ:
            _servers.append(embedded.Postgres(directory / "postgres", durable=False))
        if "CELERY_BROKER_URL" not in os.environ:
            _servers.append(valkey.Valkey(directory / "valkey"))
        for server in _servers:
            server.start()
    yield


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop what was started."""
    for server in reversed(_servers):
        server.stop()
    _servers.clear()
