"""What a seal of the ledger covers: the seal before it, when it was made, and its lines.

The digest of a seal is the SHA-256 of a row of JSON documents: the head, then each line in the
order of ids. A document is written with sorted keys, without spaces, in ASCII, and preceded by
its length in eight bytes, the highest first, so that no two rows of documents are the same
bytes. Times are microseconds since 1970 in UTC. Whoever changes this breaks every seal made.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

#: Stands for the digest before the first seal's.
NOTHING: Final = bytes(32)

_FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


class Line(NamedTuple):
    """One line of the ledger, by the names of its columns."""

    id: int
    at: datetime
    actor_id: int | None
    agent: str
    action: str
    object_type: str
    object_id: str
    details: Any
    request_id: str


class Digest:
    """The digest of one seal while its lines go by; it holds none of them."""

    def __init__(self, *, previous: bytes, sealed_at: datetime) -> None:
        """Begin behind the seal whose digest is *previous*, or :data:`NOTHING`."""
        self.count = 0
        self.first_id = 0
        self.last_id = 0
        self._sum = sha256()
        self._add(
            {
                "format": _FORMAT,
                "previous": previous.hex(),
                "sealed_at": _microseconds(sealed_at),
            }
        )

    def add(self, line: Line) -> None:
        """Cover *line*, whose id is higher than those of all before it."""
        self.first_id = self.first_id if self.count else line.id
        self.last_id = line.id
        self.count += 1
        self._add(line._asdict() | {"at": _microseconds(line.at)})

    def value(self) -> bytes:
        """The 32 bytes for what was added so far."""
        return self._sum.digest()

    def _add(self, document: dict[str, Any]) -> None:
        written = _write(document).encode("ascii")
        self._sum.update(len(written).to_bytes(8, "big") + written)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
