"""The queue page: who waits, in which order, who holds what, and claiming the next one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.forms import Select
from django.test import Client, RequestFactory
from django.test.html import parse_html
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.filters import QueueFilter
from reviews.models import Case, Claim
from reviews.services import claims
from reviews.views import listing
from reviews.vocabulary import Area, CaseState
from tests.factories import make_case, make_source, make_user, near_miss_event, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer in Vienna who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    User.objects.filter(pk=user.pk).update(time_zone="Europe/Vienna")
    client.force_login(user)
    return user


def labels(client: Client, query: str = "") -> list[str]:
    """The cases that the page lists, in its order."""
    response = client.get(f"/review{query}")
    assert response.status_code == 200
    return [row.case.label for row in response.context["rows"]]


def unselected() -> Case:
    """A case that nobody need look at, whatever the draw said."""
    case = make_case(opened=False)
    Case.objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED)
    return case


def test_the_start_leads_to_the_queue(client: Client, ana: User) -> None:
    assert client.get("/").headers["Location"] == "/review"


def test_without_a_login_it_leads_to_the_sign_in(client: Client) -> None:
    assert client.get("/review").headers["Location"] == "/login?next=/review"


def test_somebody_without_a_role_may_not_see_it(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/review").status_code == 403


def test_by_default_it_lists_what_waits_the_most_urgent_first(client: Client, ana: User) -> None:
    calm, urgent, passed = make_case(), make_case(), unselected()
    Case.objects.filter(pk=urgent.pk).update(priority=5_000)
    assert labels(client) == [urgent.label, calm.label]
    assert passed.label in labels(client, "?state=all")
    assert labels(client, "?state=unselected") == [passed.label]


@pytest.mark.parametrize(
    "query",
    [
        "?queue=general",
        "?category=hate",
        "?model=m-9",
        "?locale=de-DE",
        "?kind=cutoff&category=hate",
        "?policy_version=1&category=hate",
        "?surprised=true",
        "?breach=true",
        "?crisis=true",
        "?ended_after=2026-11-20T09:00:00Z&category=hate",
        "?ended_after=2026-11-20&category=hate",
        "?source=wanted",
        "?assigned_to=TOM@example.com",
    ],
)
def test_the_filters_stand_in_the_address(client: Client, ana: User, query: str) -> None:
    wanted = make_case(
        make_source("wanted"),
        cutoff={"category": "hate"},
        conversation={"model": "m-9", "locale": "de-DE"},
        signals={"warnings": 1},
    )
    other = make_case()
    Case.objects.filter(pk=other.pk).update(queue="crisis")
    Case.objects.filter(pk=wanted.pk).update(
        surprised=True, breach=True, crisis=True, queue="general"
    )
    tom = make_user(Role.REVIEWER)
    User.objects.filter(pk=tom.pk).update(email="tom@example.com")
    claims.claim(case=wanted, user=tom)
    assert labels(client, query) == [wanted.label]


def test_a_near_miss_can_be_told_from_a_cutoff(client: Client, ana: User) -> None:
    record(make_source(), *[near_miss_event() for _ in range(120)])
    assert labels(client, "?state=all&kind=near_miss")
    assert labels(client, "?state=all&kind=cutoff") == []


@pytest.mark.parametrize(
    "query", ["?queue=nowhere", "?policy_version=x", "?ended_after=then", "?model=%00"]
)
def test_a_filter_that_cannot_be_read_is_said(client: Client, ana: User, query: str) -> None:
    response = client.get(f"/review{query}")
    assert response.status_code == 400
    assert "A filter cannot be read" in response.text


def test_who_holds_a_case_and_until_when_in_the_readers_zone(client: Client, ana: User) -> None:
    case = make_case()
    tom = make_user(Role.REVIEWER, name="Tom")
    held = claims.claim(case=case, user=tom)
    expires = timezone.now() + timedelta(minutes=9)
    Claim.objects.filter(pk=held.pk).update(expires_at=expires)
    text = client.get("/review").text
    local = timezone.localtime(expires, timezone.get_fixed_timezone(60))
    assert "Tom until" in text
    assert f">{local:%H:%M}</time>" in text


def test_a_claim_that_ran_out_is_not_shown(client: Client, ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=make_user(Role.REVIEWER, name="Tom"))
    Claim.objects.update(claimed_at=timezone.now() - timedelta(hours=1), expires_at=timezone.now())
    assert "Tom" not in client.get("/review").text


@pytest.mark.parametrize(
    ("away", "mark"),
    [(timedelta(minutes=-5), "overdue"), (timedelta(minutes=30), "soon"), (timedelta(days=1), "")],
)
def test_what_is_due_is_marked(client: Client, ana: User, away: timedelta, mark: str) -> None:
    case = make_case()
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() + away)
    (row,) = client.get("/review").context["rows"]
    assert row.due == mark


def test_pages_follow_each_other(
    client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    source = make_source()
    made = {make_case(source).label for _ in range(5)}
    seen, url = [], "/review"
    while url:
        response = client.get(url)
        seen += [row.case.label for row in response.context["rows"]]
        url = response.context["older_url"]
    assert len(seen) == 5
    assert set(seen) == made


def test_a_cursor_of_other_filters_begins_anew(
    client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    make_case()
    make_case()
    older = client.get("/review").context["older_url"]
    response = client.get(older.replace("?", "?kind=cutoff&"))
    assert response.headers["Location"] == "/review?kind=cutoff"


def test_the_number_of_queries_does_not_grow(
    client: Client, ana: User, django_assert_num_queries: object
) -> None:
    source = make_source()
    for _ in range(3):
        make_case(source)
    for count in (3, 9):
        with django_assert_num_queries(18):  # type: ignore[operator]
            assert len(client.get("/review").context["rows"]) == count
        for _ in range(6):
            make_case(source)


def test_claiming_the_next_one_leads_to_it(client: Client, ana: User) -> None:
    case = make_case()
    response = client.post("/review/claim-next")
    assert response.headers["Location"] == f"/cases/{case.number}"
    assert Claim.objects.live().get(case=case).reviewer == ana
    assert LedgerEntry.objects.filter(action="case.claimed", object_id=str(case.pk)).exists()


def test_claiming_keeps_to_the_queue(client: Client, ana: User) -> None:
    make_case()
    appeal = make_case()
    Case.objects.filter(pk=appeal.pk).update(queue="appeals", priority=1)
    response = client.post("/review/claim-next", {"queue": "appeals"})
    assert response.headers["Location"] == f"/cases/{appeal.number}"


def test_where_nothing_waits_it_says_so(client: Client, ana: User) -> None:
    response = client.post("/review/claim-next", follow=True)
    assert "Nothing waits for you here" in response.text
    assert "Every selected case has been decided" in response.text


def test_claiming_needs_a_post_and_a_role(client: Client, ana: User) -> None:
    assert client.get("/review/claim-next").status_code == 405
    client.force_login(make_user(Role.AUDITOR))
    assert client.post("/review/claim-next").status_code == 403


def test_cases_of_child_safety_are_for_the_qualified(client: Client, ana: User) -> None:
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert labels(client, "?state=all") == []
    assert client.get(f"/cases/{case.number}").status_code == 404
    client.force_login(make_user(Role.SENIOR, qualified=[Area.CHILD_SAFETY]))
    assert labels(client) == [case.label]


def test_a_settled_case_waits_no_longer(client: Client, ana: User) -> None:
    case = make_case()
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED)
    assert labels(client) == []
    assert labels(client, "?state=settled") == [case.label]


def test_nobody_sees_which_cases_are_audits(client: Client, ana: User) -> None:
    for _ in range(40):
        make_case()
    tags = {row.tag.text for row in client.get("/review").context["rows"]}
    assert tags == {"Selected"}


@pytest.mark.parametrize("query", ["", "?queue=appeals&q=<b>%22&surprised=true&ended_after=soon"])
def test_each_filter_is_written_as_the_library_would(
    rf: RequestFactory, ana: User, query: str
) -> None:
    request = rf.get(f"/review{query}")
    request.user = ana
    form = QueueFilter(request.GET, queryset=Case.objects.all(), request=request).form
    form.is_valid()
    main, more = listing.controls(form, ana)
    assert {control.field.name for control in main + more} == set(form.fields)
    for control in main + more:
        if control.chosen and isinstance(control.field.field.widget, Select):
            control.field.field.widget.attrs["class"] = "set"
        assert parse_html(control.html) == parse_html(str(control.field))
        assert control.html.count('value=""') <= 1
