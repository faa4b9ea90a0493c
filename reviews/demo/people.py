"""The people of the demo: those who review, and those who chat. All names are invented."""

from __future__ import annotations

from typing import Literal

import msgspec

from reviews.demo.dice import named_random, weighted

Language = Literal["en", "es", "de", "fr", "pt", "ar", "zh", "ja"]


class Reviewer(msgspec.Struct, frozen=True):
    """Somebody who decides cases. ``languages`` are those they read without a translation."""

    name: str
    email: str
    languages: tuple[Language, ...]


REVIEWERS: tuple[Reviewer, ...] = (
    Reviewer("Ana Ferreira", "ana@example.org", ("en", "pt", "es")),
    Reviewer("Jonas Weber", "jonas@example.org", ("en", "de")),
    Reviewer("Mei Tanabe", "mei@example.org", ("en", "ja", "zh")),
    Reviewer("Samir Haddad", "samir@example.org", ("en", "ar", "fr")),
    Reviewer("Claire Dumont", "claire@example.org", ("en", "fr", "es")),
)
"""The cast. A review names its reviewer by the index in this tuple."""


class Chatter(msgspec.Struct, frozen=True):
    """One user of the chat service, with what stays the same from one of their chats to the next.

    ``casual`` people write their messages without a capital letter and without a full stop.
    """

    user_id: str
    language: Language
    locale: str
    country: str
    age_band: str | None
    surface: str
    casual: bool


POOL_SIZE = 1_500
"""How many users there are; with 2,600 conversations many of them come back."""

LANGUAGES: dict[Language, float] = {
    "en": 0.70,
    "es": 0.07,
    "de": 0.06,
    "fr": 0.05,
    "pt": 0.045,
    "zh": 0.03,
    "ar": 0.02,
    "ja": 0.025,
}
LOCALES: dict[Language, dict[str, float]] = {
    "en": {"en-US": 0.5, "en-GB": 0.2, "en-IN": 0.12, "en-CA": 0.08, "en-AU": 0.07, "en-IE": 0.03},
    "es": {"es-ES": 0.35, "es-MX": 0.4, "es-AR": 0.15, "es-CO": 0.1},
    "de": {"de-DE": 0.75, "de-AT": 0.15, "de-CH": 0.1},
    "fr": {"fr-FR": 0.7, "fr-CA": 0.2, "fr-BE": 0.1},
    "pt": {"pt-BR": 0.8, "pt-PT": 0.2},
    "zh": {"zh-CN": 0.5, "zh-TW": 0.3, "zh-SG": 0.2},
    "ar": {"ar-EG": 0.5, "ar-MA": 0.25, "ar-JO": 0.25},
    "ja": {"ja-JP": 1.0},
}
SURFACES = {"web": 0.52, "app": 0.36, "api": 0.12}
AGE_BANDS: dict[str | None, float] = {"adult": 0.9, None: 0.07, "minor": 0.03}
CASUAL_SHARE = 0.35
WITHOUT_CAPITALS = frozenset({"ar", "zh", "ja"})


def chatters(seed: int) -> dict[Language, list[Chatter]]:
    """The pool of users by language. Every language has at least one."""
    rng = named_random(seed, "chatters")
    pool: dict[Language, list[Chatter]] = {language: [] for language in LANGUAGES}
    for number in range(1, POOL_SIZE + 1):
        # The first few see to it that no language stays empty.
        language = (
            list(LANGUAGES)[number - 1] if number <= len(LANGUAGES) else weighted(rng, LANGUAGES)
        )
        locale = weighted(rng, LOCALES[language])
        pool[language].append(
            Chatter(
                user_id=f"u-{number:04}",
                language=language,
                locale=locale,
                country=locale.split("-")[1],
                age_band=weighted(rng, AGE_BANDS),
                surface=weighted(rng, SURFACES),
                casual=language not in WITHOUT_CAPITALS and rng.random() < CASUAL_SHARE,
            )
        )
    return pool
