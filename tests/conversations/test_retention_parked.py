"""Parked events and feedback that waits for its cutoff are kept as long as transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations import keys
from conversations.models import Event, LegalHold, ParkedEvent, RelayedFeedback, Source
from conversations.payloads import FEEDBACK
from conversations.retention import Terms
from conversations.services import holds, intake, retention
from conversations.services.retention import Line, enforce, set_terms
from conversations.signals import cutoffs_recorded
from tests.conversations.keeping import SECRET, USER, hold, messages
from tests.factories import NOW, ended_event, make_cutoff, make_source, make_user, parsed, record

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def fault() -> Iterator[None]:
    """Something behind intake that fails on every cutoff."""

    def broken(**_: object) -> None:
        raise ValueError

    cutoffs_recorded.connect(broken, dispatch_uid="fault", weak=False)
    yield
    cutoffs_recorded.disconnect(dispatch_uid="fault")


def park(source: Source, days: float, **conversation: Any) -> ParkedEvent:
    """An event of a person, received and parked *days* ago."""
    received = NOW - days * DAY
    event = ended_event(
        time=received.isoformat(),
        conversation={"user_id": USER, **conversation},
        transcript=messages(),
    )
    (result,) = intake.record(source=source, items=parsed(event, now=received), now=received)
    assert "parked" in result.warnings
    return ParkedEvent.objects.get(source=source, ce_id=event["id"])


def relay(source: Source, days: float) -> None:
    """Feedback on a conversation that nobody knows, received *days* ago."""
    received = NOW - days * DAY
    said = {"conversation_id": f"none-{days}", "surprised": True, "comment": SECRET}
    record(source, ended_event(type=FEEDBACK, time=received.isoformat(), data=said), now=received)


def left() -> set[ParkedEvent]:
    return set(ParkedEvent.objects.defer("raw"))


@pytest.mark.usefixtures("fault")
def test_they_go_when_the_term_of_transcripts_is_over() -> None:
    short, long = make_source(), make_source()
    set_terms(source=long, terms=Terms(transcript_days=300), actor=Actor.task("test"))
    over = park(short, 200.01)
    kept = {park(short, 199.99), park(long, 200.01)}

    report = enforce(now=NOW)

    assert left() == kept
    month = f"{over.parked_at:%Y-%m}"
    assert report.counts == {Line(short.slug, month, "parked"): 1}
    assert LedgerEntry.objects.get(action="retention.enforced").details == {"parked": 1}
    assert Event.objects.filter(ce_id=over.ce_id).exists(), "its id stays taken"


@pytest.mark.usefixtures("fault")
def test_a_dry_run_counts_the_same_and_an_interrupted_one_is_gone_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    source = make_source()
    for days in (201, 202, 240, 203, 1):
        park(source, days)
    dry = enforce(now=NOW, dry_run=True)
    assert ParkedEvent.objects.count() == 5
    assert sum(dry.counts.values()) == 4

    first = enforce(now=NOW, time_is_up=lambda: ParkedEvent.objects.count() < 5)
    assert (first.finished, ParkedEvent.objects.count()) == (False, 3)
    second = enforce(now=NOW)
    assert (second.finished, ParkedEvent.objects.count()) == (True, 1)
    assert first.counts + second.counts == dry.counts


@pytest.mark.parametrize("kind", ["thread", "subject", "subject unknown"])
def test_what_is_on_hold_stays_until_the_hold_ends(request: Any, kind: str) -> None:
    source = make_source()
    known = None
    if kind != "subject unknown":
        known = make_cutoff(source, conversation={"id": "held", "user_id": USER})
    request.getfixturevalue("fault")
    thread = {"id": "held", "user_id": None} if kind == "thread" else {"id": "another"}
    held = park(source, 201, **thread)
    park(source, 201, user_id="somebody else")
    placed = hold(known, whole_subject=kind == "subject") if known else _hold_person(source)

    assert enforce(now=NOW, dry_run=True).counts.total() == 1
    enforce(now=NOW)
    assert left() == {held}
    holds.release(hold=placed, user=make_user(Role.SENIOR), now=NOW)
    enforce(now=NOW)
    assert left() == set()


def _hold_person(source: Source) -> LegalHold:
    """On somebody of whom nothing was stored yet."""
    subject = keys.pseudonym(source=source.slug, user_id=USER, secret=settings.RECOURSE_SUBJECT_KEY)
    return holds.place_on_subject(
        source=source,
        subject=subject,
        matter="M-1",
        reason="Court",
        expires_at=NOW + 30 * DAY,
        user=make_user(Role.SENIOR),
        now=NOW,
    )


def test_what_waits_for_its_cutoff_is_emptied_too() -> None:
    source = make_source()
    relay(source, 200.01)
    relay(source, 199.99)

    dry = enforce(now=NOW, dry_run=True)
    report = enforce(now=NOW)

    assert report.counts == dry.counts
    assert [(line.kind, number) for line, number in report.counts.items()] == [
        ("waiting_feedback", 1)
    ]
    found = RelayedFeedback.objects.order_by("at").values_list("comment", flat=True)
    assert list(found) == ["", SECRET]
    assert enforce(now=NOW).counts == {}
