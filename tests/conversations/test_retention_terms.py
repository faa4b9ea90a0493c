"""Terms, their bounds, and what is over at a moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conversations.retention import (
    APPEAL_WINDOW_DAYS,
    LONGEST_DAYS,
    TermOutOfBounds,
    Terms,
    happened_before,
    may_be_dropped,
    received_before,
)
from tests.factories import NOW


def test_a_term_may_be_as_short_as_the_appeal_window() -> None:
    assert APPEAL_WINDOW_DAYS == 183
    assert Terms(183, 183).transcript_days == 183
    assert Terms(LONGEST_DAYS, LONGEST_DAYS).signal_days == LONGEST_DAYS


@pytest.mark.parametrize(
    ("transcripts", "signals"), [(182, 730), (200, 182), (LONGEST_DAYS + 1, 730), (200, -1)]
)
def test_no_term_is_shorter_than_an_appeal_or_longer_than_can_be_kept(
    transcripts: int, signals: int
) -> None:
    with pytest.raises(TermOutOfBounds, match="183 days"):
        Terms(transcripts, signals)


def test_a_term_ends_after_so_many_whole_days() -> None:
    assert received_before(NOW, 200) == NOW - timedelta(days=200)


def test_a_source_whose_clock_is_ahead_shortens_no_search() -> None:
    """Its event happened five minutes after it was received."""
    received = received_before(NOW, 200) - timedelta(seconds=1)
    assert received + timedelta(minutes=5) < happened_before(NOW, 200)


def test_a_month_goes_only_when_its_last_moment_is_over() -> None:
    end = NOW - timedelta(days=300)
    assert may_be_dropped(end, now=NOW, longest_days=300)
    assert not may_be_dropped(end, now=NOW, longest_days=301)
