"""Keeping words and signals for their terms, and no longer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations import tasks
from conversations.models import (
    Cutoff,
    Event,
    EventRemainder,
    HeldTranscript,
    Source,
    Transcript,
    TranscriptSearch,
)
from conversations.retention import TermOutOfBounds, Terms
from conversations.services import holds, retention
from conversations.services.evidence import assess_transcripts, transcript_of
from conversations.services.retention import Line, Report, enforce, set_terms
from policies.models import CutoffConformance
from policies.services.expiry import NO_LONGER_KEPT
from reviews.models import Case, VerdictText
from reviews.services.enrichment import enrich
from tests.conversations.keeping import hold
from tests.factories import (
    NOW,
    ended_event,
    give_verdict,
    make_source,
    make_user,
    near_miss_event,
    record,
    settle,
)

WORDS = "the purple giraffe"
DAY = timedelta(days=1)
TEST = Actor.task("test")

pytestmark = pytest.mark.django_db


def stored(
    source: Source, days: float, *, happened: timedelta | None = None, near_miss: bool = False
) -> Cutoff:
    """A cutoff received *days* ago; it *happened* just then, or so long ago."""
    received = NOW - days * DAY
    at = NOW - happened if happened else received
    make = near_miss_event if near_miss else ended_event
    event = make(
        time=at.isoformat(),
        note=WORDS,
        conversation={"user_id": "u", "country": "US", "age_band": "adult"},
    )
    (result,) = record(source, event, now=received)
    assert result.cutoff_id is not None
    TranscriptSearch.objects.create(cutoff_id=result.cutoff_id, chunk=0, words=WORDS)
    return Cutoff.objects.get(pk=result.cutoff_id)


def words_left() -> set[object]:
    """The cutoffs of which any word is left, in whichever table."""
    remainders = Event.objects.filter(pk__in=EventRemainder.objects.values("pk"))
    left = set(Transcript.objects.values_list("pk", flat=True))
    left |= set(HeldTranscript.objects.values_list("pk", flat=True))
    left |= set(TranscriptSearch.objects.values_list("cutoff_id", flat=True))
    return left | set(remainders.values_list("cutoff_id", flat=True))


def totals(report: Report) -> dict[str, int]:
    found: Counter[str] = Counter()
    for line, count in report.counts.items():
        found[line.kind] += count
    return dict(found)


def test_words_go_when_the_term_of_their_source_is_over() -> None:
    short, long = make_source(), make_source()
    set_terms(source=long, terms=Terms(transcript_days=300), actor=TEST)
    over = stored(short, 200.01)
    kept = [stored(short, 199.99), stored(long, 200.01)]

    report = enforce(now=NOW)

    assert words_left() == {cutoff.pk for cutoff in kept}
    assert report.finished
    month = f"{over.at:%Y-%m}"
    assert report.counts == {
        Line(short.slug, month, "transcripts"): 1,
        Line(short.slug, month, "search_chunks"): 1,
        Line(short.slug, month, "remainders"): 1,
    }
    assert LedgerEntry.objects.get(action="retention.enforced").details == totals(report)


def test_a_term_counts_from_receipt() -> None:
    """History that is loaded late is kept as long as what came at once."""
    source = make_source()
    late = stored(source, 10, happened=1000 * DAY)
    stored(source, 201)
    enforce(now=NOW)
    assert words_left() == {late.pk}


def test_a_clock_that_is_ahead_delays_nothing() -> None:
    source = make_source()
    received = NOW - 200 * DAY - timedelta(seconds=1)
    event = ended_event(time=(received + timedelta(minutes=5)).isoformat())
    record(source, event, now=received)
    enforce(now=NOW)
    assert words_left() == set()


def test_what_was_decided_stays() -> None:
    cutoff = stored(make_source(), 201)
    case = Case.objects.select_related("cutoff").get(pk=cutoff.pk)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    case.cutoff.in_double = False
    evidence = assess_transcripts([cutoff])
    give_verdict(case, make_user(Role.REVIEWER))
    settle(case)
    before = list(Cutoff.objects.values()), list(Case.objects.values())
    enforce(now=NOW)
    assert (list(Cutoff.objects.values()), list(Case.objects.values())) == before
    assert VerdictText.objects.get().rationale == "It was a story."
    assert transcript_of(cutoff) is None
    assert assess_transcripts([cutoff]) == evidence != {}


def test_signals_are_forgotten_when_their_term_is_over() -> None:
    source = make_source()
    over, near_miss, kept = (
        stored(source, 731),
        stored(source, 731, near_miss=True),
        stored(source, 729),
    )
    enrich(cutoff_ids=[over.pk, kept.pk])
    before = Cutoff.objects.get(pk=over.pk)

    report = enforce(now=NOW)

    after = Cutoff.objects.get(pk=over.pk)
    changed = {
        field.name
        for field in Cutoff._meta.concrete_fields
        if getattr(after, field.attname) != getattr(before, field.attname)
    }
    assert changed == {*retention._FORGOTTEN, "signals_expired_at"}
    assert after.signals_expired_at == NOW
    assert {getattr(after, name) for name in retention._FORGOTTEN} == {None, ""}
    near_miss.refresh_from_db()
    assert near_miss.severity is None
    kept.refresh_from_db()
    assert (kept.severity, kept.country, kept.signals_expired_at) == (0.55, "US", None)
    assert totals(report)["signals"] == 2
    assert Case.objects.get(pk=over.pk).locale == ""
    assert Case.objects.get(pk=kept.pk).locale == "en-US"


def test_conformance_keeps_what_it_came_to_and_no_figure() -> None:
    cutoff = stored(make_source(), 731)
    enrich(cutoff_ids=[cutoff.pk])
    before = CutoffConformance.objects.get().found
    enforce(now=NOW)
    after = CutoffConformance.objects.get().found
    assert [line["finding"] for line in after["lines"]] == [
        line["finding"] for line in before["lines"]
    ]
    repeated = [line for line in before["lines"] if line["reported"] in (0.55, 0.02, 2, 1)]
    assert len(repeated) >= 4
    reported = [line["reported"] for line in after["lines"]]
    assert {value for value in reported if not isinstance(value, bool)} == {None}
    assert NO_LONGER_KEPT in {line["explanation"] for line in after["lines"]}


@pytest.mark.parametrize("whole_subject", [False, True])
def test_what_is_on_hold_stays_until_the_hold_ends(*, whole_subject: bool) -> None:
    source = make_source()
    held = stored(source, 731)
    placed = hold(held, whole_subject=whole_subject)
    later = stored(source, 731)  # of the same person

    enforce(now=NOW)

    kept = transcript_of(held)
    assert kept is not None
    assert kept.messages
    assert words_left() == ({held.pk, later.pk} if whole_subject else {held.pk})
    held.refresh_from_db()
    assert held.severity == 0.55

    holds.release(hold=placed, user=make_user(Role.SENIOR), now=NOW)
    enforce(now=NOW)
    assert words_left() == set()
    held.refresh_from_db()
    assert held.severity is None


def test_a_dry_run_counts_the_same_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    source = make_source()
    for days in (201, 240, 731, 731, 732):
        stored(source, days)
    hold(stored(source, 240))
    before = words_left()

    report = enforce(now=NOW, dry_run=True)

    assert words_left() == before
    assert not Cutoff.objects.exclude(signals_expired_at=None).exists()
    assert not LedgerEntry.objects.filter(action="retention.enforced").exists()
    assert totals(report) == {
        "transcripts": 5,
        "search_chunks": 5,
        "remainders": 5,
        "signals": 3,
    }
    assert enforce(now=NOW).counts == report.counts
    assert enforce(now=NOW).counts == {}


def test_a_run_whose_time_is_up_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    source = make_source()
    for _ in range(5):
        stored(source, 731)
    looks = iter([False, False, True])
    seen: list[int] = []
    first = enforce(
        now=NOW,
        time_is_up=lambda: next(looks),
        progress=lambda report: seen.append(totals(report)["transcripts"]),
    )
    assert seen == [2, 4]
    assert not first.finished
    assert first.dropped == []
    assert Transcript.objects.count() == 1
    second = enforce(now=NOW)
    assert second.finished
    assert totals(second) == {"transcripts": 1, "search_chunks": 1, "remainders": 5, "signals": 5}


def test_a_batch_is_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the transcripts and their chunks, neither is gone."""
    stored(make_source(), 201)

    def killed(*_args: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(retention, "delete_search_chunks", killed)
    with pytest.raises(RuntimeError):
        enforce(now=NOW)
    assert Transcript.objects.count() == TranscriptSearch.objects.count() == 1


# --- Months ---------------------------------------------------------------------------------------

LONG_AGO = datetime(2019, 5, 15, tzinfo=UTC)
AGO = (NOW - LONG_AGO) / DAY


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
        return {row[0] for row in cursor.fetchall()}


MONTH = {"conversations_transcript_201905", "conversations_eventremainder_201905"}


def test_a_month_of_which_nothing_is_left_is_dropped() -> None:
    source = make_source()
    stored(source, AGO)
    recent = stored(source, 100)
    assert partitions() >= MONTH
    report = enforce(now=NOW)
    assert set(report.dropped) >= MONTH
    assert not MONTH & partitions()
    assert f"conversations_transcript_{recent.at:%Y%m}" in partitions()
    again = stored(source, AGO)
    assert transcript_of(again) is not None


def test_a_month_stays_while_the_term_of_any_source_runs() -> None:
    stored(make_source(), AGO)
    set_terms(source=make_source(), terms=Terms(transcript_days=int(AGO) + 40), actor=TEST)
    enforce(now=NOW)
    assert words_left() == set()
    assert partitions() >= MONTH


def test_a_month_stays_while_late_history_stands_in_it() -> None:
    source = make_source()
    late = stored(source, 10, happened=NOW - LONG_AGO)
    enforce(now=NOW)
    assert partitions() >= MONTH
    assert words_left() == {late.pk}


def test_a_dry_run_drops_nothing() -> None:
    stored(make_source(), AGO)
    assert enforce(now=NOW, dry_run=True).dropped == []
    assert partitions() >= MONTH


def test_what_is_on_hold_moves_before_its_month_is_dropped() -> None:
    held = stored(make_source(), AGO)
    placed = hold(held)
    before = Transcript.objects.values().get(pk=held.pk)

    report = enforce(now=NOW)

    assert "conversations_transcript_201905" in report.dropped
    assert "conversations_eventremainder_201905" in partitions()
    assert HeldTranscript.objects.values().get() == before
    kept = transcript_of(held)
    assert kept is not None
    assert (kept.messages, kept.format) == (before["messages"], before["format"])
    assert assess_transcripts([held]) != {}

    holds.release(hold=placed, user=make_user(Role.SENIOR), now=NOW)
    assert totals(enforce(now=NOW))["transcripts"] == 1
    assert words_left() == set()
    assert not MONTH & partitions()


# --- Terms, command, task -------------------------------------------------------------------------


def test_terms_are_set_with_a_line_in_the_ledger() -> None:
    source = make_source()
    assert (source.transcript_days, source.signal_days) == (200, 730)
    set_terms(source=source, terms=Terms(365, 1000), actor=TEST)
    source.refresh_from_db()
    assert (source.transcript_days, source.signal_days) == (365, 1000)
    entry = LedgerEntry.objects.get(action="source.terms_set")
    assert entry.details == {"transcript_days": 365, "signal_days": 1000}
    with pytest.raises(TermOutOfBounds):
        set_terms(source=source, terms=Terms(182, 730), actor=TEST)


def command(*options: str) -> str:
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("enforce_retention", *options, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_reports_by_source_and_month() -> None:
    over = stored(make_source("alpha"), 201)
    hold(stored(make_source("beta"), 201))
    assert "Dry run" in command("--dry-run")
    assert len(words_left()) == 2
    said = command()
    row = next(line for line in said.splitlines() if line.startswith("alpha"))
    assert row.split() == ["alpha", f"{over.at:%Y-%m}", "1", "1", "1", "0"]
    assert "beta" not in said
    assert "hold" not in said
    assert command().startswith("Nothing is over.")


def test_the_task_hands_on_what_it_did_not_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stored(make_source(), 201)
    handed_on: list[bool] = []
    monkeypatch.setattr(tasks.enforce_retention, "delay", partial(handed_on.append, True))
    with time_machine.travel(NOW, tick=False):
        monkeypatch.setattr(tasks, "LONGEST_RETENTION", -1)
        tasks.enforce_retention()
        assert handed_on == [True]
        assert len(words_left()) == 1
        monkeypatch.setattr(tasks, "LONGEST_RETENTION", 60)
        tasks.enforce_retention()
    assert handed_on == [True]
    assert words_left() == set()
