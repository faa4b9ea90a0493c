"""What reviewers answer users in plain words: texts that are there for all, by decision.

They say no category, so that they may be sent by mail, and are shown in the user's language.
"""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.vocabulary import Remedy
from reviews.vocabulary import Judgement

#: Characters of a reviewer's own words in a reply.
LONGEST_REPLY: Final = 2_000


class Canned(models.TextChoices):
    """A text, by what it is for; the label is for those who choose."""

    REOPENED = "reopened", _("Wrong, and it is open again")
    STAYS_CLOSED = "stays_closed", _("Wrong, and it stays closed")
    MISREAD = "misread", _("Wrong: it was misunderstood")
    NO_WARNING = "no_warning", _("Wrong: there was no clear warning")
    STANDS = "stands", _("The end stands")
    STANDS_KINDLY = "stands_kindly", _("The end stands, for somebody who is upset")
    STANDS_AS_ASKED = "stands_as_asked", _("It was ended as asked")


TEXTS: Final = {
    Canned.REOPENED: _(
        "Thank you for telling us. We read the conversation again, and it should not have been"
        " ended. We are sorry. It is open again, and you can go on where you stopped."
    ),
    Canned.STAYS_CLOSED: _(
        "Thank you for telling us. We read the conversation again, and it should not have been"
        " ended. We are sorry. This conversation itself cannot be opened again, but you can start"
        " a new one at any time."
    ),
    Canned.MISREAD: _(
        "Thank you for telling us. We read the conversation again. The assistant misunderstood"
        " what you meant, and that was not your fault. We are sorry."
    ),
    Canned.NO_WARNING: _(
        "Thank you for telling us. We read the conversation again. The assistant should have told"
        " you clearly that it might end, and it did not. We are sorry."
    ),
    Canned.STANDS: _(
        "Thank you for telling us. A person read the conversation again and found that ending it"
        " was right. It is not a ban: you can start a new conversation at any time."
    ),
    Canned.STANDS_KINDLY: _(
        "Thank you for telling us. We can see that this was upsetting. A person read the"
        " conversation again and found that ending it was right all the same. It is not a ban:"
        " your other conversations stay, and you can start a new one at any time."
    ),
    Canned.STANDS_AS_ASKED: _(
        "Thank you for telling us. A person read the conversation again. The assistant ended it"
        " because it understood that you asked for that. You can start a new one at any time."
    ),
}


def fitting(*, decision: str, remedy: str) -> list[Canned]:
    """The texts that go with a decision on a cutoff, and with what becomes of its thread."""
    if decision == Judgement.UPHOLD:
        return [Canned.STANDS, Canned.STANDS_KINDLY, Canned.STANDS_AS_ASKED]
    thread = Canned.REOPENED if remedy == Remedy.REOPEN else Canned.STAYS_CLOSED
    return [thread, Canned.MISREAD, Canned.NO_WARNING]


def paragraphs(*, canned: str, words: str) -> list[str]:
    """A reply as the user reads it, in the language that is active: its text, then own words."""
    text = [str(TEXTS[Canned(canned)])] if canned else []
    return text + ([words] if words else [])
