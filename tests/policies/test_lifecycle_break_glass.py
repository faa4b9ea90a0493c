"""One person alone, in an emergency: only to something stricter, and looked at within a day."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.roles import Role
from policies.models import Activation, Draft, PlannedActivation, PolicyVersion, Submission
from policies.services import approvals, drafts, plans
from policies.services.activations import activate, live_in
from policies.services.break_glass import (
    REVIEW_WITHIN,
    NotStricter,
    break_glass,
    overdue,
    unreviewed,
)
from policies.services.versions import NotPossible
from tests.factories import NOW, make_user
from tests.policies.lifecycle import (
    TASK,
    actions,
    admin,
    approved,
    back,
    in_force,
    later,
    submitted,
)

pytestmark = pytest.mark.django_db

BUILT_IN = PolicyVersion.objects.filter(number=1)


def draft(ceiling: float, **more: Any) -> int:
    """A draft that differs from the built-in version in its ceiling, and in *more*."""
    content = BUILT_IN.get().content | {"imminent_risk_ceiling": ceiling} | more
    return drafts.create_draft(user=admin(), now=NOW, content=content).number


def alone(number: int, scope: str = "default", **more: Any) -> Activation:
    terms: dict[str, Any] = {"user": admin(), "now": NOW, "reason": "It ends what it must not."}
    return break_glass(number=number, scope=scope, **terms | more)


def put(number: int, scope: str = "default", percent: int = 100) -> None:
    version = PolicyVersion.objects.get(number=number)
    activate(version=version, scope=scope, percent=percent, actor=TASK, now=NOW)


def test_a_stricter_draft_holds_at_once_and_waits_for_a_second_person() -> None:
    user, number = admin(), draft(0.1)
    activation = alone(number, user=user)
    assert (activation.kind, activation.percent) == ("break_glass", 100)
    assert live_in("default") == activation
    assert not Draft.objects.exists()
    assert Submission.objects.get().decision == ""
    assert list(unreviewed()) == [activation]
    assert not overdue(since=later(hours=23) - REVIEW_WITHIN).exists()
    assert list(overdue(since=later(hours=24) - REVIEW_WITHIN)) == [activation]
    with pytest.raises(PermissionDenied):
        approvals.approve(number=number, user=user, now=NOW)
    approvals.approve(number=number, user=admin(), now=NOW)
    assert not overdue(since=later(hours=24) - REVIEW_WITHIN).exists()
    assert live_in("default") == activation
    assert actions() == [
        "policy.drafted",
        "policy.submitted",
        "policy.activated",
        "policy.approved",
    ]


def test_a_version_that_waits_may_hold_meanwhile() -> None:
    version = submitted(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.05})
    alone(version.number)
    with pytest.raises(NotPossible, match="already"):
        alone(version.number)


def test_a_rejection_takes_it_back_wherever_it_holds() -> None:
    put(1)
    number = draft(0.1)
    alone(number)
    alone(number, "surface=web")
    approvals.reject(number=number, user=admin(), now=later(hours=2), reason="Not needed.")
    default = live_in("default")
    assert default is not None
    assert (default.version_id, default.kind, default.reason) == (1, "rollback", "Not needed.")
    assert live_in("surface=web") is None
    assert not unreviewed().exists()


def test_a_rejection_takes_it_back_where_a_rollback_brought_it() -> None:
    put(1)
    number = draft(0.1)
    alone(number, now=later(minutes=1))
    stricter = approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.05})
    activate(version=stricter, actor=TASK, now=later(minutes=2))
    back(now=later(minutes=3))
    assert in_force() == (number, 100, None)
    approvals.reject(number=number, user=admin(), now=later(minutes=4), reason="Not needed.")
    assert in_force() == (1, 100, None)


def test_a_rejection_takes_it_back_beside_another_rollout() -> None:
    put(1)
    number = draft(0.1)
    alone(number)
    stricter = approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.05}).number
    put(stricter, percent=20)
    assert in_force() == (stricter, 20, number)
    approvals.reject(number=number, user=admin(), now=later(minutes=4), reason="Not needed.")
    assert in_force() == (1, 100, None)


def test_a_plan_does_not_undo_it_behind_everybodys_back() -> None:
    plan = {"user": admin(), "now": NOW, "at": later(hours=1)}
    plans.plan(version=approved(BUILT_IN.get().content), **plan)
    number = draft(0.1)
    alone(number)
    assert plans.carry_out_due(now=later(hours=2)) == []
    assert in_force() == (number, 100, None)
    cancelled = PlannedActivation.objects.get()
    assert cancelled.cancel_reason == "It ends what it must not."


def test_what_is_decided_on_needs_no_emergency() -> None:
    version = approved(BUILT_IN.get().content)
    with pytest.raises(NotPossible, match="decided on already"):
        alone(version.number)
    with pytest.raises(NotPossible):
        alone(77)


@pytest.mark.parametrize(
    "laxer",
    [
        {"imminent_risk_ceiling": 0.11},
        {"confirm_user_request": False},
        {"default": {"severity": 0.59}},
        {"categories": {}},
        {"review": {"audit_share": 0.01}},
        {"review": {"audit_shares": {"hate": 0.09}}},
    ],
    ids=str,
)
def test_a_version_that_is_laxer_anywhere_needs_a_second_person(laxer: dict[str, Any]) -> None:
    put(approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.1}).number)
    number = draft(0.1, **laxer)
    with pytest.raises(NotStricter):
        alone(number)
    assert Draft.objects.filter(number=number).exists()
    live = live_in("default")
    assert live is not None
    assert live.version_id == 2


@pytest.mark.parametrize(("ceiling", "stricter"), [(0.15, False), (0.08, False), (0.05, True)])
def test_it_is_stricter_than_both_sides_of_a_rollout(ceiling: float, stricter: bool) -> None:
    put(approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.06}).number)
    put(approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.1}).number, percent=50)
    number = draft(ceiling)
    if stricter:
        alone(number)
    else:
        with pytest.raises(NotStricter):
            alone(number)


def test_an_override_is_stricter_than_what_it_takes_the_place_of() -> None:
    strict = approved(BUILT_IN.get().content | {"imminent_risk_ceiling": 0.02}).number
    put(strict, "locale=de")
    put(strict, "model=m;surface=web")
    # Whoever is on the web in German would lose the stricter policy.
    with pytest.raises(NotStricter):
        alone(draft(0.1), "surface=web")
    with pytest.raises(NotStricter):
        alone(draft(0.1), "locale=de-at")
    # These conversations have the stricter policy still, or never had it.
    alone(draft(0.1), "locale=fr")
    alone(draft(0.1))


def test_others_break_no_glass() -> None:
    number = draft(0.1)
    with pytest.raises(PermissionDenied):
        alone(number, user=make_user(Role.SENIOR))
