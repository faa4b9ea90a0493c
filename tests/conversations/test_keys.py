"""Keys that carry their time, and pseudonyms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conversations import keys

moments = st.datetimes(datetime(2015, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants them so


@given(moments, moments)
def test_order_by_key_is_order_in_time(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (keys.mint(one) < keys.mint(other)) == (one < other)
    assert keys.mint(one).version == 7


def test_keys_of_one_moment_differ() -> None:
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    minted = [keys.mint(moment) for _ in range(1000)]
    assert len(set(minted)) == 1000


@given(moments)
def test_a_key_lies_in_the_partition_of_its_month(moment: datetime) -> None:
    month = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (month + timedelta(days=32)).replace(day=1)
    key = keys.mint(moment)
    assert keys.month_of(key) == month
    assert keys.lowest(month) <= key < keys.lowest(following)


def test_a_pseudonym_tells_nothing_and_joins_nothing() -> None:
    one = keys.pseudonym(source="chat", user_id="u-77", secret="s")
    assert one == keys.pseudonym(source="chat", user_id="u-77", secret="s")
    others = {
        keys.pseudonym(source="other", user_id="u-77", secret="s"),
        keys.pseudonym(source="chat", user_id="u-78", secret="s"),
        keys.pseudonym(source="chat", user_id="u-77", secret="t"),
        keys.pseudonym(source="chatu", user_id="-77", secret="s"),
    }
    assert len(others | {one}) == 5
    assert len(one) == 32
    assert "u-77" not in one
