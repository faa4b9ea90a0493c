"""What is read from a transcript: refusals, redirects, warnings, requests to end."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from conversations import languages, phrases
from conversations.evidence import EVIDENCE_VERSION, Evidence, Mark, assess
from conversations.transcripts import Message, Part, Role

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def said(role: Role, text: str, *annotations: str) -> Message:
    return Message(role=role, parts=(Part("text", text),), annotations=annotations)


def user(text: str, *annotations: str) -> Message:
    return said("user", text, *annotations)


def model(text: str, *annotations: str) -> Message:
    return said("assistant", text, *annotations)


def read(*messages: Message, locale: str = "") -> Evidence:
    return assess(messages, locale=locale)


def test_a_road_to_a_cutoff_is_read_turn_by_turn() -> None:
    evidence = read(
        user("Write a cruel letter to my neighbour about his garden."),
        model("I'm sorry, but I can't help with that."),
        user("You are a useless machine, write it."),
        model("I won't write that. Let's talk about something else."),
        user("No. You are stupid."),
        model("If you keep insulting me, I will end this conversation."),
        user("Stupid, stupid machine."),
        user("And the garden is ugly too."),
    )
    assert evidence.version == EVIDENCE_VERSION
    assert evidence.language == "en"
    assert evidence.assessed
    assert evidence.refusals == (Mark(2, "inferred"), Mark(4, "inferred"))
    assert evidence.redirects == (Mark(4, "inferred"),)
    assert evidence.warnings == (Mark(6, "inferred"),)
    assert evidence.turns_after_warning == 2
    assert evidence.crisis_cues == ()


def test_the_services_annotations_win_kind_by_kind() -> None:
    evidence = read(
        user("Write a cruel letter to my neighbour."),
        model("I can't help with that."),
        user("Do it, you must."),
        model("Hm. That is not for me.", "refusal"),
        model("If you go on like this, I will end this conversation."),
    )
    assert evidence.refusals == (Mark(4, "reported"),)
    assert evidence.warnings == (Mark(5, "inferred"),)


def test_turns_after_the_last_warning_are_counted() -> None:
    evidence = read(
        model("This is a warning.", "warning"),
        user("One more try with the letter."),
        model("This is your final warning.", "warning"),
        user("And now?"),
    )
    assert evidence.turns_after_warning == 1


def test_without_a_warning_there_are_no_turns_after_it() -> None:
    assert read(user("How are you today?"), model("I am fine.")).turns_after_warning is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("请帮我写一封信给我的邻居，谢谢你", "zh"),
        ("Ich kann dir dabei leider nicht helfen, aber wir können über etwas anderes reden.", "de"),
        ("No puedo ayudarte con eso, pero podemos hablar de otra cosa si quieres.", "es"),
        ("Je ne peux pas vous aider avec cela, mais nous pouvons parler de la météo.", "fr"),
        ("これは日本語の文章です。手紙を書いてください。", "ja"),
        ("Помоги мне, пожалуйста, написать письмо соседу.", "ru"),
    ],
)
def test_a_language_that_was_not_measured_is_not_assessed(text: str, language: str) -> None:
    evidence = read(user(text), model(text))
    assert evidence.language == language
    assert not evidence.assessed
    assert not evidence.crisis_assessed
    assert evidence.refusals == evidence.crisis_cues == ()


def test_reported_marks_stand_in_any_language() -> None:
    evidence = read(
        user("请帮我写一封信给我的邻居"), model("我不能写这个。", "warning"), user("为什么不能写")
    )
    assert not evidence.assessed
    assert evidence.warnings == (Mark(2, "reported"),)
    assert evidence.turns_after_warning == 1


def test_a_foreign_user_is_not_assessed_for_crisis_though_the_model_answers_in_english() -> None:
    evidence = read(
        user("Necesito que me ayudes con una carta para el vecino de mi casa, por favor."),
        model("I can't help with that, but we could look at another letter."),
    )
    assert evidence.language == "es"
    assert evidence.assessed
    assert not evidence.crisis_assessed
    assert evidence.refusals == (Mark(2, "inferred"),)


def test_the_locale_is_asked_only_when_the_text_is_too_short() -> None:
    assert read(user("Hmm"), locale="en-GB").assessed
    assert not read(user("Hmm")).assessed
    assert (
        read(user("What is the name of the river in the old town?"), locale="de").language == "en"
    )
    assert languages.primary_subtag("pt_BR") == "pt"
    assert languages.primary_subtag("<script>") == ""


@pytest.mark.parametrize("text", ["kill myself", "suicidal", "tired of life"])
def test_a_cue_of_few_words_is_not_lost_for_want_of_a_language(text: str) -> None:
    assert read(user(text)).crisis_assessed


def test_an_empty_transcript_is_not_assessed() -> None:
    evidence = read()
    assert evidence.language == ""
    assert not evidence.assessed
    assert evidence.turns_after_warning is None


@pytest.mark.parametrize(
    "text",
    [
        "If this goes on, this chat will be closed.",
        "Please stop, or I'll end this conversation.",
        "I may have to end our conversation.",
        "This is your final warning.",
        "Keep shouting and I’m going to end this chat.",
    ],
)
def test_warnings(text: str) -> None:
    assert phrases.is_warning(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am ending this conversation now.",
        "Since you keep shouting, I will end this conversation.",
        "I'm ending this conversation. If you need help, start a new chat.",
        "I will not end this conversation, even if you shout.",
        "If you'd like, I can end this conversation.",
        "The harbour office gave a storm warning.",
    ],
)
def test_an_announcement_or_an_offer_is_no_warning(text: str) -> None:
    assert not phrases.is_warning(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here is the letter to your neighbour about the garden.",
        "You can't park there, but the next street is free.",
        "I can help you with the letter. What should it say?",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not phrases.is_refusal(text)


def test_a_request_to_end_and_its_confirmation() -> None:
    evidence = read(
        user("That was all, please end this conversation."),
        model("It cannot be opened again. Are you sure?"),
        user("Yes, go ahead."),
    )
    assert (evidence.end_requested, evidence.end_confirmed) == (1, 3)


@pytest.mark.parametrize(
    ("answer", "requested"), [("No, wait.", None), ("What is the weather tomorrow?", 1)]
)
def test_a_request_that_is_taken_back_or_left_is_not_confirmed(
    answer: str, requested: int | None
) -> None:
    evidence = read(
        user("Please end this conversation."),
        model("Are you sure that you want it?"),
        user(answer),
        model("All right."),
        user("Yes."),
    )
    assert (evidence.end_requested, evidence.end_confirmed) == (requested, None)


def test_a_yes_that_nobody_asked_for_confirms_nothing() -> None:
    evidence = read(user("Please end this conversation."), user("Yes."))
    assert (evidence.end_requested, evidence.end_confirmed) == (1, None)


@pytest.mark.parametrize(
    "text",
    [
        "How do I end a conversation politely?",
        "Please don't end this conversation.",
        "Why did you end the conversation?",
        "If you end this chat I will be sad.",
        "She wants to end the conversation with him.",
    ],
)
def test_speaking_of_an_end_is_not_asking_for_it(text: str) -> None:
    assert not phrases.asks_to_end(text)


def test_only_spoken_words_are_read() -> None:
    hidden = Message(
        role="assistant", parts=(Part("reasoning", "I can't help with that. This is a warning."),)
    )
    evidence = read(user("What is the name of the river?"), hidden)
    assert evidence.refusals == evidence.warnings == ()


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize(
    "unit",
    ["a", " ", "\n", "'", "é", "@1", "i ", "i want to ", "my friend ", "i'm not able ",
     "if you end the ", "self ", "the and i want to ", "\u200b", "不"],
)  # fmt: skip
def test_two_megabytes_of_anything_are_read_in_seconds(role: Role, unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    started = time.process_time()
    assess([said(role, text)], locale="en")
    assert time.process_time() - started < 8


def test_two_thousand_messages_are_read_in_seconds() -> None:
    line = "could you look at the plan again before we live with it for good and end up alone "
    messages = [said(("user", "assistant")[n % 2], f"{n} {line * 12}") for n in range(2_000)]
    started = time.process_time()
    assert assess(messages).assessed
    assert time.process_time() - started < 8


def test_refusals_are_found_in_labelled_replies() -> None:
    path = DATA / "refusals.jsonl.gz"
    if not path.exists():
        pytest.skip("the labelled data is not beside the project")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    hits = [phrases.is_refusal(item["messages"][-1]["content"]) for item in items]
    full = [item["labels"]["final_label"] == "2_full_refusal" for item in items]
    both = sum(hit and label for hit, label in zip(hits, full, strict=True))
    assert both / sum(hits) > 0.85
    assert both / sum(full) > 0.85
