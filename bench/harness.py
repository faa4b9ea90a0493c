"""What the benchmarks share: servers of their own, and where results go."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db.backends.utils import CursorWrapper

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"


def scale(count: int, *, least: int) -> int:
    """*count*, or with ``BENCH_SCALE`` below 1 that share of it, but never under *least*."""
    return max(least, int(count * float(os.environ.get("BENCH_SCALE", "1"))))


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


def report(name: str, **figures: object) -> None:
    """The last line: JSON, kept under ``bench/results`` too."""
    line = json.dumps({"name": name, **figures})
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(line + "\n")
    say(line)


@contextmanager
def servers() -> Iterator[Path]:
    """A PostgreSQL with its default durability and a Valkey, empty, in a directory of their own.

    Sets the environment so that Django, set up afterwards, uses them and no others. Ctrl-C and
    SIGTERM end them and remove the directory.
    """
    directory = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"):
        os.environ.pop(name, None)
    counts = directory / "metrics"
    counts.mkdir()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "RECOURSE_DATA_DIR": str(directory),
        "RECOURSE_INSECURE_HTTP": "true",
        "RECOURSE_PUBLIC_URL": "http://127.0.0.1",
        "RECOURSE_SECRET_KEY": "not secret, for benchmarks only: " + "0123456789" * 4,
        "RECOURSE_SUBJECT_KEY": "not secret, for benchmarks only: subjects",
        "RECOURSE_AUDIT_SALT": "not secret, for benchmarks only: audit",
        "RECOURSE_LOG_LEVEL": "ERROR",
        "PROMETHEUS_MULTIPROC_DIR": str(counts),
    }
    # Not before: what is imported from config may read the settings.
    from config.embedded import Postgres
    from config.valkey import Valkey

    try:
        with (
            Postgres(directory / "postgres", durable=True),
            Valkey(directory / "valkey"),
        ):
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _end(_number: int, _frame: object) -> None:
    raise SystemExit("Ended.")


def set_up_django() -> None:
    """Migrate the empty database and make the models usable in this process."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def source_key() -> str:
    """An API key, with all that a source may do, of a new source ``bench`` without limits."""
    from accounts.ledger import Actor
    from conversations.models import Source
    from conversations.services.sources import create_key, create_source
    from conversations.vocabulary import Mode, Scope

    actor = Actor.task("bench")
    source = create_source(slug="bench", name="Bench", mode=Mode.ADVISORY, actor=actor)
    # The benchmarks are of storing and answering, not of being told to wait.
    Source.objects.update(events_per_second=10_000_000, calls_per_second=10_000_000)
    return str(create_key(source=source, name="bench", scopes=list(Scope), actor=actor))


def columns(cursor: CursorWrapper, table: str) -> list[str]:
    """The columns of *table* that a row is given, rather than numbers or computes itself."""
    cursor.execute(
        "SELECT quote_ident(attname) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attidentity = '' AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True)
class Web:
    """A web server that runs."""

    process: subprocess.Popen[bytes]
    port: int

    def forget_peak(self) -> None:
        """Let the next peak be of what comes from here on."""
        for child in self._children():
            # proc(5): 5 resets the peak resident set size to the current one.
            Path(f"/proc/{child}/clear_refs").write_text("5")

    def peak_mib(self) -> int:
        """MiB that the largest of its processes has held (``VmHWM``): the master is none."""
        peaks = [
            int(row.split()[1]) // 1024
            for child in self._children()
            for row in Path(f"/proc/{child}/status").read_text().splitlines()
            if row.startswith("VmHWM")
        ]
        return max(peaks)

    def _children(self) -> Sequence[str]:
        pid = self.process.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@contextmanager
def web(target: str, **environment: str) -> Iterator[Web]:
    """The product's web server, with the WSGI application *target*, on loopback."""
    from config import processes
    from config.supervisor import ALLOCATOR, WEB_SERVER

    port = _free_port()
    process = processes.start(
        [
            *(sys.executable, "-m", "granian", target, *WEB_SERVER),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        log=Path(os.environ["RECOURSE_DATA_DIR"]) / "web.log",
        environment={**os.environ, **ALLOCATOR, "RECOURSE_LOG_LEVEL": "INFO", **environment},
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield Web(process, port)
    finally:
        processes.stop(process)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def _wait(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
