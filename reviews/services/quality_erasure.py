"""A person's words in answers to exercises, in mentors' comments and in gold cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Cutoff
from reviews.models import ExerciseText, GoldCase, MentorComment
from reviews.services.ways_out_erasure import replace_words

#: Model, field, and the path to the case.
_TEXTS: Final[tuple[tuple[Any, str, str], ...]] = (
    (ExerciseText, "rationale", "exercise__case"),
    (MentorComment, "text", "exercise__case"),
    (GoldCase, "explanation", "case"),
)


def erase_quality(
    *, cutoffs: QuerySet[Cutoff], said: Sequence[str], unread: frozenset[UUID], replacement: str
) -> int:
    """Put *replacement* for what quotes *said*, and all on *unread*; how many there were."""
    return sum(
        replace_words(model, field, path, cutoffs, said, unread, replacement)
        for model, field, path in _TEXTS
    )
