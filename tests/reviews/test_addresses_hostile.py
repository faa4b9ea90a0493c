"""Addresses that somebody typed to have Recourse reach, or say, what it should not."""

from __future__ import annotations

from typing import Any

import httpcore
import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings

from accounts.roles import Role
from conversations.models import Cutoff
from reviews import outgoing
from reviews.appeal_models import AnswerAddress
from reviews.outcome_vocabulary import Failure
from reviews.posting import Message, Postman, resolve
from reviews.services import addresses, on_call
from tests.factories import NOW, make_case, make_user

LOOPBACK = "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://169.254.169.254/latest/meta-data",
        "https://168.63.129.16/",
        "https://100.100.100.200/",
        "https://user@chat.example.com/",
        "https://:pw@chat.example.com/",
        "https://chat.example.com@127.0.0.1/",
        "https://chat.example.com/#@127.0.0.1",
        "http://chat.example.com/",
        "ftp://chat.example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "//127.0.0.1/",
        "https:///x",
        "https://chat.example.com:0/",
        "https://chat.example.com:65536/",
        "https://chat.example.com/\r\nX-Injected: 1",
        "https://chat.example.com/\x00",
        "https://chat。example。com/",
        "https://ⓛocalhost/",
    ],
)
def test_none_of_these_is_an_endpoint(url: str) -> None:
    with pytest.raises(outgoing.BadUrl):
        outgoing.parsed_url(url, named=())


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "localhost."]
)
def test_a_host_that_the_system_reads_as_loopback_is_not_connected_to(host: str) -> None:
    """By the system's own resolver: what looks like a name is judged by what it leads to."""
    try:
        url = str(outgoing.parsed_url(f"https://{host}/hook", named=()))
    except outgoing.BadUrl:
        return
    answer = _post(url, resolve=resolve)
    assert answer.failure in (Failure.NOT_PUBLIC, Failure.NOT_RESOLVED)


@pytest.mark.parametrize("host", ["relay.internal.", "RELAY.internal", "relay.internal:444"])
def test_a_named_host_is_that_very_one(host: str) -> None:
    url = outgoing.parsed_url(f"https://{host}/", named=["relay.internal:443"])
    answer = _post(
        str(url), resolve=lambda _host, _port: ["10.0.0.7"], named=["relay.internal:443"]
    )
    named = host.lower() == "relay.internal"
    assert answer.failure == (Failure.NOT_CONNECTED if named else Failure.NOT_PUBLIC)


@pytest.mark.parametrize(
    "found", [[LOOPBACK], ["93.184.215.14", LOOPBACK], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"], []]
)
def test_one_address_that_is_not_public_is_enough(found: list[str]) -> None:
    answer = _post("https://chat.example.com/", resolve=lambda _host, _port: found)
    assert answer.failure == (Failure.NOT_PUBLIC if found else Failure.NOT_RESOLVED)


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    dialled: list[str] = []
    answer = _post(
        "https://chat.example.com/", resolve=lambda _host, _port: ["93.184.215.14"], dialled=dialled
    )
    assert answer.failure == Failure.NOT_CONNECTED
    assert dialled == ["93.184.215.14"]


def _post(url: str, *, resolve: Any, named: Any = (), dialled: list[str] | None = None) -> Any:
    def dial(host: str, port: int, timeout: float | None = None) -> httpcore.NetworkStream:
        assert port
        if dialled is not None:
            dialled.append(host)
        raise httpcore.ConnectError

    postman = Postman(named=named, resolve=resolve, dial=dial, limit=5)
    secrets = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
    return postman.post(Message("msg_1", url, b"{}", secrets), now=NOW)


@pytest.mark.django_db
def test_a_pager_is_no_other() -> None:
    admin = make_user(Role.ADMINISTRATOR)
    for url in ("https://[::ffff:127.0.0.1]/", "http://pager.example.com/", "https://a@b.example/"):
        with pytest.raises(ValidationError):
            on_call.add_pager(url=url, by=admin, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "ana@[127.0.0.1]",
        "ana@[IPv6:::1]",
        "ana@[169.254.169.254]",
        "root@localhost",
        "ana@example.com\nBcc: all@example.com",
        "ana@example.com,ben@example.com",
        "Ana <ana@example.com>",
        "ana@example.com\r\n\r\nHello",
        "a" * 400 + "@example.com",
    ],
)
@override_settings(EMAIL_HOST="mail.example.com")
def test_no_mail_goes_to_an_address_like_this(client: Client, address: str) -> None:
    case = make_case()
    cutoff = Cutoff.objects.get(pk=case.pk)
    with pytest.raises(ValidationError):
        addresses.ask(cutoff=cutoff, address=address, now=NOW)
    sent = {"surprised": "yes", "comment": "Why?", "address": address}
    answer = client.post(f"/n/{cutoff.notice_token}/feedback", sent)
    assert answer.status_code == 422
    assert not AnswerAddress.objects.exists()
