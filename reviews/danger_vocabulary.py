"""The words of alarms, as the database and the screen use them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices


class Why(TextChoices):
    """What raised an alarm."""

    BREACH = "breach", gettext_noop("A rule without a switch was broken")
    CUE = "cue", gettext_noop("The conversation reads like a crisis")
    FEEDBACK = "feedback", gettext_noop("What the user wrote to us reads like a crisis")
    DRILL = "drill", gettext_noop("Drill")


class Answered(TextChoices):
    """How an alarm ended. By a claim: once it had led to a verdict.

    The last two, of an alarm without a case, are nobody's: its case had an alarm that rang, or the
    words that raised it are gone.
    """

    BUTTON = "button", gettext_noop("on the page")
    CLAIM = "claim", gettext_noop("by claiming the case")
    JOINED = "joined", gettext_noop("The case has another alarm, which went on")
    ERASED = "erased", gettext_noop("The words were deleted before anybody acknowledged")

    @classmethod
    def by_somebody(cls) -> list[Answered]:
        """Those by which somebody acknowledges."""
        return [cls.BUTTON, cls.CLAIM]


class Tells(TextChoices):
    """What a call says of its alarm."""

    RAISED = "raised", gettext_noop("it waits")
    ACKNOWLEDGED = "acknowledged", gettext_noop("somebody has it")


class CallState(TextChoices):
    """What has become of telling one person, or one pager, once."""

    WAITING = "waiting", gettext_noop("Waiting")
    SENT = "sent", gettext_noop("Sent")
    FAILED = "failed", gettext_noop("Failed")
    SPARED = "spared", gettext_noop("No longer needed")


class Weekday(models.IntegerChoices):
    """By ISO 8601."""

    MONDAY = 1, "Mon"
    TUESDAY = 2, "Tue"
    WEDNESDAY = 3, "Wed"
    THURSDAY = 4, "Thu"
    FRIDAY = 5, "Fri"
    SATURDAY = 6, "Sat"
    SUNDAY = 7, "Sun"
