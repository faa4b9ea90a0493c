"""Pages and states that no other test here opens, by role: axe, one window, one first button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, QualityShares
from reviews.services import (
    canned,
    claims,
    deferring,
    drafting,
    escalating,
    gold,
    notes,
    queues,
    routing_rules,
    skipping,
    takeover,
    training,
)
from reviews.services.routing_rules import NewRule
from reviews.vocabulary import Area, Doubt, Queue
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import (
    give_verdict,
    hear,
    make_case,
    make_near_miss_case,
    make_user,
    new_verdict,
    settle,
)
from tests.reviews.outcomes import make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 900}
#: A phone, 200 % of a window of 1,440 pixels, and 400 % of one of 1,280.
WIDTHS: Final = (390, 720, 320)
#: What can be wrong in one look alone.
OF_THE_LOOK: Final = ["color-contrast", "target-size", "scrollable-region-focusable"]
#: Outside of dialogs the eye finds at most one first thing to do.
_FIRST_BUTTONS: Final = """
() => [...document.querySelectorAll(".btn.primary")]
    .filter((one) => one.checkVisibility() && !one.closest("dialog, .to-verdict"))
    .map((one) => one.textContent.trim())
"""

#: What stands out of the window, where the page is wider than it.
_TOO_WIDE: Final = """
() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120))
"""

Act = Callable[[Page], Any]


class Story:
    """People and cases in every state that a page shows. Made before anybody looks."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.ana = make_user(Role.REVIEWER, name="Ana")
        self.ben = make_user(Role.REVIEWER, name="Ben")
        self.sara = make_user(Role.SENIOR, name="Sara", qualified=[Area.LEGAL])
        self.tom = make_user(Role.TRAINEE, name="Tom")
        self.ada = make_user(Role.ADMINISTRATOR, name="Ada")
        self.ida = make_user(Role.POLICY_ADMIN, name="Ida")
        self.uwe = make_user(Role.AUDITOR, name="Uwe")
        self.eve = make_user(Role.REVIEWER, name="Eve")
        self.settled = make_case()
        give_verdict(self.settled, self.ben, now=self.now)
        settle(self.settled, now=self.now)
        self.practise()
        self.reviewing()
        self.setting_up()

    def practise(self) -> None:
        """A gold case; an exercise that is answered, and one that is not."""
        QualityShares.objects.create(
            agreement_share=0, gold_share=0, set_by=self.sara, set_at=self.now
        )
        self.gold = gold.make(
            case=self.settled,
            decisions=["overturn"],
            reason_codes=["roleplay"],
            explanation="It was a story.",
            by=self.sara,
            now=self.now,
        )
        self.other = make_case()
        give_verdict(self.other, self.ben, "uphold", now=self.now)
        settle(self.other, now=self.now)
        self.exercises = []
        for answered in (True, False):
            begun = training.next_exercise(user=self.tom, queue=Queue.GENERAL, now=self.now)
            assert begun is not None
            self.exercises.append(begun)
            if answered:
                training.answer(exercise=begun, user=self.tom, verdict=new_verdict(), now=self.now)
                begun.refresh_from_db()
                training.comment(exercise=begun, by=self.sara, text="Turn 4.", now=self.now)

    def reviewing(self) -> None:
        """Cases that are held, put off, asked about, decided, and differed on."""
        self.drafted, self.others = full_case(), full_case()
        hear(self.drafted, comment="It was a play.", now=self.now)
        notes.write(case=self.drafted, user=self.ana, text="Mind the story.", now=self.now)
        claims.claim(case=self.drafted, user=self.ana)
        content = {"decision": ["overturn"], "rationale": ["Half a sentence"], "evidence": ["30"]}
        drafting.save_draft(case=self.drafted, user=self.ana, content=content, now=self.now)
        for doubt in Doubt:
            skipping.signal_unclear(
                case=self.drafted, user=self.ana, doubt=doubt, text="A story?", now=self.now
            )
        claims.claim(case=self.others, user=self.ben)
        self.near_miss = make_near_miss_case()
        claims.claim(case=self.near_miss, user=self.ana)
        self.put_off, self.asked, self.decided = make_case(), make_case(), make_case()
        claims.claim(case=self.put_off, user=self.ana)
        until = self.now + timedelta(hours=4)
        deferring.defer(
            case=self.put_off, user=self.ana, until=until, text="After lunch.", now=self.now
        )
        claims.claim(case=self.asked, user=self.ana)
        escalating.escalate(
            case=self.asked, user=self.ana, area=Area.LEGAL, question="May we?", now=self.now
        )
        give_verdict(self.decided, self.ana, now=self.now)
        self.contested = make_case(double=True)
        give_verdict(self.contested, self.ana, "uphold", now=self.now)
        give_verdict(self.contested, self.ben, "overturn", now=self.now)
        claims.claim(case=self.contested, user=self.sara)
        self.kept = canned.keep(
            user=self.ana,
            title="Story",
            text="A story.",
            reason_code="",
            shared=False,
            now=self.now,
        )

    def setting_up(self) -> None:
        """A queue with a rule, and an endpoint with a delivery that failed."""
        queue = queues.make(slug="spanish", name="Spanish", by=self.ada, now=self.now)
        rule = NewRule(name="To Spanish", queue=queue, languages=("es",))
        self.rule = routing_rules.make(rule=rule, by=self.ada, now=self.now)
        self.endpoint, _ = make_endpoint(self.settled.source, user=self.ada)


def pressed(*keys: str) -> Act:
    """Strike keys."""

    def act(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return act


def clicked(*selectors: str) -> Act:
    """Click one after another; each must be there."""

    def act(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.click()

    return act


def asked_for(page: Page) -> None:
    """Everything that stands folded beside a case, opened and asked for."""
    for fold in ("#feedback", "#similar", "#threads"):
        page.locator(f"{fold} summary").click()
        page.locator(f"{fold} .asked button").click()
        page.locator(f"{fold} .asked").wait_for(state="detached")
    page.locator(".ask-severity button").click()
    page.locator(".ask-severity").wait_for(state="detached")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")


def lost_to(user: User, case: Case) -> Act:
    """Somebody takes the case of the page over."""

    def act(page: Page) -> None:
        takeover.take_over(case=case, user=user, reason="I know it.", now=timezone.now())
        page.evaluate("document.body.dispatchEvent(new CustomEvent('lease-lost'))")
        page.locator("#lost [role=alert]").wait_for()

    return act


def in_error(page: Page) -> None:
    """A form sent as it is, where the browser would not ask itself."""
    form = page.locator("main form[method=post]").last
    form.evaluate("form => (form.noValidate = true)")
    form.locator("[type=submit]").first.click()
    page.locator(".errorlist").first.wait_for()


def empty_note(page: Page) -> None:
    """A note without words, refused in its place."""
    page.get_by_role("button", name="Leave a note").click()
    page.locator("#notes .alert").wait_for()


Row = tuple[str, Act | None]


def reviewers(story: Story) -> list[Row]:
    """Ana's, who has something of everything."""
    held = f"/cases/{story.drafted.number}"
    return [
        ("/review", pressed("?")),
        ("/review", clicked(".who-menu summary")),
        (held, asked_for),
        (held, empty_note),
        *((held, pressed(key)) for key in "dge"),
        (f"{held}/out/defer", None),
        (f"{held}/out/escalate", in_error),
        (f"/cases/{story.near_miss.number}", pressed("o")),
        (f"/cases/{story.others.number}", None),
        (f"/cases/{story.put_off.number}", None),
        (f"/cases/{story.asked.number}", None),
        (f"/cases/{story.decided.number}", None),
        ("/review/shift", None),
        ("/review/texts", in_error),
        (f"/review/texts/{story.kept.pk}", None),
        ("/escalations", None),
        ("/quality/mine", None),
        ("/nowhere", None),
        (held, lost_to(story.sara, story.drafted)),
        ("/review", clicked(".who-menu summary", ".who-menu-body [type=submit]")),
    ]


def newcomers(_: Story) -> list[Row]:
    """Of somebody who has done nothing yet."""
    paths = ("/review/shift", "/review/texts", "/escalations", "/quality", "/quality/mine")
    return [(path, None) for path in paths]


def seniors(story: Story) -> list[Row]:
    """Sara's, who adjudicates, mentors and answers for the legal team."""
    return [
        (f"/cases/{story.contested.number}", pressed("u")),
        (f"/cases/{story.others.number}", clicked("[data-opens=way-take-over]")),
        (f"/cases/{story.asked.number}", None),
        (f"/cases/{story.settled.number}", None),
        ("/escalations", None),
        ("/quality", None),
        ("/quality/fairness?by=language", None),
        ("/quality/gold", None),
        (f"/quality/gold/new/{story.other.number}", in_error),
        ("/training/answers", None),
        (f"/training/{story.exercises[0].pk}", None),
        (f"/training/certify/{story.tom.pk}", in_error),
        (f"/cases/{story.asked.number}/notice", None),
    ]


def trainees(story: Story) -> list[Row]:
    """Tom's."""
    done, begun = story.exercises
    return [
        ("/training", None),
        (f"/training/{done.pk}", None),
        (f"/training/{begun.pk}", in_error),
        ("/review", None),
    ]


def policy_admins(story: Story) -> list[Row]:
    """Ida's, who reads where the policy is unclear."""
    return [("/review/unclear", None), (f"/cases/{story.decided.number}", None)]


def auditors(story: Story) -> list[Row]:
    """Uwe's, who changes nothing."""
    return [(path, None) for path in ("/quality", "/ledger", f"/cases/{story.settled.number}")]


def administrators(story: Story) -> list[Row]:
    """Ada's, who sets up."""
    return [
        ("/routing", None),
        ("/routing/queues/new", in_error),
        ("/routing/queues/spanish", None),
        ("/routing/queues/spanish/close", None),
        ("/routing/rules/new", in_error),
        (f"/routing/rules/{story.rule.pk}", None),
        (f"/routing/rules/{story.rule.pk}/retire", None),
        (f"/endpoints/{story.endpoint.pk}/remove", None),
        ("/ledger", None),
        ("/ledger?actor=task:none", None),
        ("/transparency", None),
    ]


TABLE: Final[dict[str, Callable[[Story], list[Row]]]] = {
    "ana": reviewers,
    "eve": newcomers,
    "sara": seniors,
    "tom": trainees,
    "ida": policy_admins,
    "uwe": auditors,
    "ada": administrators,
}


@pytest.mark.parametrize("name", TABLE)
def test_every_page_in_every_state(desk: Visitor, name: str) -> None:
    story = Story()
    client = Client()
    client.force_login(getattr(story, name))
    cookie = client.cookies["sessionid"].value
    desk.context.add_cookies([{"name": "sessionid", "value": cookie, "url": desk.server}])
    for path, act in TABLE[name](story):
        desk.page.set_viewport_size(DESK)
        page = desk.go(path)
        if act:
            act(page)
        look_at(desk)


def look_at(desk: Visitor) -> None:
    """The page as it stands: on a desk, on a phone in the dark, and enlarged."""
    desk.page.set_viewport_size(DESK)
    desk.page.emulate_media(color_scheme="light")
    desk.check()
    assert len(desk.page.evaluate(_FIRST_BUTTONS)) < 2
    desk.page.set_viewport_size(PHONE)
    # What the bar above hides by scrolling is no small target.
    desk.page.evaluate("scrollTo(0, 0)")
    desk.page.emulate_media(color_scheme="dark")
    found = Axe().run(desk.page, options={"runOnly": OF_THE_LOOK})
    assert found.violations_count == 0, found.generate_report()
    for width in WIDTHS:
        desk.page.set_viewport_size({"width": width, "height": 450})
        assert desk.page.evaluate(_TOO_WIDE) == []
