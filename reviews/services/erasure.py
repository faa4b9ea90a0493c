"""A person's words that stand in reviews: erased with the rest, in the same transaction.

Verdicts stay as they are: which turns they cite is numbers. Their rationales and the notes
beside a case are words of a reviewer; those that quote the person, from the conversation or from
their feedback, are replaced. So are texts that are kept for rationales, and names that people
gave. Why somebody was given a role, a notice restricted or a hold placed stays: records of the
house about its own acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus
from uuid import UUID

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat

from conversations.models import Cutoff
from reviews.appeal_models import AnswerAddress, ReplyText
from reviews.models import (
    Attempt,
    CannedText,
    Case,
    CaseNoteText,
    FeedbackText,
    Label,
    SavedView,
    VerdictText,
)
from reviews.quotes import quoting
from reviews.services.erased import note_erased
from reviews.services.quality_erasure import erase_quality
from reviews.services.ways_out_erasure import erase_ways_out, replace_words

ERASED: Final = "[erased at the request of the person concerned]"


def erase_words(
    *,
    cutoff_ids: Sequence[UUID],
    all_cutoffs: QuerySet[Cutoff],
    said: Sequence[str],
    unread: Iterable[UUID],
    **_kwargs: Any,
) -> dict[str, int]:
    """Empty feedback on *cutoff_ids*, and what of reviewers quotes *said*; how many there were.

    A rationale or a note may quote another thread of the same person, so that those on
    *all_cutoffs* are read. Where a transcript went before, nobody can tell whether one quotes
    it: those on *unread* go.
    """
    note_erased(case_ids=cutoff_ids)
    gone = frozenset(unread)
    told = FeedbackText.objects.filter(feedback__case_id__in=cutoff_ids)
    said = [*said, *told.values_list("comment", flat=True)]
    return {
        "feedback": told.delete()[1].get(FeedbackText._meta.label, 0),
        "rationales": _replace_rationales(all_cutoffs, said, gone),
        "replies": replace_words(ReplyText, "text", "reply__case", all_cutoffs, said, gone, ERASED),
        "addresses": AnswerAddress.objects.filter(case_id__in=cutoff_ids).delete()[0],
        "notes": _replace_notes(all_cutoffs, said, gone),
        "ways_out": erase_ways_out(cutoffs=all_cutoffs, said=said, unread=gone, replacement=ERASED),
        "quality": erase_quality(cutoffs=all_cutoffs, said=said, unread=gone, replacement=ERASED),
        "canned_texts": _replace_canned_texts(said),
        "names": _replace_names(Label, said) + _replace_names(SavedView, said),
        "answers": _empty_answers(cutoff_ids),
    }


def _replace_rationales(
    cutoffs: QuerySet[Cutoff], said: Sequence[str], unread: frozenset[UUID]
) -> int:
    texts = (
        VerdictText.objects.select_for_update(of=("self",))
        .filter(verdict__case_id__in=cutoffs.values("pk"))
        .exclude(rationale=ERASED)
        .order_by("pk")
        .values_list("pk", "verdict__case_id", "rationale")
    )
    rationales = {key: (case_id, rationale) for key, case_id, rationale in texts}
    found = quoting({key: words for key, (_, words) in rationales.items()}, said)
    found |= {key for key, (case_id, _) in rationales.items() if case_id in unread}
    return VerdictText.objects.filter(pk__in=found).update(rationale=ERASED, terms="")


def _replace_notes(cutoffs: QuerySet[Cutoff], said: Sequence[str], unread: frozenset[UUID]) -> int:
    texts = (
        CaseNoteText.objects.select_for_update(of=("self",))
        .filter(note__case_id__in=cutoffs.values("pk"))
        .exclude(text=ERASED)
        .order_by("pk")
        .values_list("pk", "note__case_id", "text")
    )
    notes = {key: (case_id, text) for key, case_id, text in texts}
    found = quoting({key: text for key, (_, text) in notes.items()}, said)
    found |= {key for key, (case_id, _) in notes.items() if case_id in unread}
    return CaseNoteText.objects.filter(pk__in=found).update(text=ERASED)


def _replace_canned_texts(said: Sequence[str]) -> int:
    """The words of a kept text, and its title; titles stay apart, since people choose by them."""
    kept = CannedText.objects.select_for_update().order_by("pk")
    rows = list(kept.values_list("pk", "title", "text"))
    titles = quoting({key: title for key, title, _ in rows}, said)
    texts = quoting({key: text for key, _, text in rows if text != ERASED}, said)
    number = Cast("pk", CharField())
    CannedText.objects.filter(pk__in=titles).update(title=Concat(Value(f"{ERASED} "), number))
    CannedText.objects.filter(pk__in=texts).update(text=ERASED)
    return len(titles | texts)


def _replace_names(model: type[Label | SavedView], said: Sequence[str]) -> int:
    """What people called a label, or a view that they keep, with the filters that it has."""
    rows: Any = model._default_manager.select_for_update(no_key=True).order_by("pk")
    named: dict[int, str] = dict(rows.values_list("pk", "name"))
    if model is SavedView:
        for key, filters in rows.values_list("pk", "filters"):
            named[key] += f"\n{unquote_plus(filters)}"
    found = rows.filter(pk__in=quoting(named, said)).order_by()
    changes: dict[str, Any] = {"name": Concat(Value("[erased] "), Cast("pk", CharField()))}
    return int(found.update(**changes | ({"filters": ""} if model is SavedView else {})))


def _empty_answers(cutoff_ids: Sequence[UUID]) -> int:
    """What a source's server answered to outcomes: it may name whom they were about."""
    attempts = Attempt.objects.filter(delivery__outcome__cutoff__in=cutoff_ids)
    return attempts.exclude(body="", headers={}).update(body="", headers={})


def forget_signals(*, cutoff_ids: Sequence[UUID], **_kwargs: Any) -> None:
    """Forget the locale that cases copied from their cutoffs, once its term is over."""
    Case.objects.filter(pk__in=cutoff_ids).update(locale="")
