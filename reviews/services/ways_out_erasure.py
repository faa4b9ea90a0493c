"""A person's words in what the staff wrote on other ways out of a case than a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Cutoff
from reviews.models import Deferral, Escalation, Takeover, UnclearSignal, VerdictDraft
from reviews.quotes import quoting

#: Model, field, and the path to the case.
_TEXTS: Final[tuple[tuple[Any, str, str], ...]] = (
    (Deferral, "note", "case"),
    (Escalation, "question", "case"),
    (Escalation, "answer", "case"),
    (Takeover, "reason", "claim__case"),
    (UnclearSignal, "note", "case"),
)


def erase_ways_out(
    *, cutoffs: QuerySet[Cutoff], said: Sequence[str], unread: frozenset[UUID], replacement: str
) -> int:
    """Delete drafts on *cutoffs*, put *replacement* for what quotes *said*; how many there were.

    On *unread*, of which nobody can tell any more, everything is replaced.
    """
    drafts, _ = VerdictDraft.objects.filter(case_id__in=cutoffs.values("pk")).delete()
    return drafts + sum(
        replace_words(model, field, path, cutoffs, said, unread, replacement)
        for model, field, path in _TEXTS
    )


def replace_words(
    model: Any,
    field: str,
    path: str,
    cutoffs: QuerySet[Cutoff],
    said: Sequence[str],
    unread: frozenset[UUID],
    replacement: str,
) -> int:
    """Put *replacement* for what in *field* of *model* quotes *said*; how many there were.

    *path* leads to the case.
    """
    rows = (
        model.objects.select_for_update(of=("self",))
        .filter(**{f"{path}__in": cutoffs.values("pk")})
        .exclude(**{f"{field}__in": ["", replacement]})
        .order_by("pk")
        .values_list("pk", f"{path}_id", field)
    )
    texts = {key: (case_id, text) for key, case_id, text in rows}
    found = quoting({key: text for key, (_, text) in texts.items()}, said)
    found |= {key for key, (case_id, _) in texts.items() if case_id in unread}
    return int(model.objects.filter(pk__in=found).update(**{field: replacement}))
