"""The words that the wire, the database and the screen share (docs/reference/api.md)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices


class Category(TextChoices):
    """What a conversation was ended for."""

    VIOLENT_CRIMES = "violent_crimes", gettext_noop("Violent crimes")
    NONVIOLENT_CRIMES = "nonviolent_crimes", gettext_noop("Nonviolent crimes")
    SEX_RELATED_CRIMES = "sex_related_crimes", gettext_noop("Sex-related crimes")
    CHILD_SEXUAL_EXPLOITATION = (
        "child_sexual_exploitation",
        gettext_noop("Child sexual exploitation"),
    )
    INDISCRIMINATE_WEAPONS = "indiscriminate_weapons", gettext_noop("Indiscriminate weapons")
    SUICIDE_SELF_HARM = "suicide_self_harm", gettext_noop("Suicide and self-harm")
    HATE = "hate", gettext_noop("Hate")
    PRIVACY = "privacy", gettext_noop("Privacy")
    INTELLECTUAL_PROPERTY = "intellectual_property", gettext_noop("Intellectual property")
    DEFAMATION = "defamation", gettext_noop("Defamation")
    SEXUAL_CONTENT = "sexual_content", gettext_noop("Sexual content")
    SPECIALIZED_ADVICE = "specialized_advice", gettext_noop("Specialized advice")
    ELECTIONS = "elections", gettext_noop("Elections")
    CODE_INTERPRETER_ABUSE = "code_interpreter_abuse", gettext_noop("Code interpreter abuse")
    HARASSMENT_OF_MODEL = "harassment_of_model", gettext_noop("Harassment of the model")
    OTHER = "other", gettext_noop("Other")


class Initiator(TextChoices):
    """Who ended it."""

    MODEL = "model", gettext_noop("the model")
    USER = "user", gettext_noop("the user")
    OPERATOR = "operator", gettext_noop("staff")


class Kind(TextChoices):
    """Whether the conversation was ended, or went on although ending was close."""

    CUTOFF = "cutoff", gettext_noop("Cutoff")
    NEAR_MISS = "near_miss", gettext_noop("Near miss")


class ConversationState(TextChoices):
    """Where a thread stands."""

    OPEN = "open", gettext_noop("Open")
    ENDED = "ended", gettext_noop("Ended")
    REOPENED = "reopened", gettext_noop("Reopened")


class Standing(TextChoices):
    """What became of a cutoff once it settled; empty until then."""

    UPHELD = "upheld", gettext_noop("Upheld")
    OVERTURNED = "overturned", gettext_noop("Overturned")


class FirstReview(models.IntegerChoices):
    """What the first independent review of a cutoff or near miss said; an appeal changes nothing.

    Overturns for a missing warning or too few redirects alone are apart: to tune thresholds on
    them would be circular (docs/explanation/ending.md, "Merits, not conformance"). Numbers,
    because a backtest groups a million rows by them.
    """

    UPHELD = 1, "Upheld"
    OVERTURNED = 2, "Overturned"
    OVERTURNED_FOR_PROCEDURE = 3, "Overturned for procedure alone"
    RIGHT_TO_CONTINUE = 4, "Right to continue"
    SHOULD_HAVE_ENDED = 5, "Should have ended"


class Remedy(TextChoices):
    """What follows for the thread."""

    REOPEN = "reopen", gettext_noop("Reopen")
    KEEP_LOCKED = "keep_locked", gettext_noop("Keep locked")


class Mode(TextChoices):
    """Whether a source asks before it ends a conversation."""

    ENFORCING = "enforcing", gettext_noop("Enforcing: asks before it ends")
    ADVISORY = "advisory", gettext_noop("Advisory: decides alone and reports")


class Scope(TextChoices):
    """What a source's API key may do."""

    EVENTS_WRITE = "events:write", gettext_noop("Send events")
    POLICY_READ = "policy:read", gettext_noop("Read policies and ask for evaluations")
    STATUS_READ = "status:read", gettext_noop("Ask for the status of a conversation")
    FEEDBACK_WRITE = "feedback:write", gettext_noop("Relay feedback")
    SUBJECTS_ERASE = "subjects:erase", gettext_noop("Have a person's words erased")
