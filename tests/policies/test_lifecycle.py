"""From approval to retirement: who decides, what comes in force, and going back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from conversations.models import AuditSettings
from policies.models import Activation, PlannedActivation, PolicyVersion, Submission
from policies.scopes import MalformedScope
from policies.services import activations, approvals, drafts, plans
from policies.services.activations import Guard, activate, end_override
from policies.services.rollbacks import rollback
from policies.services.versions import NotPossible
from policies.signals import policy_activated
from tests.concurrency import at_once
from tests.factories import NOW
from tests.policies.lifecycle import (
    STRICTER,
    TASK,
    actions,
    admin,
    approved,
    later,
    submitted,
)

pytestmark = pytest.mark.django_db

WEB = "surface=web"


def in_force(scope: str = "default") -> tuple[int, int, int | None] | None:
    """The version, its share and the version beside it."""
    live = activations.live_in(scope)
    return (live.version_id, live.percent, live.beside_id) if live else None


def put(version: PolicyVersion, scope: str = "default", **more: Any) -> Activation:
    return activate(version=version, scope=scope, actor=TASK, **{"now": NOW} | more)


def back(scope: str = "default", **more: Any) -> Activation | None:
    return rollback(scope=scope, reason="It errs.", actor=TASK, **{"now": NOW} | more)


# Approval


def test_nobody_decides_on_what_they_had_a_hand_in() -> None:
    author, editor, submitter = admin(), admin(), admin()
    drafts.create_draft(user=author, now=NOW)
    drafts.edit_draft(number=2, revision=1, user=editor, now=NOW, note="x")
    drafts.submit(number=2, user=submitter, now=NOW)
    for user in (author, editor, submitter):
        with pytest.raises(PermissionDenied):
            approvals.approve(number=2, user=user, now=NOW)
        with pytest.raises(PermissionDenied):
            approvals.reject(number=2, user=user, now=NOW, reason="x")
    assert approvals.approve(number=2, user=admin(), now=NOW).decision == "approved"
    assert actions()[-1] == "policy.approved"


def test_a_decision_is_made_once() -> None:
    version = submitted()
    approvals.reject(number=version.number, user=admin(), now=NOW, reason="Too strict.")
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(NotPossible):
            decide(number=version.number, user=admin(), now=NOW, reason="x")
    assert Submission.objects.get().reason == "Too strict."
    with pytest.raises(NotPossible):
        approvals.approve(number=1, user=admin(), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does() -> None:
    number, one, other = submitted().number, admin(), admin()
    outcomes = at_once(
        lambda: approvals.approve(number=number, user=one, now=NOW),
        lambda: approvals.reject(number=number, user=other, now=NOW, reason="No."),
    )
    assert sum(isinstance(outcome, NotPossible) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Submission) for outcome in outcomes) == 1


# Activation


def test_only_what_is_approved_comes_in_force() -> None:
    waiting, refused, agreed = submitted(), submitted(), approved()
    approvals.reject(number=refused.number, user=admin(), now=NOW, reason="No.")
    for version in (waiting, refused):
        with pytest.raises(NotPossible, match="not approved"):
            put(version)
    put(agreed)
    assert in_force() == (agreed.number, 100, None)


def test_a_rollout_grows_beside_what_was_there_and_ends_at_all() -> None:
    old, new = approved(), approved(STRICTER)
    put(old)
    put(new, percent=10, guard=Guard(rolls_back=True, ceiling=0.1))
    assert in_force() == (new.number, 10, old.number)
    grown = put(new, percent=50)
    assert in_force() == (new.number, 50, old.number)
    assert (grown.guard_rolls_back, grown.guard_ceiling) == (True, 0.1)
    put(new)
    assert in_force() == (new.number, 100, None)
    assert Activation.objects.filter(ended_at=None).count() == 1


def test_a_rollout_where_nothing_was_activated_stands_beside_the_built_in_version() -> None:
    put(approved(STRICTER), percent=5)
    assert in_force() == (2, 5, 1)


def test_a_rollout_in_an_override_stands_beside_what_held_more_widely() -> None:
    wide, narrow, new = approved(), approved(), approved()
    put(wide)
    put(narrow, "model=m")
    put(new, "model=m;surface=web", percent=5)
    assert in_force("model=m;surface=web") == (new.number, 5, narrow.number)


@pytest.mark.parametrize("percent", [10, 100])
def test_what_holds_already_is_not_activated_again(percent: int) -> None:
    version = approved()
    put(approved())
    put(version, percent=percent)
    with pytest.raises(NotPossible):
        put(version, percent=percent)
    assert Activation.objects.count() == 2


def test_what_holds_for_all_does_not_shrink_to_a_share() -> None:
    version = approved()
    put(version)
    with pytest.raises(NotPossible, match="Roll it back"):
        put(version, percent=50)


def test_of_two_rollouts_in_a_scope_the_second_waits() -> None:
    one, other = approved(), approved()
    put(one, percent=50)
    with pytest.raises(NotPossible, match="Another rollout"):
        put(other, percent=50)
    with pytest.raises(NotPossible, match="Another rollout"):
        put(other, WEB, percent=50)
    put(other)
    assert in_force() == (other.number, 100, None)


@pytest.mark.parametrize("scope", ["", "everything", "surface=", "locale=DE", "model=a;model=b"])
def test_what_is_no_scope_is_refused(scope: str) -> None:
    with pytest.raises(MalformedScope):
        put(PolicyVersion.objects.get(number=1), scope)
    with pytest.raises(MalformedScope):
        plans.plan(
            version=PolicyVersion.objects.get(number=1),
            at=later(hours=1),
            user=admin(),
            now=NOW,
            scope=scope,
        )


@pytest.mark.django_db(transaction=True)
def test_of_versions_activated_at_once_one_holds_and_each_had_its_time() -> None:
    versions = [approved() for _ in range(4)]
    # The earlier a call's own clock, the likelier that it comes after a later one.
    outcomes = at_once(
        *(
            lambda version=version, at=NOW + timedelta(seconds=number): put(version, now=at)  # type: ignore[misc]
            for number, version in enumerate(versions)
        )
    )
    assert all(isinstance(outcome, Activation) for outcome in outcomes), outcomes
    stretches = list(Activation.objects.order_by("pk"))
    assert [one.ended_at for one in stretches[:-1]] == [one.activated_at for one in stretches[1:]]
    assert stretches[-1].ended_at is None


def test_the_apps_above_are_told_in_the_same_transaction() -> None:
    told: list[dict[str, Any]] = []

    def listen(sender: type[Model], **said: Any) -> None:
        told.append({name: said[name] for name in ("scope", "version", "percent", "beside")})

    policy_activated.connect(listen)
    try:
        version = approved()
        put(version, percent=20)
        put(version)
        put(version, WEB)
        end_override(scope=WEB, reason="x", actor=TASK, now=NOW)
    finally:
        policy_activated.disconnect(listen)
    assert told == [
        {"scope": "default", "version": 2, "percent": 20, "beside": 1},
        {"scope": "default", "version": 2, "percent": 100, "beside": None},
        {"scope": WEB, "version": 2, "percent": 100, "beside": None},
        {"scope": WEB, "version": 2, "percent": 100, "beside": None},
    ]


def test_where_a_receiver_fails_nothing_comes_in_force() -> None:
    def fail(sender: type[Model], **said: Any) -> None:
        raise RuntimeError

    policy_activated.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            put(approved())
    finally:
        policy_activated.disconnect(fail)
    assert in_force() is None


# Review settings


def test_the_default_scope_decides_what_is_drawn_for_audit() -> None:
    drawn = approved({"review": {"audit_share": 0.2, "double_share": 0.05}})
    put(drawn, WEB)
    put(drawn, percent=50)
    assert AuditSettings.objects.count() == 1
    put(drawn)
    latest = AuditSettings.objects.latest("id")
    assert (latest.audit_share, latest.double_share, latest.near_miss_share) == (0.2, 0.05, 0.05)
    assert actions("audit_settings") == ["audit_settings.changed"]
    put(approved({"review": {"audit_share": 0.2, "double_share": 0.05}}))
    assert AuditSettings.objects.count() == 2
    back(to=1)
    assert AuditSettings.objects.latest("id").audit_share == 0.10


# Rollback


def test_a_rollback_goes_to_the_version_before_and_twice_goes_further() -> None:
    first, second, third = approved(), approved(), approved()
    for version in (first, second, third):
        put(version)
    assert back() is not None
    assert in_force() == (second.number, 100, None)
    back()
    assert in_force() == (first.number, 100, None)
    back()
    assert in_force() == (1, 100, None)
    with pytest.raises(NotPossible):
        back()
    assert actions().count("policy.rolled_back") == 3


def test_after_a_rollback_another_version_can_be_rolled_back_too() -> None:
    first, second = approved(), approved()
    put(first)
    put(second)
    back()
    put(second)
    back()
    assert in_force() == (first.number, 100, None)


def test_a_rollback_during_a_rollout_goes_to_what_the_others_have() -> None:
    first, second = approved(), approved()
    put(first)
    put(second, percent=10)
    put(second, percent=60)
    back()
    assert in_force() == (first.number, 100, None)


def test_a_rollback_after_a_rollout_passes_over_all_its_shares() -> None:
    first, second = approved(), approved()
    put(first)
    put(second, percent=10)
    put(second)
    back()
    assert in_force() == (first.number, 100, None)


def test_a_rollback_goes_to_a_version_that_is_named_if_the_scope_had_it() -> None:
    first, second, third = approved(), approved(), approved()
    put(first)
    put(second)
    put(third, WEB)
    back(to=first.number)
    assert in_force() == (first.number, 100, None)
    for never in (third.number, first.number, 99):
        with pytest.raises(NotPossible):
            back(to=never)
    back(to=1)
    assert in_force() == (1, 100, None)


@pytest.mark.parametrize("percent", [30, 100])
def test_rolling_back_an_override_that_had_nothing_before_takes_it_away(percent: int) -> None:
    put(approved())
    put(approved(), WEB, percent=percent)
    assert back(WEB) is None
    assert in_force(WEB) is None
    assert Activation.objects.get(scope=WEB).end_reason == "It errs."


def test_a_scope_whose_override_was_taken_away_does_not_fall_back_on_it() -> None:
    first, second = approved(), approved()
    put(first, WEB, now=NOW)
    end_override(scope=WEB, reason="Not needed.", actor=TASK, now=later(hours=1))
    with pytest.raises(NotPossible):
        end_override(scope=WEB, reason="Again.", actor=TASK, now=later(hours=1))
    with pytest.raises(NotPossible):
        back(WEB)
    put(second, WEB, now=later(hours=2))
    assert back(WEB, now=later(hours=3)) is None
    assert in_force(WEB) is None
    assert actions().count("policy.override_ended") == 2


def test_the_default_scope_has_no_override_to_take_away() -> None:
    put(approved())
    with pytest.raises(NotPossible):
        end_override(scope="default", reason="x", actor=TASK, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_rollback_while_another_version_is_activated_leaves_one_in_force() -> None:
    first, second, third = approved(), approved(), approved()
    put(first)
    put(second)
    outcomes = at_once(lambda: put(third), back)
    assert all(isinstance(outcome, Activation) for outcome in outcomes), outcomes
    # Whichever came first: the rollback undid it, or was followed by it.
    assert in_force() in [(second.number, 100, None), (third.number, 100, None)]


# Plans


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
    assert sum(len(outcome) for outcome in outcomes) == 2  # type: ignore[arg-type]
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
    rollback(scope="default", reason="It errs.", actor=activations.Actor(user=user), now=NOW)
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


# A version that can no longer be read


@pytest.fixture
def unreadable() -> PolicyVersion:
    """A version from another time, whose content is out of today's bounds."""
    return PolicyVersion.objects.create(number=50, content={"thresholds_of_old": {"severity": 3}})


def test_what_can_no_longer_be_read_does_not_come_in_force(unreadable: PolicyVersion) -> None:
    with pytest.raises(NotPossible, match="no longer be read"):
        put(unreadable)
    with pytest.raises(NotPossible, match="no longer be read"):
        planned(unreadable)
    with pytest.raises(NotPossible, match="no longer be read"):
        drafts.create_draft(user=admin(), now=NOW, based_on=unreadable)
    Activation.objects.create(version=unreadable, activated_at=NOW, ended_at=NOW)
    put(approved())
    with pytest.raises(NotPossible, match="no longer be read"):
        back(to=50)


def test_one_can_leave_what_can_no_longer_be_read(unreadable: PolicyVersion) -> None:
    Activation.objects.create(version=unreadable, activated_at=NOW)
    back()
    assert in_force() == (1, 100, None)
