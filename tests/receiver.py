"""A chat service that receives outcomes: it checks every signature, and answers as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request whose signature held."""

    id: str
    path: str
    payload: dict[str, Any]
    headers: dict[str, str]
    at: float

    @property
    def data(self) -> dict[str, Any]:
        """What it tells."""
        found: dict[str, Any] = self.payload["data"]
        return found


@dataclass(frozen=True)
class Reply:
    """What the receiver answers: after *delay* seconds; nothing at all where *drop*.

    *drip* sends the head of the answer a byte at a time, with so many seconds between.
    """

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drop: bool = False
    drip: float = 0.0


Answering = Callable[[Received], Reply]


class Receiver:
    """A server on loopback. ``secrets`` are those that it checks with; one must hold."""

    def __init__(self, *secrets: str, answer: Answering | None = None) -> None:
        self.secrets = list(secrets)
        self.answer: Answering = answer or (lambda _request: Reply())
        self.received: list[Received] = []
        self.refused: list[str] = []
        self.busy = 0
        self.busiest = 0
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/outcomes"

    @property
    def host(self) -> str:
        """As ``RECOURSE_WEBHOOK_HOSTS`` names it."""
        return f"127.0.0.1:{self.port}"

    def ids(self) -> list[str]:
        """The ids received, in order, repetitions too."""
        return [one.id for one in self.received]

    def check(self, body: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
        """The payload, where the signature holds with one of the secrets."""
        failure = "no secret"
        for secret in self.secrets:
            try:
                found: dict[str, Any] = Webhook(secret).verify(body, headers)
            except Exception as error:  # noqa: BLE001 - whatever the library says
                failure = str(error)
            else:
                return found
        self.refused.append(failure)
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers hang up on purpose."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            payload = receiver.check(body, headers)
            if payload is None:
                self.send_error(401)
                return
            request = Received(headers["webhook-id"], self.path, payload, headers, time.monotonic())
            with receiver.lock:
                receiver.received.append(request)
                receiver.busy += 1
                receiver.busiest = max(receiver.busiest, receiver.busy)
            try:
                self._reply(receiver.answer(request))
            finally:
                with receiver.lock:
                    receiver.busy -= 1

        def _reply(self, reply: Reply) -> None:
            time.sleep(reply.delay)
            self.close_connection = True
            if reply.drop:
                return
            headers = {"Content-Length": str(len(reply.body))} | reply.headers
            head = [f"HTTP/1.1 {reply.status} Said"]
            head += [f"{name}: {value}" for name, value in headers.items()]
            whole = "\r\n".join([*head, "", ""]).encode() + reply.body
            if not reply.drip:
                self.wfile.write(whole)
                return
            for byte in whole:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(reply.drip)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def receiving(
    *secrets: str, answer: Answering | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver that listens for the body of ``with``."""
    receiver = Receiver(*secrets, answer=answer)
    if tls:
        receiver.server.socket = tls.wrap_socket(receiver.server.socket, server_side=True)
    thread = threading.Thread(
        target=receiver.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()
