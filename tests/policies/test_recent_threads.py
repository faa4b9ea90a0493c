"""What a preview has looked up is not looked up again for a minute."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from policies.services.recent_threads import KEPT_FOR, MOST, Packed, RecentThreads

Row = tuple[int, float]


class Looked:
    """A table of threads that remembers what it was asked, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.now = 0.0
        self.version = 1

    def __call__(self, ids: Packed) -> Packed:
        numbers = [UUID(bytes=bytes(one).ljust(16, b"\0")).int for one in ids]
        self.asked.append(numbers)
        rows = [(number * 10, float(self.version)) for number in numbers]
        return np.array(rows, [("subject", ">i8"), ("ended", ">f8")])


def keys(*numbers: int) -> Packed:
    """Ids of conversations; one whose last byte is 0 is as good as any."""
    return np.frombuffer(b"".join(UUID(int=number).bytes for number in numbers), "S16")


def test_only_what_is_not_known_is_looked_up_and_each_row_stands_in_its_place() -> None:
    table = Looked()
    recent = RecentThreads(table, lambda: table.now)
    assert recent(keys(3, 1, 256)).tolist() == [(30, 1.0), (10, 1.0), (2560, 1.0)]
    table.version = 2
    assert recent(keys(256, 2, 3, 2)).tolist() == [(2560, 1.0), (20, 2.0), (30, 1.0), (20, 2.0)]
    assert recent(keys(2, 1)).tolist() == [(20, 2.0), (10, 1.0)]
    assert table.asked == [[3, 1, 256], [2, 2]]
    assert recent(keys()).size == 0


def test_all_is_forgotten_after_a_minute_and_nothing_is_kept_without_end() -> None:
    table = Looked()
    recent = RecentThreads(table, lambda: table.now)
    recent(keys(1))
    table.now = KEPT_FOR - 1
    recent(keys(1, 2))
    table.now, table.version = KEPT_FOR, 2
    assert recent(keys(1)).tolist() == [(10, 2.0)]
    many = keys(*range(1, MOST + 2))
    assert recent(many).size == MOST + 1
    assert recent(keys(1, 5)).tolist() == [(10, 2.0), (50, 2.0)]
    assert table.asked[-1] == [5]
