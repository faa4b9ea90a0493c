"""Drafts of verdicts: what somebody typed outlives their lease, and nobody else sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from reviews.appeal_models import Reply
from reviews.models import (
    Case,
    Claim,
    Exercise,
    ExerciseText,
    Verdict,
    VerdictDraft,
    VerdictText,
)
from reviews.services.erased import is_fresh
from reviews.services.leaving import locked
from reviews.transitions import PENDING

#: The fields of a verdict that have one value, and those that have several.
SINGLE: Final = (
    "decision",
    "remedy",
    "policy_followed",
    "severity",
    "category",
    "rationale",
    "reply_canned",
    "reply_words",
)
SEVERAL: Final = ("reason_codes", "evidence", "ranges")

#: Characters of one value, and values of one field: more than any verdict may have.
LONGEST: Final = 20_000
MOST: Final = 2_000

#: What was left lying so long is of no use to anybody.
KEPT_FOR: Final = timedelta(days=30)


@transaction.atomic
def save_draft(
    *, case: Case, user: User, content: Mapping[str, Sequence[str]], now: datetime
) -> bool:
    """Keep what *user* has typed on *case*; whether it was kept.

    Only for whoever has held the case, since its words were erased if they were, and has no
    verdict on it that stands: what is sent on its way while the verdict goes in comes too late.
    *content* has the values of each field.
    """
    found = locked(case)
    if not Claim.objects.filter(case=found, reviewer=user).exists() or not is_fresh(found, user):
        return False
    if found.verdicts.filter(reviewer=user, withdrawal=None).exists():
        return False
    if Exercise.objects.filter(case=found, person=user, answered_at__isnull=False).exists():
        return False
    kept = kept_of(content)
    if not any(kept.values()):
        forget_draft(case=found, user=user)
        return True
    VerdictDraft.objects.update_or_create(
        case=found, reviewer=user, defaults={"content": kept, "saved_at": now}
    )
    return True


def content_of(given: Verdict | Exercise) -> dict[str, list[str]]:
    """A verdict, or an answer, as the draft that it was: nothing is written twice."""
    words, cited, (canned, reply) = _words(given), given.evidence, _reply(given)
    return {
        "decision": [given.decision],
        "remedy": [given.remedy],
        "policy_followed": [given.policy_followed],
        "severity": [] if given.severity is None else [str(given.severity)],
        "category": [given.category],
        "rationale": [words.rationale if words else ""],
        "reply_canned": [canned],
        "reply_words": [reply],
        "reason_codes": given.reason_codes,
        "evidence": [str(one["turn"]) for one in cited if "start" not in one],
        "ranges": [f"{one['turn']}:{one['start']}-{one['end']}" for one in cited if "start" in one],
    }


def _words(given: Verdict | Exercise) -> VerdictText | ExerciseText | None:
    if isinstance(given, Exercise):
        return ExerciseText.objects.filter(exercise=given).first()
    return VerdictText.objects.filter(verdict=given).first()


def _reply(given: Verdict | Exercise) -> tuple[str, str]:
    """What was to be answered to the user with a verdict, or an answer: a kept text, and words."""
    if isinstance(given, Exercise):
        kept = VerdictDraft.objects.filter(case=given.case_id, reviewer=given.person_id).first()
        content = kept.content if kept else {}
        return content.get("reply_canned", ""), content.get("reply_words", "")
    reply = Reply.objects.filter(verdict=given, published_at=None).select_related("words").first()
    return (reply.canned, reply.own_words) if reply else ("", "")


def keep_reply(*, case: Case, user: User, canned: str, words: str, now: datetime) -> None:
    """Leave of a draft the reply alone, which goes to nobody from a gold case.

    When the answer is taken back it is there again, as that of any verdict is.
    """
    forget_draft(case=case, user=user)
    if canned or words.strip():
        content = kept_of({"reply_canned": [canned], "reply_words": [words]})
        VerdictDraft.objects.create(case=case, reviewer=user, content=content, saved_at=now)


def kept_of(content: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of a verdict among *content*, as they were typed."""
    clean = {
        name: [value.replace("\x00", "\ufffd")[:LONGEST] for value in content.get(name, ())][:MOST]
        for name in (*SINGLE, *SEVERAL)
    }
    return {name: clean[name][-1] if clean[name] else "" for name in SINGLE} | {
        name: clean[name] for name in SEVERAL
    }


def is_whole(case: Case, content: Mapping[str, Any]) -> bool:
    """Whether a verdict on *case* is drafted: nothing that it needs is missing, nor a severity.

    Only then does what was reported steer nobody any more: decision and severity are their own.
    """
    needed = ["decision", "policy_followed", "rationale", "severity"]
    if case.is_cutoff:
        needed.append("remedy")
    said = [*(content.get(name, "") for name in needed), "".join(content.get("reason_codes", ()))]
    return all(value.strip() for value in said)


def draft_of(*, case: Case, user: User) -> VerdictDraft | None:
    """What *user* was writing on *case*."""
    return VerdictDraft.objects.filter(case=case, reviewer=user).first()


def forget_draft(*, case: Case, user: User) -> None:
    """Delete it: the verdict is in, or nothing is left of it."""
    VerdictDraft.objects.filter(case=case, reviewer=user).delete()


def forget_old_drafts(*, now: datetime) -> int:
    """Delete drafts of cases that were decided meanwhile, and those left lying; how many."""
    # A gold case was decided before; to whom it was dealt it is work.
    dealt = Exercise.objects.filter(
        case=OuterRef("case"), person=OuterRef("reviewer"), answered_at=None
    )
    decided = VerdictDraft.objects.exclude(case__state__in=PENDING).exclude(Exists(dealt))
    lying = VerdictDraft.objects.filter(saved_at__lt=now - KEPT_FOR)
    return decided.delete()[0] + lying.delete()[0]
