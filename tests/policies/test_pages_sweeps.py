"""One threshold over its whole range, and one of its values taken into a draft."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from policies.models import Draft, PolicyVersion
from policies.services import drafts
from tests.factories import NOW, make_user
from tests.policies.backtests import asking, make_cutoff
from tests.policies.lifecycle import approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def draft(ida: User) -> Draft:
    """A draft that asks for a severity of 0.5."""
    return drafts.create_draft(user=ida, now=NOW, content=msgspec.to_builtins(asking(0.5)))


def steps(client: Client, number: int, query: str = "") -> dict[str, Any]:
    """The rows of the table by their values."""
    page = client.get(f"/policies/{number}/sweep{query}")
    return {step.value: step for step in page.context["curves"].steps}


def take(client: Client, number: int, **sent: Any) -> Any:
    """Press the button of a row."""
    given = {"criterion": "severity", "of": "", "value": "0.7", "revision": 1, "query": ""}
    return client.post(f"/policies/{number}/sweep/take", given | sent, follow=True)


def test_each_value_says_what_it_spares_and_loses(client: Client, draft: Draft) -> None:
    make_cutoff(0.6, review=FirstReview.UPHELD)
    make_cutoff(0.6, review=FirstReview.OVERTURNED)
    make_cutoff(0.9, review=FirstReview.UPHELD)
    found = steps(client, draft.number)
    assert len(found) == 101
    assert found["0.6"].counts == ("3", "0", "0", "0", "0")
    assert found["0.7"].counts == ("1", "2", "1", "0", "0")
    assert found["0.5"].present
    assert found["0.7"].rate.value == "0.0 %"
    text = client.get(f"/policies/{draft.number}/sweep").text
    assert "95 % band, pointwise" in text
    assert text.count("Into the draft") == 100
    assert 'href="#at-0.7"' in text
    assert 'id="at-0.7"' in text


def test_counts_are_swept_in_whole_numbers_for_one_category(client: Client, draft: Draft) -> None:
    make_cutoff(0.6)
    found = steps(client, draft.number, "?criterion=warnings&of=hate&days=90")
    assert list(found) == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize(
    ("most", "last"), [(3, 10), (9, 10), (10, 20), (34, 40), (100, 100), (5_000, 100)]
)
def test_counts_are_swept_past_the_highest_that_occurs(
    client: Client, draft: Draft, most: int, last: int
) -> None:
    cutoff = make_cutoff(0.6)
    Cutoff.objects.filter(pk=cutoff.pk).update(refusals=most)
    page = client.get(f"/policies/{draft.number}/sweep?criterion=refusals")
    curves = page.context["curves"]
    assert [step.value for step in curves.steps] == [str(count) for count in range(last + 1)]
    assert [step.counts[0] for step in curves.steps] == [
        "1" if count <= most else "0" for count in range(last + 1)
    ]
    assert len(curves.across) == 11
    assert all(tick.value.is_integer() for tick in curves.across)
    assert "to 10 at least and to 100 at most" in page.text


def test_each_point_takes_its_value_for_who_may_change_it(client: Client, draft: Draft) -> None:
    make_cutoff(0.6)
    url = f"/policies/{draft.number}/sweep"
    text = client.get(url).text
    assert text.count('data-takes="0.7"') == 2
    assert 'data-takes="0.5"' not in text
    assert "js/points" in text
    client.force_login(make_user(Role.AUDITOR))
    assert "data-takes" not in client.get(url).text


def test_nothing_to_sweep_and_nothing_to_read_are_told(client: Client, draft: Draft) -> None:
    url = f"/policies/{draft.number}/sweep"
    assert "Nothing in this window is asked for this threshold" in client.get(url).text
    assert client.get(f"{url}?criterion=none").status_code == 422
    assert client.get("/policies/99/sweep").status_code == 404
    Draft.objects.filter(pk=draft.pk).update(content={"imminent_risk_ceiling": 2})
    assert "This policy can no longer be read." in client.get(url).text


def test_a_value_goes_into_the_draft(client: Client, draft: Draft) -> None:
    response = take(client, draft.number)
    assert response.redirect_chain[-1][0] == f"/policies/{draft.number}/edit"
    draft.refresh_from_db()
    assert (draft.content["default"]["severity"], draft.revision) == (0.7, 2)


def test_a_category_gets_thresholds_of_its_own(client: Client, draft: Draft) -> None:
    take(client, draft.number, of="hate", criterion="refusals", value="3")
    draft.refresh_from_db()
    assert draft.content["categories"]["hate"] == draft.content["default"] | {"refusals": 3}


def test_what_somebody_saved_meanwhile_stays(client: Client, draft: Draft) -> None:
    drafts.edit_draft(
        number=draft.number, revision=1, user=make_user(Role.POLICY_ADMIN), now=NOW, note="Mine."
    )
    response = take(client, draft.number, query="criterion=severity")
    assert "Somebody saved this draft since you read it." in response.text
    assert response.redirect_chain[-1][0].endswith("/sweep?criterion=severity")
    draft.refresh_from_db()
    assert (draft.note, draft.content["default"]["severity"]) == ("Mine.", 0.5)


def test_of_a_version_a_new_draft_is_begun(client: Client, ida: User) -> None:
    version = approved(msgspec.to_builtins(asking(0.5)))
    take(client, version.number, revision="")
    (begun,) = Draft.objects.all()
    assert begun.based_on == version
    assert begun.content["default"]["severity"] == 0.7
    assert PolicyVersion.objects.get(pk=version.pk).thresholds.default.severity == 0.5


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "7", "-1"])
def test_a_value_out_of_bounds_changes_nothing(client: Client, draft: Draft, value: str) -> None:
    assert take(client, draft.number, value=value).status_code == 200
    draft.refresh_from_db()
    assert draft.revision == 1


@pytest.mark.parametrize("sent", [{"criterion": "none"}, {"of": "none"}])
def test_no_threshold_is_not_found(client: Client, draft: Draft, sent: dict[str, str]) -> None:
    assert take(client, draft.number, **sent).status_code == 404
