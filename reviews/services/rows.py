"""What one line of a list of cases shows, in words that need no further work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.models import Case, CaseLabel, CaseQuerySet, Claim
from reviews.priorities import UNSEEN, WEIGHTS, Part, parts
from reviews.services.seen import as_seen
from reviews.summaries import Subject, headline
from reviews.transitions import CLAIMABLE, PENDING
from reviews.vocabulary import CaseState, Reason

#: A case that is due so soon is marked.
SOON: Final = timedelta(hours=1)

_TAG_KINDS: Final = {
    Reason.BREACH: "bad",
    Reason.CUE: "bad",
    Reason.APPEAL: "warn",
    Reason.FEEDBACK: "warn",
}

#: All that a row reads of its case, the cutoff and the source; the rest stays in the database.
_FIELDS: Final = (
    *("number", "kind", "category", "locale", "language", "at", "policy_version", "state"),
    *("selected", "queue", "priority", "due_at", "trial", "flags", "breach", "crisis"),
    *("contested", "settle_at", "assignee__name", "source__name"),
    *("cutoff__initiator", "cutoff__severity", "cutoff__refusals", "cutoff__redirects"),
    *("cutoff__warnings", "cutoff__user_confirmed", "cutoff__signals_expired_at"),
)


@dataclass(frozen=True)
class Tag:
    """A short word with its shape (``components/tag.html``)."""

    text: str
    kind: str


@dataclass(frozen=True)
class QueueRow:
    """One case of a list. ``due`` is empty, ``soon`` or ``overdue``.

    ``assigned`` names whom it is kept for, where somebody is; ``parts`` explain the priority.
    """

    case: Case
    tag: Tag
    headline: str
    due: Literal["", "soon", "overdue"]
    claim: Claim | None
    mine: bool
    category: str
    queue: str
    labels: tuple[str, ...]
    assigned: str
    parts: tuple[Part, ...]

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """All of it that can change on the screen, but for words that the browser keeps true."""
        case, claim = self.case, self.claim
        held = (claim.reviewer_id, f"{claim.expires_at:%H:%M}") if claim else ()
        return (
            *(case.number, self.tag, self.headline, self.due, held, self.category, self.queue),
            *(self.labels, self.assigned, self.parts, case.priority, case.due_at, case.selected),
        )


def with_what_a_row_shows(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* with everything that :func:`rows` reads, in four queries."""
    live = Claim.objects.live().select_related("reviewer")
    labels = CaseLabel.objects.select_related("label").order_by("label__name")
    return (
        cases.select_related("cutoff", "source", "assignee")
        .only(*_FIELDS)
        .prefetch_related(
            "selections",
            Prefetch("claims", queryset=live, to_attr="live_claims"),
            Prefetch("labels", queryset=labels, to_attr="put_labels"),
        )
    )


def rows(
    cases: Sequence[Any], *, user: User, now: datetime, queues: Mapping[str, str]
) -> list[QueueRow]:
    """Rows for *cases* that come from :func:`with_what_a_row_shows`; *queues* are names by slug."""
    return [_row(case, user, now, queues) for case in as_seen(cases, user=user, now=now)]


def _row(case: Any, user: User, now: datetime, queues: Mapping[str, str]) -> QueueRow:
    claim = next(iter(case.live_claims), None) if case.state in CLAIMABLE else None
    reasons = frozenset(Reason(found.reason) for found in case.selections.all())
    return QueueRow(
        case=case,
        tag=_tag(case, reasons),
        headline=_headline(case),
        due=_due(case, now),
        claim=claim,
        mine=claim is not None and claim.reviewer_id == user.pk,
        category=case.get_category_display(),
        queue=queues.get(case.queue, ""),
        labels=tuple(put.label.name for put in case.put_labels),
        assigned=_assigned(case, user),
        parts=tuple(parts(reasons=reasons, risk_unknown="risk_unknown" in case.flags)),
    )


def _headline(case: Case) -> str:
    cutoff = case.cutoff
    return headline(
        Subject(case.kind, cutoff.initiator, case.category, case.policy_version),
        refusals=cutoff.refusals,
        redirects=cutoff.redirects,
        warnings=cutoff.warnings,
        confirmed=cutoff.user_confirmed,
        flags=case.flags,
        expired=cutoff.signals_expired_at is not None,
    )


def _tag(case: Case, reasons: frozenset[Reason]) -> Tag:
    """Why it is here: the state where that says more, else the weightiest reason."""
    if case.trial:
        return Tag(_("Test"), "")
    state = CaseState(case.state)
    if state == CaseState.UNSELECTED:
        return Tag(_("Not selected"), "plain")
    if state != CaseState.OPEN:
        return Tag(state.label, "calm" if state in PENDING else "")
    seen = reasons - UNSEEN
    if not seen:
        return Tag(Reason.CHOSEN.label, "")
    weightiest = max(seen, key=lambda reason: WEIGHTS[reason])
    return Tag(weightiest.label, _TAG_KINDS.get(weightiest, ""))


def _due(case: Case, now: datetime) -> Literal["", "soon", "overdue"]:
    if case.state not in PENDING:
        return ""
    if case.due_at <= now:
        return "overdue"
    return "soon" if case.due_at <= now + SOON else ""


def _assigned(case: Case, user: User) -> str:
    if case.assignee is None or case.state not in PENDING:
        return ""
    return _("you") if case.assignee_id == user.pk else case.assignee.name
