"""What a notice says of its cutoff that stands elsewhere."""

from __future__ import annotations

from conversations.models import Cutoff
from policies.models import CutoffConformance
from policies.services.conformance import conformance_of
from reviews.notices import kinds_met


def kinds_met_by(cutoff: Cutoff) -> list[str]:
    """The kinds of criteria that *cutoff* met, in words; none before it was held against any."""
    stored = CutoffConformance.objects.filter(pk=cutoff.pk).first()
    return kinds_met(conformance_of(stored).lines) if stored else []
