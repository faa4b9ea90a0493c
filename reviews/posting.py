"""One attempt: a signed request to an address that was looked at, and what came back.

The name is resolved once. Every address that it has must be public, or nothing is sent; one of
those very addresses is connected to, with the name in SNI, certificate check and ``Host``. No
proxy is taken from the environment, and no redirect is followed. The whole attempt, from the
name to the answer's last byte, has one time limit.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

import httpcore
import httpx

from reviews import outgoing
from reviews.outcome_vocabulary import Failure

#: Seconds for everything (docs/how-to/receive-outcomes.md, "A receiver").
LIMIT: Final = 15.0
#: So much of an answer is read and kept.
KEPT_BYTES: Final = 2048
KEPT_HEADERS: Final = ("content-type", "location", "retry-after", "server")
_LONGEST_HEADER: Final = 200

GONE: Final = 410
_ASKS_TO_WAIT: Final = (429, 503)

Resolve = Callable[[str, int], Sequence[str]]


class Dial(Protocol):
    """How a connection is made."""

    def __call__(
        self, host: str, port: int, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Connect to an address."""


@dataclass(frozen=True)
class Message:
    """What is posted, and where to."""

    id: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came of an attempt. ``failure`` is empty where it was delivered."""

    at: datetime
    took: timedelta
    failure: Failure | None
    status: int | None = None
    address: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    wait: timedelta | None = None


class _Failed(Exception):
    """An attempt that came to nothing, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _tls() -> ssl.SSLContext:
    """Certificates of the system's authorities, or those that ``SSL_CERT_FILE`` names."""
    return httpx.create_ssl_context()


class Postman:
    """Posts messages. Several threads may use one.

    *named* are the hosts that may be http, and private. How names are resolved, connections made
    and certificates checked can be given, and *limit*, the seconds of an attempt.
    """

    def __init__(
        self,
        *,
        named: Collection[str],
        resolve: Resolve = resolve,
        dial: Dial | None = None,
        tls: ssl.SSLContext | None = None,
        limit: float = LIMIT,
    ) -> None:
        """Keep what attempts are made with."""
        self._named = frozenset(named)
        self._resolve = resolve
        self._dial: Dial = dial or httpcore.SyncBackend().connect_tcp
        self._tls = tls or _tls()
        self._limit = limit

    def post(self, message: Message, *, now: datetime) -> Answer:
        """Make one attempt; raises nothing of the network's."""
        attempt = _Attempt(self._dial, time.monotonic() + self._limit)
        began = time.monotonic()
        answered: dict[str, Any] = {}
        try:
            failure = self._post(message, attempt, answered, now)
        except _Failed as failed:
            failure = failed.failure
        took = timedelta(seconds=time.monotonic() - began)
        return Answer(now, took, failure, address=attempt.connected_to, **answered)

    def _post(
        self, message: Message, attempt: _Attempt, answered: dict[str, Any], now: datetime
    ) -> Failure | None:
        if not message.secrets:
            raise _Failed(Failure.NO_SECRET)
        try:
            url = outgoing.parsed_url(message.url, named=self._named)
        except outgoing.BadUrl:
            raise _Failed(Failure.BAD_ADDRESS) from None
        attempt.addresses = self._addresses(url, attempt)
        signed = outgoing.headers(
            message_id=message.id, at=now, body=message.body, secrets=message.secrets
        )
        with httpx.Client(
            transport=_Transport(attempt, self._tls),
            trust_env=False,
            follow_redirects=False,
            timeout=self._limit,
        ) as client:
            request = client.build_request("POST", url, content=message.body, headers=signed)
            response = _sent(client, request)
            answered |= _kept(response, attempt, now)
        return _judged(response.status_code)

    def _addresses(self, url: httpx.URL, attempt: _Attempt) -> Sequence[str]:
        addresses = _in_time(
            lambda: self._resolve(outgoing.host_of(url), outgoing.port_of(url)),
            attempt.seconds_left(),
        )
        if not addresses:
            raise _Failed(Failure.NOT_RESOLVED)
        if not outgoing.is_named(url, self._named) and not all(map(outgoing.is_public, addresses)):
            raise _Failed(Failure.NOT_PUBLIC)
        return addresses


def _in_time(look_up: Callable[[], Sequence[str]], seconds: float) -> Sequence[str]:
    """What *look_up* finds; a resolver has no time limit, so that it is left behind."""
    found: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

    def look() -> None:
        try:
            found.put(look_up())
        except (OSError, UnicodeError):
            found.put(())

    threading.Thread(target=look, daemon=True).start()
    try:
        return found.get(timeout=seconds)
    except queue.Empty:
        raise _Failed(Failure.TIMEOUT) from None


def _sent(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        return client.send(request, stream=True)
    except httpcore.TimeoutException:
        raise _Failed(Failure.TIMEOUT) from None
    except httpcore.ConnectError:
        raise _Failed(Failure.NOT_CONNECTED) from None
    except (httpcore.NetworkError, httpcore.ProtocolError):
        raise _Failed(Failure.DROPPED) from None


def _kept(response: httpx.Response, attempt: _Attempt, now: datetime) -> dict[str, Any]:
    """What is kept of an answer; its status counts, whatever becomes of its body."""
    body = b""
    try:
        for part in response.iter_raw():
            body += part
            if len(body) >= KEPT_BYTES:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    finally:
        attempt.hang_up()
    wait = None
    if response.status_code in _ASKS_TO_WAIT:
        wait = outgoing.retry_after(response.headers.get("retry-after", ""), now=now)
    return {
        "status": response.status_code,
        "headers": {
            name: _readable(response.headers[name])[:_LONGEST_HEADER]
            for name in KEPT_HEADERS
            if name in response.headers
        },
        "body": _readable(body[:KEPT_BYTES].decode(errors="replace")),
        "wait": wait,
    }


def _readable(text: str) -> str:
    """What PostgreSQL can keep: it has no NUL."""
    return text.replace("\x00", "�")


def _judged(status: int) -> Failure | None:
    if 200 <= status < 300:
        return None
    if status == GONE:
        return Failure.GONE
    return Failure.REDIRECTED if 300 <= status < 400 else Failure.STATUS


class _Attempt(httpcore.NetworkBackend):
    """Connects to the addresses that were looked at, and to nothing else, until time is up."""

    def __init__(self, dial: Dial, ends_at: float) -> None:
        self.addresses: Sequence[str] = ()
        self.connected_to: str | None = None
        self._dial = dial
        self._ends_at = ends_at
        self._stream: httpcore.NetworkStream | None = None

    def seconds_left(self) -> float:
        """Until time is up. Raises ``httpcore.ReadTimeout`` where it is."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that takes the connection; the name is not asked again."""
        last: Exception = httpcore.ConnectError()
        for number, address in enumerate(self.addresses):
            # A dead one of several leaves time for the others.
            patience = self.seconds_left() / (len(self.addresses) - number)
            try:
                self._stream = self._dial(address, port, timeout=patience)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                self.connected_to = address
                return _Limited(self._stream, self)
        raise last

    def hang_up(self) -> None:
        """Close the connection without reading what is left."""
        if self._stream:
            self._stream.close()


class _Limited(httpcore.NetworkStream):
    """A connection each step of which has only the time that is left of the whole."""

    def __init__(self, stream: httpcore.NetworkStream, attempt: _Attempt) -> None:
        self._stream = stream
        self._attempt = attempt

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._attempt.seconds_left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._attempt.seconds_left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            stream = self._stream.start_tls(
                ssl_context, server_hostname, self._attempt.seconds_left()
            )
        except httpcore.ConnectError:
            raise _Failed(Failure.TLS) from None
        return _Limited(stream, self._attempt)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Transport(httpx.BaseTransport):
    """httpx's way to a connection pool whose connections are made by an attempt."""

    def __init__(self, attempt: _Attempt, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=attempt)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    """The body of an answer."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
