"""The pages of policies in a browser: each state in each look, by keyboard, without scripts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import Role
from policies.models import Activation, Draft, Pause, PolicyVersion, Submission
from policies.services import activations, approvals, break_glass, drafts, pauses, plans
from policies.services.versions import person
from policies.thresholds import BUILT_IN
from tests.browser.conftest import Visitor
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def content(**harassment: Any) -> dict[str, Any]:
    """The built-in policy with other thresholds for harassment of the model, and stricter."""
    said = msgspec.to_builtins(BUILT_IN) | {"imminent_risk_ceiling": 0.1}
    said["categories"]["harassment_of_model"] |= harassment
    return dict(said)


def draft(user: User, at: datetime, said: dict[str, Any]) -> Draft:
    """A draft that comes from the built-in policy."""
    built_in = PolicyVersion.objects.get(number=1)
    return drafts.create_draft(
        user=user, now=at, content=said, based_on=built_in, note="One more redirect."
    )


def approved(user: User, second: User, at: datetime, said: dict[str, Any]) -> PolicyVersion:
    """A version that two agreed on."""
    version = drafts.submit(number=draft(user, at, said).number, user=user, now=at)
    approvals.approve(number=version.number, user=second, now=at, reason="It errs less.")
    return version


def full(ida: User, tom: User) -> dict[str, int]:
    """Policies in every state; their numbers."""
    now = timezone.now()
    old = now - timedelta(days=3)
    first, second = (
        approved(tom, ida, old, content(redirects=3)),
        approved(tom, ida, old, content(turns_after_warning=2)),
    )
    activations.activate(version=first, now=old, actor=person(tom), reason="Four overturns.")
    activations.activate(version=second, now=now, actor=person(tom), percent=25)
    activations.activate(version=first, now=old, actor=person(tom), scope="locale=de")
    plans.plan(version=second, at=now + timedelta(days=1), user=tom, now=now, scope="locale=de")
    nothing = msgspec.to_builtins(BUILT_IN) | {"default": {"enabled": False}, "categories": {}}
    alone = draft(tom, old, nothing | {"imminent_risk_ceiling": 0.01})
    break_glass.break_glass(
        number=alone.number, user=tom, now=old, reason="A wave.", scope="model=new"
    )
    waiting = drafts.submit(number=draft(tom, now, content(refusals=3)).number, user=tom, now=now)
    PolicyVersion.objects.create(number=90, content={"tempo": 1}, note="Of long ago.")
    return {
        "second": second.number,
        "alone": alone.number,
        "waiting": waiting.number,
        "draft": draft(ida, now, content(refusals=4)).number,
    }


@pytest.fixture
def people() -> tuple[User, User]:
    """Two policy admins."""
    ida = make_user(Role.POLICY_ADMIN, name="Ida Brandt")
    return ida, make_user(Role.POLICY_ADMIN, name="Tom Okafor")


def test_the_beginning_in_each_look(visitor: Visitor, people: tuple[User, User]) -> None:
    visitor.sign_in(people[0])
    for path in ("/policies", "/policies/1", "/policies/drafts/new"):
        visitor.go(path)
        visitor.check()


def test_every_state_in_each_look(visitor: Visitor, people: tuple[User, User]) -> None:
    ida, tom = people
    numbers = full(ida, tom)
    visitor.sign_in(ida)
    visitor.check()
    for path in (
        "/policies?model=m&locale=de-AT",
        *(f"/policies/{number}" for number in numbers.values()),
        "/policies/90",
        f"/policies/{numbers['waiting']}/activate",
        f"/policies/{numbers['draft']}/submit",
    ):
        visitor.go(path)
        visitor.check()
    page = visitor.go("/policies")
    page.get_by_role("link", name="Roll back…").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.check()
    pauses.pause(scope="everything", reason="It errs.", user=tom, now=timezone.now())
    pauses.resume(scope="everything", reason="Mended.", user=tom, now=timezone.now())
    for path in ("/policies", "/review"):
        visitor.go(path)
        visitor.check()


def test_the_editor_in_each_look(visitor: Visitor, people: tuple[User, User]) -> None:
    ida, tom = people
    made = draft(ida, timezone.now(), content(refusals=4))
    visitor.sign_in(ida)
    page = visitor.go(f"/policies/{made.number}/edit")
    visitor.check()
    page.locator("summary", has_text="Hate").click()
    page.locator("#categories-hate-label + .options").get_by_text("Thresholds of its own").click()
    visitor.check()
    page.locator("#default-severity").fill("1.4")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#default-severity-error")).to_contain_text("A number from 0 to 1.")
    visitor.check()
    page.locator("#default-severity").fill("0.7")
    drafts.edit_draft(number=made.number, revision=1, user=tom, now=timezone.now(), note="Mine.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Tom Okafor saved this draft")).to_be_visible()
    visitor.check()
    page.get_by_role("button", name="Save yours on top").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    saved = Draft.objects.get()
    assert (saved.content["default"]["severity"], saved.note) == (0.7, "Mine.")


def slid(page: Page) -> tuple[str, str]:
    """What the slider of severity and its number say."""
    slider = page.locator("[data-slides='default-severity']")
    return slider.input_value(), page.locator("#default-severity").input_value()


def test_a_slider_and_its_number_follow_each_other_by_keyboard(
    desk: Visitor, people: tuple[User, User]
) -> None:
    made = draft(people[0], timezone.now(), msgspec.to_builtins(BUILT_IN))
    desk.sign_in(people[0])
    page = desk.go(f"/policies/{made.number}/edit")
    was = page.locator("#default-severity-was")
    expect(was).to_be_hidden()
    page.locator("[data-slides='default-severity']").focus()
    page.keyboard.press("ArrowRight")
    assert slid(page) == ("0.61", "0.61")
    expect(was).to_have_text("was 0.6")
    page.keyboard.press("Tab")
    expect(page.locator("#default-severity")).to_be_focused()
    page.keyboard.press("ArrowDown")
    assert slid(page) == ("0.6", "0.6")
    expect(was).to_be_hidden()
    page.locator("#default-refusals").fill("40")
    expect(page.locator("[data-slides='default-refusals']")).to_have_value("10")
    expect(page.locator("#default-refusals")).to_have_value("40")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Draft.objects.get().content["default"]["refusals"] == 40


def test_a_policy_is_drafted_approved_and_activated_by_keyboard(
    desk: Visitor, people: tuple[User, User]
) -> None:
    ida, tom = people
    desk.sign_in(ida)
    page = desk.go("/policies")
    page.keyboard.press("n")
    page.get_by_label("What it is to change").focus()
    page.keyboard.type("Ask for more severity.")
    page.get_by_role("button", name="Begin").press("Enter")
    page.locator("#default-severity").fill("0.8")
    page.get_by_role("button", name="Save and submit…").press("Enter")
    page.get_by_role("button", name="Submit").press("Enter")
    expect(page.get_by_text("It is submitted.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve…")).to_be_disabled()
    expect(page.get_by_text("somebody else approves or rejects it").first).to_be_visible()
    approvals.approve(number=Submission.objects.get().version_id, user=tom, now=timezone.now())
    page.reload()
    page.get_by_role("link", name="Activate…").press("Enter")
    page.get_by_role("dialog").get_by_label("Share of conversations").fill("20")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is in force.")).to_be_visible()
    assert Activation.objects.get().percent == 20


def test_everything_works_without_scripts(plain: Visitor, people: tuple[User, User]) -> None:
    ida, tom = people
    numbers = full(ida, tom)
    plain.sign_in(ida)
    page = plain.go(f"/policies/{numbers['draft']}/edit")
    expect(page.locator("[data-slides]").first).to_be_hidden()
    page.locator("summary", has_text="Hate").click()
    expect(page.locator("#categories-hate-severity")).to_be_hidden()
    page.locator("#categories-hate-label + .options").get_by_text("Thresholds of its own").click()
    page.locator("#categories-hate-severity").fill("0.9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Draft.objects.get().content["categories"]["hate"]["severity"] == 0.9
    page = plain.go("/policies")
    page.get_by_role("link", name="Roll back…").first.click()
    page.get_by_label("Reason").fill("It errs.")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text(re.compile("Policy . is in force again."))).to_be_visible()
    page.locator("#which_model").fill("new")
    page.get_by_role("button", name="Say which").click()
    expect(page.get_by_text("The override for model new is the most specific")).to_be_visible()
    page.get_by_role("link", name="Pause everything…").click()
    page.get_by_label("Reason").fill("It errs.")
    page.get_by_role("button", name="Pause ending").click()
    expect(page.get_by_text("Nobody has asked to resume yet")).to_be_visible()
    assert Pause.objects.live().get().scope == "everything"
