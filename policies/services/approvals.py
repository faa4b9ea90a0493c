"""What a second person says of a version that was laid before them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from accounts.ledger import record
from accounts.models import User
from policies.models import Activation, Submission, SubmissionDecision
from policies.permissions import check_change, check_decide
from policies.services.rollbacks import rollback
from policies.services.versions import NotPossible, lock, person


def approve(*, number: int, user: User, now: datetime, reason: str = "") -> Submission:
    """Let the version be activated; where one person alone activated it, that is reviewed.

    Raises ``PermissionDenied`` to those who had a hand in it, and ``NotPossible`` where it does
    not wait for anybody.
    """
    with transaction.atomic():
        return _decide(number, SubmissionDecision.APPROVED, user, now, reason)


def reject(*, number: int, user: User, now: datetime, reason: str) -> Submission:
    """Refuse the version for good, with a *reason* that is not empty.

    Where one person alone activated it, the scopes in which it holds go back to what they had:
    those too that came back to it by a rollback, or keep it beside another rollout.
    Raises as :func:`approve` does.
    """
    with transaction.atomic():
        submission = _decide(number, SubmissionDecision.REJECTED, user, now, reason)
        holding = Activation.objects.live().filter(Q(version=number) | Q(beside=number))
        for scope in sorted(holding.values_list("scope", flat=True)):
            rollback(scope=scope, reason=reason, actor=person(user), now=now)
    return submission


def _decide(
    number: int, decision: SubmissionDecision, user: User, now: datetime, reason: str
) -> Submission:
    check_change(user)
    lock()
    submission = Submission.objects.filter(version=number).first()
    if submission is None or submission.decision != SubmissionDecision.PENDING:
        sentence = gettext("Policy %(number)s does not wait for anybody's decision.")
        raise NotPossible(sentence % {"number": number})
    check_decide(user, submission)
    submission.decision, submission.reason = decision, reason
    submission.decided_by, submission.decided_at = user, now
    submission.save(update_fields=["decision", "reason", "decided_by", "decided_at"])
    record(
        actor=person(user),
        at=now,
        action=f"policy.{decision.value}",
        obj="policy_version",
        object_id=number,
    )
    return submission
