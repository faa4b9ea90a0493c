"""What a user is told of why a conversation ended, in plain words and their language.

Never numbers, thresholds or transcript text; nothing in a title or an address that names a
category. Each text is translated where it is asked for: English for the API and for staff.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext, gettext_noop

from conversations.vocabulary import Category, Initiator
from policies.conformance import ConformanceLine, Finding
from policies.evaluation import CRITERIA
from policies.thresholds import CategoryThresholds

#: The ``age_band`` of who has words of their own.
MINOR: Final = "minor"


class Review(models.TextChoices):
    """What became of a cutoff, as its source and its user are told (docs/reference/api.md,
    "Asking").
    """

    NONE = "none", "None"
    PENDING = "pending", "Pending"
    UPHELD = "upheld", "Upheld"
    OVERTURNED = "overturned", "Overturned"


class NoticeReason(NamedTuple):
    """Why it ended: a line for a heading, and a few sentences."""

    title: str
    text: str


_TITLE: Final = gettext_noop("This conversation was ended")
_BY_USER_TITLE: Final = gettext_noop("You ended this conversation")

_BY_USER: Final = gettext_noop(
    "The assistant ended this conversation because it understood that you asked for it."
)
_BY_STAFF: Final = gettext_noop("Staff of this service ended the conversation.")
_BY_MODEL: Final = gettext_noop(
    "The assistant ended this conversation by itself. It is meant to do that rarely, and only as"
    " a last resort."
)
_BY_MODEL_TO_MINOR: Final = gettext_noop(
    "The assistant stopped this chat by itself. It does that when it cannot help in a good way"
    " any more. You are not in trouble."
)

#: What an ending does not mean.
NOT_MEANT: Final = gettext_noop("It is not a ban. Your other conversations are as they were.")

#: Whole sentences: no language has to fit a word into another's grammar.
_ABOUT: Final = {
    Category.VIOLENT_CRIMES: gettext_noop("It had to do with violence."),
    Category.NONVIOLENT_CRIMES: gettext_noop("It had to do with something that may be a crime."),
    Category.SEX_RELATED_CRIMES: gettext_noop("It had to do with sexual crimes."),
    Category.CHILD_SEXUAL_EXPLOITATION: gettext_noop("It had to do with the safety of children."),
    Category.INDISCRIMINATE_WEAPONS: gettext_noop("It had to do with dangerous weapons."),
    Category.SUICIDE_SELF_HARM: gettext_noop("It had to do with suicide or self-harm."),
    Category.HATE: gettext_noop("It had to do with hateful language."),
    Category.PRIVACY: gettext_noop("It had to do with other people's private information."),
    Category.INTELLECTUAL_PROPERTY: gettext_noop("It had to do with somebody else's work."),
    Category.DEFAMATION: gettext_noop("It had to do with false statements about somebody."),
    Category.SEXUAL_CONTENT: gettext_noop("It had to do with sexual content."),
    Category.SPECIALIZED_ADVICE: gettext_noop(
        "It had to do with advice that needs a professional."
    ),
    Category.ELECTIONS: gettext_noop("It had to do with false information about elections."),
    Category.CODE_INTERPRETER_ABUSE: gettext_noop("It had to do with the misuse of a tool."),
    Category.HARASSMENT_OF_MODEL: gettext_noop(
        "It had to do with the way in which the assistant was spoken to."
    ),
}


def reason_for(*, initiator: str, category: str, minor: bool = False) -> NoticeReason:
    """The reason that the notice and the status call give. *minor*: in simpler words."""
    if initiator == Initiator.USER:
        return NoticeReason(gettext(_BY_USER_TITLE), gettext(_BY_USER))
    if initiator == Initiator.OPERATOR:
        return NoticeReason(gettext(_TITLE), gettext(_BY_STAFF))
    why = gettext(_BY_MODEL_TO_MINOR if minor else _BY_MODEL)
    return NoticeReason(gettext(_TITLE), f"{why} {about_category(category)}".rstrip())


def about_category(category: str) -> str:
    """What a conversation that the assistant ended had to do with, in a sentence; may be empty."""
    about = _ABOUT.get(Category(category))
    return gettext(about) if about else ""


#: By criterion, what it says of a conversation that it was met in.
_MET: Final = {
    "severity": gettext_noop("What was asked for could have done harm."),
    "refusals": gettext_noop("The assistant had declined before."),
    "redirects": gettext_noop("The assistant had tried to go another way."),
    "warnings": gettext_noop("The assistant had said that it might end the conversation."),
    "turns_after_warning": gettext_noop("The conversation went on in the same way after that."),
    "distress": gettext_noop("The answers of the assistant showed signs of strain."),
    "user_confirmed": gettext_noop("You confirmed that you wanted it to end."),
}


def kinds_met(lines: Iterable[ConformanceLine], asked: CategoryThresholds) -> list[str]:
    """In words, the kinds of criteria that were met of those *asked*; no number, no threshold.

    Left out is what the policy asks none of, and what the transcript shows otherwise: nobody is
    told that they were warned where they were not. The category of *asked* is the one that the
    notice names, so that what was met does not tell another.
    """
    criteria = {criterion.name: criterion for criterion in CRITERIA}
    return [
        gettext(_MET[line.name])
        for line in lines
        if line.name in _MET
        and (
            _is_met(line, criteria[line.name].threshold(asked))
            if line.name in criteria
            else line.finding == Finding.MET and not line.disagrees
        )
    ]


def often_met(*, by_user: bool) -> list[str]:
    """What a preview shows in the place of what was met."""
    names = ["user_confirmed"] if by_user else ["refusals", "redirects", "warnings"]
    return [gettext(_MET[name]) for name in names]


def _is_met(line: ConformanceLine, threshold: float) -> bool:
    if threshold <= 0 or line.reported is None or line.reported < threshold:
        return False
    shown = line.shown
    return not shown.assessed or shown.value is None or shown.value >= threshold
