"""A case in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.evidence import Evidence, Mark
from policies.conformance import conformance
from policies.evaluation import Observation
from policies.thresholds import CategoryThresholds, Thresholds
from reviews.headlines import headline
from reviews.summaries import FOLDED_SEVERITY, Subject, remarks, summary, table

SIGNALS: dict[str, float | int | None] = {
    "severity": 0.9,
    "refusals": 3,
    "redirects": 2,
    "warnings": 1,
    "turns_after_warning": 2,
    "distress": 0.5,
    "risk_self": 0.0,
    "risk_others": 0.0,
}
SUBJECT = Subject("cutoff", "model", "hate", 12, 14)


def evidence(cues: tuple[Mark, ...] = (), warnings: tuple[Mark, ...] = ()) -> Evidence:
    """A transcript in English in which little was found."""
    return Evidence(
        version=1,
        language="en",
        assessed=True,
        crisis_assessed=True,
        refusals=(),
        redirects=(),
        warnings=warnings,
        turns_after_warning=None,
        crisis_cues=cues,
        end_requested=None,
        end_confirmed=None,
    )


def told(
    found: Evidence | None = None,
    *,
    folded: bool = False,
    subject: Subject = SUBJECT,
    thresholds: Thresholds | None = None,
    **signals: Any,
) -> str:
    """The summary as one text."""
    observation = Observation(subject.initiator or "model", subject.category, SIGNALS | signals)
    conformed = conformance(observation, thresholds or Thresholds(), found)
    pieces = summary(subject, conformed, found, folded=folded)
    pieces += remarks(conformed, found, folded=folded)
    return "".join(piece.text for piece in pieces)


def test_an_end_that_followed_the_policy() -> None:
    text = told(evidence(warnings=(Mark(4, "reported"),)))
    assert text.startswith("The model ended the conversation at turn 14, for hate.")
    assert "What policy 12 asks for was there" in text
    assert "But" not in text


def test_what_fell_short_is_named() -> None:
    assert "refusals and redirects fell short" in told(refusals=0, redirects=0)
    assert "redirects were not reported" in told(redirects=None)


def test_the_severity_is_not_told_while_it_is_folded() -> None:
    assert "severity fell short" in told(severity=0.1)
    high, low = told(severity=0.99, folded=True), told(severity=0.01, folded=True)
    assert high == low


def test_a_crisis_cue_is_said_loudly_and_leads_to_its_turn() -> None:
    found = evidence(cues=(Mark(9, "inferred"),))
    conformed = conformance(Observation("model", "hate", SIGNALS), Thresholds(), found)
    pieces = summary(SUBJECT, conformed, found, folded=True)
    assert [piece.turn for piece in pieces if piece.strong and piece.turn] == [9]
    assert "reads like a crisis" in "".join(piece.text for piece in pieces if piece.strong)


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        ({"risk_self": None}, "whether anybody was in danger was not reported"),
        ({"risk_others": 0.9}, "a risk above the ceiling"),
        ({"warnings": 0}, "there was no earlier warning"),
    ],
)
def test_each_broken_rule_is_told(signals: dict[str, Any], words: str) -> None:
    assert words in told(evidence(), **signals)


def test_several_broken_rules_are_one_sentence_and_nothing_else_is_told() -> None:
    found = evidence(cues=(Mark(9, "inferred"),))
    conformed = conformance(
        Observation("model", "hate", SIGNALS | {"risk_self": None}), Thresholds(), found
    )
    text = "".join(piece.text for piece in summary(SUBJECT, conformed, found, folded=True))
    assert text == (
        "The model ended the conversation at turn 14, for hate. But at turn 9 the user wrote"
        " something that reads like a crisis and whether anybody was in danger was not reported;"
        " no policy may end a conversation then."
    )


def test_a_transcript_that_shows_otherwise_is_told() -> None:
    assert "On refusals, redirects and earlier warnings the transcript shows" in told(evidence())


def test_a_category_that_is_never_ended() -> None:
    never = Thresholds(categories={"hate": CategoryThresholds(enabled=False)})
    assert "Policy 12 never ends a conversation of this category." in told(thresholds=never)


def test_without_a_transcript_it_says_so() -> None:
    assert told(None).endswith("There is no transcript to hold this against.")


def test_a_language_that_was_not_measured_is_not_assessed_rather_than_clean() -> None:
    silent = evidence()
    unmeasured = Evidence(
        **{name: getattr(silent, name) for name in silent.__struct_fields__}
        | {"assessed": False, "crisis_assessed": False}
    )
    assert "was not assessed in full" in told(unmeasured)
    rows = table(
        conformance(Observation("model", "hate", SIGNALS), Thresholds(), unmeasured), folded=False
    )
    assert {row.shown for row in rows if row.label in ("Refusals", "Crisis cue")} == {
        "not assessed"
    }


def test_a_near_miss_went_on() -> None:
    assert told(subject=Subject("near_miss", "", "other", 3)).startswith(
        "The conversation went on although ending was close."
    )


def test_the_table_keeps_the_reported_severity_back_while_folded() -> None:
    conformed = conformance(Observation("model", "hate", SIGNALS), Thresholds(), None)
    (row,) = (row for row in table(conformed, folded=True) if row.label == "Severity")
    assert (row.reported, row.finding) == (FOLDED_SEVERITY, "")
    (row,) = (row for row in table(conformed, folded=False) if row.label == "Severity")
    assert (row.reported, row.finding) == ("0.90", "Met")


def test_signals_whose_term_is_over_are_not_called_unknown() -> None:
    nothing = dict.fromkeys(SIGNALS)
    conformed = conformance(Observation("model", "hate", nothing), Thresholds(), None)
    before = {row.label: row.reported for row in table(conformed, folded=False)}
    after = {row.label: row.reported for row in table(conformed, folded=False, expired=True)}
    assert (before["Severity"], after["Severity"]) == ("unknown", "no longer kept")
    assert after["Imminent risk"] == "no longer kept"
    asked = conformance(Observation("user", "hate", nothing), Thresholds(), None)
    after = {row.label: row.reported for row in table(asked, folded=False, expired=True)}
    assert after["Confirmed by the user"] == "unknown"
    line = headline(
        SUBJECT,
        refusals=None,
        redirects=None,
        warnings=None,
        confirmed=None,
        flags=[],
        language="en",
        expired=True,
    )
    assert line == "Ended by the model; what was reported is no longer kept"


@pytest.mark.parametrize(
    ("initiator", "flags", "confirmed", "words"),
    [
        ("model", [], None, "Ended by the model: 1 refusal, no redirects, 2 warnings"),
        ("model", ["crisis_cue", "no_warning"], None, "Ended by the model; a turn reads like"),
        ("model", ["no_warning"], None, "Ended by the model without a warning"),
        ("user", [], True, "Ended at the user’s request, which they confirmed"),
        ("operator", ["risk_above_ceiling"], None, "Ended by staff; the reported risk"),
    ],
)
def test_one_line_says_what_happened(
    initiator: str, flags: list[str], confirmed: bool | None, words: str
) -> None:
    line = headline(
        Subject("cutoff", initiator, "hate", 1),
        refusals=1,
        redirects=0,
        warnings=2,
        confirmed=confirmed,
        flags=flags,
        language="en",
    )
    assert line.startswith(words)
