"""Every page, in both themes, wide and narrow: accessible, within its window, without complaint."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case
from reviews.services import claims
from reviews.services.enrichment import enrich
from reviews.vocabulary import Area
from tests.browser.conftest import Visitor
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def full_case() -> Case:
    """A case with everything on its page, folded and hidden turns among it."""
    messages = [
        {
            "id": f"m{number}",
            "role": ("user", "assistant")[number % 2],
            "content": f"Turn {number} says something.",
            "created_at": "2026-11-20T09:00:00Z",
            **({"annotations": ["refusal", "warning"]} if number == 5 else {}),
        }
        for number in range(30)
    ]
    case = make_case(
        transcript={"messages": messages},
        cutoff={"category": "hate", "explanation": "So I stop.", "rationale": "It went on."},
        conversation={"locale": "en-US", "surface": "web", "model": "a-model"},
    )
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    enrich(cutoff_ids=[case.pk])
    case.refresh_from_db()
    return case


def test_the_queue_empty_and_full(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.REVIEWER, name="Ana"))
    visitor.check()
    case = full_case()
    Case.objects.filter(pk=case.pk).update(breach=True)
    claims.claim(case=full_case(), user=make_user(Role.REVIEWER, name="Tom"))
    visitor.go("/review")
    visitor.check()
    visitor.page.get_by_text("More filters").click()
    visitor.check()
    visitor.go("/review?category=nowhere")
    visitor.check()


def test_the_case_read_held_and_refused(visitor: Visitor) -> None:
    ana = make_user(Role.REVIEWER, name="Ana")
    case = full_case()
    visitor.sign_in(ana)
    visitor.go(f"/cases/{case.number}")
    visitor.check()
    claims.claim(case=case, user=ana)
    visitor.go(f"/cases/{case.number}")
    visitor.page.get_by_text("Overturn").click()
    visitor.check()
    visitor.page.get_by_role("button", name="Send verdict").click()
    visitor.page.wait_for_selector(".errorlist")
    visitor.check()


def test_a_case_of_a_crisis_says_how_severe_it_is_and_to_others_whom_it_is_for(
    visitor: Visitor,
) -> None:
    case = make_case(signals={"risk_self": 0.9})
    visitor.sign_in(make_user(Role.REVIEWER, name="Ana"))
    page = visitor.go(f"/cases/{case.number}")
    expect(page.locator("#main .empty h2")).to_have_text(
        f"{case.label} is for people who are qualified for a crisis."
    )
    visitor.check()
    page.get_by_role("link", name="To the queue").press("Enter")
    page.wait_for_url("**/review")
    visitor.go("/review?queue=crisis")
    expect(page.get_by_text("This queue is for people who are qualified for it")).to_be_visible()
    visitor.check()
    visitor.context.clear_cookies()
    visitor.sign_in(make_user(Role.REVIEWER, name="Kim", qualified=[Area.CRISIS]))
    visitor.go("/review?queue=crisis")
    page.get_by_role("link", name="Severe content.").press("Enter")
    expect(page.locator(".before-reading")).to_contain_text("Severe content")
    visitor.check()


def test_the_other_pages_of_staff(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.SENIOR, Role.POLICY_ADMIN, name="Ida"))
    for path in ("/feedback", "/policies", "/profile"):
        visitor.go(path)
        visitor.check()


def test_the_pages_of_the_user(visitor: Visitor) -> None:
    token = full_case().cutoff.notice_token
    for path in ("", "/feedback", "/thanks", "/status"):
        visitor.go(f"/n/{token}{path}")
        visitor.check()
    visitor.go("/n/unknown")
    visitor.check()
    visitor.go("/login")
    visitor.check()
