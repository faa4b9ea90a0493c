"""Going back, and versions that can no longer be read."""

from __future__ import annotations

import pytest

from accounts.roles import Role
from policies.models import (
    Activation,
    CutoffConformance,
    PolicyVersion,
)
from policies.services import drafts, plans
from policies.services.activations import end_override
from policies.services.conformance import compute, conformance_of
from policies.services.versions import NotPossible
from reviews.services.reading import open_case
from tests.concurrency import at_once
from tests.factories import NOW, make_cutoff, make_user
from tests.policies.lifecycle import (
    TASK,
    WEB,
    actions,
    admin,
    approved,
    back,
    in_force,
    later,
    put,
)

pytestmark = pytest.mark.django_db


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


@pytest.fixture
def unreadable() -> PolicyVersion:
    """A version from another time, whose content is out of today's bounds."""
    return PolicyVersion.objects.create(number=50, content={"thresholds_of_old": {"severity": 3}})


def test_what_can_no_longer_be_read_does_not_come_in_force(unreadable: PolicyVersion) -> None:
    with pytest.raises(NotPossible, match="no longer be read"):
        put(unreadable)
    with pytest.raises(NotPossible, match="no longer be read"):
        plans.plan(version=unreadable, at=later(hours=1), user=admin(), now=NOW)
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


def test_old_cases_are_explained_by_what_can_no_longer_be_read(unreadable: PolicyVersion) -> None:
    """What was found is kept with the case; it is not computed anew from the version."""
    cutoff = make_cutoff()
    (found,) = compute(cutoffs=[cutoff], evidence={}).values()
    CutoffConformance.objects.update(version=unreadable)
    stored = CutoffConformance.objects.get()
    assert (stored.version.number, conformance_of(stored)) == (50, found)
    reviewer = make_user(Role.REVIEWER)
    opened = open_case(case=cutoff.case, user=reviewer)
    assert opened.policy_version == 50
    assert opened.conformance == found
