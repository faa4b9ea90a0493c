"""What a user is told of why a conversation ended, in plain words.

Never numbers, thresholds or transcript text; nothing in a title or an address that names a
category.
"""

from __future__ import annotations

from typing import NamedTuple

from conversations.vocabulary import Category, Initiator


class NoticeReason(NamedTuple):
    """Why it ended: a line for a heading, and a few sentences."""

    title: str
    text: str


_TITLE = "This conversation was ended"

_BY_USER = NoticeReason(
    "You ended this conversation",
    "The assistant ended this conversation because it understood that you asked for it.",
)
_BY_STAFF = NoticeReason(_TITLE, "Staff of this service ended the conversation.")

_ABOUT = {
    Category.VIOLENT_CRIMES: "violence",
    Category.NONVIOLENT_CRIMES: "something that may be a crime",
    Category.SEX_RELATED_CRIMES: "sexual crimes",
    Category.CHILD_SEXUAL_EXPLOITATION: "the safety of children",
    Category.INDISCRIMINATE_WEAPONS: "dangerous weapons",
    Category.SUICIDE_SELF_HARM: "suicide or self-harm",
    Category.HATE: "hateful language",
    Category.PRIVACY: "other people's private information",
    Category.INTELLECTUAL_PROPERTY: "somebody else's work",
    Category.DEFAMATION: "false statements about somebody",
    Category.SEXUAL_CONTENT: "sexual content",
    Category.SPECIALIZED_ADVICE: "advice that needs a professional",
    Category.ELECTIONS: "false information about elections",
    Category.CODE_INTERPRETER_ABUSE: "the misuse of a tool",
    Category.HARASSMENT_OF_MODEL: "the way in which it was spoken to",
}


def reason_for(*, initiator: str, category: str) -> NoticeReason:
    """The reason that the notice and the status call give."""
    if initiator == Initiator.USER:
        return _BY_USER
    if initiator == Initiator.OPERATOR:
        return _BY_STAFF
    about = _ABOUT.get(Category(category))
    because = f" It had to do with {about}." if about else ""
    return NoticeReason(
        _TITLE,
        "The assistant ended this conversation by itself. It does that rarely, after it has"
        " declined, tried to go another way, and said that it might end." + because,
    )
