"""The work itself, in a browser: with the keyboard, with htmx, and without any script."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import LedgerEntry
from accounts.roles import Role
from reviews.models import Claim, Feedback, Verdict
from reviews.services import claims, settlement
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_case_is_decided_with_the_keyboard_alone(desk: Visitor) -> None:
    case = full_case()
    desk.sign_in(make_user(Role.REVIEWER, name="Ana"))
    desk.page.keyboard.press("n")
    desk.page.wait_for_url(f"**/cases/{case.number}")
    desk.page.keyboard.press("o")
    desk.page.keyboard.press("1")
    expect(desk.page.locator("[name=remedy][value=reopen]")).to_be_checked()
    desk.page.keyboard.press("p")
    desk.page.keyboard.press("p")
    desk.page.keyboard.press("Shift+Digit2")
    desk.page.keyboard.press("k")
    desk.page.keyboard.press("x")
    expect(desk.page.locator("[data-evidence]")).to_contain_text("Turn 30")
    desk.page.keyboard.press("w")
    desk.page.keyboard.type("No warning came.")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.get_by_text("Your verdict is in.")).to_be_visible()
    given = Verdict.objects.get()
    assert (given.decision, given.remedy, given.reason_codes) == (
        "overturn",
        "reopen",
        ["no_prior_warning"],
    )
    assert (given.policy_followed, given.severity) == ("no", 2)
    assert given.evidence == [{"turn": 30, "message_id": "m29"}]
    desk.page.keyboard.press("z")
    expect(desk.page.get_by_text("The verdict is taken back.")).to_be_visible()


def test_the_remedy_is_proposed_until_one_is_chosen(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    page = desk.go(f"/cases/{case.number}")
    locked = page.locator("[name=remedy][value=keep_locked]")
    reopen = page.locator("[name=remedy][value=reopen]")
    page.keyboard.press("u")
    expect(locked).to_be_checked()
    page.keyboard.press("o")
    expect(reopen).to_be_checked()
    page.get_by_label("Wrong category").check()
    expect(locked).to_be_checked()
    page.get_by_label("Role play or fiction").check()
    expect(reopen).to_be_checked()
    page.keyboard.press("l")
    page.keyboard.press("o")
    expect(locked).to_be_checked()


def test_a_draft_that_comes_back_has_chosen_no_remedy_by_itself(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    page = desk.go(f"/cases/{case.number}")
    page.keyboard.press("o")
    expect(page.locator("#draft-saved")).to_contain_text("Draft saved")
    page.reload()
    expect(page.locator("[name=remedy][value=reopen]")).to_be_checked()
    page.keyboard.press("u")
    expect(page.locator("[name=remedy][value=keep_locked]")).to_be_checked()


def test_the_fold_opens_in_place_and_keeps_nothing_back(desk: Visitor) -> None:
    case = full_case()
    desk.sign_in(make_user(Role.REVIEWER))
    page = desk.go(f"/cases/{case.number}")
    expect(page.locator(".turn")).to_have_count(9)
    page.locator(".folded a").first.click()
    expect(page.locator(".turn")).to_have_count(30)
    expect(page.locator(".folded")).to_have_count(0)
    numbers = page.locator(".turn .n").all_text_contents()
    assert numbers == [str(number) for number in range(1, 31)]
    swapped = (page.locator("#transcript").text_content() or "").split()
    page = desk.go(f"/cases/{case.number}?from=2&to=22")
    assert (page.locator("#transcript").text_content() or "").split() == swapped


def test_a_hidden_turn_is_shown_in_place(desk: Visitor) -> None:
    case = full_case()
    desk.sign_in(make_user(Role.REVIEWER))
    page = desk.go(f"/cases/{case.number}")
    assert "Turn 0 says" not in page.content()
    page.locator("#turn-1").get_by_role("button", name=re.compile("Show")).click()
    expect(page.locator("#turn-1 .revealed")).to_have_text("Turn 0 says something.")
    assert LedgerEntry.objects.get(action="transcript.revealed").details == {"turns": [1]}


def test_the_page_says_when_the_lease_is_lost(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    desk.page.clock.install()
    page = desk.go(f"/cases/{case.number}")
    Claim.objects.update(ended_at=timezone.now())
    page.clock.fast_forward(61_000)
    expect(page.get_by_text("You no longer hold this case.")).to_be_visible()


def test_the_heartbeat_keeps_the_lease_while_the_page_is_open(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    held = claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    desk.page.clock.install()
    page = desk.go(f"/cases/{case.number}")
    with page.expect_response(re.compile("/heartbeat$")) as answer:
        page.clock.fast_forward(61_000)
    assert answer.value.status == 204
    assert Claim.objects.get(pk=held.pk).expires_at > held.expires_at


_SEEN = """(seen) => {
    Object.defineProperty(document, "hidden", { get: () => !seen, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_in_the_background_keeps_the_lease_and_renews_it_when_it_is_seen(
    desk: Visitor,
) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    held = claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    desk.page.clock.install()
    page = desk.go(f"/cases/{case.number}")
    page.evaluate(_SEEN, arg=False)
    with page.expect_response(re.compile("/heartbeat$")) as beaten:
        page.clock.fast_forward(61_000)
    assert beaten.value.status == 204
    with page.expect_response(re.compile("/heartbeat$")) as back:
        page.evaluate(_SEEN, arg=True)
    assert back.value.status == 204
    assert Claim.objects.get(pk=held.pk).expires_at > held.expires_at


def test_after_a_sleep_the_page_says_at_once_that_the_lease_ran_out(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER)
    case = full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    page = desk.go(f"/cases/{case.number}")
    now = timezone.now()
    Claim.objects.update(claimed_at=now - timedelta(minutes=11), expires_at=now)
    page.evaluate(_SEEN, arg=True)
    expect(page.get_by_text("You no longer hold this case.")).to_be_visible()
    assert not Claim.objects.live().exists()


def test_filters_narrow_the_list_and_its_address(desk: Visitor) -> None:
    wanted = full_case()
    desk.sign_in(make_user(Role.REVIEWER))
    page = desk.go("/review")
    page.get_by_label("Category").select_option("privacy")
    expect(page.get_by_text("No case is like that")).to_be_visible()
    assert "category=privacy" in page.url
    page.get_by_label("Category").select_option("hate")
    expect(page.get_by_text(wanted.label)).to_be_visible()


def test_everything_works_without_scripts(plain: Visitor) -> None:
    case = full_case()
    page = plain.go(f"/n/{case.cutoff.notice_token}")
    page.get_by_role("link", name="Tell us").click()
    page.get_by_label("Yes, I did not see it coming").check()
    page.get_by_label("In your words").fill("It was only a story.")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="What came of it").click()
    expect(page.get_by_text("You told us")).to_be_visible()
    assert Feedback.objects.get().words.comment == "It was only a story."

    plain.sign_in(make_user(Role.REVIEWER))
    page.get_by_role("button", name="Claim next").click()
    page.locator(".folded a").click()
    expect(page.locator(".turn")).to_have_count(30)
    page.locator("#turn-1").get_by_role("button", name=re.compile("Show")).click()
    expect(page.locator("#turn-1 .revealed")).to_have_text("Turn 0 says something.")
    page.get_by_text("Overturn").click()
    page.get_by_label("Reopen").check()
    page.get_by_label("Role play or fiction").check()
    page.get_by_label("No", exact=True).check()
    page.locator("[name=rationale]").fill("It was a story.")
    page.get_by_role("button", name="Send verdict").click()
    expect(page.get_by_text("Your verdict is in.")).to_be_visible()
    settlement.settle_due(now=timezone.now() + timedelta(minutes=1))
    page = plain.go(f"/n/{case.cutoff.notice_token}/status")
    expect(page.get_by_text("The conversation is open again")).to_be_visible()
