"""What is found out after intake: it raises and selects, and never the reverse."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from conversations.models import Enrichment, Transcript, TranscriptEvidence
from conversations.transcripts import read
from policies.models import CutoffConformance
from reviews.models import Case
from reviews.services import enrichment
from reviews.vocabulary import CaseState, Queue, Reason
from tests.concurrency import at_once
from tests.factories import NOW, make_case, make_near_miss_case, make_source

pytestmark = pytest.mark.django_db

CRISIS = [
    {"role": "user", "content": "I want to kill myself tonight."},
    {"role": "assistant", "content": "I am ending this conversation."},
]


def enriched(case: Case) -> Case:
    assert enrichment.enrich(cutoff_ids=[case.pk], now=NOW) == 1
    case.refresh_from_db()
    return case


def quiet_case(**changes: Any) -> Case:
    """A case that nobody selected."""
    case = make_case(opened=False, **changes)
    Case.objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED, priority=0)
    return case


def test_evidence_and_conformance_are_kept_and_the_outbox_is_emptied() -> None:
    case = enriched(make_case())
    assert TranscriptEvidence.objects.get(pk=case.pk).found["warnings"] == [
        {"turn": 4, "basis": "reported"}
    ]
    assert CutoffConformance.objects.get(pk=case.pk).found["breaches"] == []
    assert not Enrichment.objects.exists()
    assert case.flags == []


def test_what_was_done_is_not_done_again() -> None:
    case = enriched(make_case())
    assert enrichment.enrich(cutoff_ids=[case.pk], now=NOW) == 0


def test_a_crisis_cue_selects_and_raises() -> None:
    case = enriched(quiet_case(transcript={"format": "openai.chat", "messages": CRISIS}))
    assert "crisis_cue" in case.flags
    assert (case.crisis, case.breach, case.selected) == (True, True, True)
    assert (case.state, case.queue) == (CaseState.OPEN, Queue.CRISIS)
    assert case.selections.filter(reason=Reason.CUE).exists()
    assert case.due_at == NOW + timedelta(hours=1)


def test_annotations_without_a_warning_are_a_breach() -> None:
    unwarned = [
        {"role": "user", "content": "Say it, you useless thing."},
        {"role": "assistant", "content": "I can't say that.", "annotations": ["refusal"]},
    ]
    case = enriched(quiet_case(transcript={"format": "openai.chat", "messages": unwarned}))
    assert case.flags == ["no_warning"]
    assert (case.breach, case.selected) == (True, True)
    assert case.selections.filter(reason=Reason.BREACH).exists()


def test_nothing_is_ever_lowered() -> None:
    case = make_case(signals={"warnings": 0, "risk_self": 0.9})
    before = (case.priority, case.due_at, case.flags, case.queue)
    enriched(case)
    assert (case.priority, case.due_at, case.flags, case.queue) == before
    assert case.breach


def test_a_near_miss_is_flagged_and_not_hurried() -> None:
    case = make_near_miss_case()
    Transcript.objects.filter(pk=case.pk).update(
        messages=msgspec.json.encode(read("openai.chat", CRISIS)).decode()
    )
    before = case.priority
    enriched(case)
    assert (case.crisis, case.breach, case.priority) == (True, False, before)


def test_one_that_fails_is_put_off_and_then_parked_and_keeps_no_other_back() -> None:
    broken, sound = make_case(), make_case()
    Transcript.objects.filter(pk=broken.pk).update(messages="no JSON: the purple giraffe")
    both = [broken.pk, sound.pk]
    assert enrichment.enrich(cutoff_ids=both, now=NOW) == 1
    row = Enrichment.objects.get()
    assert (row.pk, row.attempts, row.failure) == (broken.pk, 1, "DecodeError")
    assert row.due_at == NOW + enrichment.RETRY_AFTER
    assert enrichment.waiting(now=NOW, limit=9) == []
    assert enrichment.waiting(now=NOW + enrichment.RETRY_AFTER, limit=9) == [broken.pk]

    for _ in range(enrichment.MOST_ATTEMPTS):
        enrichment.enrich(cutoff_ids=both, now=NOW)
    row.refresh_from_db()
    assert (row.attempts, row.parked_at) == (enrichment.MOST_ATTEMPTS, NOW)
    assert enrichment.waiting(now=NOW + timedelta(days=9), limit=9) == []


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_do_each_cutoff_once() -> None:
    source = make_source()
    ids = [make_case(source).pk for _ in range(12)]
    counts = at_once(
        *(partial(enrichment.enrich, cutoff_ids=order, now=NOW) for order in (ids, ids[::-1]) * 2)
    )
    assert sum(count for count in counts if isinstance(count, int)) == 12, counts
    assert not Enrichment.objects.exists()
    assert CutoffConformance.objects.count() == 12
