"""Draws: fixed by the key, fair over many, and independent of each other."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import keys, sampling

MOMENT = datetime(2026, 11, 20, tzinfo=UTC)
KEYS = [keys.mint(MOMENT) for _ in range(20_000)]


@given(st.uuids(), st.text(max_size=5), st.text(max_size=5))
def test_the_same_key_draws_the_same_number(key: UUID, purpose: str, salt: str) -> None:
    found = sampling.uniform(key, purpose=purpose, salt=salt)
    assert 0 <= found < 1
    assert found == sampling.uniform(key, purpose=purpose, salt=salt)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_a_share_is_drawn_as_large_as_it_says(share: float) -> None:
    drawn = sum(
        sampling.draw(key, audit_share=share, double_share=0, salt="s").in_audit for key in KEYS
    )
    # Five standard deviations: a fair draw passes all but once in a million.
    spread = 5 * (share * (1 - share) * len(KEYS)) ** 0.5
    assert abs(drawn - share * len(KEYS)) <= spread


def test_double_review_is_drawn_independently_of_the_audit() -> None:
    draws = [sampling.draw(key, audit_share=0.3, double_share=0.4, salt="s") for key in KEYS]
    both = sum(draw.in_audit and draw.in_double for draw in draws)
    assert abs(both - 0.12 * len(KEYS)) <= 5 * (0.12 * 0.88 * len(KEYS)) ** 0.5
    assert {(draw.audit_probability, draw.double_probability) for draw in draws} == {(0.3, 0.4)}


def test_another_salt_draws_others() -> None:
    def drawn(salt: str) -> list[bool]:
        return [
            sampling.draw(key, audit_share=0.5, double_share=0, salt=salt).in_audit
            for key in KEYS[:200]
        ]

    assert drawn("one") == drawn("one")
    assert drawn("one") != drawn("two")


def test_a_larger_share_keeps_whom_a_smaller_one_drew() -> None:
    for key in KEYS[:500]:
        small, large = (
            sampling.draw(key, audit_share=share, double_share=0, salt="s").in_audit
            for share in (0.1, 0.2)
        )
        assert large or not small
