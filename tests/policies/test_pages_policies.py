"""The page of policies: what is in force, what waits, and which policy would apply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from policies.models import PolicyVersion
from policies.services import activations, break_glass, drafts, pauses, plans
from policies.services.versions import person
from policies.thresholds import BUILT_IN
from tests.factories import NOW, make_user
from tests.policies.lifecycle import STRICTER, admin, approved, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

#: Stricter than the built-in policy in every threshold.
STRICTER_THAN_BUILT_IN = msgspec.to_builtins(BUILT_IN) | STRICTER
#: Queries of the page, however much there is.
PAGE = 14


def activate(version: PolicyVersion, user: User, **how: Any) -> None:
    """Put *version* in force now."""
    activations.activate(version=version, actor=person(user), now=NOW, **how)


def scopes(client: Client) -> dict[str, Any]:
    """The rows of what is in force, by scope."""
    return {one.row.scope: one for one in client.get("/policies").context["scopes"]}


def labels(scope: Any) -> list[str]:
    """What can be done in a scope."""
    return [act.label for act in scope.acts]


def test_an_installation_begins_with_the_built_in_version(client: Client, ida: User) -> None:
    response = client.get("/policies")
    (scope,) = response.context["scopes"]
    assert (scope.row.number, scope.row.activation, scope.acts) == (1, None, [])
    assert [(version.number, state.value) for version, state in response.context["versions"]] == [
        (1, "in force")
    ]
    assert "A change of policy begins with a new draft." in response.text
    assert "nobody has activated another" in response.text


def test_a_rollout_shows_both_sides_and_what_can_be_done(client: Client, ida: User) -> None:
    version = approved(STRICTER)
    activate(version, ida, percent=25)
    scope = scopes(client)["default"]
    assert (scope.row.number, scope.row.others) == (version.number, 75)
    assert labels(scope) == ["Change share…", "Roll back…"]
    text = client.get("/policies").text
    assert f"25 % policy {version.number}, 75 % policy 1" in text
    assert "rolling out" in text


def test_an_override_a_plan_and_a_pause_stand_in_their_scope(client: Client, ida: User) -> None:
    version, other = approved(STRICTER), approved()
    activate(version, ida, scope="locale=de")
    plans.plan(
        version=other, at=NOW + timedelta(days=1), scope="locale=de", user=ida, now=NOW, percent=10
    )
    pauses.pause(scope="model=m", reason="It errs.", user=ida, now=NOW)
    found = scopes(client)
    assert list(found) == ["default", "locale=de", "model=m"]
    assert labels(found["locale=de"]) == ["Roll back…", "End override…", "Cancel plan…", "Pause…"]
    assert (found["model=m"].row.number, labels(found["model=m"])) == (None, ["Resume…"])
    text = client.get("/policies").text
    assert "Locale de" in text
    assert "is planned for" in text
    assert "It errs." in text


def test_the_states_of_versions_are_words(client: Client, ida: User) -> None:
    first, second, third = approved(STRICTER), approved(), submitted()
    activate(first, ida)
    activate(second, ida, percent=5)
    listed = client.get("/policies").context["versions"]
    assert {version.number: state.value for version, state in listed} == {
        1: "retired",
        first.number: "in force",
        second.number: "rolling out",
        third.number: "waiting for approval",
    }
    activate(second, ida)
    listed = client.get("/policies").context["versions"]
    states = {version.number: state.value for version, state in listed}
    assert (states[first.number], states[second.number]) == ("retired", "in force")


def test_drafts_and_submissions_are_in_work(client: Client, ida: User) -> None:
    drafts.create_draft(user=ida, now=NOW, note="Fewer on hate.")
    waiting = submitted()
    response = client.get("/policies")
    assert [one.version_id for one in response.context["waiting"]] == [waiting.number]
    assert "Fewer on hate." in response.text
    client.force_login(make_user(Role.AUDITOR))
    text = client.get("/policies").text
    assert "/edit" not in text
    assert "New draft" not in text


def test_versions_are_paged_by_number(client: Client, ida: User) -> None:
    for number in range(2, 40):
        PolicyVersion.objects.create(number=number, content={})
    first = client.get("/policies")
    assert [version.number for version, _ in first.context["versions"]] == list(range(39, 14, -1))
    older = client.get(first.context["older_url"])
    assert [version.number for version, _ in older.context["versions"]] == list(range(14, 0, -1))
    assert older.context["newer_url"]
    broken = client.get("/policies?cursor=x", follow=True)
    assert "this is its beginning" in broken.text


def test_an_activation_by_one_person_waits_for_a_second_look(client: Client, ida: User) -> None:
    tom = make_user(Role.POLICY_ADMIN, name="Tom")
    version = submitted(STRICTER_THAN_BUILT_IN, user=tom)
    break_glass.break_glass(number=version.number, user=tom, now=NOW, reason="A wave.")
    response = client.get("/policies")
    (look,) = response.context["looks"]
    assert (look.due, look.overdue) == (NOW + timedelta(hours=24), False)
    assert "Tom put it in force alone" in response.text
    assert "in force, not reviewed" in response.text
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        client.force_login(ida)
        (look,) = client.get("/policies").context["looks"]
        assert look.overdue


@pytest.mark.parametrize(
    ("asked", "number", "why"),
    [
        ({"model": "m"}, 1, "No override is for it"),
        ({"model": "m", "locale": "de-AT"}, 2, "override for locale de is the most specific"),
        ({"surface": "app"}, 1, "without an id, the former version holds"),
        ({"surface": "app", "conversation_id": "c-1"}, None, "Of the rollout there, it is on the"),
    ],
)
def test_which_policy_would_apply(
    client: Client, ida: User, asked: dict[str, str], number: int | None, why: str
) -> None:
    activate(PolicyVersion.objects.get(number=1), ida)
    activate(approved(STRICTER), ida, scope="locale=de")
    activate(approved(), ida, scope="surface=app", percent=50)
    response = client.get("/policies", asked)
    assert response.context["which_number"] in ((1, 3) if number is None else (number,))
    assert why in " ".join(response.context["which_why"])


def test_which_policy_says_that_it_is_paused(client: Client, ida: User) -> None:
    pauses.pause(scope="everything", reason="Stop.", user=ida, now=NOW)
    said = client.get("/policies", {"model": ""}).context["which_why"]
    assert said == [
        "Nothing was activated for it, so the built-in policy holds.",
        "Ending is paused there: whatever the policy says, nothing is ended.",
    ]


def test_the_queries_do_not_grow(
    client: Client, ida: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/policies")
    with django_assert_num_queries(PAGE):
        client.get("/policies")
    for name in ("a", "b", "c"):
        activate(approved(STRICTER), ida, scope=f"model={name}", percent=50)
        version = submitted(STRICTER_THAN_BUILT_IN)
        break_glass.break_glass(
            number=version.number, user=admin(), now=NOW, reason="x", scope=f"model={name}2"
        )
        drafts.create_draft(user=ida, now=NOW)
        pauses.pause(scope=f"surface={name}", reason="x", user=ida, now=NOW)
    with django_assert_num_queries(PAGE):
        client.get("/policies")


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.REVIEWER, 403),
        (Role.SENIOR, 403),
        (Role.AUDITOR, 200),
        (Role.ADMINISTRATOR, 200),
        (Role.POLICY_ADMIN, 200),
    ],
)
def test_who_sees_policies(client: Client, role: Role, status: int) -> None:
    client.force_login(make_user(role))
    assert client.get("/policies").status_code == status
    assert client.get("/policies/1").status_code == status
    assert client.get("/policies/1/yaml").status_code == status


def test_reviewers_have_no_such_page(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    assert "/policies" not in client.get("/review").text
