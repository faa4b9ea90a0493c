"""The page of one version: what it says, what it changes, what became of it, who may do what."""

from __future__ import annotations

import msgspec
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from policies import documents
from policies.models import PolicyVersion
from policies.services import activations, approvals, drafts, rollbacks
from policies.services.versions import person
from policies.thresholds import BUILT_IN
from tests.factories import NOW, make_user
from tests.policies.lifecycle import STRICTER, admin, approved, later, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

#: Stricter than the built-in policy in every threshold.
ALONE = msgspec.to_builtins(BUILT_IN) | STRICTER
#: Queries of the page of a version that was activated, submitted and edited.
PAGE = 20


def acts(client: Client, number: int) -> dict[str, str]:
    """What the page offers, each with why it is refused."""
    found = client.get(f"/policies/{number}").context["acts"]
    return {act.name: act.refused for act in found}


def test_what_differs_from_what_is_in_force_is_said_in_words(client: Client, ida: User) -> None:
    content = msgspec.to_builtins(BUILT_IN)
    content["categories"]["hate"] = content["default"] | {"severity": 0.77, "refusals": 0}
    version = submitted(content | {"imminent_risk_ceiling": 0.1})
    response = client.get(f"/policies/{version.number}")
    (hate,) = (row for row in response.context["content"].rows if row.label == "Hate")
    assert [(cell.value, cell.was) for cell in hate.cells[:3]] == [
        ("≥ 0.77", "≥ 0.60"),
        ("–", "≥ 2"),
        ("≥ 1", ""),
    ]
    assert hate.new
    assert "was ≥ 0.60" in response.text
    assert "was 0.20" in response.text
    changes = {one.label: one.effect for one in response.context["changes"]}
    assert changes["Hate: severity"] == "stricter"
    assert changes["Hate: refusals"] == "laxer"


def test_it_is_compared_with_any_other_version(client: Client, ida: User) -> None:
    first, second = approved(STRICTER), approved({"imminent_risk_ceiling": 0.05})
    response = client.get(f"/policies/{second.number}?against={first.number}")
    (change,) = response.context["changes"]
    assert (change.before, change.after) == ("0.10", "0.05")
    alike = client.get(f"/policies/{first.number}?against={submitted(STRICTER).number}")
    assert "Nothing: it says the same as policy" in alike.text


def test_it_is_compared_with_a_draft_and_with_one_that_is_not_suggested(
    client: Client, ida: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = approved(STRICTER), approved()
    draft = drafts.create_draft(user=ida, now=NOW, content={"imminent_risk_ceiling": 0.05})
    url = f"/policies/{second.number}?against="
    against_draft = client.get(f"{url}{draft.number}")
    assert [one.before for one in against_draft.context["changes"]] == ["0.05"]
    assert f'<option value="{draft.number}">Draft {draft.number}</option>' in against_draft.text
    monkeypatch.setattr("policies.services.reading.SUGGESTED", 1)
    response = client.get(f"{url}{first.number}")
    assert [one.number for one in response.context["others"]] == [draft.number]
    assert [one.before for one in response.context["changes"]] == ["0.10"]


@pytest.mark.parametrize("named", ["77", "x", "9" * 12, "itself"])
def test_what_is_no_other_policy_is_said_and_kept_as_it_was_written(
    client: Client, ida: User, named: str
) -> None:
    version = approved(STRICTER)
    asked = str(version.number) if named == "itself" else named
    response = client.get(f"/policies/{version.number}", {"against": asked})
    assert f"There is no other policy or draft {asked}." in response.text
    assert f'value="{asked}"' in response.text
    assert response.context["changes"] == []


def test_a_rollout_is_compared_with_the_version_it_takes_over_from(
    client: Client, ida: User
) -> None:
    first, second = approved(STRICTER), approved()
    activations.activate(version=first, now=NOW, actor=person(ida))
    activations.activate(version=second, now=NOW, actor=person(ida), percent=10)
    assert client.get(f"/policies/{second.number}").context["against"] == first.number
    assert client.get(f"/policies/{first.number}").context["against"] == 1


def test_a_version_that_no_longer_parses_is_shown_as_it_is(client: Client, ida: User) -> None:
    PolicyVersion.objects.create(number=9, content={"tempo": "<b>7</b>"})
    response = client.get("/policies/9")
    assert "Cannot be read any more." in response.text
    assert "&lt;b&gt;7&lt;/b&gt;" in response.text
    assert response.context["acts"] == []
    assert client.get("/policies/9/yaml").status_code == 404
    other = client.get("/policies/1?against=9")
    assert "can no longer be read, so nothing can be compared" in other.text


def test_its_history_says_who_did_what_and_why(client: Client, ida: User) -> None:
    tom, eva = (make_user(Role.POLICY_ADMIN, name=name) for name in ("Tom", "Eva"))
    draft = drafts.create_draft(user=tom, now=NOW, content=ALONE)
    drafts.edit_draft(number=draft.number, revision=1, user=eva, now=later(hours=1), note="x")
    version = drafts.submit(number=draft.number, user=tom, now=later(hours=2))
    approvals.approve(number=version.number, user=ida, now=later(hours=3), reason="It errs less.")
    activations.activate(
        version=version, now=later(hours=4), actor=person(eva), percent=20, reason="Try it."
    )
    rollbacks.rollback(scope="default", reason="No.", actor=person(tom), now=later(hours=5))
    history = client.get(f"/policies/{version.number}").context["history"]
    assert [(one.who, one.what, one.reason) for one in history] == [
        ("Tom", "ended it for all conversations", ""),
        ("Eva", "activated it for 20 % of all conversations", "Try it."),
        ("Ida", "approved it", "It errs less."),
        ("Tom", "submitted it", ""),
        ("Eva", "edited the draft", ""),
        ("Tom", "began the draft", ""),
    ]


def test_one_does_not_decide_on_ones_own(client: Client, ida: User) -> None:
    own, others = submitted(ALONE, user=ida), submitted()
    assert acts(client, own.number) == {
        "approve": "You had a hand in this version: somebody else approves or rejects it.",
        "reject": "You had a hand in this version: somebody else approves or rejects it.",
        "break-glass": "",
    }
    found = acts(client, others.number)
    assert (found["approve"], found["reject"]) == ("", "")
    assert "not stricter in every threshold" in found["break-glass"]


def test_what_can_be_done_follows_the_state(client: Client, ida: User) -> None:
    draft = drafts.create_draft(user=ida, now=NOW, content=ALONE)
    assert list(acts(client, draft.number)) == ["submit", "shadow", "break-glass"]
    assert list(acts(client, approved().number)) == ["activate"]
    rejected = submitted()
    approvals.reject(number=rejected.number, user=ida, now=NOW, reason="Too lax.")
    assert acts(client, rejected.number) == {}
    assert "Too lax." in client.get(f"/policies/{rejected.number}").text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_others_read_it_and_can_do_nothing(client: Client, role: Role) -> None:
    draft, version = drafts.create_draft(user=admin(), now=NOW), submitted()
    client.force_login(make_user(role))
    for number in (draft.number, version.number):
        response = client.get(f"/policies/{number}")
        assert response.context["acts"] == []
        assert "/edit" not in response.text
        assert "Draft from it" not in response.text


def test_it_goes_out_as_yaml_and_comes_back_the_same(client: Client, ida: User) -> None:
    response = client.get("/policies/1/yaml")
    assert response["Content-Disposition"] == 'attachment; filename="policy-1.yaml"'
    assert documents.load(response.content) == BUILT_IN


def test_an_unknown_version_is_not_found(client: Client, ida: User) -> None:
    assert client.get("/policies/77").status_code == 404
    assert client.get("/policies/77/yaml").status_code == 404
    assert client.get("/policies/77/edit").status_code == 404


def test_the_queries_do_not_grow(
    client: Client, ida: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = approved(ALONE)
    for scope in ("locale=de", "locale=fr", "model=m", "default"):
        activations.activate(version=version, now=NOW, actor=person(ida), scope=scope, percent=50)
    client.get(f"/policies/{version.number}")
    with django_assert_num_queries(PAGE):
        client.get(f"/policies/{version.number}")
