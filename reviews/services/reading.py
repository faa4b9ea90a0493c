"""Opening a case: what its page and the API show of it, and the ledger's line about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, User
from conversations.evidence import Evidence
from conversations.models import TranscriptEvidence
from conversations.services.evidence import evidence_of, read_messages, transcript_of
from conversations.transcripts import Message
from policies.conformance import Conformance
from policies.models import CutoffConformance
from policies.services.conformance import conformance_of
from policies.services.evaluations import AskedFirst, asked_first
from reviews.hazards import Form
from reviews.models import Case, Claim, Exercise, Feedback, Outcome, Verdict, VerdictDraft
from reviews.outcome_vocabulary import OutcomeType
from reviews.permissions import can_decide, facts_of, viewer_of, visible_texts
from reviews.priorities import UNSEEN, WEIGHTS, Part, parts
from reviews.services import drafting
from reviews.services.adjudication import contested
from reviews.services.care import hiding_of
from reviews.services.enrichment import assess
from reviews.services.lineage import Lineage, lineage_of
from reviews.services.routing import Placed, why_there
from reviews.transitions import CLAIMABLE, PENDING
from reviews.turns import said_later
from reviews.visibility import CaseFacts, Text, is_blind, visible
from reviews.vocabulary import Reason


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened to a case, in words."""

    at: datetime
    who: str
    what: str


@dataclass
class OpenedCase:
    """A case as one viewer may see it.

    ``messages`` is None where the viewer's role does not include transcripts or none was sent;
    ``shows`` are the kinds of text that the viewer may see. ``undecided`` means that the viewer
    may yet give an independent verdict; ``folded``, that they have not drafted it either:
    feedback, priority reasons and reported severity stay folded until then. ``contested`` are
    the two verdicts between which the viewer is to decide, for showing without names.
    """

    case: Case
    shows: frozenset[Text]
    blind: bool
    undecided: bool
    folded: bool
    claim: Claim | None
    conformance: Conformance | None = None
    conformance_basis: str = ""
    policy_version: int | None = None
    asked_first: AskedFirst | None = None
    evidence: Evidence | None = None
    messages: list[Message] | None = None
    explanation: str = ""
    rationale: str = ""
    warning: str = ""
    hidden: frozenset[int] = frozenset()
    form: Form = Form.FOLDED
    verdicts: list[Verdict | Exercise] = field(default_factory=list)
    contested: list[Verdict] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    priority_parts: list[Part] = field(default_factory=list)
    placed: Placed | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)
    lineage: Lineage | None = None


def open_case(*, case: Case, user: User) -> OpenedCase:
    """Everything of *case* that *user* may see. Opening a transcript is a line in the ledger."""
    viewer, facts = viewer_of(user), facts_of(case)
    shows = visible(viewer, facts)
    claim, drafted = _held(case, user) if case.state in CLAIMABLE else (None, False)
    undecided = is_undecided(case, user, facts)
    opened = OpenedCase(
        case=case,
        shows=shows,
        blind=is_blind(viewer, facts),
        undecided=undecided,
        folded=undecided and not drafted,
        claim=claim,
    )
    reasons = frozenset(
        Reason(reason) for reason in case.selections.values_list("reason", flat=True)
    )
    opened.reasons = shown_reasons(reasons)
    opened.priority_parts = parts(reasons=reasons, risk_unknown="risk_unknown" in case.flags)
    if Text.NUMBERS in shows:
        _add_conformance(opened)
        opened.placed = why_there(case)
        opened.lineage = lineage_of(case=case, user=user, viewer=viewer, blind=opened.blind)
    if Text.TRANSCRIPT in shows:
        _add_transcript(opened, user)
    opened.verdicts = [
        given for given in _verdicts(case) if Text.VERDICTS in shows or given.reviewer_id == user.pk
    ]
    if case.exercise == "answered":
        opened.verdicts = list(_own_answer(case, user))
    opened.contested = contested(case=case, user=user)
    opened.timeline = _timeline(opened, user)
    return opened


def _held(case: Case, user: User) -> tuple[Claim | None, bool]:
    """The claim that holds *case*, and whether it is of *user*, who has drafted their verdict."""
    claim = Claim.objects.live().filter(case=case).select_related("reviewer").first()
    if claim is None or claim.reviewer_id != user.pk:
        return claim, False
    drafts = VerdictDraft.objects.filter(case=case, reviewer=user)
    return claim, drafting.is_whole(case, drafts.values_list("content", flat=True).first() or {})


def is_undecided(case: Case, user: User, facts: CaseFacts) -> bool:
    """Whether *user* may still give an independent verdict: none of theirs is in, in any round.

    *facts* are those of *case*.
    """
    if not can_decide(user):
        return False
    if case.exercise:
        return case.exercise == "to_answer"
    return case.state in PENDING and user.pk not in facts.verdict_by


def shown_reasons(reasons: frozenset[Reason]) -> list[str]:
    """Reasons in words, the weightiest first. Nobody sees which cases are audits."""
    seen = sorted(reasons - UNSEEN, key=lambda reason: -WEIGHTS[reason])
    return [reason.label for reason in seen] or (["Selected"] if reasons else [])


def _add_conformance(opened: OpenedCase) -> None:
    """The stored conformance; computed on the spot where enrichment has not come to it yet."""
    case = opened.case
    stored = CutoffConformance.objects.filter(pk=case.pk).first()
    if stored is None:
        assess([case.pk])
        stored = CutoffConformance.objects.get(pk=case.pk)
    opened.conformance = conformance_of(stored)
    opened.conformance_basis = stored.get_basis_display()
    opened.policy_version = stored.version_id
    opened.asked_first = asked_first(cutoff=case.cutoff, mode=case.source.mode)
    opened.evidence = stored_evidence(case)


def stored_evidence(case: Case) -> Evidence | None:
    """What the transcript of *case* was found to show; None before enrichment or without one."""
    stored = TranscriptEvidence.objects.filter(pk=case.pk).first()
    return evidence_of(stored) if stored else None


def _add_transcript(opened: OpenedCase, user: User) -> None:
    transcript = transcript_of(opened.case.cutoff)
    if transcript is None:
        return
    messages = read_messages(transcript)
    if opened.case.later:
        messages = said_later(messages, opened.case.later)
    opened.messages = messages
    hiding = hiding_of(opened.case, messages, opened.evidence, user=user)
    opened.warning, opened.hidden, opened.form = hiding.warning, hiding.turns, hiding.form
    if Text.RATIONALE in opened.shows:
        opened.explanation, opened.rationale = transcript.explanation, transcript.rationale
    note(case=opened.case, user=user, action="transcript.opened")


def note(*, case: Case, user: User, action: str, details: dict[str, object] | None = None) -> None:
    """One line in the ledger: *user* saw something of *case*."""
    with transaction.atomic():
        record(
            actor=Actor(user=user), action=action, obj="case", object_id=case.pk, details=details
        )


def reveal(*, case: Case, user: User, turns: list[int] | None) -> list[tuple[int, Message]]:
    """The hidden turns that *user* asked for, all where None; each asking is in the ledger.

    Empty where the viewer's role does not include transcripts.
    """
    if Text.TRANSCRIPT not in visible_texts(user, case):
        return []
    transcript = transcript_of(case.cutoff)
    if transcript is None:
        return []
    numbered = list(enumerate(read_messages(transcript), 1))
    wanted = numbered if turns is None else [pair for pair in numbered if pair[0] in set(turns)]
    note(
        case=case,
        user=user,
        action="transcript.revealed",
        details={"turns": "all" if turns is None else sorted(set(turns))},
    )
    return wanted


def reveal_feedback(*, case: Case, user: User) -> list[Feedback]:
    """What the user of the chat said, where *user* may see it; the asking is in the ledger."""
    if Text.FEEDBACK not in visible_texts(user, case):
        return []
    note(case=case, user=user, action="feedback.opened")
    case.feedback.filter(read_at=None).update(read_at=timezone.now(), read_by=user)
    return list(case.feedback.select_related("words"))


def reveal_severity(*, case: Case, user: User) -> None:
    """Note that *user* asked for the reported severity; before their own it may steer them."""
    note(case=case, user=user, action="severity.opened")


def _verdicts(case: Case) -> list[Verdict]:
    return list(
        case.verdicts.filter(withdrawal=None).select_related("reviewer", "words").order_by("at")
    )


def _own_answer(case: Case, user: User) -> QuerySet[Exercise]:
    """The viewer's answer to a gold case, which looks to them like any verdict of theirs."""
    return case.exercises.filter(person=user).select_related("person", "words", "case")


_WORDS = {
    "case.claimed": gettext_noop("claimed it"),
    "case.released": gettext_noop("released it"),
    "case.skipped": gettext_noop("passed it on"),
    "case.deferred": gettext_noop("put it off"),
    "case.resumed": gettext_noop("Back from being put off"),
    "case.escalated": gettext_noop("asked a team about it"),
    "case.accepted": gettext_noop("took the question"),
    "case.handed_back": gettext_noop("gave the question back to the team"),
    "case.answered": gettext_noop("answered the question"),
    "case.returned": gettext_noop("returned the question"),
    "case.withdrawn": gettext_noop("took the question back"),
    "case.reclassified": gettext_noop("gave it another category"),
    "case.taken_over": gettext_noop("took it over"),
    "exercise.claimed": gettext_noop("claimed it"),
    "exercise.released": gettext_noop("released it"),
    "exercise.answered": gettext_noop("gave a verdict"),
    "exercise.undone": gettext_noop("took the verdict back"),
    "case.decided": gettext_noop("gave a verdict"),
    "case.undone": gettext_noop("took the verdict back"),
    "case.settled": gettext_noop("The case settled"),
    "feedback.received": gettext_noop("The user sent feedback"),
    "feedback.changed": gettext_noop("The user changed their feedback"),
    "transcript.opened": gettext_noop("opened the transcript"),
    "transcript.revealed": gettext_noop("asked for hidden turns"),
    "feedback.opened": gettext_noop("read the feedback"),
    "severity.opened": gettext_noop("looked at the reported severity"),
    "similar.opened": gettext_noop("looked at similar cases"),
    "threads.opened": gettext_noop("looked at the subject’s other threads"),
    "note.written": gettext_noop("wrote a note"),
}

_TOLD_BY_VERDICTS = ("case.decided", "case.undone", "case.settled")
#: What others did on the way to a verdict: it would tell an independent reviewer of the first.
_TELLS_OF_OTHERS = (
    "case.claimed",
    "case.released",
    "severity.opened",
    "similar.opened",
    "threads.opened",
)
LONGEST_TIMELINE = 200


def _timeline(opened: OpenedCase, user: User) -> list[TimelineEntry]:
    case = opened.case
    entries = LedgerEntry.objects.filter(
        object_type="case", object_id=str(case.pk), action__in=_WORDS
    ).exclude(action__startswith="transcript.")
    # A gold case is nobody's to know of but the one person's to whom it was dealt.
    entries = entries.exclude(~Q(actor=user), action__startswith="exercise.")
    if Text.VERDICTS not in opened.shows:
        entries = entries.exclude(~Q(actor=user), action__in=_TOLD_BY_VERDICTS)
    if Text.NOTES not in opened.shows:
        entries = entries.exclude(~Q(actor=user), action="note.written")
    if opened.folded:
        entries = entries.exclude(action__startswith="feedback.")
    if opened.undecided or opened.blind:
        entries = entries.exclude(~Q(actor=user), action__in=_TELLS_OF_OTHERS)
    if case.exercise:
        entries = entries.filter(actor=user, at__gte=case.opened_at)
    told = [
        TimelineEntry(
            entry.at, entry.actor.name if entry.actor else "", gettext(_WORDS[entry.action])
        )
        for entry in entries.select_related("actor").order_by("id")[:LONGEST_TIMELINE]
    ]
    beginning = TimelineEntry(
        case.at,
        "",
        gettext("The conversation ended")
        if case.is_cutoff
        else gettext("The conversation went on"),
    )
    told = sorted([*told, *_outcomes(opened)], key=lambda entry: entry.at)
    return [beginning, TimelineEntry(case.opened_at, "", gettext("Reported, case opened")), *told]


def _outcomes(opened: OpenedCase) -> list[TimelineEntry]:
    """What the source is told of the case; what came of it to those alone who may know."""
    outcomes = Outcome.objects.filter(cutoff=opened.case.pk).order_by("at", "id")
    if opened.undecided or opened.case.exercise or Text.VERDICTS not in opened.shows:
        outcomes = outcomes.filter(type=OutcomeType.FLAGGED)
    return [
        TimelineEntry(
            outcome.at,
            "",
            gettext("Outcome for the source: %(what)s") % {"what": outcome.get_type_display()},
        )
        for outcome in outcomes
    ]
