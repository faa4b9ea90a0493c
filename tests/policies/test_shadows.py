"""A draft that runs beside what is in force: starting, ending, and where the two disagree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations.models import Cutoff
from policies.models import PolicyVersion, Shadow
from policies.scopes import MalformedScope
from policies.services import drafts, shadow_reading, shadows
from policies.services.versions import NotPossible
from policies.thresholds import Thresholds
from tests.concurrency import at_once
from tests.factories import NOW, make_user
from tests.policies import asked
from tests.policies.backtests import LAX, asking, make_cutoff, make_near_miss
from tests.policies.lifecycle import admin, approved, put

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOW - 10 * DAY


def shadow_of(candidate: Thresholds, *, scope: str = "default", baseline: Any = LAX) -> Shadow:
    """One that runs since START; everything is held against *baseline* since before."""
    put(approved(msgspec.to_builtins(baseline)), now=START - DAY)
    user = admin()
    content = msgspec.to_builtins(candidate)
    draft = drafts.create_draft(user=user, now=START, content=content)
    return shadows.start(number=draft.number, length=30 * DAY, user=user, now=START, scope=scope)


def look(shadow: Shadow, **more: Any) -> shadow_reading.Look:
    return shadow_reading.look(shadow, **{"now": NOW} | more)


def at(hours: float) -> Any:
    """So many hours after START."""
    return START + timedelta(hours=hours)


def test_a_draft_runs_as_it_was_at_the_start() -> None:
    shadow = shadow_of(asking(0.8))
    assert (shadow.until - shadow.started_at, shadow.ended_at) == (30 * DAY, None)
    entry = LedgerEntry.objects.get(action="shadow.started")
    assert (entry.object_id, entry.details["number"]) == (str(shadow.pk), shadow.number)
    draft_says = shadow.content
    drafts.edit_draft(
        number=shadow.number, revision=1, user=admin(), now=NOW, content={"default": {}}
    )
    shadow.refresh_from_db()
    assert shadow.content == draft_says


def test_a_version_can_run_too() -> None:
    assert shadows.start(number=1, length=DAY, user=admin(), now=NOW).content


@pytest.mark.parametrize("length", [timedelta(minutes=59), 90 * DAY + HOUR])
def test_it_runs_an_hour_at_least_and_90_days_at_most(length: timedelta) -> None:
    with pytest.raises(NotPossible, match="an hour"):
        shadows.start(number=1, length=length, user=admin(), now=NOW)


def test_what_is_no_policy_or_no_scope_does_not_run() -> None:
    with pytest.raises(NotPossible, match="no policy 77"):
        shadows.start(number=77, length=DAY, user=admin(), now=NOW)
    with pytest.raises(MalformedScope):
        shadows.start(number=1, length=DAY, user=admin(), now=NOW, scope="x")
    old = PolicyVersion.objects.create(number=9, content={"default": {"severity": 7}})
    with pytest.raises(NotPossible, match="can no"):
        shadows.start(number=old.number, length=DAY, user=admin(), now=NOW)
    assert not Shadow.objects.exists()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.REVIEWER])
def test_only_who_may_change_policies_starts_and_ends(role: Role) -> None:
    shadow, other = shadow_of(LAX), make_user(role)
    with pytest.raises(PermissionDenied):
        shadows.start(number=1, length=DAY, user=other, now=NOW)
    with pytest.raises(PermissionDenied):
        shadows.end(shadow_id=shadow.pk, user=other, now=NOW)


def test_a_policy_runs_once_and_again_when_its_time_is_over() -> None:
    user = admin()
    first = shadows.start(number=1, length=DAY, user=user, now=NOW)
    with pytest.raises(NotPossible, match="already"):
        shadows.start(number=1, length=DAY, user=user, now=NOW + HOUR)
    second = shadows.start(number=1, length=DAY, user=user, now=NOW + DAY)
    first.refresh_from_db()
    assert (first.ended_at, first.ended_by, second.ended_at) == (first.until, None, None)


def test_it_is_ended_once() -> None:
    shadow, user = shadow_of(LAX), admin()
    ended = shadows.end(shadow_id=shadow.pk, user=user, now=NOW)
    assert (ended.ended_at, ended.ended_by) == (NOW, user)
    assert LedgerEntry.objects.filter(action="shadow.ended").count() == 1
    with pytest.raises(NotPossible, match="over"):
        shadows.end(shadow_id=shadow.pk, user=user, now=NOW)


def test_one_whose_time_is_over_needs_no_end() -> None:
    shadow = shadow_of(LAX)
    with pytest.raises(NotPossible, match="over"):
        shadows.end(shadow_id=shadow.pk, user=admin(), now=shadow.until)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_at_once_one_does() -> None:
    users = admin(), admin()
    outcomes = at_once(
        *(
            lambda user=user: shadows.start(number=1, length=DAY, user=user, now=NOW)
            for user in users
        )
    )
    assert sum(isinstance(outcome, Shadow) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, NotPossible) for outcome in outcomes) == 1


def test_where_nothing_happened_nothing_is_found(django_assert_num_queries: Any) -> None:
    shadow = shadow_of(asking(0.8))
    with django_assert_num_queries(2):
        found = look(shadow)
    assert found == shadow_reading.Look((), START, 0, 0, 0, 0, None)


def test_disagreements_are_listed_the_newest_first(django_assert_num_queries: Any) -> None:
    shadow = shadow_of(asking(0.8))
    spared = make_cutoff(0.6, at=at(1))
    make_cutoff(0.9, at=at(2))
    untold = make_cutoff(None, at=at(3))
    asked_for = asked.evaluation(at=at(4), category="hate", severity=0.7, version_id=2)
    near = make_near_miss(0.7, at=at(5))
    assert untold.severity is None

    # Which versions, those versions, and the rows, of each table; and what is shown of them.
    with django_assert_num_queries(8):
        found = look(shadow)

    assert [(one.kind, one.key) for one in found.found] == [
        ("near_miss", near.pk),
        ("asked", asked_for.pk),
        ("cutoff", spared.pk),
    ]
    assert not any(one.ends for one in found.found)
    assert {one.tests for one in found.found} == {("severity",)}
    assert [one.cutoff and one.cutoff.pk for one in found.found] == [near.pk, None, spared.pk]
    assert (found.looked, found.spares, found.ends, found.untold) == (5, 3, 0, 1)
    assert (found.since, found.before) == (START, None)


def test_a_laxer_draft_ends_more() -> None:
    shadow = shadow_of(asking(0.2))
    near = make_near_miss(0.3, at=at(1))
    found = look(shadow)
    assert [(one.key, one.ends) for one in found.found] == [(near.pk, True)]
    assert (found.ends, found.spares) == (1, 0)


def test_only_what_happened_while_it_ran_counts() -> None:
    shadow = shadow_of(asking(0.8))
    make_cutoff(0.6, at=START - HOUR)
    within = make_cutoff(0.6, at=at(1))
    make_cutoff(0.6, at=at(30))
    shadow = shadows.end(shadow_id=shadow.pk, user=admin(), now=at(24))
    assert [one.key for one in look(shadow).found] == [within.pk]


def test_each_moment_is_held_against_the_version_of_its_time() -> None:
    shadow = shadow_of(asking(0.8))
    make_cutoff(0.6, at=at(1))
    put(approved(msgspec.to_builtins(asking(0.8))), now=at(2))
    make_cutoff(0.6, at=at(3))
    (found,) = look(shadow).found
    assert (found.at, found.version) == (at(1), 2)


def test_what_was_in_force_and_can_no_longer_be_read_cannot_tell() -> None:
    shadow = shadow_of(asking(0.8))
    PolicyVersion.objects.create(number=9, content={"default": {"severity": 7}})
    make_cutoff(0.6, at=at(1), policy_version=9)
    found = look(shadow)
    assert (found.found, found.untold) == ((), 1)


def test_a_shadow_that_can_no_longer_be_read_says_so() -> None:
    shadow = shadow_of(asking(0.8))
    shadow.content = {"default": {"severity": 7}}
    with pytest.raises(msgspec.ValidationError):
        look(shadow)


def test_a_cutoff_that_quotes_its_evaluation_is_the_same_moment() -> None:
    shadow = shadow_of(asking(0.8))
    evaluation = asked.evaluation(at=at(1), category="hate", severity=0.7, version_id=2)
    cutoff = make_cutoff(0.7, at=at(1.1))
    Cutoff.objects.filter(pk=cutoff.pk).update(evaluation_id=f"ev_{evaluation.pk.hex}")
    other = make_cutoff(0.7, at=at(2))
    Cutoff.objects.filter(pk=other.pk).update(evaluation_id="ev_of another system")
    assert [one.key for one in look(shadow).found] == [other.pk, evaluation.pk]


@pytest.mark.parametrize("changes", [{"crisis_cue": True}, {"paused": True}], ids=str)
def test_what_no_policy_would_have_ended_is_left_out(changes: Any) -> None:
    shadow = shadow_of(asking(0.8))
    asked.evaluation(at=at(1), category="hate", severity=0.7, decision="never", **changes)
    assert look(shadow).looked == 0


@pytest.mark.parametrize(
    ("scope", "where", "found"),
    [
        ("model=m", {"model": "m"}, 1),
        ("model=m", {"model": "n"}, 0),
        ("locale=de", {"locale": "de_AT"}, 1),
        ("locale=de", {"locale": "DE"}, 1),
        ("locale=de", {"locale": "den"}, 0),
        ("model=m;surface=web", {"model": "m", "surface": "web"}, 1),
        ("model=m;surface=web", {"model": "m", "surface": "app"}, 0),
    ],
)
def test_a_scope_narrows_what_is_recorded(scope: str, where: dict[str, str], found: int) -> None:
    shadow = shadow_of(asking(0.8), scope=scope)
    cutoff = make_cutoff(0.6, at=at(1))
    Cutoff.objects.filter(pk=cutoff.pk).update(**where)
    assert look(shadow).looked == found


def test_a_scope_narrows_what_was_asked_to_its_own_answers() -> None:
    shadow = shadow_of(asking(0.8), scope="model=m")
    asked.evaluation(at=at(1), category="hate", severity=0.7)
    mine = asked.evaluation(at=at(2), category="hate", severity=0.7, scope="model=m", version_id=2)
    assert [one.key for one in look(shadow).found] == [mine.pk]


def test_pages_miss_nothing_and_repeat_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_reading, "LOOKED", 4)
    shadow = shadow_of(asking(0.8))
    every = []
    for number in range(9):
        every.append(make_cutoff(0.6, at=at(number + 0.1)).pk)
        make_cutoff(0.9, at=at(number + 0.2))
        if number % 3 == 0:
            at_it = at(number + 0.3)
            every.append(asked.evaluation(at=at_it, category="hate", severity=0.7, version_id=2).pk)
    seen: list[Any] = []
    looked, before = 0, None
    for _ in range(30):
        found = look(shadow, before=before, size=3)
        seen += [one.key for one in found.found]
        looked += found.looked
        if found.before is None:
            break
        before = found.before
    assert seen == sorted(every, reverse=True)
    assert looked == 21
