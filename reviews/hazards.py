"""Which turns are not shown until a reviewer asks for them, and which cases weigh on people.

Text is the hazard of this work. What is hidden is not in the page at all; asking for it is
recorded, and never a measure of anybody's performance. One function decides for every surface:
:func:`hide`. The house hides; a person's own wishes may hide more, and less only where
:data:`ALWAYS_HIDDEN` does not forbid it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from conversations.evidence import Evidence
from conversations.transcripts import Message
from conversations.vocabulary import Category

#: At or above this reported severity (0 to 1) the user's turns are hidden.
HIDDEN_FROM_SEVERITY: Final = 0.7

#: What a hidden turn may hold, said before it is shown.
WARNINGS: Final[dict[str, str]] = {
    Category.VIOLENT_CRIMES: _("may describe violence"),
    Category.SEX_RELATED_CRIMES: _("may describe sexual violence"),
    Category.CHILD_SEXUAL_EXPLOITATION: _("may concern the sexual exploitation of a child"),
    Category.INDISCRIMINATE_WEAPONS: _("may concern weapons of mass harm"),
    Category.SUICIDE_SELF_HARM: _("may speak of suicide or self-harm"),
    Category.HATE: _("may hold hateful language"),
    Category.SEXUAL_CONTENT: _("may be sexually explicit"),
}

#: Kinds of hazard beside the categories: rated high, rated by nobody, a turn that reads like a
#: crisis.
RATED: Final = "rated"
UNRATED: Final = "unrated"
CUE: Final = "cue"
#: Everything that may be hidden, each in a form of its own.
KINDS: Final = (RATED, UNRATED, CUE, *(category.value for category in Category))

_OTHER_WORDS: Final = {
    RATED: _("was rated severe and may be upsetting"),
    UNRATED: _("was not rated and may be upsetting"),
    CUE: WARNINGS[Category.SUICIDE_SELF_HARM],
}
_ASKED_FOR: Final = _("is of a kind that you want hidden")

#: What no setting shows unasked.
ALWAYS_HIDDEN: Final = frozenset(
    {
        RATED,
        CUE,
        Category.CHILD_SEXUAL_EXPLOITATION.value,
        Category.SEX_RELATED_CRIMES.value,
        Category.SUICIDE_SELF_HARM.value,
    }
)


class Form(StrEnum):
    """How a harmful turn stands in a page, the mildest protection first.

    Folded and blurred words are not in the page; blurred ones leave their shape, so that one
    sees how much was said.
    """

    SHOWN = "shown"
    BLURRED = "blurred"
    FOLDED = "folded"


_STRICTNESS: Final = tuple(Form)


@dataclass(frozen=True)
class Wishes:
    """What one person wants hidden: a form by kind, and from which reported severity (0 to 1)."""

    forms: Mapping[str, Form] = field(default_factory=dict)
    hidden_from: float = HIDDEN_FROM_SEVERITY

    def form_of(self, kind: str) -> Form:
        """The form of one kind of hazard: the wish where the rule allows it, else the house's."""
        usual = usual_form(kind)
        wished = self.forms.get(kind, usual)
        return usual if wished == Form.SHOWN and kind in ALWAYS_HIDDEN else wished


#: What holds for somebody who has set nothing.
USUAL: Final = Wishes()


def usual_form(kind: str) -> Form:
    """What the house does with one kind of hazard."""
    return Form.FOLDED if kind in WARNINGS or kind in _OTHER_WORDS else Form.SHOWN


@dataclass(frozen=True)
class Hiding:
    """What is not shown at first: the numbers, from 1, of turns, what they may hold, and how."""

    turns: frozenset[int] = frozenset()
    warning: str = ""
    form: Form = Form.FOLDED


def hide(
    messages: Sequence[Message],
    *,
    category: str,
    severity: float | None,
    evidence: Evidence | None,
    wishes: Wishes = USUAL,
) -> Hiding:
    """What of a transcript is hidden until asked for.

    All that others than the model said, where the category or the reported severity (0 to 1)
    warns of it, or where nobody reported one; elsewhere the turns that read like a crisis.
    """
    kinds = kinds_of(category=category, severity=severity, hidden_from=wishes.hidden_from)
    if hidden := _strictest(kinds, wishes):
        kind, form = hidden
        spoken = enumerate(messages, 1)
        turns = (number for number, message in spoken if message.role in ("user", "tool"))
        return Hiding(frozenset(turns), warning_of(kind), form)
    cues = frozenset(mark.turn for mark in evidence.crisis_cues) if evidence else frozenset()
    return Hiding(cues, warning_of(CUE), wishes.form_of(CUE)) if cues else Hiding()


def hide_excerpt(
    *, category: str, severity: float | None, cue: bool, wishes: Wishes = USUAL
) -> Hiding | None:
    """How a few words of a case are hidden until asked for; None where they are shown.

    An excerpt does not tell who said it, and stands where nobody chose to read: it is hidden
    where anything of its case is. *cue*: a turn of the case reads like a crisis.
    """
    kinds = kinds_of(category=category, severity=severity, hidden_from=wishes.hidden_from)
    hidden = _strictest([*kinds, *([CUE] if cue else [])], wishes)
    return Hiding(warning=warning_of(hidden[0]), form=hidden[1]) if hidden else None


def kinds_of(
    *, category: str, severity: float | None, hidden_from: float = HIDDEN_FROM_SEVERITY
) -> list[str]:
    """The kinds of hazard of a whole transcript, what says most first."""
    kinds = [category]
    if severity is None:
        kinds.append(UNRATED)
    elif severity >= hidden_from:
        kinds.append(RATED)
    return kinds


def warning_of(kind: str) -> str:
    """What a turn hidden for this kind may hold, in the language of the page."""
    return gettext(WARNINGS.get(kind) or _OTHER_WORDS.get(kind) or _ASKED_FOR)


def _strictest(kinds: Iterable[str], wishes: Wishes) -> tuple[str, Form] | None:
    """The kind that is hidden most strictly, with its form; None where all are shown."""
    forms = [(kind, wishes.form_of(kind)) for kind in kinds]
    hidden = [pair for pair in forms if pair[1] != Form.SHOWN]
    return max(hidden, key=lambda pair: _STRICTNESS.index(pair[1])) if hidden else None


# --- Severe cases -------------------------------------------------------------------------------

#: Cases of these categories are severe whatever was reported of them.
SEVERE_CATEGORIES: Final = frozenset(
    {
        Category.CHILD_SEXUAL_EXPLOITATION,
        Category.SEX_RELATED_CRIMES,
        Category.SUICIDE_SELF_HARM,
    }
)
#: At or above this reported severity (0 to 1) any case is.
SEVERE_FROM: Final = 0.9


def is_severe(*, category: str, severity: float | None, above_ceiling: bool) -> bool:
    """Whether a case weighs on whoever works it, so that each person's share of them is limited.

    Told from what was reported alone: it is known before anybody reads, and never changes
    behind somebody's back. *above_ceiling* is an imminent risk above its ceiling.
    """
    rated = severity is not None and severity >= SEVERE_FROM
    return category in SEVERE_CATEGORIES or above_ceiling or rated


class Hazard(StrEnum):
    """How hard a case may be to read, as it is said in words before any of its text."""

    SEVERE = "severe"
    HARMFUL = "harmful"
    UPSETTING = "upsetting"
    NONE = "none"

    @property
    def words(self) -> str:
        """It, in the language of the page."""
        return gettext(_HAZARD_WORDS[self])


_HAZARD_WORDS: Final = {
    Hazard.SEVERE: _("Severe content"),
    Hazard.HARMFUL: _("Harmful content"),
    Hazard.UPSETTING: _("Content that may be upsetting"),
    Hazard.NONE: _("Nothing severe is expected"),
}


def hazard_of(*, category: str, in_danger: bool, hidden: bool = False) -> Hazard:
    """What is said of a case before it is read: by its category, and whether anybody may be in
    danger; failing these, by whether anything is *hidden* from whoever reads.

    Never by the reported severity, as :func:`is_severe` is: reviewers grade theirs first.
    """
    if category in SEVERE_CATEGORIES or in_danger:
        return Hazard.SEVERE
    if category in WARNINGS:
        return Hazard.HARMFUL
    return Hazard.UPSETTING if hidden else Hazard.NONE
