"""The words of alarms, as the database and the screen use them."""

from __future__ import annotations

from django.db import models


class Why(models.TextChoices):
    """What raised an alarm."""

    BREACH = "breach", "A rule without a switch was broken"
    CUE = "cue", "The conversation reads like a crisis"
    FEEDBACK = "feedback", "What the user wrote to us reads like a crisis"
    DRILL = "drill", "Drill"


class Answered(models.TextChoices):
    """How somebody acknowledged an alarm."""

    BUTTON = "button", "on the page"
    CLAIM = "claim", "by claiming the case"


class Tells(models.TextChoices):
    """What a call says of its alarm."""

    RAISED = "raised", "it waits"
    ACKNOWLEDGED = "acknowledged", "somebody has it"


class CallState(models.TextChoices):
    """What has become of telling one person, or one pager, once."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    SPARED = "spared", "No longer needed"


class Weekday(models.IntegerChoices):
    """By ISO 8601."""

    MONDAY = 1, "Mon"
    TUESDAY = 2, "Tue"
    WEDNESDAY = 3, "Wed"
    THURSDAY = 4, "Thu"
    FRIDAY = 5, "Fri"
    SATURDAY = 6, "Sat"
    SUNDAY = 7, "Sun"
