"""Which turns are hidden until somebody asks for them."""

import pytest

from conversations.evidence import Evidence, Mark
from conversations.transcripts import Message
from reviews.hazards import (
    ALWAYS_HIDDEN,
    CUE,
    HIDDEN_FROM_SEVERITY,
    KINDS,
    UNRATED,
    Form,
    Hazard,
    Hiding,
    Wishes,
    hazard_of,
    hide,
    hide_excerpt,
    is_severe,
    usual_form,
)

MESSAGES = [Message("user"), Message("assistant"), Message("tool"), Message("user")]
WITH_A_CUE = Evidence(
    version=1,
    language="en",
    assessed=True,
    crisis_assessed=True,
    refusals=(),
    redirects=(),
    warnings=(),
    turns_after_warning=None,
    crisis_cues=(Mark(4, "inferred"),),
    end_requested=None,
    end_confirmed=None,
)


@pytest.mark.parametrize(
    ("category", "severity"),
    [("hate", 0.1), ("hate", None), ("other", None), ("other", HIDDEN_FROM_SEVERITY)],
)
def test_what_may_be_upsetting_hides_all_that_others_than_the_model_said(
    category: str, severity: float | None
) -> None:
    hiding = hide(MESSAGES, category=category, severity=severity, evidence=None)
    assert hiding.turns == {1, 3, 4}
    assert hiding.warning


def test_a_mild_conversation_is_shown() -> None:
    assert hide(MESSAGES, category="other", severity=0.1, evidence=None) == Hiding()


def test_a_turn_that_reads_like_a_crisis_is_hidden_in_a_mild_conversation_too() -> None:
    hiding = hide(MESSAGES, category="other", severity=0.1, evidence=WITH_A_CUE)
    assert hiding.turns == {4}
    assert "self-harm" in hiding.warning


def test_one_may_ask_for_more_to_be_hidden() -> None:
    blurred = Wishes({"privacy": Form.BLURRED})
    hiding = hide(MESSAGES, category="privacy", severity=0.1, evidence=None, wishes=blurred)
    assert hiding.turns == {1, 3, 4}
    assert hiding.form == Form.BLURRED
    early = Wishes(hidden_from=0.0)
    assert hide(MESSAGES, category="other", severity=0.0, evidence=None, wishes=early).turns


def test_one_may_ask_for_less_only_where_the_rule_allows() -> None:
    everything = Wishes(dict.fromkeys(KINDS, Form.SHOWN))
    assert {kind for kind in KINDS if everything.form_of(kind) != Form.SHOWN} == ALWAYS_HIDDEN
    shown = hide(MESSAGES, category="hate", severity=0.1, evidence=None, wishes=everything)
    assert shown == Hiding()
    severe = hide(MESSAGES, category="hate", severity=0.9, evidence=None, wishes=everything)
    assert severe.turns == {1, 3, 4}
    cue = hide(MESSAGES, category="hate", severity=0.1, evidence=WITH_A_CUE, wishes=everything)
    assert cue.turns == {4}


def test_a_category_that_is_shown_does_not_show_what_nobody_rated() -> None:
    wishes = Wishes({"hate": Form.SHOWN})
    assert hide(MESSAGES, category="hate", severity=None, evidence=None, wishes=wishes).turns
    both = Wishes({"hate": Form.SHOWN, UNRATED: Form.SHOWN})
    assert not hide(MESSAGES, category="hate", severity=None, evidence=None, wishes=both).turns


def test_of_two_kinds_the_stricter_form_holds() -> None:
    wishes = Wishes({"hate": Form.BLURRED})
    hiding = hide(MESSAGES, category="hate", severity=0.9, evidence=None, wishes=wishes)
    assert hiding.form == Form.FOLDED


@pytest.mark.parametrize(
    ("category", "severity", "cue", "hidden"),
    [
        ("other", 0.1, False, False),
        ("other", 0.1, True, True),
        ("other", None, False, True),
        ("hate", 0.1, False, True),
        ("other", 0.7, False, True),
    ],
)
def test_an_excerpt_is_hidden_where_anything_of_its_case_is(
    category: str, severity: float | None, cue: bool, hidden: bool
) -> None:
    assert bool(hide_excerpt(category=category, severity=severity, cue=cue)) is hidden


def test_the_house_hides_every_kind_that_is_always_hidden() -> None:
    assert {usual_form(kind) for kind in ALWAYS_HIDDEN} == {Form.FOLDED}
    assert usual_form(CUE) == Form.FOLDED


@pytest.mark.parametrize(
    ("category", "severity", "above", "severe"),
    [
        ("other", 0.89, False, False),
        ("other", 0.9, False, True),
        ("other", None, False, False),
        ("other", 0.1, True, True),
        ("suicide_self_harm", None, False, True),
        ("hate", 0.1, False, False),
    ],
)
def test_severe_is_told_from_what_was_reported(
    category: str, severity: float | None, above: bool, severe: bool
) -> None:
    assert is_severe(category=category, severity=severity, above_ceiling=above) is severe


@pytest.mark.parametrize(
    ("category", "in_danger", "hidden", "said"),
    [
        ("suicide_self_harm", False, False, Hazard.SEVERE),
        ("other", True, False, Hazard.SEVERE),
        ("violent_crimes", False, True, Hazard.HARMFUL),
        ("other", False, True, Hazard.UPSETTING),
        ("other", False, False, Hazard.NONE),
    ],
)
def test_how_severe_a_case_is_said_to_be(
    category: str, in_danger: bool, hidden: bool, said: Hazard
) -> None:
    assert hazard_of(category=category, in_danger=in_danger, hidden=hidden) is said
