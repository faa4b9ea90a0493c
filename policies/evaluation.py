"""May this conversation be ended? Signals and thresholds in, a decision and its reasons out.

Criteria are data: the one table :data:`CRITERIA` serves this module, the conformance of a case
and the compilation to SQL (``policies/criteria_sql.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from django.utils.translation import gettext_noop
from msgspec import Struct

from policies.thresholds import CategoryThresholds, Thresholds

Operator = Literal["≥", "≤", "="]
Number = float | int | bool


class Decision(StrEnum):
    """What a chat service may do now (docs/how-to/ask-before-ending.md)."""

    END = "end"
    CONTINUE = "continue"
    WARN_FIRST = "warn_first"
    CONFIRM_FIRST = "confirm_first"
    NEVER = "never"


@dataclass(frozen=True)
class Criterion:
    """One test: a signal held against the threshold of its category.

    ``whole`` marks counts, which are shown without decimals. ``warning`` marks the criteria
    that only a warning can meet: where nothing else is missing, the model should warn first.
    """

    name: str
    label: str
    whole: bool = True
    warning: bool = False

    def threshold(self, thresholds: CategoryThresholds) -> float:
        """What the policy asks for."""
        return float(getattr(thresholds, self.name))


CRITERIA: tuple[Criterion, ...] = (
    Criterion("severity", gettext_noop("Severity"), whole=False),
    Criterion("refusals", gettext_noop("Refusals")),
    Criterion("redirects", gettext_noop("Redirects")),
    Criterion("warnings", gettext_noop("Earlier warnings"), warning=True),
    Criterion("turns_after_warning", gettext_noop("User turns after the warning"), warning=True),
    Criterion("distress", gettext_noop("Distress of the model"), whole=False),
)

PAUSED = "paused"
READABLE = "policy_readable"
IMMINENT_RISK = "imminent_risk"
CRISIS_CUE = "crisis_cue"
ENABLED = "enabled"
CONFIRMATION = "user_confirmed"


class Line(Struct, frozen=True):
    """One criterion, held against what was observed; ``met`` is False for an unknown signal."""

    name: str
    observed: Number | None
    operator: Operator
    threshold: Number
    met: bool
    explanation: str


class Evaluation(Struct, frozen=True):
    """A decision and the line for each criterion that it rests on."""

    decision: Decision
    criteria: tuple[Line, ...]


class Observation(Struct, frozen=True):
    """What is known at the moment of asking. ``signals`` by name; None is unknown.

    ``crisis_assessed`` False: there is a transcript, in a language in which crisis cues are not
    looked for. ``unreadable``: the policy in force can no longer be read, which stops all ending
    as a pause does.
    """

    initiator: str
    category: str
    signals: Mapping[str, float | int | None]
    user_confirmed: bool | None = None
    crisis_cue: bool = False
    paused: bool = False
    crisis_assessed: bool = True
    unreadable: bool = False


def imminent_risk(signals: Mapping[str, float | int | None]) -> float | None:
    """The larger of the two risks, 0 to 1; unknown when either is (docs/reference/api.md,
    "Signals").
    """
    risk_self, risk_others = signals.get("risk_self"), signals.get("risk_others")
    if risk_self is None or risk_others is None:
        return None
    return max(risk_self, risk_others)


def evaluate(observation: Observation, thresholds: Thresholds) -> Evaluation:
    """Decide, and explain criterion by criterion.

    The rules without a switch come first, and hold whoever initiates.
    """
    rules = _rules(observation, thresholds)
    if observation.initiator == "model":
        asked, decision = _model_decision(observation, thresholds.of(observation.category))
    elif observation.initiator == "user":
        asked, decision = _user_decision(observation, thresholds)
    else:
        asked, decision = (), Decision.END
    if not all(line.met for line in rules):
        decision = Decision.NEVER
    return Evaluation(decision, rules + asked)


_PAUSED = Line(
    PAUSED,
    True,
    "=",
    False,
    met=False,
    explanation="Ending is paused here: nothing may be ended until two people have resumed it.",
)

_UNREADABLE = Line(
    READABLE,
    False,
    "=",
    True,
    met=False,
    explanation="The policy in force can no longer be read: nothing may be ended until another one"
    " is in force.",
)


def _rules(observation: Observation, thresholds: Thresholds) -> tuple[Line, ...]:
    risk, ceiling = imminent_risk(observation.signals), thresholds.imminent_risk_ceiling
    if risk is None:
        words = "Whether somebody is in danger is unknown; then nothing may be ended."
    elif risk > ceiling:
        words = f"A risk of {risk:.2f} is above the ceiling of {ceiling:.2f}: never end here."
    else:
        words = f"A risk of {risk:.2f} is within the ceiling of {ceiling:.2f}."
    risk_met = risk is not None and risk <= ceiling
    return (
        *((_UNREADABLE,) if observation.unreadable else ()),
        *((_PAUSED,) if observation.paused and not observation.unreadable else ()),
        Line(IMMINENT_RISK, risk, "≤", ceiling, risk_met, words),
        _crisis(cue=observation.crisis_cue, assessed=observation.crisis_assessed),
    )


def _crisis(*, cue: bool, assessed: bool) -> Line:
    if cue:
        words = "The transcript has words that read like a crisis: never end here."
    elif assessed:
        words = "No crisis cue is known."
    else:
        words = "Crisis cues were not looked for: the language is one that was not measured."
    return Line(CRISIS_CUE, cue if cue or assessed else None, "=", False, not cue, words)


def _user_decision(
    observation: Observation, thresholds: Thresholds
) -> tuple[tuple[Line, ...], Decision]:
    if not thresholds.confirm_user_request:
        return (), Decision.END
    met = observation.user_confirmed is True
    words = (
        "The user confirmed that the conversation should end."
        if met
        else "The user has not confirmed that the conversation should end."
    )
    line = Line(CONFIRMATION, observation.user_confirmed, "=", True, met, words)
    return (line,), Decision.END if met else Decision.CONFIRM_FIRST


def _model_decision(
    observation: Observation, thresholds: CategoryThresholds
) -> tuple[tuple[Line, ...], Decision]:
    enabled = Line(
        ENABLED,
        thresholds.enabled,
        "=",
        True,
        thresholds.enabled,
        "Ending is switched on for this category."
        if thresholds.enabled
        else "The policy never ends a conversation of this category.",
    )
    lines = [
        (criterion, line(criterion, observation.signals, thresholds)) for criterion in CRITERIA
    ]
    others_met = enabled.met and all(
        found.met for criterion, found in lines if not criterion.warning
    )
    warned = next(found.met for criterion, found in lines if criterion.name == "warnings")
    if others_met and all(found.met for _, found in lines):
        decision = Decision.END
    elif others_met and not warned:
        decision = Decision.WARN_FIRST
    else:
        decision = Decision.CONTINUE
    return (enabled, *(found for _, found in lines)), decision


def line(
    criterion: Criterion,
    signals: Mapping[str, float | int | None],
    thresholds: CategoryThresholds,
) -> Line:
    """One criterion against one signal. A threshold of 0 is met whatever the signal."""
    observed, threshold = signals.get(criterion.name), criterion.threshold(thresholds)
    met = threshold <= 0 or (observed is not None and observed >= threshold)
    show: Callable[[float], str] = "{:.0f}".format if criterion.whole else "{:.2f}".format
    if threshold <= 0:
        words = f"{criterion.label}: the policy asks for none."
    elif observed is None:
        words = f"{criterion.label}: {show(threshold)} asked for, but the service did not say."
    else:
        verb = "is enough" if met else "is too little"
        words = f"{criterion.label}: {show(observed)} {verb}, {show(threshold)} asked for."
    return Line(
        criterion.name,
        observed,
        "≥",
        int(threshold) if criterion.whole else threshold,
        met,
        words,
    )
