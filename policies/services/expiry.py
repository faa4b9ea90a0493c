"""Forgetting, with the signals whose term is over, what repeats them: conformance, evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from conversations.models import Source
from policies.models import AskedEvaluation, CutoffConformance
from policies.services.conformance import SIGNALS, conformance_of
from policies.services.evaluations import evaluations_over

EVALUATIONS: Final = "evaluations"
NO_LONGER_KEPT: Final = "What was reported is no longer kept."
#: The lines of a conformance that repeat a signal: its own, or the larger of the two risks.
_REPEATING: Final = frozenset({*SIGNALS, "imminent_risk"})


def forget_signals(*, cutoff_ids: Sequence[UUID], **_kwargs: Any) -> None:
    """Take the reported figures out of stored conformance; what each line came to stays."""
    rows = list(CutoffConformance.objects.filter(pk__in=cutoff_ids).order_by("pk"))
    for row in rows:
        found = conformance_of(row)
        lines = tuple(
            msgspec.structs.replace(line, reported=None, explanation=NO_LONGER_KEPT)
            if line.name in _REPEATING
            else line
            for line in found.lines
        )
        row.found = msgspec.to_builtins(msgspec.structs.replace(found, lines=lines))
    CutoffConformance.objects.bulk_update(rows, ["found"])


def offer_evaluations(
    *, source: Source, before: datetime, now: datetime, **_kwargs: Any
) -> tuple[str, QuerySet[AskedEvaluation], QuerySet[AskedEvaluation]]:
    """What the source asked and is kept no longer, for retention to delete in its batches."""
    return EVALUATIONS, *evaluations_over(source=source, before=before, now=now)
