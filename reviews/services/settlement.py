"""Settling: the moment at which standing, remedy and outcome take effect, in one transaction.

Nothing takes effect while a legal hold on the case or its subject is in force. Such a case stays
as it is, and looks like any other whose verdict is in; it settles with the first sweep after the
hold has ended. A case that settled before its hold was placed stays settled. So it is while the
notice of a case is restricted.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.ledger import Actor, record
from conversations.models import Cutoff
from conversations.services import holds, standing
from conversations.vocabulary import FirstReview, Remedy, Standing
from reviews.models import Case, CaseQuerySet, Restriction, Verdict
from reviews.services import feedback, outcomes, replies
from reviews.services.adjudication import standing_verdicts
from reviews.services.public_face import is_withheld
from reviews.transitions import Action, check
from reviews.vocabulary import CaseState, Judgement, ReasonCode

log = structlog.get_logger(__name__)

BATCH = 200

#: Overturns for these alone say that the procedure failed, not that the judgement did.
PROCEDURE = frozenset({ReasonCode.NO_PRIOR_WARNING, ReasonCode.TOO_FEW_REDIRECTS})

_FIRST_REVIEWS = {
    Judgement.UPHOLD: FirstReview.UPHELD,
    Judgement.OVERTURN: FirstReview.OVERTURNED,
    Judgement.RIGHT_TO_CONTINUE: FirstReview.RIGHT_TO_CONTINUE,
    Judgement.SHOULD_HAVE_ENDED: FirstReview.SHOULD_HAVE_ENDED,
}


def settle_due(*, now: datetime) -> int:
    """Settle the cases whose undo time is over at *now*; how many there were.

    Each in its own transaction: what fails keeps no other from settling. Cases that another
    process is settling are passed over.
    """
    due = _due(now).order_by("settle_at").only("pk")[:BATCH]
    return sum(_settle_or_log(case.pk, now) for case in list(due))


def _due(now: datetime) -> CaseQuerySet:
    """The cases whose undo time is over and that neither hold nor restriction keeps."""
    held = Cutoff.objects.filter(holds.on_cutoff(now), pk=OuterRef("pk"))
    restricted = Restriction.objects.filter(case=OuterRef("pk"), lifted_at=None)
    due = Case.objects.filter(state=CaseState.SETTLING, settle_at__lte=now)
    return due.exclude(Exists(held)).exclude(Exists(restricted))


def _settle_or_log(case_id: UUID, now: datetime) -> bool:
    try:
        return _settle(case_id, now)
    except Exception:
        log.exception("settlement.failed", case=str(case_id))
        return False


@transaction.atomic
def _settle(case_id: UUID, now: datetime) -> bool:
    holds.respect()
    case = (
        _due(now)
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("cutoff")
        .filter(pk=case_id)
        .first()
    )
    # Asked once more under the lock: somebody may have restricted it while we waited.
    if case is None or is_withheld(case):
        return False
    check(case.state, Action.SETTLE)
    verdict = standing_verdicts(case)[-1]
    standing.note_first_review(cutoff=case.cutoff, review=_first_review(case), now=now)
    reopened = False
    if case.is_cutoff:
        overturned = verdict.decision == Judgement.OVERTURN
        reopened = standing.settle(
            cutoff=case.cutoff,
            standing=Standing.OVERTURNED if overturned else Standing.UPHELD,
            remedy=Remedy(verdict.remedy),
            now=now,
        )
    case.state, case.settle_at = CaseState.SETTLED, None
    case.save(update_fields=["state", "settle_at"])
    outcomes.settled(cutoff_id=case.pk, now=now)
    feedback.close(case=case, now=now)
    replies.publish(case=case, now=now)
    record(
        actor=Actor.task("settle"),
        at=now,
        action="case.settled",
        obj="case",
        object_id=case.pk,
        details={"verdict": str(verdict.pk), "reopened": reopened},
    )
    return True


def _first_review(case: Case) -> FirstReview:
    """What the first verdict of all rounds said that was not withdrawn."""
    first: Verdict = case.verdicts.filter(withdrawal=None).order_by("at", "id")[0]
    if first.decision == Judgement.OVERTURN and set(first.reason_codes) <= PROCEDURE:
        return FirstReview.OVERTURNED_FOR_PROCEDURE
    return _FIRST_REVIEWS[Judgement(first.decision)]
