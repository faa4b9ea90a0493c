"""Dealing: which of the waiting cases may be given to whom.

Every rule of it stands here, one function each. What is refused here can be claimed by hand all
the same, unless ``permissions.can_decide`` refuses it too.
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from reviews.models import CaseQuerySet


def suited_to(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that may be dealt to *user* at *now*.

    A rule must be answered row by row from the case and one look into an index: claim-next
    walks down the order of work until the first row that suits.
    """
    return cases.listed_for(user).decidable_by(user).unclaimed()
