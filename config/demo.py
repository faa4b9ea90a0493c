"""`make demo`: all of Recourse on one machine, started, seeded, kept up and ended together."""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from config import processes, secrets
from config.embedded import Postgres
from config.supervisor import ALLOCATOR, WEB_SERVER, Interrupted, Program, Supervisor, run
from config.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
_COLLECTED = ROOT / "staticfiles" / ".collected"
FIRST_PORT = 8000
PATIENCE = 60.0
"""Seconds within which everything must answer."""

_EVENT = (
    '{"specversion":"1.0","id":"try-1","source":"/try","type":"recourse.conversation.ended.v1",'
    '"data":{"conversation":{"id":"try-1"},"cutoff":{"initiator":"model"},"transcript":'
    '{"format":"openai.chat","messages":[{"role":"user","content":"Hello?"}]}}}'
)


def main() -> None:
    """Run the demo until Ctrl-C; with `--reset` wipe its data instead."""
    arguments = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    arguments.add_argument("--reset", action="store_true", help="wipe the demo's data and end")
    reset = arguments.parse_args().reset
    data = Path(os.environ.get("RECOURSE_DATA_DIR") or ROOT / ".recourse").absolute()
    if processes.lock(data / "demo.lock") is None:
        raise SystemExit(f"The demo is running already; {data / 'demo.json'} says where.")
    if reset:
        _reset(data)
        return
    try:
        with Supervisor(_say) as supervisor:
            _run(supervisor, data)
    except Interrupted:
        _say(
            "Stopped. The data is kept: `make demo` goes on from here, `make demo-reset` wipes it."
        )


def _run(supervisor: Supervisor, data: Path) -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    _set_environment(data, url)
    if not os.environ.get("DATABASE_URL"):
        _say("Starting PostgreSQL …")
        supervisor.start("PostgreSQL", Postgres(data / "postgres", durable=True))
    if not os.environ.get("CELERY_BROKER_URL"):
        _say("Starting Valkey …")
        supervisor.start("Valkey", Valkey(data / "valkey"))
    _say("Preparing the database and the static files …")
    collecting = _collect_static()
    _manage("migrate", "--verbosity", "0")
    credentials = data / "credentials.json"
    _manage("seed_demo", "--credentials", str(credentials))
    if collecting:
        if collecting.wait():
            raise SystemExit("The static files could not be collected.")
        _COLLECTED.touch()
    _say("Starting the web server, the worker and beat …")
    for name, argv in _programs(data, url).items():
        supervisor.start(name, Program(argv, log=data / "logs" / f"{name.split()[-1]}.log"))
    _wait_until_all_answer(supervisor, url, data)
    known = {"url": url} | json.loads(credentials.read_text())
    _write_private(data / "demo.json", json.dumps(known, indent=2) + "\n")
    _introduce(known, data)
    supervisor.keep()


def _set_environment(data: Path, url: str) -> None:
    """Set what this process and its children read; what the caller set stays."""
    counts = data / "metrics"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    own = (
        secrets.ensure(data)
        | ALLOCATOR
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "RECOURSE_DATA_DIR": str(data),
            "RECOURSE_PUBLIC_URL": url,
            "RECOURSE_TRANSPARENCY": "true",
            "RECOURSE_INSECURE_HTTP": "true",
            "PROMETHEUS_MULTIPROC_DIR": str(counts),
        }
    )
    os.environ |= {name: value for name, value in own.items() if not os.environ.get(name)}


def _programs(data: Path, url: str) -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "--app", "config"]
    return {
        "The web server": [
            *(sys.executable, "-m", "granian", "config.wsgi:application", *WEB_SERVER),
            *("--host", "127.0.0.1", "--port", url.rpartition(":")[2]),
        ],
        "The worker": [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"],
        "The beat": [*celery, "beat", "--schedule", str(data / "beat"), "--pidfile="],
    }


def _wait_until_all_answer(supervisor: Supervisor, url: str, data: Path) -> None:
    from config.celery import app

    until = time.monotonic() + PATIENCE
    while not (_ready(url) and app.control.ping(timeout=1.0)):
        if time.monotonic() > until:
            raise SystemExit(f"Not all answered within {PATIENCE:.0f} s; see {data / 'logs'}.")
        supervisor.check()
        time.sleep(0.2)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _introduce(known: dict[str, Any], data: Path) -> None:
    _say(f"\nRecourse is ready: {known['url']}\n")
    for role, login in known["logins"].items():
        _say(f"  {role:<14} {login['email']:<32} {login['password']}")
    _say(
        f"\nAPI key of the source {known['source']}: {known['api_key']}\n\n"
        f"curl {known['url']}/api/v1/events \\\n"
        f"  -H 'Authorization: Bearer {known['api_key']}' \\\n"
        "  -H 'Content-Type: application/cloudevents+json' \\\n"
        f"  -d '{_EVENT}'\n\n"
        f"The same stands in {data / 'demo.json'}; logs are in {data / 'logs'}. Ctrl-C ends it."
    )


def _collect_static() -> "subprocess.Popen[bytes] | None":
    """Begin to collect the static files, unless they are collected; it takes seconds.

    Once it is done, the caller says so by touching the file that is looked for here.
    """
    sources = [ROOT / "requirements.lock", *(ROOT / "static").rglob("*")]
    newest = max(path.stat().st_mtime for path in sources)
    if _COLLECTED.exists() and _COLLECTED.stat().st_mtime > newest:
        return None
    # What was killed in the middle of it left files without content: all are made anew.
    argv = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--no-input", "--clear"]
    return processes.start([*argv, "--verbosity", "0"], log=None)


def _reset(data: Path) -> None:
    for name in ("postgres", "valkey", "logs", "metrics"):
        shutil.rmtree(data / name, ignore_errors=True)
    for path in [*data.glob("*.json"), *data.glob("beat*")]:
        path.unlink()
    _say("The demo's data is gone; `make demo` starts afresh.")


def _free_port() -> int:
    for port in (*range(FIRST_PORT, FIRST_PORT + 100), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise SystemExit("No free port was found on 127.0.0.1.")


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _manage(*arguments: str) -> None:
    run([sys.executable, str(ROOT / "manage.py"), *arguments])


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo talks to the person who started it


if __name__ == "__main__":
    main()
