"""For which conversations a policy is in force, and on which side of a staged rollout they are.

A scope is ``default``, or an override of one to three parts in this order:
``model=<v>;surface=<v>;locale=<v>``. In a value, ``%``, ``;`` and ``=`` are percent-encoded; a
locale is in lower case with hyphens. What is here in Python, ``policies/criteria_sql.py`` says
in SQL; a property test holds the two against each other.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext, gettext_noop

#: All conversations that no override is for.
DEFAULT: Final = "default"
#: What a pause may name besides a scope: all conversations, overrides included.
EVERYTHING: Final = "everything"
#: Characters of a scope as text.
LONGEST: Final = 200
#: Into how many buckets conversations fall: a rollout is staged in hundredths of a percent.
BUCKETS: Final = 10_000

_PARTS: Final = ("model", "surface", "locale")
_SAID: Final = {
    "model": gettext_noop("model %(value)s"),
    "surface": gettext_noop("surface %(value)s"),
    "locale": gettext_noop("locale %(value)s"),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: BCP 47 tags do not differ by case (RFC 5646, section 2.1.1); some systems write underscores.
#: ASCII alone, so that SQL does the same under any collation.
_LOCALE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", "abcdefghijklmnopqrstuvwxyz-")


class MalformedScope(ValueError):
    """A text that is no scope."""


@dataclass(frozen=True)
class Scope:
    """Which conversations: those that have all parts which are not empty; all, where all are."""

    model: str = ""
    surface: str = ""
    locale: str = ""

    @classmethod
    def parse(cls, text: str) -> Scope:
        """The scope that *text* spells; raises :class:`MalformedScope` for any other spelling."""
        if text == DEFAULT:
            return cls()
        parts = dict(part.partition("=")[::2] for part in text.split(";"))
        if len(text) > LONGEST or not parts.keys() <= set(_PARTS) or _CONTROL.search(text):
            raise MalformedScope(_EXPLAINED)
        scope = cls(**{name: _decoded(value) for name, value in parts.items()})
        if str(scope) != text:
            raise MalformedScope(_EXPLAINED)
        return scope

    def __str__(self) -> str:
        return ";".join(self._parts()) or DEFAULT

    @property
    def label(self) -> str:
        """The scope in words, as a person reads it."""
        said = [
            gettext(words) % {"value": value}
            for name, words in _SAID.items()
            if (value := getattr(self, name))
        ]
        return ", ".join(said) or gettext("all conversations")

    def _parts(self) -> list[str]:
        values = (self.model, self.surface, normal_locale(self.locale))
        return [
            f"{name}={_encoded(value)}" for name, value in zip(_PARTS, values, strict=True) if value
        ]


_EXPLAINED = (
    f"A scope is {DEFAULT}, or model=…;surface=…;locale=… of which any may be absent, in at most"
    f" {LONGEST} characters, with %, ; and = percent-encoded in a value and a locale in lower case."
)


def label_of(scope: str) -> str:
    """A stored scope in words; :data:`EVERYTHING`, which only pauses have, too."""
    return gettext("everything") if scope == EVERYTHING else Scope.parse(scope).label


def normal_locale(locale: str) -> str:
    """A locale as scopes spell it: ``de_AT`` is ``de-at``."""
    return locale.translate(_LOCALE)


# Conversations are many, but models, surfaces and locales few.
@lru_cache(maxsize=4_096)
def candidates(model: str = "", surface: str = "", locale: str = "") -> tuple[str, ...]:
    """The scopes that a conversation is in, the most specific first; the last is the default.

    More parts win; among as many, a model wins over a surface and a surface over a locale. A
    locale's override holds for longer tags too: ``de`` for ``de-AT``; the longer tag wins.
    """
    found = {
        Scope(model=a_model, surface=a_surface, locale=a_locale)
        for a_model in (model, "")
        for a_surface in (surface, "")
        for a_locale in (*_prefixes(normal_locale(locale)), "")
    }
    return tuple(str(scope) for scope in sorted(found, key=_rank))


def _rank(scope: Scope) -> tuple[int, bool, bool, int]:
    parts = bool(scope.model) + bool(scope.surface) + bool(scope.locale)
    return (-parts, not scope.model, not scope.surface, -len(scope.locale))


def _prefixes(locale: str) -> list[str]:
    tags = locale.split("-")
    prefixes = ["-".join(tags[:length]) for length in range(len(tags), 0, -1)]
    return [prefix for prefix in prefixes if prefix]


def bucket(version: int, conversation_id: str) -> int:
    """Where a conversation falls in the rollout of a version, 0 to 9999, always the same.

    The first four bytes of a hash, modulo: no bucket is likelier than another by more than one
    in 400,000. Another version throws the dice anew.
    """
    hashed = hashlib.sha256(f"{version}:{conversation_id}".encode()).digest()
    return int.from_bytes(hashed[:4], "big") % BUCKETS


def in_share(version: int, conversation_id: str, percent: int) -> bool:
    """Whether a conversation is among the *percent* (1 to 100) that a version is rolled out to.

    Whoever is in a share is in every larger one.
    """
    return bucket(version, conversation_id) * 100 < percent * BUCKETS


def _encoded(value: str) -> str:
    return value.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")


def _decoded(value: str) -> str:
    return value.replace("%3D", "=").replace("%3B", ";").replace("%25", "%")
