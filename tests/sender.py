"""A chat service that sends events over HTTP, and looks at every answer."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.test import Client

from conversations.models import Cutoff, Event, Source
from conversations.vocabulary import Scope
from tests.factories import make_key

MARKER = "MARKED-WORDS-OF-A-TRANSCRIPT"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


class Sender:
    """A chat service with a key, and what the server logged of its calls."""

    def __init__(self, source: Source, logged: StringIO) -> None:
        self.source = source
        self.logged = logged
        self._key = make_key(source, Scope.EVENTS_WRITE)
        self._client = Client(raise_request_exception=False)

    def post(
        self, body: bytes, content_type: str = BATCH, key: str | None = None, **environ: Any
    ) -> Any:
        """Post *body*; nothing of it may come back in an error or stand in the log."""
        answer = self._client.generic(
            "POST",
            "/api/v1/events",
            body,
            content_type,
            HTTP_AUTHORIZATION=f"Bearer {self._key if key is None else key}",
            **{"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type, **environ},
        )
        assert MARKER not in answer.content.decode()
        assert MARKER not in self.logged.getvalue()
        assert answer.status_code < 500 or answer.status_code == 503
        if answer.status_code >= 400 and "results" not in answer.json():
            problem = answer.json()
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["request_id"] == answer.headers["X-Request-ID"]
        return answer

    def batch(self, *events: Any, **environ: Any) -> Any:
        return self.post(json.dumps(events).encode(), **environ)


def said(text: str) -> dict[str, Any]:
    """A transcript of one turn."""
    return {"messages": [{"id": "m1", "role": "user", "content": text}]}


def assert_nothing_stored() -> None:
    """Nothing came through, not even in part."""
    assert Event.objects.count() == Cutoff.objects.count() == 0
