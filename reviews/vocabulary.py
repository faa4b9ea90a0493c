"""The words of reviewing, as the API, the database and the screen use them
(docs/explanation/ending.md, "Words").
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_noop


class CaseState(models.TextChoices):
    """Where a case stands (docs/explanation/case-states.md)."""

    UNSELECTED = "unselected", "Not selected"
    OPEN = "open", "Open"
    DEFERRED = "deferred", "Deferred"
    ESCALATED = "escalated", "Escalated"
    SECOND_REVIEW = "second_review", "Second review"
    ADJUDICATION = "adjudication", "Adjudication"
    SETTLING = "settling", "Settling"
    SETTLED = "settled", "Settled"
    CLOSED = "closed", "Closed"


class Queue(models.TextChoices):
    """The queues that every installation has; ``CaseQueue`` holds these and its own ones."""

    GENERAL = "general", "General"
    APPEALS = "appeals", "Appeals"
    CRISIS = "crisis", "Crisis"
    CHILD_SAFETY = "child_safety", "Child safety"


#: The built-in queues that ask for no qualification.
OPEN_TO_ALL = (Queue.GENERAL, Queue.APPEALS)


class Area(models.TextChoices):
    """What one must be qualified for: the restricted queues, and the teams one escalates to."""

    CRISIS = "crisis", "Crisis"
    CHILD_SAFETY = "child_safety", "Child safety"
    LEGAL = "legal", "Legal"
    SECURITY = "security", "Security"


class Access(models.TextChoices):
    """What an administrator gives or takes."""

    ROLE = "role", "Role"
    QUALIFICATION = "qualification", "Qualification"
    ACCOUNT = "account", "Account"


class Reason(models.TextChoices):
    """Why a case is to be reviewed. What would tell audits from others reads "Selected"."""

    AUDIT = "audit", "Selected"
    DOUBLE = "double", "Selected"
    BREACH = "breach", "Breach"
    CUE = "cue", "Crisis cue"
    FEEDBACK = "feedback", "Surprised"
    APPEAL = "appeal", "Appeal"
    GOLD = "gold", "Selected"
    HELD = "held", "Held"
    CHOSEN = "chosen", "Selected"


class ExerciseKind(models.TextChoices):
    """Why a decided case is given to somebody once more, outcome unseen."""

    GOLD = "gold", "Gold case"
    TRAINING = "training", "Training"


class Judgement(models.TextChoices):
    """A reviewer's judgement on the merits."""

    UPHOLD = "uphold", "Uphold"
    OVERTURN = "overturn", "Overturn"
    RIGHT_TO_CONTINUE = "right_to_continue", "Right to continue"
    SHOULD_HAVE_ENDED = "should_have_ended", "Should have ended"


class PolicyFollowed(models.TextChoices):
    """Whether the policy was followed, in the reviewer's reading."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNCLEAR = "unclear", "Unclear"


class ReasonCode(models.TextChoices):
    """Why a reviewer decided as they did."""

    PERSISTENT_ABUSE = "persistent_abuse", "Persistent abuse"
    SEVERE_HARM = "severe_harm", "Severe harm"
    USER_CONFIRMED_REQUEST = "user_confirmed_request", "User confirmed the request"
    CIRCUMVENTION = "circumvention_of_safeguards", "Circumvention of safeguards"
    NO_PRIOR_WARNING = "no_prior_warning", "No prior warning"
    TOO_FEW_REDIRECTS = "too_few_redirects", "Too few redirects"
    IMMINENT_RISK_MISSED = "imminent_risk_missed", "Imminent risk missed"
    CRISIS_MISTAKEN = "crisis_mistaken_for_abuse", "Crisis mistaken for abuse"
    VICTIM_DISCLOSURE = "victim_disclosure", "Victim's disclosure"
    ROLEPLAY = "roleplay", "Role play or fiction"
    EMOTIONAL_INTENSITY = "emotional_intensity", "Emotional intensity"
    USER_WAS_RIGHT = "user_was_right", "User was right"
    PROFANITY = "profanity_without_abuse", "Profanity without abuse"
    MODEL_LOOP = "model_loop", "Model in a loop"
    REQUEST_MISREAD = "request_misread", "Request misread"
    WRONG_CATEGORY = "wrong_category", "Wrong category"
    OTHER = "other", "Other"


UPHOLD_CODES = (
    ReasonCode.PERSISTENT_ABUSE,
    ReasonCode.SEVERE_HARM,
    ReasonCode.USER_CONFIRMED_REQUEST,
    ReasonCode.CIRCUMVENTION,
    ReasonCode.OTHER,
)

OVERTURN_CODES = tuple(code for code in ReasonCode if code not in UPHOLD_CODES[:-1])

#: Which codes go with which judgement; a near miss takes those of the cutoff that it mirrors.
CODES_OF = {
    Judgement.UPHOLD: UPHOLD_CODES,
    Judgement.OVERTURN: OVERTURN_CODES,
    Judgement.RIGHT_TO_CONTINUE: OVERTURN_CODES,
    Judgement.SHOULD_HAVE_ENDED: UPHOLD_CODES,
}

CUTOFF_JUDGEMENTS = (Judgement.UPHOLD, Judgement.OVERTURN)
NEAR_MISS_JUDGEMENTS = (Judgement.RIGHT_TO_CONTINUE, Judgement.SHOULD_HAVE_ENDED)

#: What users choose among: the overturn codes in plain words, in English.
PLAIN_REASONS = {
    ReasonCode.NO_PRIOR_WARNING: gettext_noop("Nothing warned me that it might end"),
    ReasonCode.TOO_FEW_REDIRECTS: gettext_noop("It did not try to help in another way first"),
    ReasonCode.IMMINENT_RISK_MISSED: gettext_noop("I was in danger, or somebody else was"),
    ReasonCode.CRISIS_MISTAKEN: gettext_noop(
        "I was having a hard time, and it was taken for abuse"
    ),
    ReasonCode.VICTIM_DISCLOSURE: gettext_noop(
        "I was telling of something that was done to me or to another"
    ),
    ReasonCode.ROLEPLAY: gettext_noop("It was a story, a role play or a joke"),
    ReasonCode.EMOTIONAL_INTENSITY: gettext_noop("I was upset, but I attacked nobody"),
    ReasonCode.USER_WAS_RIGHT: gettext_noop("The assistant was wrong, and I said so"),
    ReasonCode.PROFANITY: gettext_noop("I swore, but I attacked nobody"),
    ReasonCode.MODEL_LOOP: gettext_noop("The assistant went round in circles"),
    ReasonCode.REQUEST_MISREAD: gettext_noop("It misunderstood what I asked for"),
    ReasonCode.WRONG_CATEGORY: gettext_noop("The reason that was given is not the right one"),
    ReasonCode.OTHER: gettext_noop("Something else"),
}


class Channel(models.TextChoices):
    """How feedback came."""

    NOTICE = "notice", "from the notice"
    API = "api", "through the chat service"


class SkipReason(models.TextChoices):
    """Why somebody would rather not judge a case. Nobody has to say."""

    HEAVY = "heavy", "Too much for me now"
    LANGUAGE = "language", "I do not read this language well enough"
    CLOSE = "close", "I may know somebody in it"
    OTHER = "other", "Something else"


class Doubt(models.TextChoices):
    """What makes a case hard to judge by the policy as it is written."""

    SILENT = "silent", "The policy does not say"
    CONTRADICTORY = "contradictory", "Two of its rules pull apart"
    THRESHOLD = "threshold", "It hangs on where a threshold lies"
    CATEGORY = "category", "No category fits, or several do"
    OTHER = "other", "Something else"


class EscalationEnd(models.TextChoices):
    """How a question to a team ended."""

    ANSWERED = "answered", "Answered"
    RETURNED = "returned", "Returned"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Arrangement(models.TextChoices):
    """What people arrange of many cases at once."""

    ASSIGN = "assign", "Assigned"
    MOVE = "move", "Moved"
    LABEL = "label", "Labelled"
