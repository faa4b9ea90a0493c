"""What of a transcript stands open, folded, hidden and marked."""

from __future__ import annotations

import pytest

from conversations.evidence import Evidence, Mark
from conversations.transcripts import Message, Part
from reviews.turns import CHUNK, LAST_OPEN, MOST_JUMPS, Reading, ending_turn


def messages(count: int) -> list[Message]:
    """*count* turns, the user's first."""
    return [
        Message(role="assistant" if number % 2 else "user", parts=(Part("text", f"turn {number}"),))
        for number in range(count)
    ]


def evidence(**found: tuple[Mark, ...]) -> Evidence:
    """Evidence with nothing in it but *found*."""
    nothing: tuple[Mark, ...] = ()
    return Evidence(
        version=1,
        language="en",
        assessed=True,
        crisis_assessed=True,
        refusals=found.get("refusals", nothing),
        redirects=found.get("redirects", nothing),
        warnings=found.get("warnings", nothing),
        turns_after_warning=None,
        crisis_cues=found.get("crisis_cues", nothing),
        end_requested=None,
        end_confirmed=None,
    )


def reading(count: int, found: Evidence | None = None, **known: frozenset[int]) -> Reading:
    """A reading of *count* turns."""
    return Reading(
        messages=messages(count),
        evidence=found,
        hidden=known.get("hidden", frozenset()),
        revealed=known.get("revealed", frozenset()),
    )


def shape(read: Reading, *, first: int = 0, last: int = 0) -> list[tuple[int, int, bool]]:
    """The stretches as (first, last, folded)."""
    return [(part.first, part.last, part.folded) for part in read.stretches(first=first, last=last)]


def test_the_first_turn_and_the_last_eight_are_open() -> None:
    assert shape(reading(50)) == [(1, 1, False), (2, 42, True), (43, 50, False)]


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, 12])
def test_a_short_transcript_is_open(count: int) -> None:
    expected = [(1, count, False)] if count else []
    assert shape(reading(count)) == expected


def test_what_is_asked_for_is_opened_beside_the_beginning_and_the_end() -> None:
    assert shape(reading(400), first=100, last=120) == [
        (1, 1, False),
        (2, 99, True),
        (100, 120, False),
        (121, 392, True),
        (393, 400, False),
    ]


@pytest.mark.parametrize("last", [50, 5_000, 999_999])
def test_no_more_than_a_chunk_is_opened_however_much_is_asked_for(last: int) -> None:
    opened = reading(2_000).stretches(first=2, last=last)
    turns = sum(part.count for part in opened if not part.folded)
    assert turns <= CHUNK + LAST_OPEN + 1
    assert sum(part.count for part in opened) == 2_000


def test_a_fold_is_loaded_in_chunks_until_nothing_is_left() -> None:
    read, first, numbers = reading(301), 2, []
    while True:
        parts = read.chunk(first=first, last=293)
        numbers += [turn.number for turn in parts[0].turns]
        if len(parts) == 1:
            break
        assert parts[1].folded
        first = parts[1].first
    assert numbers == list(range(2, 294))


@pytest.mark.parametrize(("first", "last"), [(0, 5), (5, 4), (11, 20), (-1, 3)])
def test_a_chunk_outside_of_the_transcript_is_nothing(first: int, last: int) -> None:
    assert reading(10).chunk(first=first, last=last) == []


def test_a_hidden_turn_has_no_words_until_it_is_revealed() -> None:
    read = reading(3, hidden=frozenset({1, 3}), revealed=frozenset({3}))
    first, second, third = (read.turn(number) for number in (1, 2, 3))
    assert (first.concealed, first.parts) == (True, ())
    assert second.parts
    assert not second.revealed
    assert (third.concealed, third.revealed) == (False, True)
    assert third.parts


def test_marks_say_how_they_are_known() -> None:
    found = evidence(warnings=(Mark(2, "reported"),), crisis_cues=(Mark(1, "inferred"),))
    read = reading(2, found)
    assert [(mark.label, mark.inferred) for mark in read.turn(2).marks] == [("warning", False)]
    assert read.turn(1).cue
    assert read.turn(1).marks[0].inferred


def test_a_fold_says_what_is_marked_in_it() -> None:
    found = evidence(refusals=(Mark(10, "inferred"), Mark(12, "inferred"), Mark(50, "inferred")))
    fold = next(part for part in reading(50, found).stretches() if part.folded)
    assert fold.note == "2 refusals"


def test_of_very_many_marks_the_gravest_are_listed_in_their_order() -> None:
    found = evidence(
        refusals=tuple(Mark(number, "inferred") for number in range(2, 200, 2)),
        crisis_cues=(Mark(151, "inferred"), Mark(199, "inferred")),
    )
    jumps = reading(200, found).jumps()
    assert len(jumps) == MOST_JUMPS
    assert {151, 199} <= {jump.number for jump in jumps}
    assert [jump.number for jump in jumps] == sorted(jump.number for jump in jumps)


def test_the_end_is_where_the_source_said_or_the_last_turn() -> None:
    said = [Message(role="user", id="a"), Message(role="assistant", id="b"), Message(role="user")]
    assert ending_turn(said, "b") == (2, "reported")
    assert ending_turn(said, "z") == (3, "inferred")
    assert ending_turn([], "b") == (0, "")


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("2026-11-20T10:00:00Z", True),
        ("2026-11-20T10:00:00+02:00", True),
        ("2026-11-20T10:00:00", False),
        ("0001-01-01T00:00:00Z", False),
        ("9999-12-31T23:59:59Z", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_time_of_a_turn_is_shown_only_where_it_is_one(sent: str, known: bool) -> None:
    read = Reading([Message(role="user", created_at=sent)], None, frozenset(), frozenset())
    assert (read.turn(1).at is not None) == known
