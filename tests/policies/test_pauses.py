"""One person stops all ending; two go on."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from accounts.roles import Role
from policies.models import Pause, PausedAgain
from policies.scopes import MalformedScope
from policies.services.activations import activate
from policies.services.in_force import in_force
from policies.services.pauses import pause, resume
from policies.services.rollbacks import rollback
from policies.services.versions import NotPossible
from policies.signals import policy_paused, policy_resumed
from tests.concurrency import at_once
from tests.factories import NOW, make_user
from tests.policies.lifecycle import TASK, actions, admin, approved, later

pytestmark = pytest.mark.django_db


def stop(scope: str = "everything", **more: Any) -> Pause:
    terms: dict[str, Any] = {"user": admin(), "now": NOW} | more
    return pause(scope=scope, reason="It errs.", **terms)


def go_on(scope: str = "everything", **more: Any) -> Pause:
    terms: dict[str, Any] = {"user": admin(), "now": NOW} | more
    return resume(scope=scope, reason="Mended.", **terms)


def test_one_person_pauses_and_two_resume() -> None:
    one, other = admin(), admin()
    stop(user=one)
    assert not in_force(at=later(seconds=1)).enabled
    assert go_on(user=one, now=later(minutes=1)).ended_at is None
    assert not in_force(at=later(minutes=2)).enabled
    with pytest.raises(PermissionDenied):
        go_on(user=one, now=later(minutes=2))
    ended = go_on(user=other, now=later(minutes=3))
    assert (ended.first_resume_by, ended.ended_by) == (one, other)
    assert in_force(at=later(minutes=4)).enabled
    assert actions("pause") == ["policy.paused", "policy.resume_asked", "policy.resumed"]


def test_pausing_again_forgets_the_first_wish_to_resume() -> None:
    one, other = admin(), admin()
    first = stop()
    go_on(user=one)
    assert stop() == first
    assert PausedAgain.objects.get().reason == "It errs."
    assert go_on(user=other).ended_at is None
    assert go_on(user=one).ended_at is not None


def test_a_scope_is_paused_by_itself() -> None:
    stop("surface=web")
    assert not in_force(surface="web", at=later(seconds=1)).enabled
    assert in_force(surface="app", at=later(seconds=1)).enabled
    with pytest.raises(NotPossible):
        go_on()
    go_on("surface=web")
    go_on("surface=web")
    with pytest.raises(NotPossible):
        go_on("surface=web")
    assert stop("surface=web").ended_at is None
    assert Pause.objects.count() == 2


def test_a_pause_outlasts_a_rollout_and_its_rollback() -> None:
    version = approved()
    activate(version=version, percent=20, actor=TASK, now=NOW)
    stop("default")
    activate(version=version, percent=60, actor=TASK, now=later(hours=1))
    rollback(scope="default", reason="It errs.", actor=TASK, now=later(hours=2))
    assert Pause.objects.live().count() == 1
    assert not in_force(at=later(hours=3)).enabled


@pytest.mark.django_db(transaction=True)
def test_several_who_pause_at_once_begin_one_pause() -> None:
    people = [admin() for _ in range(3)]
    outcomes = at_once(*(lambda user=user: stop(user=user).pk for user in people))
    assert len(set(outcomes)) == 1
    assert Pause.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_who_resumes_twice_at_once_is_still_one() -> None:
    user = admin()
    stop()
    outcomes = at_once(*[lambda: go_on(user=user)] * 2)
    assert sum(isinstance(outcome, PermissionDenied) for outcome in outcomes) == 1
    assert Pause.objects.get().ended_at is None


@pytest.mark.django_db(transaction=True)
def test_two_people_who_resume_at_once_are_two() -> None:
    one, other = admin(), admin()
    stop()
    at_once(
        lambda: go_on(user=one, now=later(seconds=2)),
        lambda: go_on(user=other, now=later(seconds=1)),
    )
    ended = Pause.objects.get()
    assert {ended.first_resume_by, ended.ended_by} == {one, other}


def test_the_apps_above_are_told() -> None:
    told: list[tuple[str, str]] = []

    def paused(sender: type[Model], *, scope: str, **_: Any) -> None:
        told.append(("paused", scope))

    def resumed(sender: type[Model], *, scope: str, **_: Any) -> None:
        told.append(("resumed", scope))

    policy_paused.connect(paused)
    policy_resumed.connect(resumed)
    try:
        stop()
        stop()
        go_on()
        assert told == [("paused", "everything")]
        go_on()
    finally:
        policy_paused.disconnect(paused)
        policy_resumed.disconnect(resumed)
    assert told == [("paused", "everything"), ("resumed", "everything")]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.AUDITOR])
def test_others_neither_pause_nor_resume(role: Role) -> None:
    stop()
    for refused in (stop, go_on):
        with pytest.raises(PermissionDenied):
            refused(user=make_user(role))


def test_what_is_no_scope_is_not_paused() -> None:
    with pytest.raises(MalformedScope):
        stop("all of it")
