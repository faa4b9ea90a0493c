"""Which turns of a transcript an address asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Turns *first* to *last*; 0 for none. ``around``: the one that is looked for."""

    first: int = 0
    last: int = 0
    around: int = 0
    everything: bool = False

    @classmethod
    def asked_for(cls, query: Mapping[str, str]) -> Window:
        """``?from=&to=&at=&all=1``; what is no number asks for nothing."""
        first, last = _number(query.get("from", "")), _number(query.get("to", ""))
        if not (first and last):
            first = last = 0
        return cls(first, last, _number(query.get("at", "")), query.get("all") == "1")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
