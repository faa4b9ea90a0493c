"""Gold cases, made and dealt for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, Exercise, GoldCase, QualityShares
from reviews.services import claims, gold, verdicts
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict, settle

LATER = NOW + timedelta(days=2)


def settled(decision: str = "overturn", **changes: Any) -> Case:
    """A case that somebody else decided, and that settled."""
    case = make_case(**changes)
    give_verdict(case, make_user(Role.REVIEWER, name="Zoe"), decision, rationale="giraffe")
    settle(case)
    return case


def gold_case(by: User, case: Case | None = None) -> GoldCase:
    """A gold case, made by a senior; every other case that is dealt is one."""
    QualityShares.objects.create(agreement_share=0, gold_share=0.5, set_by=by, set_at=NOW)
    return gold.make(
        case=case or settled(),
        decisions=["overturn"],
        reason_codes=["roleplay"],
        explanation="It was a story, okapi.",
        by=by,
        now=NOW,
    )


def dealt(user: User, by: User, case: Case | None = None) -> Exercise:
    """Until a gold case is dealt to *user*: the draw is by the case in whose place it stands."""
    gold_case(by, case)
    for _ in range(40):
        make_case()
        claim = claims.claim_next(user=user)
        assert claim is not None
        if exercise := Exercise.objects.filter(person=user).first():
            assert claim.case_id == exercise.case_id
            return exercise
        verdicts.decide(case=claim.case, user=user, verdict=new_verdict(), now=LATER)
    raise AssertionError("none was dealt")
