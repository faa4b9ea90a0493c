"""A whole installation for the tests to break: its own database, broker, web server and worker.

Nothing of it is shared with the other tests: its processes are killed, its disk filled up.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psycopg
from celery import Celery

from config import processes, valkey
from config.embedded import Postgres, database_url
from config.supervisor import WEB_SERVER
from config.valkey import Valkey

SERVERS = int(WEB_SERVER[WEB_SERVER.index("--workers") + 1])
"""Processes of the web server."""

ROOT = Path(__file__).resolve().parents[2]

_MAKE_KEY = """
from accounts.ledger import Actor
from conversations.models import Source
from conversations.services.sources import create_key, create_source
from conversations.vocabulary import Mode, Scope
actor = Actor.task("faults")
source = create_source(slug="faults", name="Faults", mode=Mode.ADVISORY, actor=actor)
Source.objects.update(events_per_second=10_000_000)
print(create_key(source=source, name="faults", scopes=[Scope.EVENTS_WRITE], actor=actor))
"""

#: What must be there of each event that ended a conversation: one row each, in these tables.
_PARTS = {
    "cutoff": "conversations_cutoff WHERE id = event.cutoff_id",
    "case": "reviews_case WHERE cutoff_id = event.cutoff_id",
    "transcript": "conversations_transcript WHERE cutoff_id = event.cutoff_id",
}


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def until(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until *holds* is true; an assertion fails after *seconds*, saying *what* is not."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"Not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


class Installation:
    """Servers whose data, logs and sockets lie in *directory*."""

    def __init__(self, directory: Path, *, broker: str = "") -> None:
        """*broker* is the address of another broker than the Valkey that is the cache."""
        self.directory = directory
        self.postgres = Postgres(directory / "postgres", durable=True)
        self.valkey = Valkey(directory / "valkey")
        self.port = free_port()
        self.key = ""
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.beat: subprocess.Popen[bytes] | None = None
        self._environment = self._own_environment(broker)

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.valkey.start()
            self._manage("migrate", "--verbosity", "0")
            self.key = self.python(_MAKE_KEY).strip()
            self.start_web()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_failure: object) -> None:
        for process in (self.beat, self.worker, self.web):
            if process:
                processes.sweep(process)
        self.valkey.stop()
        self.postgres.stop()

    def start_web(self) -> None:
        """Start granian as ``make run`` does; wait for its answer."""
        self.web = processes.start(
            [
                *(sys.executable, "-m", "granian", "config.wsgi:application"),
                *("--port", str(self.port), *WEB_SERVER),
            ],
            log=self.directory / "web.log",
            environment=self._environment,
        )
        until(self._listens, seconds=30, what="the web server answers")

    def start_worker(self, *options: str, **variables: str) -> None:
        """Start a Celery worker of two processes; *variables* are settings of its own."""
        command = (sys.executable, "-m", "celery", "--app", "config", "worker")
        self.worker = processes.start(
            [*command, "--concurrency", "2", *options],
            log=self.directory / "worker.log",
            environment=self._environment | variables,
        )

    def start_beat(self) -> None:
        """Start Celery's beat; its first tick of a task comes after one of the task's intervals."""
        command = (sys.executable, "-m", "celery", "--app", "config", "beat")
        self.beat = processes.start(
            [*command, "--pidfile", "", "--schedule", str(self.directory / "ticks")],
            log=self.directory / "beat.log",
            environment=self._environment,
        )

    def keep_up(self) -> None:
        """Start again what has died, as the supervisor does in production."""
        if not self.postgres.running():
            self.postgres.start()
        if self.web is None or self.web.poll() is not None:
            if self.web:
                processes.sweep(self.web)
            self.start_web()

    def settle(self) -> None:
        """Keep up until both server processes run.

        Granian itself ends when one of them dies twice within seconds; it is started again.
        """

        def both_run() -> bool:
            self.keep_up()
            return len(self.web_processes()) == SERVERS

        until(both_run, seconds=30, what="both server processes run")

    def kill_database(self) -> None:
        """SIGKILL all processes of the database at once."""
        process = self.postgres.process
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        processes.sweep(process)

    def kill_worker(self) -> None:
        """SIGKILL all processes of the Celery worker at once."""
        assert self.worker is not None
        os.killpg(self.worker.pid, signal.SIGKILL)
        processes.sweep(self.worker)
        self.worker = None

    def stop_beat(self) -> None:
        """Stop Celery's beat, and forget its schedule."""
        assert self.beat is not None
        processes.sweep(self.beat)
        self.beat = None
        for kept in self.directory.glob("ticks*"):
            kept.unlink()

    def web_processes(self) -> list[int]:
        """The ids of granian's worker processes."""
        assert self.web is not None
        return children(self.web.pid)

    def shell(self, code: str, **variables: str) -> str:
        """What *code* prints, run inside Recourse with *variables* as settings of its own."""
        command = ("shell", "--no-imports", "--command", code)
        return self._manage(*command, **variables).strip()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the database answers, over a connection of the test's own."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    @property
    def address(self) -> str:
        """The database's address."""
        return database_url(self.directory / "postgres")

    def call(self, task: str) -> None:
        """Put *task* into the queue, as the beat does."""
        # Named outright: CELERY_BROKER_URL of the tests' own environment outweighs an argument.
        broker = self._environment["CELERY_BROKER_URL"]
        with Celery() as app, app.connection_for_write(broker) as connection:
            app.send_task(task, connection=connection)

    def check_nothing_lost(self, ids: list[str]) -> None:
        """Assert that each event of *ids* is there once, with all that belongs to it."""
        stored = [row[0] for row in self.rows("SELECT ce_id FROM conversations_event")]
        assert len(stored) == len(set(stored))
        assert set(ids) <= set(stored), f"{len(set(ids) - set(stored))} events are lost."
        for name, rest in _PARTS.items():
            lacking = self.rows(
                f"SELECT count(*) FROM conversations_event event"  # noqa: S608 - our own words
                f" WHERE (SELECT count(*) FROM {rest}) <> 1"
            )
            assert lacking == [(0,)], f"{lacking[0][0]} events lack their {name}."

    def waiting_for_enrichment(self) -> int:
        """How many cutoffs wait in the outbox."""
        return int(self.rows("SELECT count(*) FROM conversations_enrichment")[0][0])

    def _listens(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0

    def _own_environment(self, broker: str) -> dict[str, str]:
        shared = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "PROMETHEUS_MULTIPROC_DIR"}
        kept = {name: value for name, value in os.environ.items() if name not in shared}
        return kept | {
            "RECOURSE_DATA_DIR": str(self.directory),
            "CELERY_BROKER_URL": broker or valkey.broker_url(self.directory / "valkey"),
            "CACHE_URL": valkey.cache_url(self.directory / "valkey"),
            "PYTHONWARNINGS": "ignore",
        }

    def python(self, script: str) -> str:
        """What *script* prints, run inside Django."""
        return self._manage("shell", "--no-imports", "--command", script)

    def _manage(self, *arguments: str, **variables: str) -> str:
        return self._run(sys.executable, str(ROOT / "manage.py"), *arguments, **variables)

    def _run(self, *argv: str, **variables: str) -> str:
        done = subprocess.run(
            argv,
            env=self._environment | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


def children(process: int) -> list[int]:
    """The ids of the processes that *process* started, that do work and have not ended."""
    try:
        listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it ended meanwhile
        return []
    commands = {int(child): _command(child) for child in listed}
    return [
        child
        for child, command in commands.items()
        if command and b"resource_tracker" not in command
    ]


def _command(process: str) -> bytes:
    """Its command; empty where it has ended, reaped or not."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
