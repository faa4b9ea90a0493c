"""Secrets that programs carry: how they are made, recognised and stored.

A token reads ``rk_<16 hex>_<43 url-safe characters>``: ``rk`` for a source's API key, ``rp``
for a personal token. The middle part is public; it finds the row and may stand in logs. The
last part has 256 bits and is stored as its SHA-256 only: a slow hash protects guessable
passwords, and nobody guesses 256 bits, while a fast one lets every request be checked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["rk", "rp"]

_SHAPE = re.compile(r"(rk|rp)_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it, once."""

    kind: TokenKind
    public_id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.public_id}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is stored: SHA-256 of the secret part."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """Whether the stored digest is this token's, in constant time."""
        return hmac.compare_digest(self.digest, digest)


def mint(kind: TokenKind) -> Token:
    """A new token from the operating system's randomness."""
    return Token(kind, secrets.token_hex(8), secrets.token_urlsafe(32))


def parse(text: str) -> Token | None:
    """The token that *text* spells, or None where it is none."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    kind: TokenKind = "rk" if match[1] == "rk" else "rp"
    return Token(kind, match[2], match[3])
