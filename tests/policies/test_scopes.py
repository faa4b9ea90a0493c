"""Which policy a conversation is under: scopes, and the sides of a staged rollout."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.scopes import (
    BUCKETS,
    LONGEST,
    MalformedScope,
    Scope,
    bucket,
    candidates,
    in_share,
    label_of,
)

values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=15)


@given(model=values, surface=values, locale=values)
def test_what_is_written_is_read_again(model: str, surface: str, locale: str) -> None:
    text = str(Scope(model, surface, locale))
    assert str(Scope.parse(text)) == text
    read = Scope.parse(text)
    assert (read.model, read.surface) == (model, surface)


def test_how_scopes_are_spelt() -> None:
    assert str(Scope()) == "default"
    assert str(Scope("m;=%", "web", "de_AT")) == "model=m%3B%3D%25;surface=web;locale=de-at"
    assert str(Scope(locale="PT-br")) == "locale=pt-br"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "everything",
        "Default",
        "model=",
        "model",
        "model=a;",
        "surface=web;model=a",
        "model=a;model=b",
        "model=a=b",
        "model=a%41",
        "locale=de-AT",
        "colour=red",
        "default;model=a",
        "model=a\x00",
        "model=" + "a" * (LONGEST - 5),
    ],
)
def test_no_other_text_is_a_scope(text: str) -> None:
    with pytest.raises(MalformedScope, match="A scope is default, or"):
        Scope.parse(text)


def test_the_longest_scope() -> None:
    assert Scope.parse("model=" + "a" * (LONGEST - 6)).model


def test_scopes_in_words() -> None:
    assert label_of("default") == "all conversations"
    assert label_of("everything") == "everything"
    assert label_of("model=m%3D4;locale=de") == "model m=4, locale de"


def test_the_most_specific_scope_comes_first() -> None:
    assert candidates(model="m", surface="web", locale="de-AT") == (
        "model=m;surface=web;locale=de-at",
        "model=m;surface=web;locale=de",
        "model=m;surface=web",
        "model=m;locale=de-at",
        "model=m;locale=de",
        "surface=web;locale=de-at",
        "surface=web;locale=de",
        "model=m",
        "surface=web",
        "locale=de-at",
        "locale=de",
        "default",
    )
    assert candidates(surface="web") == ("surface=web", "default")
    assert candidates(locale="-") == ("locale=-", "default")
    assert candidates() == ("default",)


@pytest.mark.parametrize(
    ("version", "conversation_id", "expected"),
    # sha256sum of these begins with f9444909 and 2f23c718.
    [(12, "conv-123", 0xF9444909 % 10_000), (2, "é", 0x2F23C718 % 10_000)],
)
def test_a_bucket_never_changes(version: int, conversation_id: str, expected: int) -> None:
    assert bucket(version, conversation_id) == expected


def test_a_share_is_as_large_as_it_says_and_grows_by_itself() -> None:
    ids = [f"c{number}" for number in range(20_000)]
    shares = {
        percent: {one for one in ids if in_share(3, one, percent)} for percent in (1, 10, 50, 100)
    }
    assert shares[1] < shares[10] < shares[50] < shares[100] == set(ids)
    # 50 % of 20,000: the standard deviation is 71.
    assert abs(len(shares[50]) - 10_000) < 300
    assert abs(len(shares[10]) - 2_000) < 200


def test_versions_draw_apart_and_every_bucket_is_met() -> None:
    ids = [f"c{number}" for number in range(20_000)]
    both = sum(in_share(3, one, 50) and in_share(4, one, 50) for one in ids)
    assert abs(both - 5_000) < 300
    met = Counter(bucket(3, one) // 100 for one in ids)
    assert set(met) == set(range(BUCKETS // 100))
