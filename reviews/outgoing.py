"""What sending outcomes obeys: addresses, signatures, the pauses between attempts. Nothing is sent.

A name that somebody else controls may resolve to anything, so that an address is judged when it
is about to be connected to, and by what it is, never by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx
from django.utils.translation import gettext

from conversations import signatures

LONGEST_URL: Final = 500

#: For so long an outcome is tried, counted from its first attempt.
WINDOW: Final = timedelta(days=3)
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=8)
#: A flag is tried again sooner.
LONGEST_PAUSE_OF_FLAG: Final = timedelta(minutes=10)

#: Bounds of what ``Retry-After`` may ask for.
LEAST_WAIT: Final = timedelta(seconds=1)
MOST_WAIT: Final = timedelta(hours=6)

#: After so many failures in a row an endpoint rests, flags excepted.
FAILURES_BEFORE_REST: Final = 5
FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(minutes=1)

#: Addresses that ``ipaddress`` calls global, or did in a supported version of Python, and that
#: lead elsewhere: protocol assignments, a relay of 6to4, a cloud's own server for its machines.
_REFUSED_4: Final = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "224.0.0.0/3"))
)
#: Global unicast (RFC 4291), of which the rest is taken out.
_GLOBAL_6: Final = IPv6Network("2000::/3")
#: Protocol assignments with Teredo, documentation, 6to4: none is a server's own address.
_REFUSED_6: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
#: NAT64 (RFC 6052): the address behind it is in the last 32 bits.
_NAT64: Final = IPv6Network("64:ff9b::/96")


class BadUrl(ValueError):
    """An address that no outcome is sent to; its message says why."""


def is_public(address: str) -> bool:
    """Whether *address*, as a resolver gives it, is one of the public Internet.

    False for private, loopback, link-local, metadata, multicast, unspecified and reserved ones,
    and for IPv6 addresses that hold an IPv4 address; behind NAT64, where that one is not public.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return found.is_global and not any(found in network for network in _REFUSED_4)
    if found in _NAT64 and not found.scope_id:
        return is_public(str(IPv4Address(found.packed[-4:])))
    return _is_public_6(found)


def _is_public_6(found: IPv6Address) -> bool:
    return (
        not found.scope_id
        and found in _GLOBAL_6
        and found.is_global
        and not any(found in network for network in _REFUSED_6)
    )


def is_named(url: httpx.URL, named: Collection[str]) -> bool:
    """Whether the setting names the host of *url*, alone or with its port."""
    name = host_of(url)
    host = f"[{name}]" if ":" in name else name
    return host in named or f"{host}:{port_of(url)}" in named


def host_of(url: httpx.URL) -> str:
    """The host as it stands in *url*: the very name that is resolved, certified and connected to.

    Not ``url.host``, which turns ``xn--`` names into Unicode: that fails for many, and resolving
    what it gives may lead to another name (IDNA 2003 and 2008 differ).
    """
    return url.raw_host.decode("ascii")


def port_of(url: httpx.URL) -> int:
    """The port that is connected to."""
    if url.port is not None:
        return url.port
    return 443 if url.scheme == "https" else 80


def parsed_url(text: str, *, named: Collection[str]) -> httpx.URL:
    """The address of an endpoint. Raises :class:`BadUrl`.

    It is https, unless *named* has its host: then http will do, and a private address too.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise BadUrl(gettext("This is no address: write https://host/path.")) from None
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable():
        said = gettext("An address has at most %(number)s characters, all of ASCII.")
        raise BadUrl(said % {"number": LONGEST_URL})
    if url.scheme not in ("https", "http") or not url.raw_host or not 0 < port_of(url) < 65_536:
        raise BadUrl(gettext("This is no address: write https://host/path."))
    if url.userinfo or url.fragment:
        raise BadUrl(gettext("An address holds no password, no user name and no fragment (#…)."))
    if is_named(url, named):
        return url
    if url.scheme != "https":
        raise BadUrl(gettext("Outcomes are sent to https addresses only."))
    if _is_literal(host_of(url)) and not is_public(host_of(url)):
        raise BadUrl(gettext("Outcomes are sent to public addresses only."))
    return url


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def headers(
    *, message_id: str, at: datetime, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """The headers of a request, signed by Standard Webhooks with each of *secrets*."""
    timestamp = int(at.timestamp())
    signed = [
        signatures.sign(secret=secret, message_id=message_id, timestamp=timestamp, body=body)
        for secret in secrets
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Recourse",
        "Accept-Encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """What a ``Retry-After`` asks for, within bounds; None where it says nothing.

    Seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    value = value.strip()
    if value.isascii() and value.isdecimal():
        wanted = timedelta(seconds=min(int(value[:12]), MOST_WAIT.total_seconds()))
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        wanted = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wanted, LEAST_WAIT), MOST_WAIT)


def next_attempt(
    *,
    failures: int,
    first_at: datetime,
    now: datetime,
    wait: timedelta | None,
    flag: bool,
    random: float,
) -> datetime | None:
    """When to try again after the last of *failures* in a row, at *now*; None for not again.

    The pause doubles each time; *random* (0 to 1) takes up to half of it away, so that what
    failed together does not come back together. *wait* is what ``Retry-After`` asked for. The
    last attempt is made at the end of :data:`WINDOW`.
    """
    end = first_at + WINDOW
    if now >= end:
        return None
    longest = LONGEST_PAUSE_OF_FLAG if flag else LONGEST_PAUSE
    pause = min(FIRST_PAUSE * (1 << min(failures - 1, 32)), longest)
    pause = max(pause * (1 - random / 2), min(wait or timedelta(), longest))
    return min(now + pause, end)


def rest(*, failures: int, wait: timedelta | None) -> timedelta:
    """For how long an endpoint is left in peace after the last of *failures* in a row."""
    if failures < FAILURES_BEFORE_REST:
        return wait or timedelta()
    doubled = FIRST_REST * (1 << min(failures - FAILURES_BEFORE_REST, 16))
    return max(wait or timedelta(), min(doubled, LONGEST_REST))
