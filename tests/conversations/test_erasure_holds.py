"""Holds that end while others are placed on the same person: what they let go of is erased."""

from __future__ import annotations

import pytest

from accounts.roles import Role
from conversations.services import erasure, holds
from conversations.services.evidence import transcript_of
from reviews.models import FeedbackText
from tests.conversations.keeping import LATER, SECRET, ask, case_of, erase, hold
from tests.factories import NOW, hear, make_source, make_user

pytestmark = pytest.mark.django_db


def test_a_hold_let_go_of_counts_though_another_one_was_placed() -> None:
    source = make_source()
    first, second = case_of(source), case_of(source)
    senior = make_user(Role.SENIOR)
    # One that had ended before says nothing.
    holds.release(hold=hold(first.cutoff), user=senior, now=NOW)
    placed = hold(first.cutoff)
    asked = erase(source)
    assert erasure.to_do(now=NOW) == []
    hear(second, comment=SECRET)
    hold(second.cutoff)
    holds.release(hold=placed, user=senior, now=LATER)

    assert erasure.to_do(now=LATER) == [asked.pk]
    erasure.run(request_id=asked.pk, now=LATER)
    assert transcript_of(first.cutoff) is None
    assert FeedbackText.objects.get().comment == SECRET
    asked.refresh_from_db()
    assert (asked.state, asked.counts["held"]) == ("held", 1)
    assert erasure.to_do(now=LATER) == []


def test_one_let_go_of_in_the_middle_counts_though_another_one_was_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    source = make_source()
    first, second = sorted((case_of(source), case_of(source)), key=lambda case: case.pk)
    placed = hold(first.cutoff)
    asked = ask(source)
    assert not erasure.run(request_id=asked.pk, now=NOW, most=1)
    hold(second.cutoff)
    holds.release(hold=placed, user=make_user(Role.SENIOR), now=NOW)
    assert erasure.run(request_id=asked.pk, now=NOW)
    assert transcript_of(first.cutoff) is None
    assert transcript_of(second.cutoff) is not None
