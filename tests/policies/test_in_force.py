"""The policy of a conversation, at any moment: in Python and in SQL the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import Cutoff
from policies.models import Activation, Basis, CutoffConformance, Pause, PolicyVersion
from policies.scopes import Scope
from policies.services.conformance import compute
from policies.services.in_force import Arm, in_force
from policies.services.versions import create_version
from policies.thresholds import BUILT_IN
from tests.factories import NOW, ended_event, make_cutoff, make_source, make_user, record

ACTOR = Actor.task("test")
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def version() -> PolicyVersion:
    return create_version(thresholds=BUILT_IN, note="", actor=ACTOR)


def activation(
    scope: str = "default",
    *,
    version: PolicyVersion,
    ago: float = 1,
    lasted: float | None = None,
    percent: int = 100,
    beside: PolicyVersion | None = None,
) -> Activation:
    """An activation so many hours *ago*."""
    began = NOW - ago * HOUR
    return Activation.objects.create(
        version=version,
        scope=scope,
        activated_at=began,
        ended_at=None if lasted is None else began + lasted * HOUR,
        percent=percent,
        beside=beside,
    )


def pause(scope: str, *, ago: float = 1) -> Pause:
    began = NOW - ago * HOUR
    return Pause.objects.create(
        scope=scope, paused_at=began, paused_by=make_user(Role.POLICY_ADMIN), reason="Wait."
    )


def test_without_any_activation_the_built_in_version_holds() -> None:
    found = in_force(model="m", at=NOW)
    assert (found.version, found.thresholds, found.scope) == (1, BUILT_IN, "default")
    assert (found.enabled, found.activated_at, found.arm) == (True, None, Arm.ALL)


def test_the_most_specific_scope_holds(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    said = ("default", "locale=de", "model=m", "model=m;locale=de", "model=n;surface=web")
    numbers = {scope: activation(scope, version=version()).version_id for scope in said}
    with django_assert_num_queries(1):
        found = in_force(model="m", surface="web", locale="de-AT", at=NOW)
    assert (found.scope, found.version) == ("model=m;locale=de", numbers["model=m;locale=de"])
    assert in_force(locale="de", at=NOW).scope == "locale=de"
    assert in_force(locale="den", at=NOW).scope == "default"


@pytest.mark.parametrize(
    ("hours", "which"), [(3.1, 0), (3, 1), (2.1, 1), (2, 0), (1.1, 0), (1, 2), (0, 2)]
)
def test_it_tells_of_the_past(hours: float, which: int) -> None:
    activation(version=version(), ago=3, lasted=1)
    activation(version=version(), ago=1)
    numbers = [1, *PolicyVersion.objects.order_by("number").values_list("number", flat=True)[1:]]
    assert in_force(at=NOW - hours * HOUR).version == numbers[which]


def test_the_sides_of_a_rollout() -> None:
    old, new = version(), version()
    activation(version=new, percent=30, beside=old)
    found = [in_force(conversation_id=f"c{number}", at=NOW) for number in range(60)]
    assert {(one.arm, one.version) for one in found} == {
        (Arm.SHARE, new.pk),
        (Arm.BESIDE, old.pk),
    }
    assert 5 < sum(one.arm == Arm.SHARE for one in found) < 35
    unnamed = in_force(at=NOW)
    assert (unnamed.arm, unnamed.version) == (Arm.BESIDE, old.pk)


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [("everything", True), ("default", True), ("model=m", True), ("model=n", False)],
)
def test_a_pause_stops_whoever_is_in_its_scope(scope: str, stopped: bool) -> None:
    pause(scope)
    assert in_force(model="m", at=NOW).enabled is not stopped
    assert in_force(model="m", at=NOW - 2 * HOUR).enabled


texts = st.sampled_from(["", "a", "b;=%", "é"])
tags = st.sampled_from(["", "de", "de-AT", "de_at_1996", "-", "fr--x", "É"])
stretches = st.tuples(
    st.builds(Scope, texts, texts, tags),
    st.integers(1, 6),
    st.integers(0, 6),
    st.integers(1, 100),
)
asked = st.tuples(
    texts, texts, tags, st.sampled_from(["c1", "c2", "é\U0001f600"]), st.integers(0, 6)
)


class Undo(Exception):
    """Rolls one example back."""


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    drawn=st.lists(stretches, max_size=12),
    said=st.lists(asked, min_size=1, max_size=6, unique=True),
)
@example(drawn=[(Scope(), 6, 6, 100)], said=[("", "", "", "c1", 0)])
def test_sql_and_python_find_the_same_version(drawn: list[Any], said: list[Any]) -> None:
    try:
        with transaction.atomic():
            _agree(drawn, said)
            raise Undo
    except Undo:
        pass


def _agree(drawn: list[Any], said: list[Any]) -> None:
    versions = [version() for _ in range(3)]
    until: dict[str, float] = {}
    for scope, ago, hours, percent in sorted(drawn, key=lambda one: -one[1]):
        if until.get(str(scope), 99.0) < ago:
            continue
        until[str(scope)] = ago - hours
        activation(
            str(scope),
            version=versions[percent % 3],
            ago=ago,
            lasted=hours,
            percent=percent,
            beside=None if percent == 100 else versions[(percent + 1) % 3],
        )
    source = make_source()
    record(source, *(_event(*one) for one in said))
    cutoffs = list(Cutoff.objects.filter(source=source).select_related("conversation", "case"))
    assert len(cutoffs) == len(said)
    compute(cutoffs=cutoffs, evidence={})
    for cutoff in cutoffs:
        found = in_force(
            model=cutoff.model,
            surface=cutoff.surface,
            locale=cutoff.locale,
            conversation_id=cutoff.conversation.external_id,
            at=cutoff.at,
        )
        stored = CutoffConformance.objects.get(pk=cutoff.pk)
        assert stored.version_id == found.version == cutoff.case.policy_version
        assert stored.basis == (Basis.IN_FORCE if found.activated_at else Basis.BUILT_IN)


def _event(model: str, surface: str, locale: str, conversation: str, hours: int) -> dict[str, Any]:
    return ended_event(
        time=(NOW - hours * HOUR).isoformat(),
        conversation={"id": conversation, "model": model, "surface": surface, "locale": locale},
        cutoff={"policy_version": None},
    )


def test_nothing_is_ended_under_a_version_that_can_no_longer_be_read() -> None:
    """And what was ended under it is held against the built-in version, which the case says."""
    old = PolicyVersion.objects.create(number=50, content={"thresholds_of_old": {"severity": 3}})
    activation(version=old)
    found = in_force(at=NOW)
    assert (found.version, found.enabled, found.thresholds) == (50, False, BUILT_IN)

    cutoff = make_cutoff(cutoff={"policy_version": 50})
    assert compute(cutoffs=[cutoff], evidence={})
    stored = CutoffConformance.objects.get()
    assert (stored.version_id, stored.basis) == (1, Basis.BUILT_IN)
