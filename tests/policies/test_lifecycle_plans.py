"""Activations at a time that is yet to come."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.ledger import Actor
from policies.models import (
    Activation,
    PlannedActivation,
    PolicyVersion,
)
from policies.services import plans
from policies.services.activations import Guard
from policies.services.rollbacks import rollback
from policies.services.versions import NotPossible
from policies.tasks import carry_out_plans
from tests.concurrency import at_once
from tests.factories import NOW
from tests.policies.lifecycle import (
    WEB,
    actions,
    admin,
    approved,
    in_force,
    later,
    put,
    submitted,
)

pytestmark = pytest.mark.django_db


def planned(version: PolicyVersion, **more: Any) -> PlannedActivation:
    terms: dict[str, Any] = {"at": later(hours=1), "user": admin(), "now": NOW}
    return plans.plan(version=version, **terms | more)


def test_a_plan_is_carried_out_when_its_time_has_come_and_once() -> None:
    version, user = approved(), admin()
    row = planned(version, percent=30, user=user, guard=Guard(ceiling=0.2), reason="Slowly.")
    assert plans.carry_out_due(now=later(minutes=59)) == []
    assert plans.carry_out_due(now=later(hours=1)) == [row.pk]
    assert plans.carry_out_due(now=later(hours=1)) == []
    live = Activation.objects.get()
    assert in_force() == (version.number, 30, 1)
    assert (live.activated_by, live.guard_ceiling, live.reason) == (user, 0.2, "Slowly.")


@pytest.mark.django_db(transaction=True)
def test_two_who_carry_out_plans_at_once_carry_out_each_once() -> None:
    planned(approved())
    planned(approved(), scope=WEB)
    outcomes = at_once(*[lambda: plans.carry_out_due(now=later(hours=2))] * 3)
    assert sum(len(outcome) for outcome in outcomes if isinstance(outcome, list)) == 2
    assert Activation.objects.count() == 2


def test_a_plan_that_cannot_be_carried_out_is_cancelled_and_says_why() -> None:
    version = approved()
    planned(version)
    put(version)
    assert plans.carry_out_due(now=later(hours=2)) == []
    row = PlannedActivation.objects.get()
    assert row.cancelled_by is None
    assert "in force there already" in row.cancel_reason
    assert plans.carry_out_due(now=later(hours=2)) == []


def test_a_rollback_cancels_what_is_planned_in_its_scope_alone() -> None:
    version, user = approved(), admin()
    put(approved())
    here, there = planned(version), planned(version, scope=WEB)
    rollback(scope="default", reason="It errs.", actor=Actor(user=user), now=NOW)
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.cancelled_by, here.cancel_reason) == (user, "It errs.")
    assert there.cancelled_at is None
    assert plans.carry_out_due(now=later(hours=2)) == [there.pk]
    assert in_force() == (1, 100, None)


def test_what_may_be_planned() -> None:
    version = approved()
    with pytest.raises(NotPossible, match="over"):
        planned(version, at=NOW)
    with pytest.raises(NotPossible, match="not approved"):
        planned(submitted())
    planned(version)
    with pytest.raises(NotPossible, match="Cancel that first"):
        planned(version)
    plans.cancel(scope="default", reason="Not now.", user=admin(), now=NOW)
    with pytest.raises(NotPossible):
        plans.cancel(scope="default", reason="Not now.", user=admin(), now=NOW)
    planned(version)
    assert actions()[-3:] == ["policy.planned", "policy.plan_cancelled", "policy.planned"]


def test_the_task_carries_out_what_is_due() -> None:
    version = approved()
    PlannedActivation.objects.create(
        version=version, scope=WEB, at=NOW, planned_by=admin(), planned_at=NOW
    )
    assert carry_out_plans() == 1
    assert in_force(WEB) == (version.number, 100, None)
    assert carry_out_plans() == 0
