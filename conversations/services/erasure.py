"""Erasing a person's words wherever they stand; verdicts, numbers and the ledger stay.

A request covers what had arrived when it was made. It is worked off in batches, each one a
transaction that also notes how far it came: a run that was killed goes on there, and running
it again changes nothing. What a legal hold keeps is passed over, and the request stays open.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.ledger import HOLD, Actor, record
from conversations import keys
from conversations.models import (
    Cutoff,
    Enrichment,
    ErasureRequest,
    ErasureState,
    HeldTranscript,
    LegalHold,
    Source,
    Transcript,
    TranscriptEvidence,
)
from conversations.services import holds
from conversations.services.evidence import read_messages, transcripts_of
from conversations.services.loose_words import erase_loose_words
from conversations.services.words import delete_remainders, delete_search_chunks
from conversations.signals import words_erased

#: How many cutoffs one transaction takes.
BATCH: Final = 100
#: The clocks of two servers may differ by so much.
CLOCKS_DIFFER: Final = timedelta(seconds=5)

#: How much a hold keeps, among the counts of a request.
HELD: Final = "held"
#: How many holds on the person had ended when the present run began. Holds end for good, so that
#: one that has been let go of shows, though another was placed since.
_ENDED: Final = "holds_ended"
#: The counts that only those may see who may place holds.
OF_HOLDS: Final = frozenset({HELD, _ENDED})
_TASK = Actor.task("erase")

Progress = Callable[[ErasureRequest], None]


def request_erasure(
    *, source: Source, user_id: str, reason: str, actor: Actor, now: datetime
) -> ErasureRequest:
    """Note that a person's words are to be erased; :func:`run` does it.

    The user id is kept nowhere: the tombstone holds the pseudonym, and a reason that names the
    id is kept without it.
    """
    subject = keys.pseudonym(
        source=source.slug, user_id=user_id, secret=settings.RECOURSE_SUBJECT_KEY
    )
    with transaction.atomic():
        asked = ErasureRequest.objects.create(
            source=source,
            subject=subject,
            reason=re.sub(rf"(?<!\w){re.escape(user_id)}(?!\w)", "[user id]", reason),
            requested_by=actor.agent or f"user:{actor.user.pk if actor.user else ''}",
            requested_at=now,
        )
        record(
            actor=actor,
            at=now,
            action="erasure.requested",
            obj="erasure",
            object_id=asked.pk,
            details={"source": source.slug, "subject": subject},
        )
    return asked


def run(
    *, request_id: UUID, now: datetime, most: int | None = None, progress: Progress | None = None
) -> bool:
    """Erase, at *most* so many batches; False where there is more to do.

    True too where another process is at it, or a hold keeps the rest.
    """
    batches = 0
    while _batch(request_id, now):
        if progress:
            progress(ErasureRequest.objects.get(pk=request_id))
        batches += 1
        if most and batches >= most:
            return False
    return True


def rehearse(
    *, source: Source, user_id: str, now: datetime, progress: Progress | None = None
) -> ErasureRequest:
    """What an erasure would come to: it is done in one transaction, which is rolled back."""
    with transaction.atomic():
        asked = request_erasure(
            source=source, user_id=user_id, reason="rehearsal", actor=_TASK, now=now
        )
        run(request_id=asked.pk, now=now, progress=progress)
        asked.refresh_from_db()
        transaction.set_rollback(True)
    return asked


def to_do(*, now: datetime) -> list[UUID]:
    """The requests that can go on, oldest first: held ones once something was let go of."""
    open_ones = ErasureRequest.objects.exclude(state=ErasureState.DONE).order_by("requested_at")
    return [
        asked.pk
        for asked in open_ones.select_related("source")
        if asked.state != ErasureState.HELD or _let_go(asked, now)
    ]


def covered(asked: ErasureRequest) -> QuerySet[Cutoff]:
    """The cutoffs of the person that had been received when they asked."""
    return Cutoff.objects.filter(
        conversation__source=asked.source,
        conversation__subject=asked.subject,
        received_at__lte=asked.requested_at + CLOCKS_DIFFER,
    )


def kept_by_holds(asked: ErasureRequest, now: datetime) -> int:
    """How much of a request holds keep: its cutoffs, and one for the subject as such."""
    subject = holds.on_subject(source=asked.source, subject=asked.subject, now=now)
    return covered(asked).filter(holds.on_cutoff(now)).count() + subject


def _holds_ended(asked: ErasureRequest, now: datetime) -> int:
    """How many holds on the person or a covered case have been released or run out."""
    theirs = Q(cutoff__in=covered(asked)) | Q(
        cutoff=None, source=asked.source, subject=asked.subject
    )
    return LegalHold.objects.ended(now).filter(theirs).count()


def _let_go(asked: ErasureRequest, now: datetime) -> bool:
    """Whether a hold has ended since the last run began."""
    ended_then: int = asked.counts.get(_ENDED, 0)
    return _holds_ended(asked, now) > ended_then


@transaction.atomic
def _batch(request_id: UUID, now: datetime) -> bool:
    """Erase the next cutoffs; whether there may be more."""
    asked = (
        ErasureRequest.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source")
        .filter(pk=request_id)
        .exclude(state=ErasureState.DONE)
        .first()
    )
    if asked is None:
        return False
    holds.respect()
    if asked.state != ErasureState.RUNNING:
        _begin(asked, now)
    cutoffs = covered(asked)
    rest = cutoffs.filter(pk__gt=asked.after) if asked.after else cutoffs
    batch = list(rest.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not batch:
        return _finish(asked, now)
    free = cutoffs.exclude(holds.on_cutoff(now))
    erasable = sorted(free.filter(pk__in=batch).values_list("pk", flat=True))
    _add(asked, _erase(erasable, free, now))
    _add(asked, Counter({HELD: len(batch) - len(erasable)}))
    asked.after = batch[-1]
    asked.save(update_fields=["state", "after", "counts"])
    return True


def _begin(asked: ErasureRequest, now: datetime) -> None:
    """From the first cutoff on: what is erased already costs little to pass."""
    asked.state, asked.after = ErasureState.RUNNING, None
    asked.counts.pop(HELD, None)
    asked.counts[_ENDED] = _holds_ended(asked, now)


def _add(asked: ErasureRequest, done: Counter[str]) -> None:
    asked.counts = dict(Counter(asked.counts) + done)


def _erase(cutoff_ids: list[UUID], free: QuerySet[Cutoff], now: datetime) -> Counter[str]:
    """Empty everything about *cutoff_ids*; how many rows by kind."""
    # Whoever is reading these transcripts to enrich them ends first, and leaves no chunk behind.
    list(Enrichment.objects.select_for_update().filter(pk__in=cutoff_ids).order_by("pk"))
    transcripts = transcripts_of(cutoff_ids)
    answers = words_erased.send(
        sender=Cutoff,
        cutoff_ids=cutoff_ids,
        all_cutoffs=free,
        said=[words for transcript in transcripts for words in _said(transcript)],
        unread=_unread(cutoff_ids),
        now=now,
    )
    done = Counter(
        transcripts=_empty_transcripts(cutoff_ids, now),
        remainders=delete_remainders(cutoff_ids),
        search_chunks=delete_search_chunks(cutoff_ids),
    )
    for _, counts in answers:
        done.update(counts)
    return done


def _said(transcript: Transcript) -> list[str]:
    """What the person wrote."""
    return [
        part.text
        for message in read_messages(transcript)
        if message.role == "user"
        for part in message.parts
        if part.text
    ]


def _unread(cutoff_ids: list[UUID]) -> set[UUID]:
    """Those that had a transcript, as their evidence tells, of which no row is left."""
    there = {
        key
        for table in (Transcript, HeldTranscript)
        for key in table.objects.filter(pk__in=cutoff_ids).values_list("pk", flat=True)
    }
    had = TranscriptEvidence.objects.filter(pk__in=cutoff_ids).values_list("pk", flat=True)
    return set(had) - there


def _empty_transcripts(cutoff_ids: list[UUID], now: datetime) -> int:
    emptied: dict[str, Any] = {
        "messages": "[]",
        "explanation": "",
        "rationale": "",
        "erased_at": now,
    }
    return sum(
        table.objects.filter(pk__in=cutoff_ids, erased_at=None).update(**emptied)
        for table in (Transcript, HeldTranscript)
    )


def _finish(asked: ErasureRequest, now: datetime) -> bool:
    """Erase what belongs to no cutoff; then it is done, unless a hold keeps something.

    True where it begins again: a hold ended after its cutoffs had been passed over.
    """
    until = asked.requested_at + CLOCKS_DIFFER
    _add(asked, erase_loose_words(asked.source, asked.subject, received_until=until, now=now))
    if asked.counts.pop(HELD, 0) and _let_go(asked, now):
        _begin(asked, now)
        asked.save(update_fields=["state", "after", "counts"])
        return True
    if kept := kept_by_holds(asked, now):
        asked.state, asked.counts[HELD] = ErasureState.HELD, kept
        # A line about a hold: seen by those alone who may place one.
        obj, action = HOLD, "hold.kept_erasure"
    else:
        asked.counts.pop(_ENDED, None)
        asked.state, asked.done_at = ErasureState.DONE, now
        obj, action = "erasure", "erasure.done"
    asked.save(update_fields=["state", "counts", "done_at"])
    record(actor=_TASK, at=now, action=action, obj=obj, object_id=asked.pk, details=asked.counts)
    return False
