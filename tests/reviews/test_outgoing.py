"""What sending outcomes obeys: addresses, signatures, pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from conversations import signatures
from reviews import outgoing
from reviews.outgoing import BadUrl, is_public, next_attempt, parsed_url, rest, retry_after
from tests.factories import NOW


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:4700::1111",
        "2a00:1450:4001:81b::200e",
        "64:ff9b::808:808",  # NAT64 of 8.8.8.8
    ],
)
def test_a_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",  # noqa: S104 - none of ours
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",  # metadata of most clouds
        "168.63.129.16",  # Azure's own server
        "100.100.100.200",  # Alibaba's metadata, in the shared space
        "192.0.0.192",  # Oracle's metadata
        "198.18.0.1",
        "203.0.113.7",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
        "64:ff9b:1::1",
        "100::1",
        "2001::1",  # Teredo
        "2001:db8::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2002:808:808::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",  # Amazon's metadata
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_no_way_to_write_a_private_address_is_public(address: object) -> None:
    for prefix in ("", "::", "::ffff:", "::ffff:0:", "64:ff9b::"):
        assert not is_public(f"{prefix}{address}")


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.com/outcomes",
        "https://chat.example.com:8443/outcomes?tenant=7",
        "https://93.184.216.34/",
        "http://chat.internal/outcomes",
        "http://127.0.0.1:8080/outcomes",
        "http://[::1]:8080/outcomes",
    ],
)
def test_a_good_address(url: str) -> None:
    named = ["chat.internal", "127.0.0.1:8080", "[::1]:8080"]
    assert str(parsed_url(url, named=named)) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no address"),
        ("outcomes", "no address"),
        ("ftp://chat.example.com/", "no address"),
        ("https:///outcomes", "no address"),
        ("https://chat.example.com:99999/", "no address"),
        ("http://chat.example.com/", "https addresses only"),
        ("http://127.0.0.1:8081/", "https addresses only"),
        ("https://127.0.0.1/", "public addresses only"),
        ("https://[::1]/", "public addresses only"),
        ("https://[::ffff:10.0.0.1]/", "public addresses only"),
        ("https://user:word@chat.example.com/", "no password"),
        ("https://chat.example.com/#part", "no fragment"),
        ("https://chat.example.com/\x00", "no address"),
        ("https://chat.example.com/" + "x" * 500, "at most 500"),
        ("https://chät.example.com/", "ASCII"),
    ],
)
def test_a_bad_address_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(BadUrl, match=said):
        parsed_url(url, named=["127.0.0.1:8080"])


def test_both_secrets_of_a_rotation_sign() -> None:
    old, new = signatures.mint(), signatures.mint()
    now, body = datetime.now(UTC), '{"type":"ü"}'.encode()
    headers = outgoing.headers(message_id="m1", at=now, body=body, secrets=[new, old])

    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"type": "ü"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 1),
        ("7", 7),
        (" 120 ", 120),
        ("99999999999999999999999", 6 * 3600),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2020 12:00:30 GMT", 1),
        ("Fri, 20 Nov 2099 12:00:30 GMT", 6 * 3600),
    ],
)
def test_retry_after_within_bounds(value: str, seconds: int) -> None:
    assert retry_after(value, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "٣", "Fri, 99 Nov 2026"])
def test_a_retry_after_that_says_nothing(value: str) -> None:
    assert retry_after(value, now=NOW) is None


def attempts(*, flag: bool = False, random: float = 0.0) -> list[datetime]:
    """When a delivery that always fails at once is tried."""
    made = [NOW]
    while True:
        following = next_attempt(
            failures=len(made), first_at=NOW, now=made[-1], wait=None, flag=flag, random=random
        )
        if following is None:
            return made
        made.append(following)


def test_attempts_go_on_for_three_days_ever_further_apart() -> None:
    made = attempts()
    pauses = [later - earlier for earlier, later in pairwise(made)]

    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (10, 20, 40, 80)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == timedelta(hours=8)
    assert made[-1] == NOW + timedelta(days=3)


def test_chance_takes_up_to_half_of_a_pause() -> None:
    assert attempts(random=1.0)[1] == NOW + timedelta(seconds=5)
    assert attempts(random=1.0)[-1] == NOW + timedelta(days=3)


def test_a_flag_is_tried_at_least_every_ten_minutes() -> None:
    made = attempts(flag=True)
    pauses = [later - earlier for earlier, later in pairwise(made)]

    assert max(pauses) == timedelta(minutes=10)
    assert made[-1] == NOW + timedelta(days=3)


@pytest.mark.parametrize(("flag", "minutes"), [(False, 60), (True, 10)])
def test_what_retry_after_asks_for_is_the_least(flag: bool, minutes: int) -> None:
    following = next_attempt(
        failures=1, first_at=NOW, now=NOW, wait=timedelta(hours=1), flag=flag, random=0.0
    )
    assert following == NOW + timedelta(minutes=minutes)


def test_an_endpoint_rests_after_several_failures_in_a_row() -> None:
    assert [rest(failures=number, wait=None).seconds for number in (1, 4, 5, 6, 8, 99)] == [
        0,
        0,
        1,
        2,
        8,
        60,
    ]
    assert rest(failures=1, wait=timedelta(minutes=5)) == timedelta(minutes=5)


@pytest.mark.parametrize("host", ["xn--a", "xn--", "xn--ls8h.example"])
def test_a_name_that_unicode_has_no_word_for_is_judged_when_it_is_resolved(host: str) -> None:
    assert str(parsed_url(f"https://{host}/x", named=[])) == f"https://{host}/x"
