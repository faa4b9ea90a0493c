"""What the constraints of conversations forbid: sources, intake, holds and erasure."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from conversations.models import (
    AuditSettings,
    Conversation,
    ErasureRequest,
    Event,
    HeldTranscript,
    LegalHold,
    ParkedEvent,
    Source,
    SourceKey,
    SourceSecret,
    Transcript,
    TranscriptSearch,
)
from tests.factories import (
    NOW,
    make_cutoff,
    make_key,
    make_near_miss_case,
    make_source,
    make_user,
)
from tests.violating import copy, update, violates


@violates("conversations_source.slug")
def _source_slug() -> None:
    Source.objects.create(slug=make_source().slug, name="Another")


@violates("conversations_sourcekey.public_id")
def _key_id() -> None:
    make_key(make_source())
    copy(SourceKey.objects.get())


def _secret(**changes: Any) -> None:
    row = {"source": make_source(), "slot": 1, "secret": "whsec_x"} | changes
    SourceSecret.objects.create(**row)


@violates("source_secret_two_live")
def _two_secrets_in_a_slot() -> None:
    source = make_source()
    _secret(source=source)
    _secret(source=source)


@violates("source_secret_slot_is_1_or_2")
def _third_secret() -> None:
    _secret(slot=3)


@violates("source_terms_outlast_appeals")
def _forgotten_before_the_appeal() -> None:
    update(make_source(), transcript_days=182)


@violates("transcript_erased_is_empty")
def _erased_with_words() -> None:
    update(Transcript.objects.get(pk=make_cutoff().pk), erased_at=NOW)


@violates("held_transcript_erased_is_empty")
def _held_and_erased_with_words() -> None:
    HeldTranscript.objects.create(
        cutoff_id=uuid.uuid4(), format="recourse", messages="[1]", erased_at=NOW
    )


def _hold(**changes: Any) -> None:
    row = {"source": make_source(), "subject": "s", "matter": "M", "placed_by": make_user()}
    terms = {"placed_at": NOW, "expires_at": NOW + timedelta(days=1)}
    LegalHold.objects.create(**row | terms | changes)


@violates("hold_on_case_or_subject")
def _hold_on_both() -> None:
    _hold(cutoff=make_cutoff())


@violates("hold_expires_after_it_begins")
def _hold_expires_before() -> None:
    _hold(expires_at=NOW)


@violates("hold_released_by_somebody")
def _hold_released_by_nobody() -> None:
    _hold(released_at=NOW)


@violates("erasure_done_at_a_time")
def _erased_at_no_time() -> None:
    ErasureRequest.objects.create(source=make_source(), subject="s", state="done")


@violates("audit_shares_are_probabilities")
def _shares() -> None:
    AuditSettings.objects.create(audit_share=0, double_share=0.1, near_miss_share=0.1)


@violates("audit_category_shares_are_probabilities")
def _category_shares() -> None:
    shares = {"audit_share": 0.1, "double_share": 0.1, "near_miss_share": 0.1}
    AuditSettings.objects.create(**shares, category_shares={"hate": 0.3, "privacy": 0})


@violates("conversation_unique_in_source")
def _conversation_twice() -> None:
    make_cutoff()
    copy(Conversation.objects.get())


@violates("conversation_ended_has_cutoff")
def _ended_without_cutoff() -> None:
    make_cutoff()
    update(Conversation.objects.get(), latest_cutoff=None)


@violates("event_unique_in_source")
def _event_twice() -> None:
    make_cutoff()
    copy(Event.objects.get())


@violates("conversations_cutoff.notice_token")
def _notice_twice() -> None:
    update(make_cutoff(), notice_token=make_cutoff().notice_token)


@violates("cutoff_settled_with_standing")
def _settled_without_standing() -> None:
    update(make_cutoff(), settled_at=NOW)


@violates("near_miss_without_notice")
def _near_miss_with_notice() -> None:
    update(make_near_miss_case().cutoff, notice_token="t")


@violates("cutoff_audit_probability_above_zero")
def _never_audited() -> None:
    update(make_cutoff(), audit_probability=0)


@violates("cutoff_signals_in_range")
def _signal_out_of_range() -> None:
    update(make_cutoff(), risk_self=1.01)


@violates("cutoff_first_review_of_its_kind")
def _cutoff_reviewed_as_near_miss() -> None:
    update(make_cutoff(), first_review=4)


@violates("cutoff_first_reviewed_with_review")
def _reviewed_at_a_time_and_not_reviewed() -> None:
    update(make_cutoff(), first_reviewed_at=NOW)


@violates("cutoff_trial_never_drawn")
def _test_event_that_was_drawn() -> None:
    update(make_cutoff(), trial=True, in_audit=True)


@violates("parked_event_once")
def _parked_twice() -> None:
    row = {"source": make_source(), "ce_source": "/c", "ce_id": "1", "raw": b"", "failure": "x"}
    ParkedEvent.objects.create(**row)
    ParkedEvent.objects.create(**row)


@violates("search_chunk_once")
def _chunk_twice() -> None:
    row = {"cutoff_id": make_cutoff().pk, "chunk": 0, "words": "tomatoes"}
    TranscriptSearch.objects.create(**row)
    TranscriptSearch.objects.create(**row)
