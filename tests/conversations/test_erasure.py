"""Erasing a person: their words go wherever they stand, and nothing else does."""

from __future__ import annotations

from io import StringIO
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations import tasks
from conversations.models import (
    Conversation,
    Cutoff,
    ErasureRequest,
    Event,
    EventRemainder,
    HeldTranscript,
    ParkedEvent,
    RelayedFeedback,
    Source,
    Transcript,
    TranscriptEvidence,
    TranscriptSearch,
)
from conversations.services import erasure, holds
from conversations.services.evidence import assess_transcripts, transcript_of
from conversations.signals import words_erased
from reviews.models import Case, FeedbackText, Verdict, VerdictText
from reviews.services.enrichment import enrich
from reviews.services.erasure import ERASED
from tests.conversations.keeping import LATER, SECRET, USER, ask, case_of, erase, hold, messages
from tests.factories import NOW, ended_event, give_verdict, hear, make_source, make_user, record

pytestmark = pytest.mark.django_db


def everything_stored() -> str:
    """All rows of all tables but the test's own keys, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relname ~ '^(accounts|conversations|policies|reviews)_'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name from the catalogue
            found += [
                bytes(value).decode("utf-8", "replace")
                if isinstance(value, memoryview | bytes)
                else str(value)
                for row in cursor.fetchall()
                for value in row
            ]
    return "\n".join(found)


def test_the_words_are_gone_from_every_table() -> None:
    source = make_source()
    case = case_of(source)
    enrich(cutoff_ids=[case.pk])
    reviewer = make_user(Role.REVIEWER)
    give_verdict(case, reviewer, rationale=f"They said “{SECRET}”, which is a story.")
    hear(case, comment=f"I only said that {SECRET}!")
    record(source, _feedback_event("waits for a cutoff", SECRET))
    branch = {**ended_event(note=SECRET), "type": "recourse.conversation.started.v1"}
    branch["data"] = {"conversation": {"id": "other-thread", "user_id": USER}}
    waits = {
        **branch,
        "id": "e-2",
        "data": {"conversation": {**branch["data"]["conversation"], "id": "waits for a cutoff"}},
    }
    record(source, branch, waits)
    _park(source, {"conversation": {"id": "parked", "user_id": USER}, "words": SECRET})
    assert everything_stored().count(SECRET) >= 8

    asked = erase(source)

    assert SECRET not in everything_stored()
    assert "giraff" not in everything_stored()  # as the search index knows the word
    assert USER not in everything_stored()
    assert asked.state == "done"
    assert asked.done_at == NOW
    assert asked.counts == {
        "transcripts": 1,
        "search_chunks": 1,
        "remainders": 3,
        "feedback": 2,
        "rationales": 1,
        "parked": 1,
    }


def _feedback_event(conversation: str, comment: str) -> dict[str, Any]:
    event = ended_event()
    said = {"conversation_id": conversation, "surprised": True, "reason": None}
    return {
        **event,
        "type": "recourse.feedback.submitted.v1",
        "data": {**said, "comment": comment, "appeal": False},
    }


def _park(source: Source, data: dict[str, Any], key: str = "p1") -> None:
    raw = msgspec.json.encode({"id": key, "data": data})
    ParkedEvent.objects.create(
        source=source, ce_source="/c", ce_id=key, raw=raw, failure="X", parked_at=NOW
    )


def test_verdicts_figures_and_ids_stay() -> None:
    source = make_source()
    case = case_of(source)
    enrich(cutoff_ids=[case.pk])
    given = give_verdict(case, make_user(Role.REVIEWER), evidence=({"message_id": "m1"},))
    before = _kept()
    ledger = list(LedgerEntry.objects.order_by("id").values())

    erase(source)

    assert _kept() == before
    assert list(LedgerEntry.objects.order_by("id").values())[: len(ledger)] == ledger
    assert Verdict.objects.get(pk=given.pk).evidence == [{"message_id": "m1"}]
    assert VerdictText.objects.get(pk=given.pk).rationale == "It was a story."
    emptied = Transcript.objects.get(pk=case.pk)
    assert (emptied.messages, emptied.explanation, emptied.rationale) == ("[]", "", "")
    assert emptied.erased_at == NOW
    assert transcript_of(case.cutoff) is None


def _kept() -> list[object]:
    tables = (Cutoff, Conversation, Event, Case, Verdict, TranscriptEvidence)
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def test_nobody_else_is_touched() -> None:
    source = make_source()
    mine, elsewhere = case_of(source), case_of(make_source())
    others = [case_of(source, "somebody else"), elsewhere, case_of(source, None)]
    for case in others:
        give_verdict(case, make_user(Role.REVIEWER), rationale=f"Quotes {SECRET}.")
        hear(case, comment=SECRET)
    _park(source, {"conversation": {"id": "x", "user_id": "somebody else"}})
    _park(source, {"conversation_id": "unknown", "comment": "c"}, "p2")

    erase(source)

    assert transcript_of(mine.cutoff) is None
    for case in others:
        kept = transcript_of(case.cutoff)
        assert kept is not None
        assert SECRET in kept.messages
    assert EventRemainder.objects.count() == FeedbackText.objects.count() == 3
    assert VerdictText.objects.filter(rationale__contains=SECRET).count() == 3
    assert ParkedEvent.objects.count() == 2


def test_a_rationale_on_another_thread_of_the_same_person_goes_too() -> None:
    source = make_source()
    case_of(source)
    other = case_of(source, transcript=messages("Nothing to see here, thank you."), note="")
    give_verdict(other, make_user(Role.REVIEWER), rationale=f"Elsewhere: {SECRET}.")
    erase(source)
    assert VerdictText.objects.get().rationale == ERASED


def test_a_rationale_that_quotes_the_model_or_nobody_stays() -> None:
    source = make_source()
    case = case_of(source)
    said = "I would rather not talk about that. The purple giraffe was no threat."
    give_verdict(case, make_user(Role.REVIEWER), rationale=said)
    erase(source)
    assert VerdictText.objects.get().rationale == said


def test_where_the_transcript_went_before_a_rationale_goes_unread() -> None:
    source = make_source()
    case, bare = case_of(source), case_of(source)
    for one in (case, bare):
        give_verdict(one, make_user(Role.REVIEWER), rationale="What it quotes, nobody can tell.")
    enrich(cutoff_ids=[case.pk])
    Transcript.objects.filter(pk__in=[case.pk, bare.pk]).delete()
    erase(source)
    left = dict(VerdictText.objects.values_list("verdict__case_id", "rationale"))
    assert left[case.pk] == ERASED
    assert left[bare.pk] != ERASED  # never had a transcript, as far as anybody knows


def test_what_comes_later_is_new() -> None:
    source = make_source()
    case_of(source)
    asked = ask(source)
    _park(source, {"conversation": {"id": "later", "user_id": USER}})
    ParkedEvent.objects.update(parked_at=LATER)
    event = ended_event(conversation={"user_id": USER}, transcript=messages(), note=SECRET)
    record(source, event, _feedback_event("nowhere", SECRET), now=LATER)
    erasure.run(request_id=asked.pk, now=LATER)
    assert Transcript.objects.filter(erased_at=None).count() == 1
    assert EventRemainder.objects.count() == ParkedEvent.objects.count() == 1
    assert RelayedFeedback.objects.get().comment == SECRET


def test_evidence_outlives_the_words_it_was_read_from() -> None:
    case = case_of(make_source())
    before = assess_transcripts([case.cutoff])
    erase(case.source)
    assert assess_transcripts([case.cutoff]) == before != {}


def test_a_run_that_was_killed_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is all there or not at all, also what stands in reviews."""
    monkeypatch.setattr(erasure, "BATCH", 2)
    source = make_source()
    cases = [case_of(source) for _ in range(5)]
    for case in cases:
        hear(case, comment=SECRET)
    asked = ask(source)
    assert erasure.run(request_id=asked.pk, now=NOW, most=1) is False

    def killed(**_kwargs: object) -> None:
        raise RuntimeError

    words_erased.connect(killed)
    try:
        with pytest.raises(RuntimeError):
            erasure.run(request_id=asked.pk, now=NOW)
    finally:
        words_erased.disconnect(killed)
    asked.refresh_from_db()
    assert (asked.state, asked.counts) == (
        "running",
        {"transcripts": 2, "remainders": 2, "feedback": 2},
    )
    assert FeedbackText.objects.count() == Transcript.objects.filter(erased_at=None).count() == 3

    assert erasure.to_do(now=NOW) == [asked.pk]
    tasks.sweep_erasures()
    asked.refresh_from_db()
    assert asked.state == "done"
    assert asked.counts == {"transcripts": 5, "remainders": 5, "feedback": 5}
    assert erasure.to_do(now=NOW) == []
    done = asked.done_at
    assert erasure.run(request_id=asked.pk, now=LATER)
    asked.refresh_from_db()
    assert asked.done_at == done


def test_erasing_twice_finds_nothing_more() -> None:
    source = make_source()
    case_of(source)
    erase(source)
    assert erase(source).counts == {}
    assert Transcript.objects.get().erased_at == NOW


@pytest.mark.parametrize("whole_subject", [False, True])
def test_what_is_on_hold_stays_until_the_hold_ends(*, whole_subject: bool) -> None:
    source = make_source()
    held, free = case_of(source), case_of(source)
    for case in (held, free):
        hear(case, comment=SECRET)
        give_verdict(case, make_user(Role.REVIEWER), rationale=f"Said {SECRET}.")
    _park(source, {"conversation": {"id": held.cutoff.conversation.external_id, "user_id": USER}})
    placed = hold(held.cutoff, whole_subject=whole_subject)

    asked = erase(source)

    assert asked.state == "held"
    kept = transcript_of(held.cutoff)
    assert kept is not None
    assert SECRET in kept.messages
    assert (transcript_of(free.cutoff) is None) == (not whole_subject)
    assert held.feedback.get().words.comment == SECRET
    assert held.verdicts.get().words.rationale == f"Said {SECRET}."
    assert EventRemainder.objects.count() == (2 if whole_subject else 1)
    assert ParkedEvent.objects.count() == 1
    assert erasure.to_do(now=NOW) == []

    holds.release(hold=placed, user=make_user(Role.SENIOR), now=LATER)
    assert erasure.to_do(now=LATER) == [asked.pk]
    erasure.run(request_id=asked.pk, now=LATER)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert SECRET not in everything_stored()


def test_a_hold_that_ends_in_the_middle_is_gone_back_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    source = make_source()
    first = case_of(source)
    case_of(source)
    placed = hold(first.cutoff)
    asked = ask(source)
    assert not erasure.run(request_id=asked.pk, now=NOW, most=2)
    holds.release(hold=placed, user=make_user(Role.SENIOR), now=NOW)
    assert erasure.run(request_id=asked.pk, now=NOW)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert SECRET not in everything_stored()


def test_a_transcript_whose_month_was_dropped_is_erased_too() -> None:
    case = case_of(make_source())
    (row,) = Transcript.objects.filter(pk=case.pk).values()
    Transcript.objects.all().delete()
    HeldTranscript.objects.create(**row)
    give_verdict(case, make_user(Role.REVIEWER), rationale=f"Said {SECRET}.")
    erase(case.source)
    assert HeldTranscript.objects.get().messages == "[]"
    assert VerdictText.objects.get().rationale == ERASED


def test_search_chunks_go() -> None:
    case, other = case_of(make_source()), case_of(make_source())
    for number, one in ((0, case), (1, case), (0, other)):
        TranscriptSearch.objects.create(cutoff_id=one.pk, chunk=number, words="giraffe")
    assert erase(case.source).counts["search_chunks"] == 2
    assert TranscriptSearch.objects.get().cutoff_id == other.pk


def test_the_tombstone_and_the_ledger_name_nobody() -> None:
    source = make_source()
    asked = ask(source, reason=f"Request of {USER} by post")
    assert asked.reason == "Request of [user id] by post"
    assert asked.requested_by == "key:rk_1"
    erasure.run(request_id=asked.pk, now=NOW)
    entries = LedgerEntry.objects.filter(object_type="erasure").order_by("id")
    assert [entry.action for entry in entries] == ["erasure.requested", "erasure.done"]
    assert entries[0].details == {"source": source.slug, "subject": asked.subject}
    assert USER not in everything_stored()


# --- The command ----------------------------------------------------------------------------------


def command(source: Source, *options: str) -> str:
    out = StringIO()
    arguments = ["--source", source.slug, "--user-id", USER, "--reason", "Letter", *options]
    call_command("erase_subject", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_erases_here_and_now() -> None:
    source = make_source()
    case_of(source)
    said = command(source)
    assert "1 of 1 cutoffs" in said
    assert "transcripts: 1" in said
    assert SECRET not in everything_stored()
    assert ErasureRequest.objects.get().requested_by.startswith("manage.py:")


def test_a_dry_run_counts_and_changes_nothing() -> None:
    source = make_source()
    hear(case_of(source), comment=SECRET)
    before = everything_stored()
    said = command(source, "--dry-run")
    assert "nothing was changed" in said
    assert "transcripts: 1" in said
    assert "feedback: 1" in said
    assert everything_stored() == before


def test_the_command_names_no_hold() -> None:
    source = make_source()
    hold(case_of(source).cutoff)
    said = command(source)
    assert "not complete" in said
    assert "held" not in said
    assert "hold" not in said
