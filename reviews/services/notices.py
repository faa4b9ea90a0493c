"""What a notice says of its cutoff that stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from policies.models import CutoffConformance
from policies.services.conformance import conformance_of
from policies.thresholds import BUILT_IN, Thresholds
from reviews.notices import kinds_met


def stored_conformance(cutoff_ids: Iterable[UUID]) -> dict[UUID, CutoffConformance]:
    """The conformance of cutoffs with the version that each was held against, in one query."""
    return CutoffConformance.objects.select_related("version").in_bulk(list(cutoff_ids))


def kinds_met_as(stored: CutoffConformance | None, *, category: str) -> list[str]:
    """The kinds of criteria that were met, by what *category* asks for; none before any was held.

    *category* is the one that is told: a restricted notice takes the same way as any other.
    """
    if stored is None:
        return []
    return kinds_met(conformance_of(stored).lines, _thresholds(stored).of(category))


def _thresholds(stored: CutoffConformance) -> Thresholds:
    """Those of the version; the built-in ones where it can no longer be read."""
    try:
        return stored.version.thresholds
    except msgspec.ValidationError:
        return BUILT_IN
