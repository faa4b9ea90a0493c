"""A senior's word: where two reviewers differ, and on a random share of those who agree.

Where they differ the senior reads both verdicts, without names. Where they agree the senior sees
neither, and takes the case for any other: only so can errors that both made be counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from conversations.sampling import uniform
from reviews.models import AgreementDraw, Case, Claim, Verdict
from reviews.services.quality_shares import shares
from reviews.vocabulary import CaseState


def standing_verdicts(case: Case) -> list[Verdict]:
    """The verdicts of the present round that were not withdrawn, oldest first."""
    return _STANDING.all(case=case.pk, number=case.round)


_STANDING: Final = Prepared(
    lambda case, number: Verdict.objects.filter(case=case, round=number, withdrawal=None).order_by(
        "at", "id"
    ),
    case=UUID,
    number=int,
)


def differ(given: Sequence[Verdict]) -> bool:
    """Whether the last two of *given* decide differently."""
    return len({verdict.decision for verdict in given[-2:]}) > 1


def agreement_is_checked(case: Case, given: Sequence[Verdict], now: datetime) -> bool:
    """Whether a senior is to check the agreement that the second verdict has just made.

    Drawn once, by a hash of the case's key that nobody can guess, among the cutoffs drawn for
    double review: of others the two verdicts are no sample of anything.
    """
    second = case.state == CaseState.SECOND_REVIEW and case.round == 1 and len(given) == 2
    if not second or not case.cutoff.in_double or differ(given) or case.escalations.exists():
        return False
    probability = shares().agreement
    number = uniform(case.pk, purpose="agreement", salt=settings.RECOURSE_AUDIT_SALT)
    drawn, _ = AgreementDraw.objects.get_or_create(
        case=case,
        defaults={"probability": probability, "drawn": number < probability, "at": now},
    )
    return drawn.drawn


def contested(*, case: Case, user: User) -> list[Verdict]:
    """The two verdicts between which *user*, who holds the case, is to decide; else nothing.

    In an order that tells nothing of whose was first: their keys are random. For showing without
    names. The reading is in the ledger.
    """
    if not case.contested or case.state != CaseState.ADJUDICATION:
        return []
    if not user.has_perm("reviews.adjudicate_case"):
        return []
    if not Claim.objects.live().filter(case=case, reviewer=user).exists():
        return []
    both = standing_verdicts(case)[-2:]
    if user.pk in {verdict.reviewer_id for verdict in both}:
        return []
    with transaction.atomic():
        record(actor=Actor(user=user), action="verdicts.compared", obj="case", object_id=case.pk)
    return sorted(both, key=lambda verdict: verdict.pk)
