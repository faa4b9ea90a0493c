"""What the pages of policies show: what is in force, what became of each version, who did what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from django.db.models import (
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
)
from django.utils.translation import gettext, gettext_noop

from accounts.models import LedgerEntry
from policies.models import (
    BUILT_IN_NUMBER,
    DEFAULT_SCOPE,
    EVERYTHING,
    Activation,
    ActivationKind,
    Draft,
    Pause,
    PlannedActivation,
    PolicyVersion,
    Submission,
    SubmissionDecision,
)
from policies.scopes import label_of
from policies.services.activations import live_in
from policies.services.versions import NotPossible, lock
from policies.thresholds import Thresholds

#: Drafts and submissions that wait are few; more than this are not listed.
LISTED = 50
#: Lines of the ledger that the history of one version reads.
LINES = 200


#: So many numbers are suggested where any can be written.
SUGGESTED = 200


@dataclass(frozen=True)
class Suggestion:
    """A number that exists, of a draft or of a version."""

    number: int
    is_draft: bool


@dataclass
class InForceRow:
    """One scope: what holds there by itself, what is planned, and whether it is paused.

    ``number`` is None where a scope has only a plan or a pause of its own.
    """

    scope: str
    number: int | None = None
    activation: Activation | None = None
    planned: PlannedActivation | None = None
    pause: Pause | None = None

    @property
    def label(self) -> str:
        """The scope in words."""
        return label_of(self.scope)

    @property
    def others(self) -> int:
        """The percentage that the version beside it has."""
        return 100 - self.activation.percent if self.activation else 0


@dataclass
class Standing:
    """What is in force now. ``everything`` is the pause of all ending, ``rows`` begin with the
    default scope.
    """

    everything: Pause | None = None
    rows: list[InForceRow] = field(default_factory=list)


def standing() -> Standing:
    """What is in force, planned and paused, in three queries."""
    rows = {DEFAULT_SCOPE: InForceRow(DEFAULT_SCOPE, BUILT_IN_NUMBER)}
    found = Standing()
    live = Activation.objects.live().select_related("version", "beside", "activated_by")
    for activation in live:
        row = rows.setdefault(activation.scope, InForceRow(activation.scope))
        row.number, row.activation = activation.version_id, activation
    for planned in PlannedActivation.objects.pending().select_related("planned_by"):
        rows.setdefault(planned.scope, InForceRow(planned.scope)).planned = planned
    for pause in Pause.objects.live().told():
        if pause.scope == EVERYTHING:
            found.everything = pause
        else:
            rows.setdefault(pause.scope, InForceRow(pause.scope)).pause = pause
    found.rows = sorted(rows.values(), key=lambda row: (row.scope != DEFAULT_SCOPE, row.scope))
    return found


class State(StrEnum):
    """What has become of a version, in a word or two."""

    IN_FORCE = gettext_noop("in force")
    ALONE = gettext_noop("in force, not reviewed")
    ROLLING_OUT = gettext_noop("rolling out")
    WAITING = gettext_noop("waiting for approval")
    APPROVED = gettext_noop("approved")
    REJECTED = gettext_noop("rejected")
    RETIRED = gettext_noop("retired")
    UNUSED = gettext_noop("never in force")

    @property
    def words(self) -> str:
        """As a page says it."""
        return gettext(self.value)

    @property
    def kind(self) -> str:
        """The shape of its tag (``components/tag.html``)."""
        return _KINDS.get(self, "")


_KINDS = {
    State.IN_FORCE: "ok",
    State.ALONE: "warn",
    State.ROLLING_OUT: "ok",
    State.WAITING: "warn",
    State.APPROVED: "calm",
    State.REJECTED: "bad",
}


def listed() -> QuerySet[PolicyVersion]:
    """Versions with all that :func:`state_of` reads, in two queries."""
    stretches = Activation.objects.filter(
        Q(version=OuterRef("pk")) | Q(beside=OuterRef("pk"), ended_at=None)
    )
    live = Activation.objects.live().filter(scope=DEFAULT_SCOPE)
    return (
        PolicyVersion.objects.select_related("author", "submission", "submission__decided_by")
        .annotate(
            was_used=Exists(stretches),
            is_live=Exists(stretches.filter(ended_at=None)),
            default_is_taken=Exists(live),
        )
        .prefetch_related(
            Prefetch("activations", queryset=Activation.objects.live(), to_attr="live_stretches")
        )
    )


def state_of(version: Any) -> State:
    """The state of a *version* that comes from :func:`listed`."""
    submission = getattr(version, "submission", None)
    decision = submission.decision if submission else SubmissionDecision.APPROVED
    built_in = version.number == BUILT_IN_NUMBER and not version.default_is_taken
    if version.is_live or built_in:
        if decision == SubmissionDecision.PENDING:
            return State.ALONE
        stretches = version.live_stretches
        staged = stretches and all(stretch.percent < 100 for stretch in stretches)
        return State.ROLLING_OUT if staged else State.IN_FORCE
    if decision == SubmissionDecision.PENDING:
        return State.WAITING
    if decision == SubmissionDecision.REJECTED:
        return State.REJECTED
    if version.was_used or version.number == BUILT_IN_NUMBER:
        return State.RETIRED
    return State.APPROVED if submission else State.UNUSED


def with_states(versions: Sequence[Any]) -> list[tuple[PolicyVersion, State]]:
    """Each of *versions*, which come from :func:`listed`, with its state."""
    return [(version, state_of(version)) for version in versions]


def drafts() -> QuerySet[Draft]:
    """Drafts in work, the latest edited first."""
    found = Draft.objects.select_related("author", "updated_by")
    return found.order_by("-updated_at", "-number")[:LISTED]


def waiting() -> QuerySet[Submission]:
    """Versions that wait for a second person, the longest waiting first."""
    found = Submission.objects.filter(decision=SubmissionDecision.PENDING)
    return found.select_related("version", "submitted_by").order_by("submitted_at")[:LISTED]


def numbers() -> list[int]:
    """The numbers of the latest versions, for a choice."""
    return list(PolicyVersion.objects.order_by("-number").values_list("number", flat=True)[:200])


def suggestions() -> list[Suggestion]:
    """The latest drafts and versions, for whoever names any other by its number; one query."""
    drafted = Draft.objects.order_by().values_list("number", Value(value=True))
    submitted = PolicyVersion.objects.order_by().values_list("number", Value(value=False))
    found = drafted.union(submitted, all=True).order_by("-number")[:SUGGESTED]
    return [Suggestion(number, is_draft=is_draft) for number, is_draft in found]


def default_version() -> PolicyVersion:
    """What is in force where no override is; of a rollout, the version that was there before.

    That is what a conversation without an id gets, too.
    """
    live = live_in(DEFAULT_SCOPE)
    if live is None:
        return PolicyVersion.objects.get(number=BUILT_IN_NUMBER)
    return live.beside or live.version


def readable(version: PolicyVersion | Draft) -> Thresholds | None:
    """What *version* says; None where it can no longer be read."""
    try:
        return msgspec.convert(version.content, Thresholds)
    except msgspec.ValidationError:
        return None


@dataclass(frozen=True)
class Happening:
    """One line of a version's history; *who* is empty for what happened by itself."""

    at: datetime
    who: str
    what: str
    reason: str = ""


def history(number: int) -> list[Happening]:
    """What happened to the draft and version *number*, the latest first, in three queries."""
    submission = Submission.objects.filter(version=number).first()
    stretches = Activation.objects.filter(version=number).select_related("activated_by", "ended_by")
    entries = LedgerEntry.objects.filter(object_type="policy_version", object_id=str(number))
    entries = entries.filter(action__in=_SAID).select_related("actor").order_by("-id")[:LINES]
    lines = [_from_ledger(entry, submission) for entry in entries]
    lines += _stretches(list(stretches))
    return sorted(lines, key=lambda line: line.at, reverse=True)


_SAID = {
    "policy.created": gettext_noop("brought it along"),
    "policy.drafted": gettext_noop("began the draft"),
    "policy.edited": gettext_noop("edited the draft"),
    "policy.submitted": gettext_noop("submitted it"),
    "policy.approved": gettext_noop("approved it"),
    "policy.rejected": gettext_noop("rejected it"),
    "policy.planned": gettext_noop("planned it"),
    "policy.plan_cancelled": gettext_noop("cancelled the plan"),
    "guard.alerted": gettext_noop("raised an alert"),
    "guard.rolled_back": gettext_noop("rolled it back, on audited overturns"),
    "guard.not_rolled_back": gettext_noop("could not roll it back"),
}


_BEGAN = {
    ActivationKind.ACTIVATION: gettext_noop("activated it"),
    ActivationKind.ROLLBACK: gettext_noop("went back to it"),
    ActivationKind.BREAK_GLASS: gettext_noop("activated it alone"),
}


def _from_ledger(entry: LedgerEntry, submission: Submission | None) -> Happening:
    reason = ""
    if entry.action in ("policy.approved", "policy.rejected") and submission:
        reason = submission.reason
    scope = entry.details.get("scope")
    what = gettext(_SAID[entry.action])
    if scope:
        what = gettext("%(what)s for %(where)s") % {"what": what, "where": label_of(scope)}
    return Happening(entry.at, _name(entry.actor), what, reason)


def _stretches(stretches: Sequence[Activation]) -> Iterable[Happening]:
    begun = {(stretch.scope, stretch.activated_at) for stretch in stretches}
    for stretch in stretches:
        where = share = label_of(stretch.scope)
        if stretch.percent < 100:
            of = {"percent": stretch.percent, "where": where}
            share = gettext("%(percent)s %% of %(where)s") % of
        began = gettext(_BEGAN[ActivationKind(stretch.kind)])
        what = gettext("%(what)s for %(where)s") % {"what": began, "where": share}
        yield Happening(stretch.activated_at, _name(stretch.activated_by), what, stretch.reason)
        if stretch.ended_at and (stretch.scope, stretch.ended_at) not in begun:
            by = _name(stretch.ended_by)
            what = gettext("ended it for %(where)s") % {"where": where}
            yield Happening(stretch.ended_at, by, what, stretch.end_reason)


def _name(user: Any) -> str:
    return user.name if user else ""


def check_unchanged(*, scope: str, activation_id: int | None) -> None:
    """Take the lock, and raise ``NotPossible`` where *scope* has not the activation any more that
    somebody looked at before they decided.

    Within a transaction: two who roll back at once would otherwise go back twice.
    """
    lock()
    live = live_in(scope)
    if activation_id is not None and (live is None or live.pk != activation_id):
        raise NotPossible(
            gettext(
                "What is in force there was changed since you looked. Nothing was done: look again."
            )
        )
