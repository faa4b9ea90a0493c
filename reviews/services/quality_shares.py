"""How much of the work is looked at for quality's sake: set by seniors, kept with who and when.

They are no part of a policy: they weigh the time of the people here, and change no threshold.
Each draw keeps the probability that it was made with, so that a change spoils no estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import QualityShares
from reviews.permissions import check_manage_quality

MOST_GOLD = 0.5


@dataclass(frozen=True)
class Shares:
    """``agreement``: of two who agree, how many are checked; ``gold``: of what is dealt. 0 to 1."""

    agreement: float = 0.10
    gold: float = 0.03


#: What holds until somebody sets something else.
FIRST = Shares()


def shares() -> Shares:
    """The shares that hold now; :data:`FIRST` where nobody has set any."""
    latest = QualityShares.objects.order_by("-pk").first()
    return Shares(latest.agreement_share, latest.gold_share) if latest else FIRST


def set_shares(*, wanted: Shares, by: User, now: datetime) -> None:
    """Let *wanted* hold for what is drawn from *now* on.

    Raises ``PermissionDenied``, or ``ValidationError`` for a share that is out of bounds.
    """
    check_manage_quality(by)
    if not 0 <= wanted.agreement <= 1:
        raise ValidationError({"agreement": _("A share is between 0 and 1.")})
    if not 0 <= wanted.gold <= MOST_GOLD:
        raise ValidationError({"gold": _("At most half of what is dealt can be gold cases.")})
    with transaction.atomic():
        QualityShares.objects.create(
            agreement_share=wanted.agreement, gold_share=wanted.gold, set_by=by, set_at=now
        )
        record(
            actor=Actor(user=by),
            at=now,
            action="quality.shares_set",
            obj="quality",
            object_id="",
            details={"agreement": wanted.agreement, "gold": wanted.gold},
        )
