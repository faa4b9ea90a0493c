"""Writing many rows with one statement."""

from __future__ import annotations

import msgspec

from conversations import bulk


class Row(msgspec.Struct):
    text: str


def test_long_texts_are_written_in_pieces() -> None:
    """In their order, none lost; one that is larger than a piece goes by itself."""
    third = bulk.PIECE // 3
    rows = [
        Row("a" * third),
        Row("b" * third),
        Row("c" * third),
        Row("d" * 3 * bulk.PIECE),
        Row(""),
    ]
    assert list(bulk.pieces(rows)) == [rows[:2], rows[2:3], rows[3:4], rows[4:]]
    assert list(bulk.pieces([])) == []
