"""What the benchmarks share: servers of their own, events, and where results go."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

    Sets the environment so that Django, set up afterwards, uses them.
    """
    sys.path.insert(0, str(ROOT))
    from config.embedded import Postgres
    from config.valkey import Valkey

    directory = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "RECOURSE_DATA_DIR": str(directory),
        "RECOURSE_INSECURE_HTTP": "true",
        "RECOURSE_PUBLIC_URL": "http://127.0.0.1",
        "RECOURSE_SECRET_KEY": "not secret, for benchmarks only: " + "0123456789" * 4,
        "RECOURSE_SUBJECT_KEY": "not secret, for benchmarks only: subjects",
        "RECOURSE_AUDIT_SALT": "not secret, for benchmarks only: audit",
        "RECOURSE_LOG_LEVEL": "ERROR",
    }
    try:
        with (
            Postgres(directory / "postgres", durable=True),
            Valkey(directory / "valkey"),
        ):
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def set_up_django() -> None:
    """Migrate the empty database and make the models usable in this process."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@contextmanager
def web(target: str, *, port: int, workers: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Granian serving the WSGI application *target* on loopback."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", target, "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
            *("--blocking-threads", "2", "--no-access-log", "--log-level", "error"),
        ],
        cwd=ROOT,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield process
    finally:
        process.terminate()
        process.wait(20)


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


def peak_memory(process: subprocess.Popen[bytes]) -> int:
    """MiB of the largest of *process*'s children: the most that one server process has held."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    peaks = [
        int(row.split()[1]) // 1024
        for child in children
        for row in Path(f"/proc/{child}/status").read_text().splitlines()
        if row.startswith("VmHWM")
    ]
    return max(peaks, default=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
