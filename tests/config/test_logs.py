"""The log: JSON with the request's id, and nobody's words."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.db import DataError, connection
from django.test import Client

from config import settings
from config.logs import configuration, redact_links

WORDS = "words of a transcript"


class Log:
    """What the configured handler writes."""

    def __init__(self, stream: StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """The root logger's own handler, at INFO, writing into memory."""
    handler = next(
        handler
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler
    )
    stream, before, level = StringIO(), handler.stream, logging.getLogger().level
    handler.setStream(stream)
    for name in ("", "django"):
        logging.getLogger(name).setLevel(logging.INFO)
    yield Log(stream)
    handler.setStream(before)
    for name in ("", "django"):
        logging.getLogger(name).setLevel(level)


def test_a_request_is_one_line_without_its_query(client: Client, log: Log) -> None:
    client.get("/healthz?q=words+of+a+transcript", headers={"X-Request-ID": "abc.1"})

    (line,) = log.lines
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert line["request_id"] == "abc.1"
    assert "words" not in log.text


@pytest.mark.django_db
def test_the_token_of_a_notice_is_struck_out(client: Client, log: Log) -> None:
    client.get("/n/nobodys-token/nowhere")

    assert "nobodys-token" not in log.text
    assert "/n/[redacted]/nowhere" in log.text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Not Found: /n/t0ken", "Not Found: /n/[redacted]"),
        ("https://recourse.test/n/t0ken?x", "https://recourse.test/n/[redacted]?x"),
        ("/n/t0ken/feedback /n/0ther", "/n/[redacted]/feedback /n/[redacted]"),
        ("Not Found: /n//t0ken", "Not Found: /n//[redacted]"),
        ("GET /welcome/OA/d1e-t0ken 302", "GET /welcome/OA/[redacted] 302"),
        ("/api/v1/events", "/api/v1/events"),
    ],
)
def test_redaction(text: str, redacted: str) -> None:
    assert redact_links(text) == redacted


@pytest.mark.django_db
def test_a_database_error_is_told_without_the_data_it_quotes(log: Log) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::text::int", [WORDS])
    except DataError:
        logging.getLogger("recourse").exception("failed")

    (line,) = log.lines
    assert "django.db.utils.DataError" in line["exception"]
    assert "psycopg.errors.InvalidTextRepresentation" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert WORDS not in log.text


def test_an_error_that_speaks_of_machines_keeps_its_message(log: Log) -> None:
    try:
        raise OSError("No space left on device")
    except OSError:
        logging.getLogger("recourse").exception("failed")

    assert "OSError: No space left on device" in log.lines[0]["exception"]


def test_a_failed_task_is_told_without_its_values(log: Log) -> None:
    try:
        raise ValueError(WORDS)
    except ValueError:
        logging.getLogger("celery.app.trace").exception(
            "Task %(name)s[%(id)s] %(description)s: %(exc)s\n%(traceback)s",
            {
                "name": "reviews.tasks.enrich",
                "id": "1",
                "description": "raised unexpected",
                "exc": f"ValueError({WORDS!r})",
                "traceback": WORDS,
            },
        )

    (line,) = log.lines
    assert line["event"].startswith("Task reviews.tasks.enrich[1] raised unexpected")
    assert "ValueError" in line["exception"]
    assert WORDS not in log.text


def test_level_is_the_one_asked_for() -> None:
    assert configuration("ERROR")["root"]["level"] == "ERROR"
    assert settings.LOGGING["root"]["level"] == settings.LOG_LEVEL
