"""What the cutoff carries of its first review and of feedback, for a backtest."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from reviews.models import Case
from reviews.services import claims
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_near_miss_case,
    make_user,
    settle,
)

pytestmark = pytest.mark.django_db


def _first_review(case: Case) -> int | None:
    return Cutoff.objects.get(pk=case.pk).first_review


def _settled(case: Case, decision: str, **changes: Any) -> Case:
    give_verdict(case, make_user(Role.REVIEWER), decision, **changes)
    settle(case)
    return case


@pytest.mark.parametrize(
    ("decision", "codes", "told"),
    [
        ("uphold", ("severe_harm",), FirstReview.UPHELD),
        ("overturn", ("roleplay",), FirstReview.OVERTURNED),
        ("overturn", ("roleplay", "no_prior_warning"), FirstReview.OVERTURNED),
        ("overturn", ("no_prior_warning",), FirstReview.OVERTURNED_FOR_PROCEDURE),
        (
            "overturn",
            ("too_few_redirects", "no_prior_warning"),
            FirstReview.OVERTURNED_FOR_PROCEDURE,
        ),
    ],
)
def test_settling_tells_the_cutoff_its_first_review(
    decision: str, codes: tuple[str, ...], told: FirstReview
) -> None:
    assert _first_review(_settled(make_case(), decision, reason_codes=codes)) == told


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        ("right_to_continue", FirstReview.RIGHT_TO_CONTINUE),
        ("should_have_ended", FirstReview.SHOULD_HAVE_ENDED),
    ],
)
def test_settling_tells_a_near_miss_too(decision: str, told: FirstReview) -> None:
    assert _first_review(_settled(make_near_miss_case(), decision)) == told


def test_nothing_is_told_before_settlement() -> None:
    case = make_case()
    give_verdict(case, make_user(Role.REVIEWER))
    assert _first_review(case) is None


def test_an_appeal_changes_the_standing_and_not_the_first_review() -> None:
    case = _settled(make_case(), "uphold", reason_codes=("severe_harm",))
    hear(case, appeal=True)
    _settled(case, "overturn")
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert (cutoff.standing, cutoff.first_review) == ("overturned", FirstReview.UPHELD)


def test_the_moment_of_the_first_review_stays() -> None:
    case = _settled(make_case(), "uphold", reason_codes=("severe_harm",))
    first = Cutoff.objects.get(pk=case.pk).settled_at
    hear(case, appeal=True)
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    settle(case, now=NOW + timedelta(days=1))
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert (cutoff.first_reviewed_at, cutoff.standing) == (first, "overturned")
    assert cutoff.settled_at != first


def test_of_two_reviews_the_first_counts() -> None:
    case = make_case(double=True)
    give_verdict(case, make_user(Role.REVIEWER), "overturn", reason_codes=("roleplay",))
    give_verdict(case, make_user(Role.REVIEWER), "uphold", now=NOW + timedelta(minutes=1))
    give_verdict(case, make_user(Role.SENIOR), "uphold", now=NOW + timedelta(minutes=2))
    settle(case)
    assert _first_review(case) == FirstReview.OVERTURNED


def test_the_first_answer_of_each_kind_keeps_its_moment() -> None:
    case = make_case()
    hear(case, surprised=False, now=NOW)
    # Once somebody has looked, what comes is said anew and corrects nothing.
    claims.claim(case=case, user=make_user(Role.REVIEWER))
    hear(case, surprised=False, now=NOW + timedelta(hours=1))
    hear(case, surprised=True, now=NOW + timedelta(hours=2))
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert cutoff.unsurprised_at == NOW
    assert cutoff.surprised_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize("wrong", [{"first_review": FirstReview.UPHELD}, {"unsurprised_at": NOW}])
def test_a_near_miss_has_the_reviews_of_its_kind_and_no_answer(wrong: dict[str, Any]) -> None:
    near_misses = Cutoff.objects.filter(pk=make_near_miss_case().pk)
    with pytest.raises(IntegrityError, match="cutoff_first_review_of_its_kind"):
        near_misses.update(**wrong)


def test_what_was_settled_before_is_told_by_the_migration() -> None:
    overturned = _settled(make_case(), "overturn", reason_codes=("no_prior_warning",))
    near_miss = _settled(make_near_miss_case(), "should_have_ended")
    unsettled = make_case()
    give_verdict(unsettled, make_user(Role.REVIEWER))
    hear(unsettled, surprised=False)
    before = list(Cutoff.objects.order_by("pk").values("pk", "first_review", "unsurprised_at"))
    Cutoff.objects.update(first_review=None, first_reviewed_at=None, unsurprised_at=None)

    migration = importlib.import_module("reviews.migrations.0002_first_reviews")
    vars(migration)["BATCH"] = 1
    with connection.schema_editor(atomic=False) as editor:
        migration.tell(None, editor)

    after = list(Cutoff.objects.order_by("pk").values("pk", "first_review", "unsurprised_at"))
    assert after == before
    assert {_first_review(overturned), _first_review(near_miss)} == {3, 5}
