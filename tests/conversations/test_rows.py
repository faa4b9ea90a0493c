"""From an event to its rows: two events of one conversation in one batch make one row of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec

from conversations import keys
from conversations.rows import ConversationRow, merge

MOMENT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def row(minutes: int | None, **changes: object) -> ConversationRow:
    """The conversation as an event tells of it: ended then, or going on where None."""
    at = None if minutes is None else MOMENT + timedelta(minutes=minutes)
    made = ConversationRow(
        id=keys.mint(at or MOMENT),
        source_id=1,
        external_id="c1",
        subject="",
        parent_external_id="",
        branched_from_message_id="",
        started_at=None,
        state="open" if at is None else "ended",
        latest_cutoff_id=None if at is None else keys.mint(at),
        ended_at=at,
    )
    return msgspec.structs.replace(made, **changes)


def merged(*rows: ConversationRow) -> ConversationRow:
    found: ConversationRow | None = None
    for one in rows:
        found = merge(found, one)
    assert found is not None
    return found


def test_the_latest_ending_wins_in_any_order() -> None:
    going_on, early, late = row(None), row(1), row(2)
    for order in permutations((going_on, early, late)):
        found = merged(*order)
        assert found.id == order[0].id
        assert (found.state, found.ended_at) == ("ended", late.ended_at)
        assert found.latest_cutoff_id == late.latest_cutoff_id


def test_of_two_at_one_moment_the_greater_id_wins() -> None:
    one, two = sorted((row(1), row(1)), key=lambda found: str(found.latest_cutoff_id))
    assert merged(one, two).latest_cutoff_id == two.latest_cutoff_id
    assert merged(two, one).latest_cutoff_id == two.latest_cutoff_id


def test_what_one_does_not_say_the_other_does() -> None:
    found = merged(row(1, subject="s"), row(None, parent_external_id="p", started_at=MOMENT))
    assert (found.subject, found.parent_external_id, found.started_at) == ("s", "p", MOMENT)


def test_conversations_that_go_on_stay_open() -> None:
    assert merged(row(None), row(None)).state == "open"
