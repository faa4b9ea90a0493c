"""Another category: the reported one is kept, the case is routed again."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Claim, Reclassification
from reviews.services import claims, reclassifying
from reviews.services.claims import HeldByAnother
from reviews.vocabulary import Queue
from tests.factories import NOW, make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER, name="Ana")


@pytest.fixture
def case(ana: User) -> Case:
    """A case that Ana holds."""
    case = make_case()
    claims.claim(case=case, user=ana)
    return case


def test_the_cutoff_keeps_what_was_reported(case: Case, ana: User) -> None:
    assert reclassifying.reclassify(case=case, user=ana, category="hate", now=NOW)

    case.refresh_from_db()
    assert case.category == "hate"
    assert Cutoff.objects.get(pk=case.pk).category == "harassment_of_model"
    row = Reclassification.objects.get()
    assert (row.was, row.category, row.by) == ("harassment_of_model", "hate", ana)
    assert claims.live_claim(case)
    details = LedgerEntry.objects.get(action="case.reclassified").details
    assert details == {"was": "harassment_of_model", "category": "hate"}


def test_child_safety_is_out_of_the_unqualified_hands_at_once(case: Case, ana: User) -> None:
    assert not reclassifying.reclassify(
        case=case, user=ana, category="child_sexual_exploitation", now=NOW
    )
    case.refresh_from_db()
    assert case.queue == Queue.CHILD_SAFETY
    assert case.severe
    assert not Claim.objects.live().exists()
    assert not Case.objects.listed_for(ana).exists()


@pytest.mark.parametrize("category", ["harassment_of_model", "weather", ""])
def test_the_category_must_be_another_known_one(case: Case, ana: User, category: str) -> None:
    with pytest.raises(ValidationError):
        reclassifying.reclassify(case=case, user=ana, category=category, now=NOW)
    assert not Reclassification.objects.exists()


def test_only_the_holder_reclassifies(case: Case) -> None:
    with pytest.raises(HeldByAnother):
        reclassifying.reclassify(case=case, user=make_user(Role.SENIOR), category="hate", now=NOW)
