"""Signatures by Standard Webhooks over the bytes of a request, as they were sent.

The library checks text only, against the machine's clock; compressed bytes are no text. So it
makes the keys and the hash, and the comparison is here, as the specification says
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import hmac_data

PREFIX = "whsec_"

#: How far the sender's clock may be from ours.
TOLERANCE = timedelta(minutes=5)

#: Several signatures may be sent, one for each secret; a sender has no more than two.
MOST_SIGNATURES = 8

LONGEST_ID = 256


class BadSignature(Exception):
    """A signature that does not hold; its message tells the sender why, and no secret."""


@dataclass(frozen=True)
class Signed:
    """The three headers of a signed request."""

    id: str
    timestamp: str
    signature: str


def mint() -> str:
    """A new secret of 256 bits from the operating system's randomness."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` of *body*. *timestamp* is in seconds since 1970."""
    return "v1," + base64.b64encode(_hash(secret, message_id, str(timestamp), body)).decode()


def check_headers(headers: Signed, *, now: datetime) -> None:
    """Raise :class:`BadSignature` where the id or the timestamp cannot be, *now* given."""
    if not (headers.id.isascii() and 1 <= len(headers.id) <= LONGEST_ID):
        raise BadSignature(f"webhook-id is 1 to {LONGEST_ID} characters of ASCII.")
    try:
        if not (headers.timestamp.isascii() and headers.timestamp.isdecimal()):
            raise ValueError
        sent_at = datetime.fromtimestamp(int(headers.timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSignature("webhook-timestamp is a number of seconds since 1970.") from None
    if abs(now - sent_at) > TOLERANCE:
        late = "old" if sent_at < now else "new"
        raise BadSignature(
            f"webhook-timestamp is too {late}: it may be five minutes from this server's clock, "
            f"which says {int(now.timestamp())}."
        )


def check(headers: Signed, *, body: bytes, secrets: Iterable[str]) -> int:
    """Which of *secrets* made one of the signatures. Raises :class:`BadSignature` for none."""
    sent = list(_decoded(headers.signature))
    for number, secret in enumerate(secrets):
        expected = _hash(secret, headers.id, headers.timestamp, body)
        if any(hmac.compare_digest(expected, one) for one in sent):
            return number
    raise BadSignature(
        "No webhook-signature matches: sign the bytes as sent with a secret of this source."
    )


def _hash(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return hmac_data(key, f"{message_id}.{timestamp}.".encode() + body)


def _decoded(signatures: str) -> Iterable[bytes]:
    """The signatures of the one version that there is."""
    for signature in signatures.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        version, _, value = signature.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                continue
