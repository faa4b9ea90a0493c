"""Signing in and out, one's own settings, and times in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from accounts.templatetags.moments import Style, words
from tests.factories import PASSWORD, make_user

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.mark.django_db
def test_one_signs_in_with_an_address_in_any_case(client: Client) -> None:
    user = make_user(Role.REVIEWER)
    sent = {"username": user.email.upper(), "password": PASSWORD, "next": "/review"}
    assert client.post("/login", sent).headers["Location"] == "/review"


@pytest.mark.django_db
def test_a_wrong_password_says_so_and_nothing_of_the_account(client: Client) -> None:
    user = make_user(Role.REVIEWER)
    answers = [
        client.post("/login", {"username": email, "password": "wrong"}).context["form"].errors
        for email in (user.email, "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert "No account has this address and password." in str(answers[0])


@pytest.mark.django_db
def test_one_is_not_led_to_another_site(client: Client) -> None:
    user = make_user(Role.REVIEWER)
    sent = {"username": user.email, "password": PASSWORD, "next": "https://example.com/"}
    assert client.post("/login", sent).headers["Location"] == "/"


@pytest.mark.django_db
def test_the_sign_in_form_is_checked_and_lets_browsers_say_where_they_come_from() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/login", {}).status_code == 403
    page = client.get("/login")
    assert "no-referrer" not in page.text
    assert page.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_signing_out_says_so(client: Client, ana: User) -> None:
    assert "You are signed out" in client.post("/logout").text
    assert client.get("/review").status_code == 302


@pytest.mark.django_db
def test_htmx_is_told_that_the_session_is_over(client: Client) -> None:
    assert client.get("/review", headers={"HX-Request": "true"}).status_code == 401
    assert client.get("/review").status_code == 302


@pytest.mark.django_db
def test_settings_are_saved_and_in_the_ledger(client: Client, ana: User) -> None:
    sent = {"name": "Ana K.", "time_zone": "Asia/Tokyo", "theme": "dark"}
    response = client.post("/profile", sent)
    assert response.cookies["theme"].value == "dark"
    assert response.cookies["shortcuts"].value == "off"
    ana.refresh_from_db()
    assert (ana.name, ana.time_zone) == ("Ana K.", "Asia/Tokyo")
    entry = LedgerEntry.objects.filter(action="user.changed").get()
    assert entry.details == {"time_zone": "Asia/Tokyo"}
    page = client.get("/profile").text
    assert 'data-theme="dark"' in page
    assert 'data-shortcuts="off"' in page


@pytest.mark.django_db
def test_a_zone_that_is_none_is_refused(client: Client, ana: User) -> None:
    response = client.post("/profile", {"name": "A", "time_zone": "Moon/Base", "theme": "dark"})
    assert response.status_code == 422
    ana.refresh_from_db()
    assert ana.time_zone == "UTC"


@pytest.mark.parametrize(
    ("away", "style", "said"),
    [
        (timedelta(seconds=-5), "relative", "just now"),
        (timedelta(minutes=-12), "relative", "12 min ago"),
        (timedelta(hours=-3, minutes=-59), "relative", "3 h ago"),
        (timedelta(days=-5), "relative", "5 d ago"),
        (timedelta(days=-40), "relative", "Oct 11, 2026"),
        (timedelta(minutes=12), "due", "in 12 min"),
        (timedelta(seconds=20), "due", "due now"),
        (timedelta(minutes=-12), "due", "12 min overdue"),
        (timedelta(days=-40), "due", "40 d overdue"),
        (timedelta(minutes=8, seconds=41), "countdown", "8:41"),
        (timedelta(minutes=-1), "countdown", "0:00"),
        (timedelta(0), "clock", "13:00"),
        (timedelta(0), "date", "20 November 2026"),
        (timedelta(0), "full", "20 November 2026, 13:00 CET"),
    ],
)
def test_a_moment_in_words(away: timedelta, style: Style, said: str) -> None:
    when = (NOW + away).astimezone(ZoneInfo("Europe/Vienna"))
    assert words(when, style, NOW) == said
