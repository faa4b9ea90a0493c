"""Crisis cues: which words raise the flag, and which must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversations import crisis
from conversations.evidence import Mark, assess
from conversations.transcripts import Message, Part


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to be alive anymore.",
        "Some days I wish I had never been born.",
        "I’ve been thinking about ending my life.",
        "i keep wanting to hurt myself again",
        "My sister says she is going to kill herself and I don't know what to do.",
        "There is no reason to go on living.",
        "I am suicidal again.",
        "i want to k1ll mys3lf",
    ],
)
def test_plain_words_of_a_person_at_risk_are_a_cue(text: str) -> None:
    assert crisis.is_cue(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I kill a Python process that hangs?",
        "I shot myself in the foot with that deploy.",
        "I'm writing an essay on suicide prevention hotlines and need an outline.",
        "This traffic is killing me, I could die of boredom.",
        "Where can I buy a can of coke?",
        "My battery is dying, how do I make it live longer?",
        "I cut my finger while cooking dinner.",
        "I want to live by the sea one day.",
        "Stop this conversation, you are a stupid machine.",
        "",
        "   ",
    ],
)
def test_harmless_words_are_not(text: str) -> None:
    assert not crisis.is_cue(text)


def test_the_model_sees_what_no_pattern_does() -> None:
    model = crisis.Model(buckets=2, scale=1.0, bias=0.0, threshold=1.0, weights=bytes([5, 5]))
    silent = crisis.Model(buckets=2, scale=1.0, bias=-50.0, threshold=1.0, weights=bytes([5, 5]))
    assert crisis.is_cue("what a lovely morning", model)
    assert not crisis.is_cue("what a lovely morning", silent)


def test_a_turn_is_scored_by_its_highest_window() -> None:
    buckets = 4096
    weights = bytearray(buckets)
    for feature in crisis.features(["harbour"] * 3, buckets):
        weights[feature] = 100
    model = crisis.Model(buckets, 1.0, 0.0, 1.0, bytes(weights))
    alone = crisis.highest_score(["harbour"] * crisis.WINDOW, model)
    within = ["calm"] * 400 + ["harbour"] * crisis.WINDOW + ["calm"] * 400
    assert crisis.highest_score(within, model) == pytest.approx(alone)
    assert alone == pytest.approx(100 * (2 * crisis.WINDOW - 1) ** 0.5)


def test_windows_cover_every_word() -> None:
    for length in (0, 1, 49, 50, 51, 75, 76, 1000):
        covered = {place for start, end in crisis.windows(length) for place in range(start, end)}
        assert covered == set(range(length))


def test_words_undo_disguises() -> None:
    assert crisis.words("I don’t l1ke\u200b m0nd@ys *at* all, 24 of them") == (
        ["i", "dont", "like", "mondays", "at", "all", "0", "of", "them"]
    )


def test_cues_stand_at_the_users_turns_alone() -> None:
    words = "I don't want to be alive anymore, and I think about it every day."
    messages = [
        Message(role=role, parts=(Part("text", words),)) for role in ("assistant", "user", "tool")
    ]
    assert assess(messages).crisis_cues == (Mark(2, "inferred"),)


def test_the_shipped_model_is_small_and_sound() -> None:
    model = crisis.read_model()
    assert crisis.MODEL_PATH.stat().st_size < 300_000
    assert len(model.weights) == model.buckets
    assert any(model.weights)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short.bin"
    short.write_bytes(crisis.MODEL_PATH.read_bytes()[:-1])
    with pytest.raises(ValueError, match="weights"):
        crisis.read_model(short)
