"""The translations of the user's pages: all there, all confirmed, and compiled as they are."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from reviews import languages
from tools import catalogues

LANGUAGES = sorted(catalogues.PLURALS)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|{\w*}")


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    languages.translations.cache_clear()
    yield
    languages.translations.cache_clear()


def test_each_language_has_a_catalogue(settings: Settings) -> None:
    assert sorted(code for code, _ in settings.LANGUAGES if code != "en") == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    translated = catalogues.read(language)
    assert [*catalogues.messages()] == [text for text in translated if text]
    assert [text for text, said in translated.items() if not said.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_placeholders_agree(language: str) -> None:
    for text, said in catalogues.read(language).items():
        if text:
            assert sorted(_PLACEHOLDER.findall(text)) == sorted(_PLACEHOLDER.findall(said))
            assert text[:1].isspace() == said[:1].isspace()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with (catalogues.LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    translated = catalogues.read(language)
    header = translated.pop("")
    assert {text: compiled.gettext(text) for text in translated} == translated
    assert compiled.info()["language"] == language
    assert f"Plural-Forms: {catalogues.PLURALS[language]}" in header


def test_a_fuzzy_entry_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    path = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text('#, fuzzy\nmsgid "Send"\nmsgstr "Schick"\n', "utf-8")
    with pytest.raises(ValueError, match="fuzzy"):
        catalogues.read("de")


def test_a_new_text_is_added_empty_and_an_old_one_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    assert catalogues.update("de") == len(catalogues.messages())
    translated = catalogues.read("de")
    path = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    path.write_text(
        catalogues.written("de", translated | {"Send": 'Sag\n"es"', "Gone": "Fort"}), "utf-8"
    )
    assert catalogues.update("de") == len(catalogues.messages()) - 1
    assert catalogues.read("de")["Send"] == 'Sag\n"es"'
    assert "Gone" not in catalogues.read("de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_it(language: str) -> None:
    with translation.override(language):
        assert translation.gettext("Tell us") == catalogues.read(language)["Tell us"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_has_reviewed_them_so_far(language: str) -> None:
    """Who reviews one takes its line out here: by then people in danger read it."""
    assert not languages.translations()[language].is_reviewed
    assert languages.in_a_crisis(language) == "en"


def test_a_reviewed_language_is_used_in_a_crisis(tmp_path: Path, settings: Settings) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    (tmp_path / "reviewed.toml").write_text('[de]\nby = "Somebody"\non = 2026-11-20\n', "utf-8")
    assert languages.translations()["de"].reviewed_on == date(2026, 11, 20)
    assert languages.in_a_crisis("de") == "de"
    assert languages.in_a_crisis("fr") == "en"


@pytest.mark.parametrize(
    ("asked", "remembered", "locale", "accepted", "found"),
    [
        ("fr", "de", "es-ES", "ar", "fr"),
        ("xx", "de", "es-ES", "ar", "de"),
        ("", "", "es_MX", "ar", "es"),
        ("", "", "pt-BR", "ar-EG,de;q=0.5", "ar"),
        ("", "", "", "pt;q=0.9,de-AT;q=0.5", "de"),
        ("", "", "", "x" * 100_000, "en"),
        ("", "", "\x00", "*", "en"),
        ("", "", "../../etc", "", "en"),
        ("", "", "", "", "en"),
    ],
)
def test_the_strongest_wish_that_can_be_met(
    asked: str, remembered: str, locale: str, accepted: str, found: str
) -> None:
    assert (
        languages.language_for(asked=asked, remembered=remembered, locale=locale, accepted=accepted)
        == found
    )
