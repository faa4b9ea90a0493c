"""Which turns are hidden until somebody asks for them."""

import pytest

from conversations.evidence import Evidence, Mark
from conversations.transcripts import Message
from reviews.hazards import HIDDEN_FROM_SEVERITY, Hiding, hide

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
