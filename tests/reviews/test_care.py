"""What somebody is spared: categories, languages, too much of what is severe."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.hazards import Form
from reviews.models import CareSettings, Case, Claim, Exercise
from reviews.services import care, claims, skipping, verdicts
from reviews.services.care import Pause, SevereLimit
from reviews.vocabulary import ExerciseKind
from tests.factories import SIGNALS, give_verdict, make_case, make_user

pytestmark = pytest.mark.django_db


def severe_case() -> Case:
    return make_case(signals=SIGNALS | {"severity": 0.95})


def worked(user: User, case: Case, *, began: float, ended: float) -> None:
    """*user* held *case* from so many minutes ago to so many."""
    now = timezone.now()
    Claim.objects.create(
        case=case,
        reviewer=user,
        claimed_at=now - timedelta(minutes=began),
        ended_at=now - timedelta(minutes=ended),
        expires_at=now - timedelta(minutes=ended),
        severe=case.severe,
    )


def dealt(user: User) -> Case | None:
    claim = claims.claim_next(user=user)
    return claim.case if claim else None


# --- What is severe -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "severe"),
    [
        ({}, False),
        ({"signals": SIGNALS | {"severity": 0.9}}, True),
        ({"signals": SIGNALS | {"severity": None}}, False),
        ({"signals": SIGNALS | {"risk_self": 0.9}}, True),
        ({"cutoff": {"category": "suicide_self_harm"}}, True),
        ({"cutoff": {"category": "hate"}}, False),
    ],
)
def test_a_case_is_severe_from_its_opening_on(changes: dict[str, Any], severe: bool) -> None:
    assert make_case(**changes).severe is severe


def suits(case: Case, user: User, now: datetime) -> bool:
    return care.spared(Case.objects.filter(pk=case.pk), user, now).exists()


# --- Categories and languages -------------------------------------------------------------------


def test_a_category_that_one_opted_out_of_is_never_dealt(ana: User) -> None:
    case = make_case()
    care.change_care(user=ana, wanted=CareSettings(opted_out=[case.category]))
    assert dealt(ana) is None
    assert not suits(case, ana, timezone.now())
    other = make_case(cutoff={"category": "privacy"})
    assert dealt(ana) == other


def test_one_may_take_by_hand_what_one_opted_out_of(ana: User) -> None:
    case = make_case()
    care.change_care(user=ana, wanted=CareSettings(opted_out=[case.category]))
    assert claims.claim(case=case, user=ana).reviewer == ana


def test_one_is_dealt_what_one_reads_and_what_nobody_can_tell(ana: User) -> None:
    care.change_care(user=ana, wanted=CareSettings(languages=["de"]))
    english, unknown = make_case(), make_case()
    Case.objects.filter(pk=english.pk).update(language="en")
    Case.objects.filter(pk=unknown.pk).update(language="")
    assert dealt(ana) == unknown


def test_the_ledger_notes_that_settings_changed_and_not_to_what(ana: User) -> None:
    care.change_care(user=ana, wanted=CareSettings(opted_out=["hate"], languages=["de"]))
    (entry,) = LedgerEntry.objects.filter(action="care.changed")
    assert (entry.actor, entry.details) == (ana, {})


def test_settings_laxer_than_the_house_are_refused(ana: User) -> None:
    with pytest.raises(ValidationError):
        care.change_care(user=ana, wanted=CareSettings(shown=["suicide_self_harm"]))
    with pytest.raises(ValidationError):
        care.change_care(user=ana, wanted=CareSettings(hidden_from=0.9))
    assert not CareSettings.objects.exists()


def test_of_two_forms_for_a_kind_the_stricter_holds() -> None:
    wishes = CareSettings(shown=["hate"], folded=["hate"]).wishes
    assert wishes.form_of("hate") == Form.FOLDED


# --- Severe cases -------------------------------------------------------------------------------


def test_two_severe_cases_do_not_follow_each_other(ana: User) -> None:
    first = severe_case()
    give_verdict(first, ana, now=timezone.now())
    second = severe_case()
    assert dealt(ana) is None
    with pytest.raises(SevereLimit, match="so was your last one"):
        claims.claim(case=second, user=ana)
    mild = make_case()
    assert dealt(ana) == mild
    give_verdict(mild, ana, now=timezone.now())
    assert dealt(ana) == second


@pytest.mark.parametrize("way_out", ["release", "skip", "lapse", "undo", "hold"])
def test_a_case_that_was_only_taken_does_not_lie_between_two_severe_ones(
    ana: User, way_out: str
) -> None:
    give_verdict(severe_case(), ana, now=timezone.now())
    severe, mild = severe_case(), make_case()
    claims.claim(case=mild, user=ana)
    if way_out == "release":
        claims.release(case=mild, user=ana)
    elif way_out == "skip":
        skipping.skip(case=mild, user=ana, now=timezone.now())
    elif way_out == "lapse":
        Claim.objects.live().update(expires_at=F("claimed_at"))
    elif way_out == "undo":
        give_verdict(mild, ana, now=timezone.now())
        verdicts.undo(case=mild, user=ana, now=timezone.now())
    with pytest.raises(SevereLimit, match="so was your last one"):
        claims.claim(case=severe, user=ana)
    assert dealt(ana) != severe


def test_a_gold_case_that_was_answered_lies_between_two_severe_ones(ana: User) -> None:
    give_verdict(severe_case(), ana, now=timezone.now())
    severe, gold = severe_case(), make_case()
    claims.claim(case=gold, user=ana)
    now = timezone.now()
    given = Exercise.objects.create(
        kind=ExerciseKind.GOLD, case=gold, person=ana, dealt_at=now, due_at=now
    )
    assert not suits(severe, ana, now)
    given.answered_at, given.decision = now, "uphold"
    given.save()
    assert suits(severe, ana, now)


def test_a_quarter_of_an_hour_lies_between_severe_cases_as_well_as_another_case(ana: User) -> None:
    worked(ana, severe_case(), began=20, ended=14)
    waiting = severe_case()
    assert not suits(waiting, ana, timezone.now())
    assert suits(waiting, ana, timezone.now() + timedelta(minutes=2))


def test_a_severe_case_is_not_passed_over_for_those_who_had_none(ana: User) -> None:
    case = severe_case()
    make_case()
    Case.objects.filter(pk=case.pk).update(priority=5000)
    assert dealt(ana) == case


@pytest.fixture
def _two_in_a_shift() -> object:
    with override_settings(SEVERE_PER_SHIFT=2) as changed:
        yield changed


@pytest.mark.usefixtures("_two_in_a_shift")
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_at_the_cap_nobody_gets_another_severe_case(role: Role) -> None:
    user = make_user(role)
    for minutes in (200, 120):
        worked(user, severe_case(), began=minutes, ended=minutes - 10)
    severe, mild = severe_case(), make_case()
    Case.objects.filter(pk=severe.pk).update(priority=5000)
    with pytest.raises(SevereLimit, match="limit for a shift is 2"):
        claims.claim(case=severe, user=user)
    assert dealt(user) == mild


@pytest.mark.usefixtures("_two_in_a_shift")
def test_after_a_rest_the_count_begins_anew(ana: User) -> None:
    for minutes in (600, 500):
        worked(ana, severe_case(), began=minutes, ended=minutes - 10)
    case = dealt(ana)
    assert case is not None
    assert case.severe


@pytest.mark.usefixtures("_two_in_a_shift")
def test_a_severe_case_that_was_lost_can_be_taken_up_again_at_the_cap(ana: User) -> None:
    first, second = severe_case(), severe_case()
    worked(ana, first, began=200, ended=190)
    worked(ana, second, began=30, ended=20)
    assert claims.claim(case=second, user=ana).case == second


def test_one_may_set_less_for_oneself_and_never_more(ana: User) -> None:
    care.change_care(user=ana, wanted=CareSettings(severe_per_shift=0))
    worked(ana, severe_case(), began=200, ended=190)
    assert care.severe_share(ana, timezone.now()).limit
    with override_settings(SEVERE_PER_SHIFT=2):
        assert care.cap_of(CareSettings(severe_per_shift=9)) == 2


def test_none_at_all_is_none_from_the_first_on(ana: User) -> None:
    care.change_care(user=ana, wanted=CareSettings(severe_per_shift=0))
    severe = severe_case()
    assert dealt(ana) is None
    with pytest.raises(SevereLimit):
        claims.claim(case=severe, user=ana)


# --- Pauses -------------------------------------------------------------------------------------


def pause(user: User, after: timedelta = timedelta()) -> Pause | None:
    return care.suggested_pause(user, timezone.now() + after)


def test_a_pause_is_suggested_after_a_while_of_work_without_one(ana: User) -> None:
    worked(ana, make_case(), began=60, ended=32)
    worked(ana, make_case(), began=30, ended=1)
    assert pause(ana) == Pause.LONG
    assert pause(ana, timedelta(minutes=10)) is None
    care.change_care(user=ana, wanted=CareSettings(pause_after_minutes=90))
    assert pause(ana) is None


def test_a_pause_that_was_had_counts(ana: User) -> None:
    worked(ana, make_case(), began=60, ended=30)
    worked(ana, make_case(), began=20, ended=1)
    assert pause(ana) is None


def test_a_pause_is_suggested_after_a_severe_case_and_not_in_the_middle_of_it(ana: User) -> None:
    case = severe_case()
    claims.claim(case=case, user=ana)
    assert pause(ana) is None
    claims.release(case=case, user=ana)
    assert pause(ana, timedelta(seconds=1)) == Pause.SEVERE
    assert pause(ana, timedelta(minutes=6)) is None


def test_suggesting_writes_nothing(ana: User) -> None:
    worked(ana, severe_case(), began=10, ended=1)
    entries = LedgerEntry.objects.count()
    assert pause(ana) == Pause.SEVERE
    assert LedgerEntry.objects.count() == entries
