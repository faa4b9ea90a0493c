"""Whom to talk to, by country: read from ``reviews/support_lines.toml``."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

#: A directory of people to talk to, by country; kept by others, free, in many languages.
DIRECTORY: Final = "https://findahelpline.com"

#: Numbers change: one that nobody has looked at for so long is marked to administrators.
STALE_AFTER: Final = timedelta(days=180)

#: Who owns the lines that come with the product, until an installation names somebody.
NOBODY_YET: Final = "Trust and safety lead"

_FILE: Final = Path(__file__).with_name("support_lines.toml")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that people call. ``languages`` are those that it is answered in, as they are called.

    ``owner`` answers for the entry, ``verified`` is when they last looked at the line's own page;
    None where nobody has yet.
    """

    country: str
    name: str
    number: str
    languages: tuple[str, ...]
    owner: str
    source: str
    verified: date | None = None
    minors: bool = False

    @property
    def spoken(self) -> str:
        """The languages in one line."""
        return ", ".join(self.languages)

    @property
    def href(self) -> str:
        """The address that has a phone call it."""
        return "tel:" + "".join(sign for sign in self.number if sign.isdigit() or sign == "+")

    @property
    def has_owner(self) -> bool:
        """Whether this installation has named who answers for it."""
        return self.owner != NOBODY_YET

    def is_stale(self, today: date) -> bool:
        """Whether somebody should look at it again."""
        return self.verified is None or today - self.verified > STALE_AFTER


@cache
def lines() -> tuple[Line, ...]:
    """All lines, by country."""
    with _FILE.open("rb") as file:
        found = msgspec.convert(tomllib.load(file)["line"], tuple[Line, ...])
    return tuple(sorted(found, key=lambda line: (line.country, not line.minors, line.name)))


def lines_of(country: str, *, minor: bool) -> list[Line]:
    """The lines of a country; those for children and young people are for them alone, and first."""
    return [line for line in lines() if line.country == country and (minor or not line.minors)]
