"""How many ends broke a rule that no policy can switch off, by whom it is known.

Three figures that are never added up, each with what is unknown beside it: few recorded ones say
nothing good where much is unknown (docs/explanation/estimation.md, "Breaches").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q

from policies.conformance import NO_WARNING, RISK_ABOVE_CEILING, RISK_UNKNOWN
from reviews.models import Verdict
from reviews.services.surprise import CRISIS, FRESH, counted
from reviews.vocabulary import ReasonCode

_KEY: Final = "reviews.breaches"
_CONFIRMING: Final = [*CRISIS, ReasonCode.NO_PRIOR_WARNING.value]


@dataclass(frozen=True)
class Breaches:
    """Of ``cutoffs`` by the model: a census, no estimate.

    ``reported``: by the source's own signals and marks; ``risk_unknown`` lack a risk. ``cued``: the
    transcript reads like a crisis; ``unread`` ones were not read, or had none. ``confirmed``: a
    reviewer's reasons say so, once the case was settled; ``unreviewed`` ones nobody has decided.
    """

    cutoffs: int
    reported: int
    risk_unknown: int
    cued: int
    unread: int
    confirmed: int
    unreviewed: int


def breaches(*, now: datetime) -> Breaches:
    """The counts of the same four weeks as the surprise rate; ten minutes old at most."""
    known: Breaches | None = cache.get(_KEY)
    if known is None:
        known = _breaches(now)
        cache.set(_KEY, known, FRESH)
    return known


def _breaches(now: datetime) -> Breaches:
    said = Verdict.objects.filter(
        case=OuterRef("pk"), withdrawal=None, reason_codes__overlap=_CONFIRMING
    )
    return Breaches(
        **counted(now).aggregate(
            cutoffs=Count("pk"),
            reported=Count("pk", filter=Q(case__flags__overlap=[RISK_ABOVE_CEILING, NO_WARNING])),
            risk_unknown=Count("pk", filter=Q(case__flags__contains=[RISK_UNKNOWN])),
            cued=Count("pk", filter=Q(crisis_cue=True)),
            unread=Count("pk", filter=Q(evidence=None)),
            confirmed=Count("pk", filter=Q(Exists(said), first_review__isnull=False)),
            unreviewed=Count("pk", filter=Q(first_review=None)),
        )
    )
