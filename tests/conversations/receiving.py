"""An intake that is not ours: a real HTTP server that answers as it is told."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], dict[str, Any]]


class Intake:
    """Answers (docs/reference/api.md, "Intake"), after whatever else it was told to do first.

    ``first`` holds functions that answer one request each in another way; ``refuse`` names the
    conversations to reject.
    """

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.first: list[Callable[[], Reply | None]] = []
        self.refuse: set[str] = set()
        self.stored: dict[str, str] = {}
        self.largest = 1_000
        self.lock = threading.Lock()
        intake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reply = intake.reply(json.loads(gzip.decompress(body)), dict(self.headers))
                if reply is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, answer = reply
                content = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, events: list[dict[str, Any]], headers: dict[str, str]) -> Reply | None:
        with self.lock:
            self.requests.append(events)
            self.headers.append(headers)
            if self.first:
                return self.first.pop(0)()
            if len(events) > self.largest:
                return 413, {}, {"title": "Too large", "status": 413}
            return self.contract(events)

    def contract(self, events: list[dict[str, Any]]) -> Reply:
        results = [self.result(place, event) for place, event in enumerate(events)]
        rejected = sum(result["status"] == "rejected" for result in results)
        status = 202 if not rejected else 422 if rejected == len(results) else 207
        return status, {}, {"rejected": rejected, "results": results}

    def result(self, place: int, event: dict[str, Any]) -> dict[str, Any]:
        if event["data"]["conversation"]["id"] in self.refuse:
            error = {
                "pointer": f"/{place}/data/transcript/messages/0/role",
                "code": "unknown_role",
                "detail": "A role is\x1b[2J one of four.",
            }
            return {"id": event["id"], "status": "rejected", "errors": [error]}
        known = event["id"] in self.stored
        self.stored[event["id"]] = event["data"]["conversation"]["id"]
        return {"id": event["id"], "status": "duplicate" if known else "accepted"}


@contextmanager
def served() -> Iterator[Intake]:
    """An intake that listens for as long as the block runs."""
    intake = Intake()
    thread = threading.Thread(target=intake.server.serve_forever, args=(0.01,))
    thread.start()
    yield intake
    intake.server.shutdown()
    thread.join()
    intake.server.server_close()


def fails(status: int, **headers: str) -> Callable[[], Reply]:
    return lambda: (status, headers, {"title": "Not now", "status": status})
