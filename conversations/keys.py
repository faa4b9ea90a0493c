"""Keys that carry their time, and the pseudonyms of people."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuid_utils

_PSEUDONYM_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def mint(moment: datetime) -> UUID:
    """A new UUIDv7 of *moment*: 48 bits of milliseconds, the rest random.

    Order by key is order in time, to the millisecond (RFC 9562, section 5.7); within one
    millisecond it is anybody's guess.
    """
    return uuid_utils.uuid7(nanoseconds=_milliseconds(moment) * 1_000_000)


def lowest(moment: datetime) -> UUID:
    """The smallest key of *moment*: where a partition begins."""
    return UUID(int=_milliseconds(moment) << 80)


def moment_of(key: UUID) -> datetime:
    """The moment that a key was minted from, to the millisecond, in UTC."""
    return _EPOCH + timedelta(milliseconds=key.int >> 80)


def month_of(key: UUID) -> datetime:
    """The first moment, in UTC, of the month that a key lies in."""
    return moment_of(key).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def pseudonym(*, source: str, user_id: str, secret: str) -> str:
    """The subject behind a source's user id: a keyed hash, 32 hex digits.

    The same person at two sources has two pseudonyms: nothing here should join what the
    sources keep apart.
    """
    message = f"{source}\x00{user_id}".encode()
    return hmac.digest(secret.encode(), message, "sha256")[:_PSEUDONYM_BYTES].hex()
