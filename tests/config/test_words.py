"""The words of the scripts: one catalogue a language, kept by browsers, asked of nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.roles import Role
from tests.factories import make_user
from tools import catalogues

SAID = "Hoppla"


@pytest.fixture
def german(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "de" / "LC_MESSAGES" / "djangojs.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogues.compiled({"": catalogues.header("de"), "just now": SAID}))
    settings.LOCALE_PATHS = [tmp_path]


@pytest.mark.usefixtures("german")
def test_each_language_has_an_address_of_its_own() -> None:
    german, english = (Client().get(f"/words/{language}.js") for language in ("de", "en"))
    assert (SAID in german.text, SAID in english.text) == (True, False)
    for answer in (german, english):
        assert "interpolate" in answer.text
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.usefixtures("german")
def test_what_has_not_changed_is_not_sent_again(settings: Settings) -> None:
    known = {"If-None-Match": Client().get("/words/de.js").headers["ETag"]}
    again = Client().get("/words/de.js", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=3600"
    settings.LOCALE_PATHS = []
    assert Client().get("/words/de.js", headers=known).status_code == 200


@pytest.mark.django_db
def test_it_reads_neither_session_nor_user(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(make_user(Role.REVIEWER))
    with django_assert_num_queries(0):
        answer = client.get("/words/en.js")
    assert answer.status_code == 200
    assert "Vary" not in answer.headers


def test_a_language_that_is_none_of_ours_is_not_found() -> None:
    assert Client().get("/words/xx.js").status_code == 404


@pytest.mark.django_db
def test_a_page_of_the_staff_loads_them_before_its_modules(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    page = client.get("/profile").text
    assert page.index('src="/words/en.js" defer') < page.index('type="module"')
