"""Backtests: asked for, followed, read, exported, and first before whoever approves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from policies.models import Backtest, Draft, PolicyVersion
from policies.services import backtests, drafts
from tests.factories import NOW, make_user
from tests.policies.backtests import LAX, asking, make_cutoff, make_near_miss
from tests.policies.lifecycle import actions, approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

HTMX = {"HX-Request": "true"}
#: Queries of the list, and of a page with figures, however much there is.
LIST, PAGE = 7, 7


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[Backtest]:
    """Which backtests a worker was told of; there is no broker here."""
    found: list[Backtest] = []
    monkeypatch.setattr("policies.views.backtests.tell_worker", found.append)
    return found


@pytest.fixture
def lax(ida: User) -> PolicyVersion:
    """The version that cutoffs of these tests say was their own."""
    return approved(msgspec.to_builtins(LAX))


@pytest.fixture
def draft(ida: User, lax: PolicyVersion) -> Draft:
    """A draft that is stricter."""
    content = msgspec.to_builtins(asking(0.7))
    return drafts.create_draft(user=ida, now=NOW, content=content, based_on=lax)


def asked(draft: Draft | PolicyVersion, user: User, **changes: Any) -> Backtest:
    """A backtest of *draft* over the last month, queued."""
    given = {"since": NOW - timedelta(days=30), "until": NOW} | changes
    return backtests.request(
        candidate=draft.thresholds if isinstance(draft, PolicyVersion) else asking(0.7),
        candidate_number=draft.number,
        now=NOW,
        actor=Actor(user=user),
        **given,
    )


def done(draft: Draft | PolicyVersion, user: User, **changes: Any) -> Backtest:
    """The same, and computed."""
    found = asked(draft, user, **changes)
    backtests.run(backtest_id=found.pk, clock=lambda: NOW)
    found.refresh_from_db()
    return found


def form(draft: Draft, **changes: Any) -> dict[str, Any]:
    """What the form of a new backtest sends."""
    sent = {"candidate": draft.number, "since": "2026-10-21", "until": "2026-11-20"}
    return sent | changes


def test_without_any_the_list_says_what_a_backtest_is(client: Client, ida: User) -> None:
    text = client.get("/policies/backtests").text
    assert "No backtest is kept yet" in text
    assert 'href="/policies/backtests/new"' in text


def test_the_list_is_newest_first_paged_and_of_one_candidate(
    client: Client, ida: User, draft: Draft, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = approved()
    newest = asked(other, ida)
    with time_machine.travel(NOW - timedelta(days=1)):
        for day in range(26):
            found = asked(draft, ida)
            Backtest.objects.filter(pk=found.pk).update(requested_at=NOW - timedelta(days=1 + day))
    with django_assert_num_queries(LIST):
        page = client.get("/policies/backtests")
    shown = [one for one, _ in page.context["backtests"]]
    assert (shown[0], len(shown)) == (newest, 25)
    older = client.get(f"/policies/backtests{page.context['older_url']}")
    assert len(older.context["backtests"]) == 2
    of_one = client.get(f"/policies/backtests?of={other.number}")
    assert [one for one, _ in of_one.context["backtests"]] == [newest]
    assert client.get("/policies/backtests?cursor=none").status_code == 302


def test_one_is_asked_for_with_days_of_the_calendar(
    client: Client, ida: User, draft: Draft, told: list[Backtest]
) -> None:
    sent = form(draft, category="hate", model="m1, m2")
    response = client.post("/policies/backtests/new", sent)
    (found,) = Backtest.objects.all()
    assert response.headers["Location"] == f"/policies/backtests/{found.pk}"
    assert told == [found]
    assert (found.since.isoformat(), found.until.isoformat()) == (
        "2026-10-21T00:00:00+00:00",
        "2026-11-21T00:00:00+00:00",
    )
    assert found.filters["category"] == ["hate"]
    assert found.filters["model"] == ["m1", "m2"]
    assert (found.candidate_number, found.baseline_id) == (draft.number, None)
    assert found.candidate == draft.content
    assert actions("backtest") == ["backtest.requested"]


def test_it_may_be_held_against_a_given_version(client: Client, ida: User, draft: Draft) -> None:
    client.post("/policies/backtests/new", form(draft, baseline="1"))
    assert Backtest.objects.get().baseline_id == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"candidate": "99"}, "Select a valid choice"),
        ({"baseline": "99"}, "Select a valid choice"),
        ({"until": "2026-10-20"}, "The last day comes before the first."),
        ({"since": "soon"}, "Enter a valid date."),
        ({"since": "2001-01-01"}, "The window must be three years or less."),
        ({"category": "none"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_field(
    client: Client, draft: Draft, changes: dict[str, str], words: str
) -> None:
    response = client.post("/policies/backtests/new", form(draft, surface="web") | changes)
    assert response.status_code == 422
    assert words in response.text
    assert response.context["form"]["surface"].value() == "web"
    assert not Backtest.objects.exists()


def test_a_candidate_that_can_no_longer_be_read_is_refused(client: Client, draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(content={"imminent_risk_ceiling": 2})
    response = client.post("/policies/backtests/new", form(draft))
    assert "It can no longer be read: choose another one." in response.text


def test_the_page_asks_again_until_it_is_finished(client: Client, ida: User, draft: Draft) -> None:
    make_cutoff(0.6)
    found = asked(draft, ida)
    url = f"/policies/backtests/{found.pk}"
    assert "Waiting for a worker" in client.get(url).text
    assert 'hx-trigger="every 2s"' in client.get(url).text
    Backtest.objects.filter(pk=found.pk).update(
        state="running", progress=40, started_at=NOW, beat_at=NOW
    )
    assert "40 % of the window is read" in client.get(url, headers=HTMX).text
    Backtest.objects.filter(pk=found.pk).update(state="queued", progress=0)
    backtests.run(backtest_id=found.pk, clock=lambda: NOW)
    part = client.get(url, headers=HTMX).text
    assert "hx-trigger" not in part
    assert "<html" not in part
    assert 'innerHTML:#backtest-said">' in part


def test_the_figures_stand_there_in_full_with_exports(
    client: Client, ida: User, draft: Draft, lax: PolicyVersion
) -> None:
    number = lax.number
    make_cutoff(0.6, policy_version=number, review=FirstReview.OVERTURNED)
    make_cutoff(0.9, policy_version=number, review=FirstReview.UPHELD, model="m2")
    make_near_miss(0.9)
    found = done(draft, ida)
    page = client.get(f"/policies/backtests/{found.pk}")
    assert page.context["told"].spared.all.value == 1
    assert len(page.context["told"].segments) == 2
    text = page.text
    assert found.code_version in text
    assert '<svg class="whisker"' in text
    assert "cutoffs.spared.verdicts.overturned" in text
    for export in ("figures.csv", ""):
        assert f"/api/v1/backtests/{found.pk}" + (f"/{export}" if export else "") in text
    assert client.get(f"/api/v1/backtests/{found.pk}/figures.csv").status_code == 200
    assert client.get(f"/api/v1/backtests/{found.pk}").json()["figures"]


def test_its_numbers_open_their_cases_as_they_are_now(
    client: Client, ida: User, draft: Draft, lax: PolicyVersion
) -> None:
    cutoff = make_cutoff(0.6, policy_version=lax.number)
    found = done(draft, ida)
    url = client.get(f"/policies/backtests/{found.pk}").context["told"].spared.all.url
    page = client.get(url)
    assert [row.cutoff.pk for row in page.context["rows"]] == [cutoff.pk]
    assert f'href="/policies/backtests/{found.pk}"' in page.text
    Cutoff.objects.filter(pk=cutoff.pk).update(severity=0.9)
    assert "No case is in this list" in client.get(url).text


def test_an_empty_window_failure_and_older_figures_are_told(
    client: Client, ida: User, draft: Draft
) -> None:
    empty = done(draft, ida)
    url = f"/policies/backtests/{empty.pk}"
    assert "Nothing is recorded in this window" in client.get(url).text
    Backtest.objects.filter(pk=empty.pk).update(figures={"schema": 0})
    assert "Its figures have another form." in client.get(url).text
    Backtest.objects.filter(pk=empty.pk).update(
        state="failed", figures=None, error="The database stopped answering. Start it again."
    )
    assert "The database stopped answering." in client.get(url).text


def test_it_is_cancelled_after_a_question(client: Client, ida: User, draft: Draft) -> None:
    found = asked(draft, ida)
    url = f"/policies/backtests/{found.pk}/cancel"
    assert f'href="{url}"' in client.get(f"/policies/backtests/{found.pk}").text
    assert "Cancel this backtest?" in client.get(url).text
    assert client.post(url, follow=True).text.count("It is cancelled.") == 1
    found.refresh_from_db()
    assert found.state == "cancelled"
    page = client.post(url, follow=True)
    assert "It had finished already." in page.text
    assert "It kept no figures." in page.text
    assert f'href="{url}"' not in page.text


def test_the_approver_sees_the_newest_backtest_of_what_was_submitted_first(
    client: Client, ida: User, draft: Draft, lax: PolicyVersion
) -> None:
    make_cutoff(0.6, policy_version=lax.number)
    done(draft, ida)
    newest = done(draft, ida, since=NOW - timedelta(days=40))
    Backtest.objects.filter(pk=newest.pk).update(requested_at=NOW + timedelta(minutes=1))
    version = drafts.submit(number=draft.number, user=ida, now=NOW)
    client.force_login(make_user(Role.POLICY_ADMIN))
    page = client.get(f"/policies/{version.number}")
    assert page.context["tested"]["backtest"] == newest
    assert re.findall(r"<section[^>]*>", page.text)[0].endswith('"tested-title">')


def test_a_backtest_of_an_earlier_revision_is_not_of_this_one(
    client: Client, ida: User, draft: Draft
) -> None:
    done(draft, ida)
    drafts.edit_draft(
        number=draft.number,
        revision=draft.revision,
        user=ida,
        now=NOW,
        content=msgspec.to_builtins(asking(0.8)),
    )
    text = client.get(f"/policies/{draft.number}").text
    assert "Only other thresholds than these were backtested" in text


def test_who_may_see_and_who_may_ask(client: Client, ida: User, draft: Draft) -> None:
    found = asked(draft, ida)
    seen = [
        "/policies/backtests",
        f"/policies/backtests/{found.pk}",
        f"/policies/backtests/{found.pk}/cases?name=made",
        f"/policies/{draft.number}/sweep",
    ]
    asking_for = ["/policies/backtests/new", f"/policies/backtests/{found.pk}/cancel"]
    client.force_login(make_user(Role.AUDITOR))
    assert [client.get(path).status_code for path in seen] == [200] * 4
    assert [client.get(path).status_code for path in asking_for] == [403] * 2
    assert client.post(f"/policies/{draft.number}/sweep/take").status_code == 403
    assert "Cancel…" not in client.get(seen[1]).text
    client.force_login(make_user(Role.REVIEWER))
    assert [client.get(path).status_code for path in [*seen, *asking_for]] == [403] * 6


def test_a_page_with_figures_asks_little(
    client: Client,
    ida: User,
    draft: Draft,
    lax: PolicyVersion,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for model in ("m1", "m2", "m3"):
        make_cutoff(0.6, policy_version=lax.number, model=model)
    found = done(draft, ida)
    with django_assert_num_queries(PAGE):
        client.get(f"/policies/backtests/{found.pk}")
