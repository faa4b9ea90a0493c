"""``manage.py send_transcripts FILE``: load recorded conversations through the public API."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations import delivery, delivery_report, sending
from conversations.history_file import DamagedFileError, HistoryFile

PLAIN_PROGRESS_S: Final = 5.0
REQUEST_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
AGAIN: Final = "Run the same command again to send the rest: what is there will not be doubled."


class Command(BaseCommand):
    """Send a file of conversations to a running Recourse. It does not touch the database."""

    help = (
        "Send recorded conversations (.jsonl or .jsonl.gz) to a running Recourse through its "
        "public API. Running it again doubles nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments; docs/how-to/load-your-history.md explains them."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--url", help="address of Recourse; default: the running demo's")
        parser.add_argument("--key", help="API key; default: RECOURSE_API_KEY, then the demo's")
        parser.add_argument(
            "--source",
            default="/history",
            help="the events' CloudEvents source; with their ids it tells them apart (%(default)s)",
        )
        parser.add_argument("--concurrency", type=int, default=4, help="requests at a time (4)")
        parser.add_argument(
            "--format",
            choices=sorted(sending.FORMATS),
            help="rewrite the transcripts in this format; default: as they stand",
        )
        parser.add_argument(
            "--give-up-after",
            type=float,
            default=300.0,
            metavar="SECONDS",
            help="how long to go on without an answer (%(default)g)",
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Send the file, show how it goes and sum it up; a CommandError makes the exit code."""
        if options["concurrency"] < 1:
            raise CommandError("--concurrency must be 1 or more.")
        url, key = _target(options["url"], options["key"])
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request otherwise
        try:
            history = HistoryFile(options["file"], max_line_bytes=sending.MAX_LINE_BYTES)
        except OSError as error:
            raise CommandError(f"Cannot open {options['file']}: {error.strerror}.") from error
        stop, tally, started = threading.Event(), delivery_report.Tally(), time.monotonic()
        failure = ""
        with history, _client(url, key, options["concurrency"]) as client, self._stopping(stop):
            postman = delivery.Postman(
                client=client, stop=stop, give_up_after=options["give_up_after"]
            )
            try:
                delivery.deliver(
                    _events(history, tally, options["source"], options["format"]),
                    post=postman.post,
                    concurrency=options["concurrency"],
                    stop=stop,
                    on_answers=tally.add,
                    on_tick=self._progress(tally, history, started),
                )
            except delivery.DeliveryError as error:
                failure = f"{error} {AGAIN}"
        for line in delivery_report.summary(tally, seconds=time.monotonic() - started):
            self.stdout.write(line)
        if failure:
            raise CommandError(failure)
        if stop.is_set():
            raise CommandError(f"Stopped. {AGAIN}", returncode=130)
        if tally.flawed:
            raise CommandError("Not everything in the file was taken; see above.")

    def _progress(
        self, tally: delivery_report.Tally, history: HistoryFile, started: float
    ) -> Callable[[], None]:
        """Show a bar that is redrawn on a terminal, and a line now and then elsewhere."""
        terminal = self.stderr.isatty()
        shown_at = started

        def show() -> None:
            nonlocal shown_at
            now = time.monotonic()
            if now - shown_at < (delivery.TICK_S if terminal else PLAIN_PROGRESS_S):
                return
            shown_at = now
            line = delivery_report.progress_line(
                tally, fraction_read=history.fraction_read(), seconds=now - started
            )
            width = shutil.get_terminal_size().columns - 1
            self.stderr.write(
                f"\r{line[:width]:<{width}}" if terminal else line,
                style_func=str,
                ending="" if terminal else "\n",
            )
            self.stderr.flush()

        return show

    @contextmanager
    def _stopping(self, stop: threading.Event) -> Iterator[None]:
        """Let the first Ctrl-C (or SIGTERM) stop in good order, and the second one at once."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in signals}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            stop.set()
            restore()

        for number in signals:
            signal.signal(number, on_signal)
        try:
            yield
        finally:
            restore()
            if self.stderr.isatty():
                self.stderr.write("\r\033[K", style_func=str, ending="")


def _events(
    history: HistoryFile, tally: delivery_report.Tally, source: str, transcript_format: str | None
) -> Iterator[delivery.Outgoing]:
    """Make an event of each line, counting it or what is wrong with it."""
    try:
        for number, line in history:
            try:
                event = sending.event_for(
                    sending.parse_line(line), source=source, transcript_format=transcript_format
                )
                body = sending.encode(event)
            except sending.BadLineError as error:
                tally.bad_line(number, str(error))
                continue
            tally.read += 1
            yield delivery.Outgoing(number, body)
    except DamagedFileError as error:
        tally.damage = str(error)


def _client(url: str, key: str, concurrency: int) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/cloudevents-batch+json",
            "Content-Encoding": "gzip",
        },
        timeout=REQUEST_TIMEOUT,
        limits=httpx.Limits(max_connections=concurrency),
    )


def _target(url: str | None, key: str | None) -> tuple[str, str]:
    """Where to send, and with which key. The demo's key is used for the demo's address alone."""
    demo = _demo()
    url = url or demo.get("url")
    if not url:
        raise CommandError("Say where to send with --url; no demo is set up here.")
    if not url.startswith(("http://", "https://")):
        raise CommandError("--url must begin with http:// or https://.")
    url = url.rstrip("/")
    key = key or os.environ.get("RECOURSE_API_KEY")
    if not key and url == demo.get("url", "").rstrip("/"):
        key = demo.get("api_key")
    key = (key or "").strip()
    if not key:
        raise CommandError("Give an API key with the scope events:write in RECOURSE_API_KEY.")
    if not (key.isascii() and key.isprintable()):
        raise CommandError("The API key has characters that no key has.")
    return url, key


def _demo() -> dict[str, str]:
    """What ``make demo`` wrote of itself; nothing where it has not run."""
    try:
        written = json.loads((settings.DATA_DIR / "demo.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in written.items() if isinstance(value, str)}
