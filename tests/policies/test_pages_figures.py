"""Every number of a backtest opens the list of its cases, in the preview and in what is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Final

import msgspec
import pytest
from django.test import Client

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from policies import editor
from policies.models import PolicyVersion
from policies.services import backtests, drafts
from policies.thresholds import Thresholds
from tests.factories import NOW, make_user
from tests.policies.backtests import LAX, asking, make_cutoff, make_near_miss
from tests.policies.lifecycle import approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

HTMX = {"HX-Request": "true"}

#: Elements whose numbers open nothing, by class or tag, and why.
EXCEPTIONS: Final = {
    "limits": "sentences; each count in them stands linked in a table above",
    "stands-for": "an estimate of how many there are, of which only those recorded have a case",
    "names": "a version, model and prompt version, which are names",
}
#: Rates and their ends, which no list has: 12.5 %, 0.0 – 31.2, +3.1.
_RATES: Final = re.compile(r"[+−]?\d+(?:\.\d+| %|\.\d+ %)")
_VOID: Final = {"br", "hr", "img", "input", "link", "meta"}


class Numbers(HTMLParser):
    """The counts within elements of the class ``told`` or ``segments``: ``linked`` with their
    addresses, and ``loose`` ones.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.linked: list[tuple[int, str]] = []
        self.loose: list[str] = []
        self._open: list[tuple[str, set[str], str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            said = dict(attrs)
            self._open.append((tag, set((said.get("class") or "").split()), said.get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        classes = set[str]().union(*(one[1] for one in self._open))
        if not classes & {"told", "segments"}:
            return
        counts = re.findall(r"\d[\d,]*", _RATES.sub("", data))
        href = next((one[2] for one in self._open if one[0] == "a"), "")
        if href:
            self.linked += [(int(count.replace(",", "")), href) for count in counts]
        elif not classes & EXCEPTIONS.keys():
            # Nought has no case.
            self.loose += [data.strip()] * any(count != "0" for count in counts)


@pytest.fixture
def lax(ida: User) -> PolicyVersion:
    """The version that cutoffs of these tests say was their own."""
    return approved(msgspec.to_builtins(LAX))


def history(number: int) -> None:
    """Some of everything that a backtest counts."""
    for model in ("m1", "m2", "m2"):
        make_cutoff(0.9, policy_version=number, review=FirstReview.UPHELD, model=model)
        make_cutoff(0.6, policy_version=number, review=FirstReview.OVERTURNED, model=model)
        make_cutoff(0.6, policy_version=number, model=model, prompt_version="p2")
        make_cutoff(None, policy_version=number, model=model)
    # It named no version: the one in force then, the built-in one, was its own.
    make_cutoff(0.6)
    make_cutoff(0.1, policy_version=number, audited=False)
    surprised = make_cutoff(0.9, policy_version=number)
    Cutoff.objects.filter(pk=surprised.pk).update(surprised_at=surprised.at)
    for initiator in ("user", "operator"):
        for risk in (0.01, 0.9, None):
            ended = make_cutoff(0.1, policy_version=number, initiator=initiator)
            Cutoff.objects.filter(pk=ended.pk).update(risk_self=risk, risk_others=risk)
    for severity in (0.48, 0.48, 0.1, None):
        make_near_miss(severity)
    make_near_miss(0.48, ended_later=True)
    unknown = make_near_miss(0.48, probability=None)
    decided = Cutoff.objects.filter(initiator="", severity=0.48).exclude(pk=unknown.pk)
    Cutoff.objects.filter(initiator="").update(in_audit=True, audit_probability=0.5)
    first = decided.order_by("pk").first()
    assert first is not None
    Cutoff.objects.filter(pk=first.pk).update(first_review=FirstReview.RIGHT_TO_CONTINUE)


def of_preview(client: Client, ida: User, lax: PolicyVersion, candidate: Thresholds) -> Any:
    """The live preview of *candidate*."""
    draft = drafts.create_draft(user=ida, now=NOW, based_on=lax)
    sent = editor.flat(candidate) | {"days": "30", "revision": str(draft.revision)}
    return client.post(f"/policies/{draft.number}/preview", sent, headers=HTMX)


def of_kept(client: Client, ida: User, lax: PolicyVersion, candidate: Thresholds) -> Any:
    """The page of a backtest of *candidate*."""
    found = backtests.request(
        candidate=candidate,
        since=NOW - timedelta(days=30),
        until=NOW,
        now=NOW,
        actor=Actor(user=ida),
    )
    backtests.run(backtest_id=found.pk, clock=lambda: NOW)
    return client.get(f"/policies/backtests/{found.pk}")


@pytest.mark.parametrize("severity", [0.7, 0.45])
@pytest.mark.parametrize("page_of", [of_preview, of_kept])
def test_every_number_opens_the_cases_that_it_counts(
    client: Client, ida: User, lax: PolicyVersion, page_of: Any, severity: float
) -> None:
    history(lax.number)
    page = page_of(client, ida, lax, asking(severity))
    numbers = Numbers(page.text)
    assert numbers.loose == []
    listed = {href: client.get(href).context["rows"] for _, href in numbers.linked}
    assert [
        (count, len(listed[href]), href)
        for count, href in numbers.linked
        if count != len(listed[href])
    ] == []
    told = page.context["told"]
    rates = [one for one in (*told.rates, told.continued) if one.evidence]
    assert {one.label for one in rates} >= {"As it was", "Of those kept"}
    assert all(one.evidence.audited.url in listed for one in rates)
    assert sum(one.all.value for one in told.apart) == 6
    assert all(line.numbers[0].url in listed for line in told.segments)


def test_a_number_that_is_no_link_is_found() -> None:
    text = '<div class="told"><b>3</b> of <a href="/x">5</a>, 12.5 % <i class="limits">7</i></div>'
    numbers = Numbers(text + "<p>9</p>")
    assert (numbers.loose, numbers.linked) == (["3"], [(5, "/x")])


def test_near_misses_that_were_right_to_continue_are_listed(
    client: Client, ida: User, lax: PolicyVersion
) -> None:
    history(lax.number)
    told = of_preview(client, ida, lax, asking(0.45)).context["told"]
    evidence = told.continued.evidence
    # Of four that would have been ended, one came without a sampling probability.
    assert (evidence.decided.value, evidence.audited.value) == (1, 3)
    (row,) = client.get(evidence.decided.url).context["rows"]
    assert row.cutoff.initiator == ""


def test_the_preview_has_each_version_model_and_prompt_version_by_itself(
    client: Client, ida: User, lax: PolicyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(lax.number)
    page = of_preview(client, ida, lax, asking(0.7))
    lines = {
        (line.of.version, line.of.model, line.of.prompt_version): line.of.spared
        for line in page.context["told"].segments
    }
    assert lines[lax.number, "m2", "p2"] == 2
    assert "each stands below by itself" in page.text
    assert page.text.count('<table class="segments">') == 1
    monkeypatch.setattr("policies.services.preview.SEGMENTS", 2)
    fewer = of_preview(client, ida, lax, asking(0.7))
    assert len(fewer.context["told"].segments) == 2
    assert f"The {len(lines) - 2} smallest of them are left out of the table." in fewer.text


def test_a_request_to_end_that_is_not_confirmed_moves_the_preview(
    client: Client, ida: User, lax: PolicyVersion
) -> None:
    ended = make_cutoff(0.1, policy_version=lax.number, initiator="user")
    Cutoff.objects.filter(pk=ended.pk).update(
        user_confirmed=False, risk_self=0.01, risk_others=0.01
    )
    told = {
        confirmed: of_preview(
            client, ida, lax, msgspec.structs.replace(LAX, confirm_user_request=confirmed)
        )
        for confirmed in (False, True)
    }
    refused = [page.context["told"].apart[0].numbers[0].value for page in told.values()]
    assert refused == [0, 1]
    assert "1 ending at the user’s request not allowed." in told[True].text
    url = told[True].context["told"].apart[0].numbers[0].url
    (row,) = client.get(url).context["rows"]
    assert row.cutoff.pk == ended.pk


def test_who_decides_cases_is_not_told_which_were_drawn_for_the_audit(
    client: Client, ida: User, lax: PolicyVersion
) -> None:
    history(lax.number)
    told = of_preview(client, ida, lax, asking(0.7)).context["told"]
    evidence = told.rates[0].evidence
    client.force_login(make_user(Role.POLICY_ADMIN, Role.REVIEWER))
    for number in (evidence.decided, evidence.audited):
        assert "Not for who decides cases" in client.get(number.url).text
    assert client.get(told.segments[0].numbers[0].url).context["rows"]


@pytest.mark.parametrize(
    "query",
    [
        "name=made&by=nobody",
        "name=kept&by=user",
        "name=unknown",
        "name=made&version=x",
        "name=made&version=1&model=%00",
    ],
)
def test_what_is_no_number_is_not_found(
    client: Client, ida: User, lax: PolicyVersion, query: str
) -> None:
    url = of_preview(client, ida, lax, asking(0.7)).context["told"].made.all.url
    assert url == ""
    make_cutoff(0.9, policy_version=lax.number)
    url = of_preview(client, ida, lax, asking(0.7)).context["told"].made.all.url
    spelt = url.partition("q=")[2]
    assert client.get(f"/policies/cases?q={spelt}&name=made").status_code == 200
    assert client.get(f"/policies/cases?q={spelt}&{query}").status_code == 404
