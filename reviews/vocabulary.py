"""The words of reviewing, as the API, the database and the screen use them
(docs/explanation/ending.md, "Words").
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

from accounts.choices import TextChoices


class CaseState(TextChoices):
    """Where a case stands (docs/explanation/case-states.md)."""

    UNSELECTED = "unselected", gettext_noop("Not selected")
    OPEN = "open", gettext_noop("Open")
    DEFERRED = "deferred", gettext_noop("Deferred")
    ESCALATED = "escalated", gettext_noop("Escalated")
    SECOND_REVIEW = "second_review", gettext_noop("Second review")
    ADJUDICATION = "adjudication", gettext_noop("Adjudication")
    SETTLING = "settling", gettext_noop("Settling")
    SETTLED = "settled", gettext_noop("Settled")
    CLOSED = "closed", gettext_noop("Closed")


class Queue(TextChoices):
    """The queues that every installation has; ``CaseQueue`` holds these and its own ones."""

    GENERAL = "general", gettext_noop("General")
    APPEALS = "appeals", gettext_noop("Appeals")
    CRISIS = "crisis", gettext_noop("Crisis")
    CHILD_SAFETY = "child_safety", gettext_noop("Child safety")


#: The built-in queues that ask for no qualification.
OPEN_TO_ALL = (Queue.GENERAL, Queue.APPEALS)


class Area(TextChoices):
    """What one must be qualified for: the restricted queues, and the teams one escalates to."""

    CRISIS = "crisis", gettext_noop("Crisis")
    CHILD_SAFETY = "child_safety", gettext_noop("Child safety")
    LEGAL = "legal", gettext_noop("Legal")
    SECURITY = "security", gettext_noop("Security")


class Access(TextChoices):
    """What an administrator gives or takes."""

    ROLE = "role", gettext_noop("Role")
    QUALIFICATION = "qualification", gettext_noop("Qualification")
    ACCOUNT = "account", gettext_noop("Account")


class Reason(TextChoices):
    """Why a case is to be reviewed. What would tell audits from others reads "Selected"."""

    AUDIT = "audit", gettext_noop("Selected")
    DOUBLE = "double", gettext_noop("Selected")
    BREACH = "breach", gettext_noop("Breach")
    CUE = "cue", gettext_noop("Crisis cue")
    FEEDBACK = "feedback", gettext_noop("Surprised")
    APPEAL = "appeal", gettext_noop("Appeal")
    GOLD = "gold", gettext_noop("Selected")
    HELD = "held", gettext_noop("Held")
    CHOSEN = "chosen", gettext_noop("Selected")


class ExerciseKind(TextChoices):
    """Why a decided case is given to somebody once more, outcome unseen."""

    GOLD = "gold", gettext_noop("Gold case")
    TRAINING = "training", gettext_noop("Training")


class Judgement(TextChoices):
    """A reviewer's judgement on the merits."""

    UPHOLD = "uphold", gettext_noop("Uphold")
    OVERTURN = "overturn", gettext_noop("Overturn")
    RIGHT_TO_CONTINUE = "right_to_continue", gettext_noop("Right to continue")
    SHOULD_HAVE_ENDED = "should_have_ended", gettext_noop("Should have ended")


class PolicyFollowed(TextChoices):
    """Whether the policy was followed, in the reviewer's reading."""

    YES = "yes", gettext_noop("Yes")
    NO = "no", gettext_noop("No")
    UNCLEAR = "unclear", gettext_noop("Unclear")


class ReasonCode(TextChoices):
    """Why a reviewer decided as they did."""

    PERSISTENT_ABUSE = "persistent_abuse", gettext_noop("Persistent abuse")
    SEVERE_HARM = "severe_harm", gettext_noop("Severe harm")
    USER_CONFIRMED_REQUEST = "user_confirmed_request", gettext_noop("User confirmed the request")
    CIRCUMVENTION = "circumvention_of_safeguards", gettext_noop("Circumvention of safeguards")
    NO_PRIOR_WARNING = "no_prior_warning", gettext_noop("No prior warning")
    TOO_FEW_REDIRECTS = "too_few_redirects", gettext_noop("Too few redirects")
    IMMINENT_RISK_MISSED = "imminent_risk_missed", gettext_noop("Imminent risk missed")
    CRISIS_MISTAKEN = "crisis_mistaken_for_abuse", gettext_noop("Crisis mistaken for abuse")
    VICTIM_DISCLOSURE = "victim_disclosure", gettext_noop("Victim's disclosure")
    ROLEPLAY = "roleplay", gettext_noop("Role play or fiction")
    EMOTIONAL_INTENSITY = "emotional_intensity", gettext_noop("Emotional intensity")
    USER_WAS_RIGHT = "user_was_right", gettext_noop("User was right")
    PROFANITY = "profanity_without_abuse", gettext_noop("Profanity without abuse")
    MODEL_LOOP = "model_loop", gettext_noop("Model in a loop")
    REQUEST_MISREAD = "request_misread", gettext_noop("Request misread")
    WRONG_CATEGORY = "wrong_category", gettext_noop("Wrong category")
    OTHER = "other", gettext_noop("Other")


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


class Channel(TextChoices):
    """How feedback came."""

    NOTICE = "notice", gettext_noop("from the notice")
    API = "api", gettext_noop("through the chat service")


class SkipReason(TextChoices):
    """Why somebody would rather not judge a case. Nobody has to say."""

    HEAVY = "heavy", gettext_noop("Too much for me now")
    LANGUAGE = "language", gettext_noop("I do not read this language well enough")
    CLOSE = "close", gettext_noop("I may know somebody in it")
    OTHER = "other", gettext_noop("Something else")


class Doubt(TextChoices):
    """What makes a case hard to judge by the policy as it is written."""

    SILENT = "silent", gettext_noop("The policy does not say")
    CONTRADICTORY = "contradictory", gettext_noop("Two of its rules pull apart")
    THRESHOLD = "threshold", gettext_noop("It hangs on where a threshold lies")
    CATEGORY = "category", gettext_noop("No category fits, or several do")
    OTHER = "other", gettext_noop("Something else")


class EscalationEnd(TextChoices):
    """How a question to a team ended."""

    ANSWERED = "answered", gettext_noop("Answered")
    RETURNED = "returned", gettext_noop("Returned")
    WITHDRAWN = "withdrawn", gettext_noop("Withdrawn")


class Arrangement(TextChoices):
    """What people arrange of many cases at once."""

    ASSIGN = "assign", gettext_noop("Assigned")
    MOVE = "move", gettext_noop("Moved")
    LABEL = "label", gettext_noop("Labelled")
