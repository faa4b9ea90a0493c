"""Who is on call: weekdays, midnight, time zones, and the nights on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.rota import Span, Turn, gaps, on_call

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(range(1, 8))
#: With clocks that are changed by an hour, by half an hour, by a whole day once, and never.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Santiago",
    )
]


def turn(
    starts: str,
    ends: str,
    *,
    person: int = 1,
    position: int = 1,
    days: frozenset[int] = EVERY_DAY,
    zone: ZoneInfo = BERLIN,
) -> Turn:
    clock = time.fromisoformat
    return Turn(person, position, days, clock(starts), clock(ends), zone)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        ("2026-11-20T07:59:59", False),
        ("2026-11-20T08:00", True),
        ("2026-11-20T15:59:59", True),
        ("2026-11-20T16:00", False),
    ],
)
def test_from_its_start_until_just_before_its_end(at: str, covered: bool) -> None:
    assert bool(on_call([turn("08:00", "16:00")], berlin(at))) == covered


def test_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    friday_night = [turn("20:00", "06:00", days=frozenset({5}))]
    assert on_call(friday_night, berlin("2026-11-21T05:59"))
    assert not on_call(friday_night, berlin("2026-11-20T05:59"))


def test_a_whole_day_ends_where_it_starts() -> None:
    assert gaps([turn("09:00", "09:00")], berlin("2026-03-01T00:00"), berlin("2026-04-15")) == []


def test_the_hours_are_those_of_the_wall_clock_in_summer_and_in_winter() -> None:
    listed = [turn("08:00", "16:00")]
    assert on_call(listed, datetime(2026, 7, 1, 6, 30, tzinfo=UTC))
    assert not on_call(listed, datetime(2026, 12, 1, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_where_the_clocks_are_changed_adjoining_hours_leave_no_gap(night: str) -> None:
    listed = [turn("02:30", "14:00"), turn("14:00", "02:30", person=2)]
    noon = berlin(f"{night}T12:00")
    assert gaps(listed, noon - timedelta(days=1), noon) == []


def test_the_first_to_be_called_stands_first_and_each_stands_once() -> None:
    listed = [
        turn("08:00", "16:00", person=3, position=2),
        turn("00:00", "23:00", person=1, position=1),
        turn("09:00", "15:00", person=3, position=5),
        turn("20:00", "21:00", person=4, position=1),
    ]
    assert on_call(listed, berlin("2026-11-20T10:00")) == [1, 3]


def test_a_gap_is_found_with_its_bounds() -> None:
    found = gaps([turn("08:00", "20:00")], berlin("2026-11-20T10:00"), berlin("2026-11-21T10:00"))
    assert found == [Span(berlin("2026-11-20T20:00"), berlin("2026-11-21T08:00"))]


def test_without_a_rota_all_is_a_gap() -> None:
    since, until = berlin("2026-11-20"), berlin("2026-11-21")
    assert gaps([], since, until) == [Span(since, until)]


#: A busy machine proves as much as an idle one.
unhurried = settings(suppress_health_check=[HealthCheck.too_slow])

clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
turns = st.builds(
    Turn,
    person=st.integers(1, 4),
    position=st.integers(1, 4),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    starts=clocks,
    ends=clocks,
    zone=st.sampled_from(ZONES),
)


@unhurried
@given(st.lists(turns, max_size=5), moments, st.integers(0, 8 * 24 * 60))
def test_nobody_is_on_call_exactly_in_the_gaps(
    listed: list[Turn], since: datetime, minutes: int
) -> None:
    found = gaps(listed, since, since + timedelta(days=8))
    at = since + timedelta(minutes=minutes)
    in_gap = any(span.start <= at < span.end for span in found)
    if at < since + timedelta(days=8):
        assert in_gap == (on_call(listed, at) == [])


@unhurried
@given(st.lists(clocks, min_size=1, max_size=4, unique=True), st.sampled_from(ZONES), moments)
def test_hours_that_follow_on_one_another_leave_no_gap(
    cuts: list[time], zone: ZoneInfo, since: datetime
) -> None:
    ordered = sorted(cuts)
    listed = [
        Turn(number, 1, EVERY_DAY, start, ordered[(number + 1) % len(ordered)], zone)
        for number, start in enumerate(ordered)
    ]
    assert gaps(listed, since, since + timedelta(days=200)) == []


@unhurried
@given(turns, moments)
def test_on_a_day_without_a_change_of_clocks_the_wall_clock_decides(
    one: Turn, at: datetime
) -> None:
    local = at.astimezone(one.zone)
    noon = local.replace(hour=12, minute=0)
    offsets = {(noon + timedelta(days=days)).utcoffset() for days in (-2, -1, 0, 1, 2)}
    if len(offsets) > 1:
        return
    clock, today = local.time(), local.isoweekday()
    yesterday = today - 1 or 7
    if one.ends > one.starts:
        expected = today in one.weekdays and one.starts <= clock < one.ends
    else:
        expected = (today in one.weekdays and clock >= one.starts) or (
            yesterday in one.weekdays and clock < one.ends
        )
    assert bool(on_call([one], at)) == expected
