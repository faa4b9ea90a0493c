"""The user's pages in the reader's language, and staff pages in English."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from reviews import support
from reviews.models import Case
from reviews.services.enrichment import enrich
from tests.factories import make_case, make_user
from tools import catalogues

pytestmark = pytest.mark.django_db

PAGES = ("", "/feedback", "/thanks", "/status", "/statement")


@pytest.fixture
def case() -> Case:
    made = make_case(conversation={"locale": "de-AT", "country": "DE"}, cutoff={"category": "hate"})
    enrich(cutoff_ids=[made.pk])
    return made


def url(case: Case, page: str = "") -> str:
    return f"/n/{case.cutoff.notice_token}{page}"


def said(language: str, text: str) -> str:
    return catalogues.read(language)[text]


def test_it_speaks_the_language_of_the_chat(client: Client, case: Case) -> None:
    response = client.get(url(case), headers={"Accept-Language": "fr"})
    assert '<html lang="de"' in response.text
    assert response.headers["Content-Language"] == "de"
    assert said("de", "This conversation was ended") in response.text
    assert said("de", "It had to do with hateful language.") in response.text
    assert said("de", "The assistant had declined before.") in response.text
    assert "20. November 2026, 10:00 UTC" in response.text


def test_a_choice_is_remembered_for_notices_alone(client: Client, case: Case) -> None:
    response = client.get(f"{url(case)}?lang=ar")
    cookie = response.cookies["notice_language"]
    assert (cookie.value, cookie["path"], cookie["samesite"]) == ("ar", "/n/", "Lax")
    assert cookie["httponly"]
    assert '<html lang="ar"\n      dir="rtl"' in client.get(url(case, "/status")).text
    assert not client.get(f"{url(case)}?lang=xx").cookies


@pytest.mark.parametrize("language", sorted(catalogues.PLURALS))
@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_a_page_is_left_in_english(
    client: Client, case: Case, page: str, language: str
) -> None:
    """But what is said in danger, until somebody has reviewed the language."""
    text = client.get(f"{url(case, page)}?lang={language}").text
    content = re.sub(r'<(section|p)[^>]*lang="en".*?</\1>', "", text, flags=re.DOTALL)
    content = content[content.index("<main") :]
    shown = re.sub(r"<[^>]+>", "\n", content)
    for english, translated in catalogues.read(language).items():
        if english and english != translated and len(english) > 12:
            assert f"\n{english}\n" not in re.sub(r"\s*\n\s*", "\n", shown)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_in_danger_is_said_in_a_reviewed_language(
    client: Client, case: Case, page: str
) -> None:
    text = client.get(f"{url(case, page)}?lang=ar").text
    care = re.search(r'<section class="care"[^>]*>.*?</section>', text, re.DOTALL)
    assert care is not None
    assert 'lang="en"' in care[0]
    assert 'dir="ltr"' in care[0]
    assert "call your emergency number" in care[0]
    assert '<a href="tel:08001110111" dir="ltr">0800 111 0 111</a>' in care[0]
    assert "Deutsch" in care[0]


def test_the_languages_are_links_that_need_no_script(client: Client, case: Case) -> None:
    text = client.get(url(case)).text
    for code in ("en", "es", "de", "fr", "ar"):
        assert f'href="?lang={code}"' in text
    assert text.count('aria-current="true"') == 1


def test_an_unknown_address_is_in_the_readers_language(client: Client) -> None:
    response = client.get("/n/unknown", headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert response.status_code == 404
    assert said("es", "There is nothing at this address") in response.text


def test_staff_pages_and_the_api_stay_english(client: Client, case: Case) -> None:
    client.cookies["notice_language"] = "de"
    german = {"Accept-Language": "de"}
    assert '<html lang="en"' in client.get("/login", headers=german).text
    client.force_login(make_user(Role.REVIEWER))
    assert '<html lang="en"' in client.get("/review?lang=de", headers=german).text
    answer = client.get("/api/v1/cases?page_size=x", headers=german)
    assert answer.headers.get("Content-Language") is None
    client.get(url(case))
    assert '<html lang="en"' in client.get("/review", headers=german).text


def test_whoever_ended_it_themselves_is_told_so(client: Client) -> None:
    text = client.get(url(make_case(cutoff={"initiator": "user"}))).text
    assert "You ended this conversation" in text
    assert "Tell us if you did not ask for it." in text
    assert "by itself" not in text


def test_minors_have_words_of_their_own_and_are_asked_for_no_address(client: Client) -> None:
    made = make_case(conversation={"age_band": "minor", "country": "DE"})
    text = client.get(url(made)).text
    assert "You are not in trouble." in text
    assert "an adult whom you trust" in text
    assert "Nummer gegen Kummer" in text
    for page in PAGES:
        assert 'type="email"' not in client.get(url(made, page)).text


def test_it_says_what_was_met_and_no_number(client: Client, case: Case) -> None:
    text = client.get(f"{url(case)}?lang=en").text
    met = re.search(r'<ul class="met">.*?</ul>', text, re.DOTALL)
    assert met is not None
    assert "The assistant had declined before." in met[0]
    assert not re.search(r"\d", met[0])


def test_what_the_transcript_shows_otherwise_is_not_said(client: Client) -> None:
    messages = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "No."}]
    made = make_case(transcript={"format": "openai.chat", "messages": messages})
    enrich(cutoff_ids=[made.pk])
    assert "said that it might end" not in client.get(url(made)).text


def test_each_line_has_an_owner_and_a_page() -> None:
    lines = support.lines()
    assert len({(line.country, line.name) for line in lines}) == len(lines)
    for line in lines:
        assert re.fullmatch("[A-Z]{2}", line.country)
        assert line.owner
        assert line.languages
        assert line.source.startswith("https://")
        assert re.fullmatch(r"tel:\d{3,12}", line.href)


def test_lines_for_minors_are_for_them_alone() -> None:
    assert not any(line.minors for line in support.lines_of("DE", minor=False))
    assert support.lines_of("DE", minor=True)[0].minors
    assert support.lines_of("XX", minor=False) == []


def test_wrong_cut_short_and_revoked_tokens_are_answered_alike(
    client: Client, case: Case, django_assert_num_queries: Any
) -> None:
    token = str(case.cutoff.notice_token)
    wrong = [
        *(f"{number:0<24}" for number in range(200)),
        *(token[:length] for length in range(1, len(token))),
        token.swapcase(),
        token + "x",
        "%00",
        "é",
        "x" * 500,
        "",
        "a/b",
        f"{token}/c",
        f"{token}%2F",
    ]
    bodies = set()
    for page in PAGES:
        for asked in wrong:
            with django_assert_num_queries(1):
                response = client.get(f"/n/{asked}{page}")
            assert response.status_code == 404
            bodies.add((response.text, *sorted(response.headers)))
    assert len(bodies) == 1
