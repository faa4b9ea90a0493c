"""From approval to activation: who decides, and what comes in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from conversations.models import AuditSettings
from policies.models import (
    Activation,
    PolicyVersion,
    Submission,
)
from policies.scopes import MalformedScope
from policies.services import approvals, drafts, plans
from policies.services.activations import Guard, end_override
from policies.services.versions import NotPossible
from policies.signals import policy_activated
from tests.concurrency import at_once
from tests.factories import NOW, make_cutoff, make_near_miss_case
from tests.policies.lifecycle import (
    STRICTER,
    TASK,
    WEB,
    actions,
    admin,
    approved,
    back,
    in_force,
    later,
    put,
    submitted,
)

pytestmark = pytest.mark.django_db


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
            lambda version=version, at=NOW + timedelta(seconds=number): put(version, now=at)
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


def test_a_category_that_is_audited_more_often_is_drawn_by_its_own_share() -> None:
    put(approved({"review": {"audit_share": 0.2, "audit_shares": {"hate": 1}}}))
    made = [make_cutoff(cutoff={"category": category}) for category in ("hate", "hate", "privacy")]
    shares = [(one.category, one.audit_probability) for one in made]
    assert shares == [("hate", 1), ("hate", 1), ("privacy", 0.2)]
    assert all(one.in_audit for one in made[:2])
    assert make_near_miss_case().cutoff.audit_probability == 0.05
