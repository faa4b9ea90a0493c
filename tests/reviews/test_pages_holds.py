"""The holds pages: for those who may place holds, and as if they did not exist for others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import visible_to
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff, LegalHold
from conversations.services import holds
from reviews.services import settlement
from reviews.vocabulary import Area
from tests.factories import (
    NOW,
    give_verdict,
    make_case,
    make_cutoff,
    make_source,
    make_user,
    settle,
)
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db

MATTER = "2026-CV-0417"
UNTIL = "2027-03-31"
#: Queries of the list, however many holds there are.
LIST = 9


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def sara(client: Client) -> User:
    """A senior reviewer who is signed in."""
    user = make_user(Role.SENIOR, name="Sara")
    client.force_login(user)
    return user


def sent(**changes: str) -> dict[str, str]:
    """A hold as the form sends it."""
    complete = {
        "of": "case",
        "case": "",
        "source": "",
        "user_id": "",
        "matter": MATTER,
        "reason": "Letter of the court",
        "until": UNTIL,
    }
    return complete | changes


def placed(
    cutoff: Cutoff,
    user: User,
    *,
    matter: str = MATTER,
    expires_at: datetime = NOW + timedelta(days=9),
) -> LegalHold:
    return holds.place_on_case(
        cutoff=cutoff, matter=matter, reason="Letter", expires_at=expires_at, user=user, now=NOW
    )


# --- Who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.POLICY_ADMIN, Role.AUDITOR])
def test_to_others_there_is_nothing(client: Client, role: Role) -> None:
    hold = placed(make_cutoff(), make_user(Role.SENIOR))
    client.force_login(make_user(role))
    for there in (hold.pk, 999):
        for path in ("", "/new", f"/{there}/extend", f"/{there}/release"):
            assert client.get(f"/holds{path}").status_code == 403
            assert client.post(f"/holds{path}", sent()).status_code in (403, 405)
    hold.refresh_from_db()
    assert hold.released_at is None
    assert 'href="/holds"' not in client.get("/review").text


@pytest.mark.parametrize("role", [Role.SENIOR, Role.ADMINISTRATOR])
def test_those_who_may_find_the_page_in_the_sidebar(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert 'href="/holds"' in client.get("/review").text
    assert "No hold is in force" in client.get("/holds").text
    assert "No hold has ended yet" in client.get("/holds?state=ended").text


# --- Placing -------------------------------------------------------------------------------------


def test_a_hold_is_placed_on_a_case(client: Client, sara: User) -> None:
    case = make_case()
    link = f"/holds/new?case={case.label}"
    assert link in client.get(f"/cases/{case.number}").text
    assert f'value="{case.label}"' in client.get(link).text
    answer = client.post("/holds/new", sent(case=case.label), follow=True)
    assert answer.redirect_chain[-1][0] == "/holds"
    for shown in (MATTER, case.label, "Letter of the court", "Sara", "The hold is in force."):
        assert shown in answer.text
    hold = LegalHold.objects.get()
    assert (hold.cutoff_id, hold.placed_by, hold.placed_at) == (case.pk, sara, NOW)
    assert hold.expires_at == datetime(2027, 4, 1, tzinfo=UTC)
    assert MATTER in client.get(f"/cases/{case.number}").text


def test_a_hold_is_placed_on_the_person_of_a_case(client: Client, sara: User) -> None:
    source = make_source()
    case = make_case(source, conversation={"user_id": "u-1"})
    make_case(source, conversation={"user_id": "u-1"})
    answer = client.post("/holds/new", sent(of="subject", case=str(case.number)), follow=True)
    assert "It covers 2 cases that are here, and whatever comes." in answer.text
    later = make_cutoff(source, conversation={"user_id": "u-1"})
    assert Cutoff.objects.filter(holds.on_cutoff(NOW)).count() == 3
    assert MATTER in client.get(f"/cases/{later.case.number}").text


def test_a_hold_is_placed_on_somebody_who_has_not_come_yet(client: Client, sara: User) -> None:
    source = make_source()
    answer = client.post(
        "/holds/new", sent(of="person", source=str(source.pk), user_id="u-secret"), follow=True
    )
    assert "It covers 0 cases" in answer.text
    assert "u-secret" not in answer.text
    assert "u-secret" not in str(list(LedgerEntry.objects.values_list("details", flat=True)))
    cutoff = make_cutoff(source, conversation={"user_id": "u-secret"})
    assert Cutoff.objects.filter(holds.on_cutoff(NOW)).get() == cutoff


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"case": "CO-999999"}, "There is no such case."),
        ({"case": "CO-1; drop"}, "There is no such case."),
        ({"case": ""}, "This field is required."),
        ({"of": "person"}, "This field is required."),
        ({"of": "everybody"}, "Select a valid choice"),
        ({"matter": " "}, "This field is required."),
        ({"reason": "r" * 501}, "at most 500 characters"),
        ({"until": "2026-11-19"}, "A hold ends in the future."),
        ({"until": "9999-12-31"}, "Choose a day in this century."),
        ({"until": "soon"}, "Enter a valid date."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    client: Client, sara: User, changes: dict[str, str], words: str
) -> None:
    case = make_case()
    answer = client.post("/holds/new", sent(case=case.label) | changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Letter of the court" in answer.text or "reason" in changes
    assert not LegalHold.objects.exists()


def test_the_person_of_a_case_without_one_cannot_be_held(client: Client, sara: User) -> None:
    case = make_case(conversation={"user_id": None})
    answer = client.post("/holds/new", sent(of="subject", case=case.label))
    assert "did not say whose conversation this is" in answer.text
    assert not LegalHold.objects.exists()


def test_an_administrator_learns_nothing_of_restricted_cases(client: Client) -> None:
    client.force_login(make_user(Role.SENIOR, qualified=[Area.CHILD_SAFETY]))
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert client.post("/holds/new", sent(case=case.label)).status_code == 302
    assert case.label in client.get("/holds").text
    client.force_login(make_user(Role.ADMINISTRATOR))
    text = client.get("/holds").text
    assert "A case that you may not see" in text
    assert case.label not in text
    answer = client.post("/holds/new", sent(case=case.label))
    assert "There is no such case." in answer.text


# --- Extending and releasing --------------------------------------------------------------------


def test_a_hold_is_extended(client: Client, sara: User) -> None:
    hold = placed(make_cutoff(), sara)
    page = f"/holds/{hold.pk}/extend"
    assert MATTER in client.get(page).text
    earlier = client.post(page, {"until": "2026-11-21"})
    assert earlier.status_code == 422
    assert "Choose a day after the present end." in earlier.text
    assert "The hold is extended." in client.post(page, {"until": UNTIL}, follow=True).text
    hold.refresh_from_db()
    assert hold.expires_at == datetime(2027, 4, 1, tzinfo=UTC)
    assert LedgerEntry.objects.filter(action="hold.extended", object_type="hold").count() == 1


def test_a_hold_that_has_ended_is_not_extended(client: Client, sara: User) -> None:
    hold = placed(make_cutoff(), sara)
    holds.release(hold=hold, user=sara, now=NOW)
    assert client.post(f"/holds/{hold.pk}/extend", {"until": UNTIL}).status_code == 404


def test_a_hold_is_released_after_a_question(client: Client, sara: User) -> None:
    hold = placed(make_cutoff(), sara)
    page = f"/holds/{hold.pk}/release"
    assert "This cannot be undone." in client.get(page).text
    hold.refresh_from_db()
    assert hold.released_at is None
    assert "The hold is released." in client.post(page, follow=True).text
    released = LegalHold.objects.get()
    assert (released.released_at, released.released_by) == (NOW, sara)
    assert client.get(page).status_code == 302
    text = client.get("/holds?state=ended").text
    assert MATTER in text
    assert "released" in text


def test_one_that_has_run_out_stands_among_the_ended(client: Client, sara: User) -> None:
    placed(make_cutoff(), sara, expires_at=NOW + timedelta(hours=1))
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert MATTER not in client.get("/holds").text
        assert "expired" in client.get("/holds?state=ended").text


def test_the_list_is_paged_and_its_queries_are_few(
    client: Client, sara: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    source = make_source()
    for number in range(55):
        placed(make_cutoff(source), sara, matter=f"M-{number}")
    client.get("/holds")
    with django_assert_num_queries(LIST):
        first = client.get("/holds")
    rest = client.get(first.context["older_url"])
    assert (len(first.context["rows"]), len(rest.context["rows"])) == (50, 5)
    assert client.get("/holds?cursor=nonsense").status_code == 302


# --- What everybody else sees -------------------------------------------------------------------


def plain(text: str) -> str:
    """A page without what differs from case to case, and from request to request."""
    text = re.sub(r'(nonce|content|value|src|href)="[^"]*"', "", text)
    text = re.sub(r"hx-headers='[^']*'", "", text)
    text = re.sub(r"[0-9a-f-]{32,36}|[0-9]{2}:[0-9:.]{8,15}", "", text)
    return re.sub(r'("number":|CO-|conv-|u-|evt-|Source-|source-|/cases/)[0-9]+', "", text)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.POLICY_ADMIN, Role.AUDITOR])
def test_a_held_case_whose_verdict_is_in_looks_like_any_other(client: Client, role: Role) -> None:
    reviewer, source = make_user(Role.REVIEWER, name="Rea"), make_source()
    held, free = case_of(source=source), case_of(source=source)
    for case in (held, free):
        give_verdict(case, reviewer)
    placed(held.cutoff, make_user(Role.SENIOR), expires_at=NOW + timedelta(days=90))
    client.force_login(make_user(role))
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        for path in ("/cases/{0.number}", "/n/{0.cutoff.notice_token}", "/api/v1/cases/{0.pk}"):
            pages = [client.get(path.format(case)).text for case in (held, free)]
            assert plain(pages[0]) == plain(pages[1]), path
        for path in ("/review?state=settling", "/api/v1/cases?state=settling"):
            text = client.get(path).text
            assert held.label in text
            assert free.label in text


def test_whoever_gave_the_verdict_is_told_nothing_either(client: Client) -> None:
    reviewer, source = make_user(Role.REVIEWER), make_source()
    held, free = case_of(source=source), case_of(source=source)
    for case in (held, free):
        give_verdict(case, reviewer)
    placed(held.cutoff, make_user(Role.SENIOR), expires_at=NOW + timedelta(days=90))
    client.force_login(reviewer)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        pages = [client.get(f"/cases/{case.number}").text for case in (held, free)]
    assert plain(pages[0]) == plain(pages[1])
    assert "as soon as nothing else is pending" in pages[0]


def test_a_hold_has_its_case_reviewed_as_if_somebody_had_chosen_it(client: Client) -> None:
    drawn = (make_case(opened=False) for _ in range(50))
    case = next(case for case in drawn if not case.selected)
    placed(case.cutoff, make_user(Role.SENIOR))
    case.refresh_from_db()
    assert (case.selected, case.state) == (True, "open")
    assert [one.reason for one in case.selections.all()] == ["held"]
    client.force_login(make_user(Role.AUDITOR))
    told = client.get(f"/api/v1/cases/{case.pk}").json()
    assert told["reasons"] == ["Selected"]
    assert "eld" not in re.sub("held_by", "", client.get("/review").text.split("<tbody")[1])


def test_the_ledger_shows_extending_to_those_alone_who_may_hold(client: Client, sara: User) -> None:
    hold = placed(make_cutoff(), sara)
    client.post(f"/holds/{hold.pk}/extend", {"until": UNTIL})
    reader = make_user(Role.AUDITOR)
    assert "hold.extended" not in set(visible_to(reader).values_list("action", flat=True))
    assert "hold.extended" in set(visible_to(sara).values_list("action", flat=True))


def test_those_who_may_hold_read_why_a_verdict_waits(client: Client, sara: User) -> None:
    case = make_case()
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    placed(case.cutoff, sara)
    assert settlement.settle_due(now=NOW + timedelta(hours=1)) == 0
    assert (
        "A verdict takes effect once these have ended." in client.get(f"/cases/{case.number}").text
    )
    settle(case, now=NOW + timedelta(days=9))
    assert case.state == "settled"
