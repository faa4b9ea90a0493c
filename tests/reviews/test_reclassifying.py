"""Another category: the reported one is kept, the case is routed again."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Claim, Reclassification
from reviews.services import claims, queues, reclassifying, routing_rules
from reviews.services.claims import HeldByAnother
from reviews.vocabulary import Area, Queue
from tests.factories import NOW, make_case, make_user

pytestmark = pytest.mark.django_db


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


def rule(category: str, slug: str, area: str = "") -> None:
    """A rule that sends cases of *category* to a new queue."""
    admin = make_user(Role.ADMINISTRATOR)
    queue = queues.make(slug=slug, name=slug.title(), area=area, by=admin, now=NOW)
    new = routing_rules.NewRule(name=slug, queue=queue, categories=(category,))
    routing_rules.make(rule=new, by=admin, now=NOW)


def test_the_rules_route_it_again(case: Case, ana: User) -> None:
    rule("hate", "speech")
    assert reclassifying.reclassify(case=case, user=ana, category="hate", now=NOW)
    case.refresh_from_db()
    assert case.queue == "speech"
    assert case.rule is not None
    reclassifying.reclassify(case=case, user=ana, category="privacy", now=NOW)
    case.refresh_from_db()
    assert (str(case.queue), case.rule_id) == ("general", None)


def test_a_queue_that_one_is_not_qualified_for_takes_it_away(case: Case, ana: User) -> None:
    rule("privacy", "lawyers", "legal")
    assert not reclassifying.reclassify(case=case, user=ana, category="privacy", now=NOW)
    assert not Claim.objects.live().exists()


def test_what_a_crisis_or_a_hand_placed_stays_there(ana: User) -> None:
    rule("hate", "speech")
    case = make_case(signals={"risk_self": 0.9})
    senior = make_user(Role.SENIOR, qualified=[Area.CRISIS])
    claims.claim(case=case, user=senior)
    assert reclassifying.reclassify(case=case, user=senior, category="hate", now=NOW)
    case.refresh_from_db()
    assert case.queue == Queue.CRISIS
