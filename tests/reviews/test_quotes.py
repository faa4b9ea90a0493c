"""Whether a text quotes what somebody said."""

from __future__ import annotations

import pytest

from reviews.quotes import quoting

SAID = "My neighbour’s cat, Mitzi, sleeps on the ledge of my kitchen window."


@pytest.mark.parametrize(
    "text",
    [
        "They wrote “sleeps on the ledge of” and no more.",
        "He says that MY NEIGHBOUR'S CAT -- Mitzi -- SLEEPS somewhere.",
        "sleeps\non\nthe\nledge\nof",
        SAID,
    ],
)
def test_five_words_in_a_row_are_a_quotation(text: str) -> None:
    assert quoting({"r": text}, [SAID]) == {"r"}


@pytest.mark.parametrize(
    "text",
    [
        "They wrote: sleeps on the ledge.",
        "sleeps on a ledge of my kitchen",
        "",
        "window kitchen my of ledge the on sleeps",
        "on the ledge, and my kitchen window",
    ],
)
def test_fewer_or_other_words_are_none(text: str) -> None:
    assert quoting({"r": text}, [SAID]) == set()


def test_a_quotation_does_not_run_across_two_turns() -> None:
    assert quoting({"r": "one two three four five"}, ["one two three", "four five six"]) == set()


def test_each_text_is_told_apart() -> None:
    texts = {1: "a b c d e", 2: "b c d e f", 3: "x y z"}
    assert quoting(texts, ["zero a b c d e"]) == {1}
    assert quoting(texts, ["a b c d e f"]) == {1, 2}


def test_without_spaces_eight_characters_are_a_quotation() -> None:
    said = "我的邻居的猫每天睡在厨房的窗台上"
    assert quoting({"r": "用户写道：“猫每天睡在厨房的”。"}, [said]) == {"r"}
    assert quoting({"r": "用户写道：“猫每天睡在厨房”。"}, [said]) == set()


def test_words_and_characters_weigh_together() -> None:
    said = "please answer 我的邻居的 now"
    assert quoting({"r": "please answer 我的邻居的"}, [said]) == {"r"}
    assert quoting({"r": "please answer 我的"}, [said]) == set()
