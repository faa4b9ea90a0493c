"""The live preview beside the editor, and the cases behind each of its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from policies import editor
from policies.models import Draft, PolicyVersion
from policies.services import drafts
from policies.tried import LONGEST, NotAQuestion, spell, unspell
from reviews.models import Case
from reviews.vocabulary import Area
from tests.factories import NOW, make_user
from tests.policies.backtests import LAX, asking, make_cutoff, make_near_miss, question
from tests.policies.lifecycle import approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

HTMX = {"HX-Request": "true"}
#: Queries of a preview over one month, and of a page of cases behind one of its numbers.
PREVIEW, CASES = 18, 23


@pytest.fixture
def lax(ida: User) -> PolicyVersion:
    """The version that cutoffs of these tests say was their own."""
    return approved(msgspec.to_builtins(LAX))


@pytest.fixture
def draft(ida: User, lax: PolicyVersion) -> Draft:
    """A draft that says the same."""
    return drafts.create_draft(user=ida, now=NOW, based_on=lax)


def typed(draft: Draft, **changes: str) -> dict[str, str]:
    """The editor's form as it is sent, with other values for the default."""
    policy = msgspec.convert(draft.content, type(LAX))
    sent = editor.flat(policy) | {"days": "30", "revision": str(draft.revision)}
    return sent | {f"/default/{name}": value for name, value in changes.items()}


def preview(client: Client, draft: Draft, **changes: str) -> Any:
    """What the preview answers htmx."""
    asked = {name: changes.pop(name) for name in ("days", "model") if name in changes}
    sent = typed(draft, **changes) | asked
    return client.post(f"/policies/{draft.number}/preview", sent, headers=HTMX)


def listed(client: Client, url: str) -> set[Any]:
    """The cutoffs on a page of cases."""
    return {row.cutoff.pk for row in client.get(url).context["rows"]}


def history(lax: PolicyVersion) -> dict[str, Cutoff]:
    """Cutoffs that a severity of 0.7 keeps, spares, and of which it cannot tell."""
    number = lax.number
    return {
        "kept": make_cutoff(0.9, policy_version=number, review=FirstReview.UPHELD),
        "overturned": make_cutoff(0.6, policy_version=number, review=FirstReview.OVERTURNED),
        "procedure": make_cutoff(
            0.6, policy_version=number, review=FirstReview.OVERTURNED_FOR_PROCEDURE
        ),
        "undecided": make_cutoff(0.6, policy_version=number),
        "unknown": make_cutoff(None, policy_version=number),
    }


def test_each_figure_is_split_by_verdict_and_apart_by_what_users_said(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    found = history(lax)
    Cutoff.objects.filter(pk=found["undecided"].pk).update(surprised_at=found["undecided"].at)
    told = preview(client, draft, severity="0.7").context["told"]
    by_verdict = {
        line.label: [line.all.value, *(one.value for one in line.numbers)] for line in told.verdicts
    }
    assert by_verdict == {
        "Spared": [3, 0, 1, 1, 1],
        "Kept": [1, 1, 0, 0, 0],
        "Cannot tell": [1, 0, 0, 0, 1],
        "All made": [5, 1, 1, 1, 2],
    }
    by_answer = {line.label: [one.value for one in line.numbers] for line in told.answers}
    assert by_answer["Spared"] == [1, 0, 2, 0]


def test_every_number_opens_the_cases_that_it_counts(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    history(lax)
    make_near_miss(0.9)
    make_near_miss(0.9, ended_later=True)
    make_near_miss(None)
    make_near_miss(0.1)
    told = preview(client, draft, severity="0.45").context["told"]
    lines = [*told.verdicts, *told.answers, *told.near]
    numbers = [one for line in lines for one in (line.all, *line.numbers)] + told.flipped
    assert any(one.value for one in numbers)
    for number in numbers:
        assert bool(number.url) == bool(number.value)
        assert not number.url or len(listed(client, number.url)) == number.value
    stricter = preview(client, draft, severity="0.7").context["told"]
    (number,) = stricter.flipped
    assert (number.head, len(listed(client, number.url))) == ("Severity", 3)


def test_a_case_is_listed_with_the_threshold_that_flipped_it_and_leads_to_its_page(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    cutoff = make_cutoff(0.6, policy_version=lax.number)
    told = preview(client, draft, severity="0.7").context["told"]
    page = client.get(told.spared.all.url)
    (row,) = page.context["rows"]
    assert (row.tests, row.candidate, row.baseline) == (["Severity"], "goes on", "ends")
    case = Case.objects.get(pk=cutoff.pk)
    assert client.get(row.url).headers["Location"] == f"/cases/{case.number}"


@pytest.mark.parametrize(
    "moments",
    [
        {"since": datetime(2010, 1, 1, tzinfo=UTC)},
        {"since": datetime(1, 1, 1, tzinfo=UTC), "until": datetime(2, 1, 1, tzinfo=UTC)},
        {"since": datetime(9998, 1, 1, tzinfo=UTC), "until": datetime(9999, 12, 31, tzinfo=UTC)},
        {"now": datetime(1, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_an_address_with_a_window_that_nobody_asked_for_is_none(
    client: Client, ida: User, moments: dict[str, Any]
) -> None:
    asked = spell(question(asking(0.8), **moments))
    assert client.get("/policies/cases", {"name": "made", "q": asked}).status_code == 404


def test_the_list_is_paged_by_key(client: Client, draft: Draft, lax: PolicyVersion) -> None:
    keys = {make_cutoff(0.6, policy_version=lax.number).pk for _ in range(51)}
    told = preview(client, draft, severity="0.7").context["told"]
    first = client.get(told.spared.all.url)
    assert len(first.context["rows"]) == 50
    assert first.context["first_url"] == ""
    second = client.get(f"/policies/cases{first.context['older_url']}")
    assert second.context["older_url"] == ""
    assert second.context["first_url"]
    both = [row.cutoff.pk for page in (first, second) for row in page.context["rows"]]
    assert sorted(both) == sorted(keys)


def test_cases_of_child_safety_are_opened_by_the_qualified_alone(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    cutoff = make_cutoff(0.6, policy_version=lax.number)
    Cutoff.objects.filter(pk=cutoff.pk).update(category="child_sexual_exploitation")
    url = preview(client, draft, severity="0.7").context["told"].spared.all.url
    (row,) = client.get(url).context["rows"]
    assert (row.url, row.closed) == ("", "only the qualified may open it")
    qualified = make_user(Role.POLICY_ADMIN, qualified=[Area.CHILD_SAFETY])
    client.force_login(qualified)
    (row,) = client.get(url).context["rows"]
    assert row.closed == ""


def test_a_near_miss_that_was_not_drawn_is_no_case(client: Client, draft: Draft) -> None:
    near_miss = make_near_miss(0.9)
    Cutoff.objects.filter(pk=near_miss.pk).update(in_audit=False)
    told = preview(client, draft, severity="0.1").context["told"]
    (url,) = {line.all.url for line in told.near if line.all.url}
    (row,) = client.get(url).context["rows"]
    assert row.closed == "not drawn for review, so there is no case"


def test_refused_values_leave_the_figures_and_say_why(client: Client, draft: Draft) -> None:
    response = preview(client, draft, severity="1.4")
    assert response.status_code == 422
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#preview-fault", "innerHTML")
    assert "Default: severity: A number from 0 to 1." in response.text
    assert "The figures are outdated." in response.text


def test_a_refused_filter_says_why(client: Client, draft: Draft) -> None:
    many = ",".join(f"m{number}" for number in range(21))
    response = preview(client, draft, model=many)
    assert response.status_code == 422
    assert "Model: At most 20 values." in response.text
    assert preview(client, draft, days="31").status_code == 422


def test_the_window_and_the_filters_narrow(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    make_cutoff(0.6, policy_version=lax.number, model="one")
    make_cutoff(0.6, policy_version=lax.number, model="two", at=NOW - timedelta(days=2))

    def made(**asked: str) -> int:
        value: int = preview(client, draft, **asked).context["told"].made.all.value
        return value

    assert (made(), made(days="7"), made(model="one"), made(model="one, two")) == (2, 1, 1, 2)


def test_an_empty_history_says_what_to_do(client: Client, draft: Draft) -> None:
    text = preview(client, draft).text
    assert "Nothing is recorded in this window" in text
    assert "Choose a longer one, or fewer filters." in text


def test_without_reviews_or_near_misses_it_says_what_cannot_be_told(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    make_cutoff(0.6, policy_version=lax.number, audited=False)
    text = preview(client, draft, severity="0.7").text
    assert "No cutoff was drawn for an audit: there is no overturn rate." in text
    assert "No near miss is recorded here" in text
    assert "Breaches stay as they are" in text


def test_the_change_is_said_aloud_outside_of_what_is_swapped(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    make_cutoff(0.6, policy_version=lax.number)
    text = preview(client, draft, severity="0.7").text
    said = '<p hx-swap-oob="innerHTML:#preview-said">1 of 1 cutoff spared, 0 kept.</p>'
    assert said in text


def test_without_scripts_the_editor_comes_back_with_figures_and_nothing_saved(
    client: Client, draft: Draft, lax: PolicyVersion
) -> None:
    make_cutoff(0.6, policy_version=lax.number)
    url = f"/policies/{draft.number}/preview"
    response = client.post(url, typed(draft, severity="0.7") | {"model": "m"})
    assert response.context["told"].spared.all.value == 0  # another model
    (severity,) = (
        one for one in response.context["fields"].default.numbers if one.label == "Severity"
    )
    assert severity.value == "0.7"
    assert response.context["asked"]["model"].value() == "m"
    assert "hx-swap-oob" not in response.text
    draft.refresh_from_db()
    assert draft.revision == 1
    refused = client.post(url, typed(draft, severity="1.4"))
    assert refused.status_code == 422
    assert "Default: severity: A number from 0 to 1." in refused.text


def test_without_scripts_what_somebody_saved_meanwhile_comes_first(
    client: Client, draft: Draft
) -> None:
    sent = typed(draft, severity="0.7")
    drafts.edit_draft(
        number=draft.number,
        revision=1,
        user=make_user(Role.POLICY_ADMIN),
        now=NOW,
        content=msgspec.to_builtins(asking(0.8)),
    )
    assert client.post(f"/policies/{draft.number}/preview", sent).status_code == 409


def test_who_may_not_change_policies_has_no_preview(client: Client, draft: Draft) -> None:
    client.force_login(make_user(Role.AUDITOR))
    assert preview(client, draft).status_code == 403


def test_who_decides_cases_is_not_told_what_others_said_of_one(
    client: Client, ida: User, lax: PolicyVersion
) -> None:
    history(lax)
    query = f"q={spell(question(LAX))}&name=made"
    narrowed = [f"{query}&review=2", f"{query}&review=0", f"{query}&answer=silent"]
    assert all(listed(client, f"/policies/cases?{one}") for one in narrowed)
    client.force_login(make_user(Role.POLICY_ADMIN, Role.REVIEWER))
    assert len(listed(client, f"/policies/cases?{query}")) == 5
    for one in narrowed:
        page = client.get(f"/policies/cases?{one}")
        assert page.context["rows"] == []
        assert "Not for who decides cases" in page.text


def test_who_may_not_see_policies_sees_no_cases(client: Client, draft: Draft) -> None:
    url = f"/policies/cases?name=made&q={spell(question(LAX))}"
    assert client.get(url).status_code == 200
    client.force_login(make_user(Role.AUDITOR))
    assert client.get(url).status_code == 200
    client.force_login(make_user(Role.REVIEWER))
    assert client.get(url).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name=made",
        "name=made&q=none",
        "name=nothing&q={q}",
        "name=refused&near=1&q={q}",
        "name=made&review=x&q={q}",
        "name=made&review=9&q={q}",
        "name=made&answer=loud&q={q}",
        "name=made&test=none&q={q}",
        "name=made&later=2&q={q}",
        "name=made&after=1&q={q}",
    ],
)
def test_what_is_no_number_is_not_found(client: Client, ida: User, query: str) -> None:
    assert client.get(f"/policies/cases?{query.format(q=spell(question(LAX)))}").status_code == 404


def test_a_question_is_spelt_and_read_again() -> None:
    asked = question(asking(0.7), baseline=None)
    assert unspell(spell(asked)) == asked
    for text in (
        "",
        "%",
        "A" * (LONGEST + 1),
        spell(msgspec.structs.replace(asked, since=NOW, until=NOW)),
    ):
        with pytest.raises(NotAQuestion):
            unspell(text)


def test_the_queries_of_a_preview_are_few(
    client: Client,
    draft: Draft,
    lax: PolicyVersion,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    history(lax)
    sent = typed(draft, severity="0.7")
    with django_assert_num_queries(PREVIEW):
        response = client.post(f"/policies/{draft.number}/preview", sent, headers=HTMX)
    with django_assert_num_queries(CASES):
        client.get(response.context["told"].spared.all.url)
