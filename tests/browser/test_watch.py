"""The pages of the guard and of shadows in a browser: accessible, and live while seen."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from accounts.roles import Role
from policies.models import Shadow
from policies.services import drafts, guarding, shadows
from policies.services.activations import Guard
from tests.browser.conftest import Visitor
from tests.factories import ended_event, make_source, make_user, record
from tests.policies.backtests import asking
from tests.policies.lifecycle import approved, put
from tests.policies.violations import guard_reading
from tests.policies.watching import LAXER, audited, pairs

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def story(user: User, now: datetime) -> None:
    """A rollout that errs more, an override with a ceiling, and one that nobody watches."""
    live = put(approved(LAXER, user=user), percent=50, now=now - 20 * DAY, guard=Guard())
    audited(pairs(20), live, since=now - 19 * DAY, surprised=True, now=now)
    web = put(
        approved(LAXER, user=user),
        scope="surface=web",
        now=now - 9 * DAY,
        guard=Guard(rolls_back=True, ceiling=0.05),
    )
    put(approved(LAXER, user=user), scope="locale=de", now=now - 5 * DAY)
    for one in (live, web):
        guarding.watch(activation_id=one.pk, now=now)
    paused = put(
        approved(LAXER, user=user), scope="model=sky", now=now - 9 * DAY, guard=Guard(ceiling=0.1)
    )
    guard_reading(activation=paused, hour=now, at=now, state="paused", counted=40, dropped=9)


def run_shadow(user: User, now: datetime) -> Shadow:
    """A draft that runs since two days ago and disagrees now and then."""
    started = now - 2 * DAY
    draft = drafts.create_draft(user=user, now=started, content=msgspec.to_builtins(asking(0.8)))
    shadow = shadows.start(number=draft.number, length=7 * DAY, user=user, now=started)
    put(approved(msgspec.to_builtins(asking(0.5)), user=user), now=started)
    for hour in range(12):
        cutoff(0.6 if hour % 3 else 0.9, started + timedelta(hours=hour + 1), now)
    return shadow


def cutoff(severity: float, at: datetime, now: datetime) -> None:
    """A cutoff at a moment, received *now*."""
    hate = {"initiator": "model", "category": "hate"}
    event = ended_event(time=at.isoformat(), cutoff=hate, signals={"severity": severity})
    record(make_source(), event, now=now)


def test_the_pages_in_each_look(visitor: Visitor) -> None:
    ida, now = make_user(Role.POLICY_ADMIN, name="Ida Brandt"), timezone.now()
    visitor.sign_in(ida)
    for path in ("/policies/guard", "/policies/shadows"):
        visitor.go(path)
        visitor.check()
    story(ida, now)
    page = visitor.go("/policies/guard")
    page.locator("summary", has_text="Latest readings").first.click()
    visitor.check()
    visitor.go("/policies")
    visitor.check()
    shadow = run_shadow(ida, now)
    for path in ("/policies/shadows", f"/policies/shadows/{shadow.pk}"):
        visitor.go(path)
        visitor.check()
    visitor.page.get_by_role("link", name="End it…").click()
    visitor.check()


def test_disagreements_come_by_themselves_while_it_runs(visitor: Visitor) -> None:
    ida, now = make_user(Role.POLICY_ADMIN, name="Ida Brandt"), timezone.now()
    shadow = run_shadow(ida, now)
    visitor.sign_in(ida)
    page = visitor.go(f"/policies/shadows/{shadow.pk}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(8)
    cutoff(0.6, timezone.now(), timezone.now())
    expect(rows).to_have_count(9, timeout=20_000)
    page.get_by_label("Live").uncheck()
    assert visitor.complaints == []
