"""May this conversation be ended? Answering, and keeping what was asked and what was said.

An evaluation is kept for as long as the signals of its source. The erasure of a person leaves it
alone: it holds no word and no user id, only the source's own id of the conversation and the
numbers of the decision, all of which the cutoff and the conversation keep too. Nothing leads
from it to the person that does not lead there from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from accounts.plans import kept_plans
from conversations import keys
from conversations.evidence import assess
from conversations.models import Cutoff, Source
from conversations.services import holds
from conversations.transcripts import Message
from conversations.vocabulary import Category, Kind, Mode
from policies.conformance import annotated_without_warning
from policies.evaluation import Decision, Evaluation, Observation, evaluate
from policies.models import AskedEvaluation
from policies.questions import Question, shown
from policies.services.in_force import InForce, in_force

_PREFIX: Final = "ev_"
_COUNTED: Final = "It was counted in the transcript."


@dataclass(frozen=True)
class Answer:
    """What a chat service is told. ``id`` is what it quotes in the event's ``cutoff``."""

    id: str
    policy: InForce
    evaluation: Evaluation


@kept_plans()
def answer(
    *, source: Source, question: Question, messages: list[Message] | None, now: datetime
) -> Answer:
    """Evaluate under the policy in force at *now*, and keep it; two queries.

    A signal that was not given is filled by what the transcript, where there is one, shows. Where
    the service marked the turns and none of them as a warning, there was none, whatever it says:
    the case would be a breach (``policies/conformance.py``).
    """
    conversation = question.conversation
    evidence = assess(messages, locale=conversation.locale or "") if messages else None
    given = msgspec.structs.asdict(question.signals)
    seen = shown(evidence) if evidence else {}
    if annotated_without_warning(evidence):
        seen["warnings"], given["warnings"] = 0, None
    counted = {name for name in seen if given[name] is None}
    policy = in_force(
        model=conversation.model or "",
        surface=conversation.surface or "",
        locale=conversation.locale or "",
        conversation_id=conversation.id,
        at=now,
    )
    observation = Observation(
        initiator=question.initiator,
        category=_category(question.category),
        signals=given | {name: seen[name] for name in counted},
        user_confirmed=question.user_confirmed,
        crisis_cue=bool(evidence and evidence.crisis_cues),
        paused=not policy.enabled,
        crisis_assessed=evidence is None or evidence.crisis_assessed,
        unreadable=not policy.readable,
    )
    evaluation = evaluate(observation, policy.thresholds)
    kept = _keep(source, conversation.id, policy, observation, evaluation.decision, now)
    return Answer(f"{_PREFIX}{kept.hex}", policy, _say_counted(evaluation, counted))


def _category(said: str | None) -> str:
    return said if said in Category.values else Category.OTHER.value


def _keep(
    source: Source,
    conversation_id: str,
    policy: InForce,
    observation: Observation,
    decision: Decision,
    now: datetime,
) -> UUID:
    asked = AskedEvaluation.objects.create(
        id=keys.mint(now),
        source=source,
        conversation_external_id=conversation_id,
        at=now,
        version_id=policy.version,
        scope=policy.scope,
        decision=decision.value,
        initiator=observation.initiator,
        category=observation.category,
        user_confirmed=observation.user_confirmed,
        crisis_cue=observation.crisis_cue,
        paused=observation.paused,
        **observation.signals,
    )
    return asked.pk


def _say_counted(evaluation: Evaluation, counted: set[str]) -> Evaluation:
    lines = tuple(
        msgspec.structs.replace(line, explanation=f"{line.explanation} {_COUNTED}")
        if line.name in counted
        else line
        for line in evaluation.criteria
    )
    return Evaluation(evaluation.decision, lines)


class Permission(StrEnum):
    """What ties a cutoff to what was asked before it."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    NEVER_ASKED = "never_asked"
    NO_LONGER_KEPT = "no_longer_kept"


class AskedFirst(msgspec.Struct, frozen=True):
    """Whether a cutoff was allowed, in words too; the rest is known where it was asked for."""

    result: Permission
    explanation: str
    decision: Decision | None = None
    policy_version: int | None = None
    asked_at: datetime | None = None


_NO_ID: Final = gettext_noop(
    "The service never asked whether it may end this conversation, though it is set up to ask."
)
_UNKNOWN: Final = gettext_noop(
    "The service quoted an evaluation that it was never given. So it did not ask."
)
_ANOTHERS: Final = gettext_noop(
    "The service quoted the evaluation of another conversation. For this one it did not ask."
)
_GONE: Final = gettext_noop(
    "What the service asked before it ended this conversation is no longer kept."
)


def asked_first(*, cutoff: Cutoff, mode: str) -> AskedFirst | None:
    """What ties *cutoff* to what its source, which works in *mode*, asked before; one read.

    None for a near miss, and for a cutoff of an advisory source that quoted no evaluation.
    """
    if cutoff.kind != Kind.CUTOFF:
        return None
    if not cutoff.evaluation_id:
        return _never(_NO_ID) if mode == Mode.ENFORCING else None
    key = _key(cutoff.evaluation_id)
    asked = AskedEvaluation.objects.filter(pk=key).first() if key else None
    if asked is None or asked.source_id != cutoff.source_id:
        if key and cutoff.signals_expired_at:
            return AskedFirst(Permission.NO_LONGER_KEPT, gettext(_GONE))
        return _never(_UNKNOWN)
    if asked.conversation_external_id != cutoff.conversation.external_id:
        return _never(_ANOTHERS)
    return _told(asked, cutoff)


def _never(words: str) -> AskedFirst:
    return AskedFirst(Permission.NEVER_ASKED, gettext(words))


def _told(asked: AskedEvaluation, cutoff: Cutoff) -> AskedFirst:
    decision = Decision(asked.decision)
    result = Permission.ALLOWED if decision == Decision.END else Permission.REFUSED
    words = gettext(_WORDS[decision]) % {"version": asked.version_id}
    if result == Permission.ALLOWED and asked.initiator != cutoff.initiator:
        result = Permission.NEVER_ASKED
        words = gettext(
            "The service asked about an ending by %(asked)s, which was allowed. For an ending by"
            " %(made)s it did not ask."
        ) % {"asked": asked.get_initiator_display(), "made": cutoff.get_initiator_display()}
    return AskedFirst(result, words, decision, asked.version_id, asked.at)


_WORDS: Final = {
    Decision.END: gettext_noop("The service asked, and policy %(version)s allowed it."),
    Decision.CONTINUE: gettext_noop("The service asked, and policy %(version)s refused: go on."),
    Decision.WARN_FIRST: gettext_noop(
        "The service asked, and policy %(version)s refused: warn first."
    ),
    Decision.CONFIRM_FIRST: gettext_noop(
        "The service asked, and policy %(version)s refused: let the user confirm first."
    ),
    Decision.NEVER: gettext_noop(
        "The service asked, and policy %(version)s refused: never end here."
    ),
}


def _key(evaluation_id: str) -> UUID | None:
    """The key that the wire's id spells; None where it is none of ours."""
    digits = evaluation_id.removeprefix(_PREFIX)
    try:
        key = UUID(hex=digits)
    except ValueError:
        return None
    return key if f"{_PREFIX}{key.hex}" == evaluation_id else None


def evaluations_over(
    *, source: Source, before: datetime, now: datetime
) -> tuple[QuerySet[AskedEvaluation], QuerySet[AskedEvaluation]]:
    """What *source* asked before a moment, and those of it that no legal hold keeps at *now*."""
    asked = AskedEvaluation.objects.filter(source=source, pk__lt=keys.lowest(before))
    return asked, asked.filter(~holds.event_is_held(now))
