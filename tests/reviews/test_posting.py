"""One attempt against a real server, and against names that resolve to what they should not."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from django.utils import timezone

from conversations import signatures
from reviews import posting
from reviews.outcome_vocabulary import Failure
from reviews.posting import Answer, Message, Postman
from tests.receiver import Receiver, Reply, receiving

SECRET = signatures.mint()
BODY = json.dumps({"type": "recourse.test.v1", "data": {"word": "ü"}}).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(SECRET) as found:
        yield found


def post(receiver: Receiver, *, limit: float = 5.0, **changes: Any) -> Answer:
    message = Message("m1", receiver.url, BODY, (SECRET,))
    postman = Postman(named=[receiver.host], limit=limit, **changes)
    return postman.post(message, now=timezone.now())


def post_to(url: str, **changes: Any) -> Answer:
    ways: dict[str, Any] = {"named": [], "limit": 5.0}
    postman = Postman(**ways | changes)
    return postman.post(Message("m1", url, BODY, (SECRET,)), now=timezone.now())


def dialled(port: int) -> tuple[list[tuple[str, int]], Callable[..., httpcore.NetworkStream]]:
    """A way to connect that leads to *port* on loopback, and notes where one wanted to go."""
    asked: list[tuple[str, int]] = []

    def dial(host: str, wanted: int, timeout: float | None = None) -> httpcore.NetworkStream:
        asked.append((host, wanted))
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", port, timeout=timeout)

    return asked, dial


def test_a_signed_request_arrives(receiver: Receiver) -> None:
    answer = post(receiver)

    (got,) = receiver.received
    assert (answer.failure, answer.status, answer.address) == (None, 204, "127.0.0.1")
    assert (got.id, got.path, got.data) == ("m1", "/outcomes", {"word": "ü"})
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == receiver.host


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _request: Reply(status)
    assert post(receiver).failure is None


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.STATUS),
        (404, Failure.STATUS),
        (410, Failure.GONE),
        (429, Failure.STATUS),
        (500, Failure.STATUS),
        (503, Failure.STATUS),
    ],
)
def test_anything_else_is_a_failure(receiver: Receiver, status: int, failure: Failure) -> None:
    receiver.answer = lambda _request: Reply(status)
    answer = post(receiver)
    assert (answer.failure, answer.status) == (failure, status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    with receiving(SECRET) as other:
        receiver.answer = lambda _request: Reply(status, {"Location": other.url})
        answer = post(receiver)

        assert (answer.failure, answer.status) == (Failure.REDIRECTED, status)
        assert answer.headers["location"] == other.url
        assert not other.received
        assert not other.refused


@pytest.mark.parametrize(("status", "seconds"), [(429, 90), (503, 90), (500, None)])
def test_who_is_asked_to_wait(receiver: Receiver, status: int, seconds: int | None) -> None:
    receiver.answer = lambda _request: Reply(status, {"Retry-After": "90"})
    assert post(receiver).wait == (timedelta(seconds=seconds) if seconds else None)


@pytest.mark.parametrize(
    "reply", [Reply(delay=2.0), Reply(drip=0.05)], ids=["hangs", "a byte at a time"]
)
def test_the_whole_attempt_has_one_limit(receiver: Receiver, reply: Reply) -> None:
    receiver.answer = lambda _request: reply
    answer = post(receiver, limit=0.5)
    assert (answer.failure, answer.status) == (Failure.TIMEOUT, None)
    assert timedelta(seconds=0.5) <= answer.took < timedelta(seconds=1.5)


def test_the_status_counts_though_the_body_breaks_off(receiver: Receiver) -> None:
    receiver.answer = lambda _request: Reply(200, {"Content-Length": "99"}, b"so far")
    answer = post(receiver, limit=0.5)
    assert (answer.failure, answer.status) == (None, 200)


def test_a_dropped_connection(receiver: Receiver) -> None:
    receiver.answer = lambda _request: Reply(drop=True)
    assert post(receiver).failure == Failure.DROPPED


def test_nobody_listens(receiver: Receiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        assert post_to(f"http://{host}/", named=[host]).failure == Failure.NOT_CONNECTED


def test_of_an_answer_only_so_much_is_read_and_kept(receiver: Receiver) -> None:
    receiver.answer = lambda _request: Reply(
        500,
        {"Content-Encoding": "gzip", "Server": "x" * 900, "Set-Cookie": "a=b"},
        b"\x00\xff" * 2**22,
    )
    answer = post(receiver)
    assert len(answer.body) == posting.KEPT_BYTES
    assert set(answer.body) == {"�"}
    assert answer.headers == {"server": "x" * 200}


def test_without_a_secret_nothing_is_sent(receiver: Receiver) -> None:
    message = Message("m1", receiver.url, BODY, ())
    answer = Postman(named=[receiver.host]).post(message, now=timezone.now())
    assert (answer.failure, receiver.received) == (Failure.NO_SECRET, [])


def test_a_secret_stands_in_no_log() -> None:
    assert SECRET not in repr(Message("m1", "https://chat.example.com", BODY, (SECRET,)))


# --- Addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["2606:4700::1111", "::1"],
        ["::ffff:93.184.216.34"],
    ],
)
def test_a_name_with_an_address_that_is_not_public(addresses: list[str]) -> None:
    """Nothing is sent, to none of its addresses."""
    asked, dial = dialled(1)
    answer = post_to("https://chat.example.com/", resolve=lambda _host, _port: addresses, dial=dial)
    assert (answer.failure, answer.address, asked) == (Failure.NOT_PUBLIC, None, [])


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_other_ways_to_write_loopback(host: str) -> None:
    assert post_to(f"https://{host}/").failure in {
        Failure.NOT_PUBLIC,
        Failure.BAD_ADDRESS,
        Failure.NOT_RESOLVED,
    }


def test_a_name_that_does_not_resolve() -> None:
    def fail(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert post_to("https://chat.example.com/", resolve=fail).failure == Failure.NOT_RESOLVED


def test_a_resolver_that_hangs() -> None:
    def hang(_host: str, _port: int) -> list[str]:
        time.sleep(2)
        return ["93.184.216.34"]

    answer = post_to("https://chat.example.com/", resolve=hang, limit=0.3)
    assert answer.failure == Failure.TIMEOUT
    assert answer.took < timedelta(seconds=1.5)


def test_an_address_that_is_allowed_no_more() -> None:
    assert post_to("http://chat.internal/").failure == Failure.BAD_ADDRESS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for chat.example.com with its key, signed by itself."""
    path = tmp_path_factory.mktemp("tls") / "chat.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=chat.example.com", "-keyout", str(path), "-out", f"{path}.crt"),
            *("-addext", "subjectAltName=DNS:chat.example.com"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[tuple[Receiver, list[str | None]]]:
    """A receiver over TLS, and the names that it was asked for."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with receiving(SECRET, tls=context) as receiver:
        yield receiver, names


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_the_name_is_looked_up_once_and_that_address_connected_to(
    secure: tuple[Receiver, list[str | None]], certificate: Path
) -> None:
    """A second look would lead to a private address; there is none."""
    receiver, names = secure
    looks = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked, dial = dialled(receiver.port)
    way = {
        "resolve": lambda _host, _port: next(looks),
        "dial": dial,
        "tls": trusting(certificate),
    }
    first = post_to("https://chat.example.com/outcomes", **way)
    second = post_to("https://chat.example.com/outcomes", **way)

    assert (first.failure, first.address) == (None, "93.184.216.34")
    assert (second.failure, second.address) == (Failure.NOT_PUBLIC, None)
    assert asked == [("93.184.216.34", 443)]
    assert names == ["chat.example.com"]
    assert [one.headers["host"] for one in receiver.received] == ["chat.example.com"]


def test_a_certificate_for_another_name_is_refused(
    secure: tuple[Receiver, list[str | None]], certificate: Path
) -> None:
    receiver, _ = secure
    _, dial = dialled(receiver.port)
    answer = post_to(
        "https://other.example.com/",
        resolve=lambda _host, _port: ["93.184.216.34"],
        dial=dial,
        tls=trusting(certificate),
    )
    assert (answer.failure, receiver.received) == (Failure.TLS, [])


def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: tuple[Receiver, list[str | None]],
) -> None:
    receiver, _ = secure
    _, dial = dialled(receiver.port)
    answer = post_to(
        "https://chat.example.com/", resolve=lambda _host, _port: ["93.184.216.34"], dial=dial
    )
    assert (answer.failure, receiver.received) == (Failure.TLS, [])


def test_the_second_address_where_the_first_is_dead(receiver: Receiver) -> None:
    def dial(host: str, _port: int, timeout: float | None = None) -> httpcore.NetworkStream:
        if host == "127.0.0.2":
            raise httpcore.ConnectError
        return httpcore.SyncBackend().connect_tcp(host, receiver.port, timeout=timeout)

    answer = post(receiver, dial=dial, resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    assert (answer.failure, answer.address) == (None, "127.0.0.1")


def test_no_proxy_is_taken_from_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(SECRET) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert os.environ["HTTP_PROXY"]
        assert post(receiver).failure is None
        assert not proxy.received
        assert not proxy.refused


def test_the_name_that_is_resolved_is_the_one_that_is_certified() -> None:
    asked: list[str] = []

    def looked_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return []

    post_to("https://xn--fa-hia.example/x", resolve=looked_up)
    assert asked == ["xn--fa-hia.example"]
