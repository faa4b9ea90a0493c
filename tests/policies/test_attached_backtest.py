"""A backtest that is attached to a submission: chosen then, kept with it, and seen first."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from policies.models import Backtest, Draft, PolicyVersion, Submission
from policies.services import backtests, drafts
from policies.services.drafts import OtherBacktest
from policies.thresholds import parse
from tests.factories import NOW, make_user
from tests.policies.backtests import LAX, asking, make_cutoff
from tests.policies.lifecycle import approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def draft(ida: User) -> Draft:
    """A draft that is stricter than what its only cutoff had."""
    lax = approved(msgspec.to_builtins(LAX))
    make_cutoff(0.6, policy_version=lax.number)
    content = msgspec.to_builtins(asking(0.7))
    return drafts.create_draft(user=ida, now=NOW, content=content, based_on=lax)


def queued(content: Any, *, minutes: int = 0) -> Backtest:
    """A backtest of *content*, asked for so many *minutes* after NOW."""
    return backtests.request(
        candidate=parse(content),
        since=NOW - timedelta(days=30),
        until=NOW,
        now=NOW + timedelta(minutes=minutes),
        actor=Actor(user=make_user(Role.POLICY_ADMIN)),
    )


def done(content: Any, *, minutes: int = 0) -> Backtest:
    """The same, and computed."""
    found = queued(content, minutes=minutes)
    backtests.run(backtest_id=found.pk, clock=lambda: NOW + timedelta(minutes=minutes))
    found.refresh_from_db()
    return found


def submit(client: Client, draft: Draft, **sent: Any) -> Any:
    """Answer the question of the page."""
    url = f"/policies/{draft.number}/submit?revision={draft.revision}"
    return client.post(url, sent, follow=True)


def test_the_newest_is_offered_first_and_the_one_that_was_chosen_is_kept(
    client: Client, ida: User, draft: Draft
) -> None:
    older, newest = done(draft.content), done(draft.content, minutes=1)
    queued(draft.content, minutes=2)
    done(msgspec.to_builtins(asking(0.8)), minutes=3)
    page = client.get(f"/policies/{draft.number}/submit").text
    choices = page.partition('<select name="backtest"')[2].partition("</select>")[0]
    offered = re.findall(r'<option value="([^"]*)"( selected)?', choices)
    assert offered == [(str(newest.pk), " selected"), (str(older.pk), ""), ("", "")]
    submit(client, draft, backtest=str(older.pk))
    assert Submission.objects.get(version=draft.number).backtest == older
    entry = LedgerEntry.objects.get(action="policy.submitted", object_id=str(draft.number))
    assert entry.details["backtest"] == str(older.pk)


def test_the_approver_sees_it_first_whatever_is_computed_later(
    client: Client, ida: User, draft: Draft
) -> None:
    chosen = done(draft.content)
    submit(client, draft, backtest=str(chosen.pk))
    done(draft.content, minutes=5)
    client.force_login(make_user(Role.POLICY_ADMIN))
    page = client.get(f"/policies/{draft.number}")
    assert page.context["tested"]["backtest"] == chosen
    assert re.findall(r"<section[^>]*>", page.text)[0].endswith('"tested-title">')
    assert "attached to the submission" in page.text


def test_without_one_the_newest_stands_there_and_says_that_it_was_not_attached(
    client: Client, ida: User, draft: Draft
) -> None:
    newest = done(draft.content)
    submit(client, draft, backtest="")
    assert Submission.objects.get(version=draft.number).backtest is None
    page = client.get(f"/policies/{draft.number}")
    assert page.context["tested"]["backtest"] == newest
    assert "None was attached when it was submitted" in page.text


def test_where_none_is_finished_there_is_nothing_to_choose(
    client: Client, ida: User, draft: Draft
) -> None:
    queued(draft.content)
    assert 'name="backtest"' not in client.get(f"/policies/{draft.number}/submit").text
    assert "It is submitted." in submit(client, draft).text


@pytest.mark.parametrize("of", ["another", "unfinished", "none"])
def test_one_that_is_not_of_exactly_this_is_refused(
    client: Client, ida: User, draft: Draft, of: str
) -> None:
    done(draft.content)
    wrong = {
        "another": lambda: done(msgspec.to_builtins(asking(0.8))).pk,
        "unfinished": lambda: queued(draft.content).pk,
        "none": uuid4,
    }[of]()
    with pytest.raises(OtherBacktest):
        drafts.submit(number=draft.number, user=ida, now=NOW, backtest_id=wrong)
    page = submit(client, draft, backtest=str(wrong))
    assert (page.status_code, "Select a valid choice" in page.text) == (422, True)
    said = client.post(
        f"/api/v1/policy-versions/{draft.number}/submit",
        json.dumps({"backtest": str(wrong)}),
        "application/json",
    )
    assert (said.status_code, said.json()["errors"][0]["pointer"]) == (400, "/backtest")
    assert Draft.objects.filter(number=draft.number).exists()
    assert not PolicyVersion.objects.filter(number=draft.number).exists()


def test_over_the_api_it_is_named(client: Client, ida: User, draft: Draft) -> None:
    chosen = done(draft.content)
    url = f"/api/v1/policy-versions/{draft.number}"
    said = client.post(
        f"{url}/submit", json.dumps({"backtest": str(chosen.pk)}), "application/json"
    )
    assert said.json()["submission"]["backtest"] == str(chosen.pk)
    assert client.get(url).json()["submission"]["backtest"] == str(chosen.pk)


def test_it_is_not_changed_afterwards(ida: User, draft: Draft) -> None:
    chosen, later = done(draft.content), done(draft.content, minutes=1)
    drafts.submit(number=draft.number, user=ida, now=NOW, backtest_id=chosen.pk)
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Submission.objects.filter(version=draft.number).update(backtest=later)
    assert Submission.objects.get(version=draft.number).backtest == chosen
