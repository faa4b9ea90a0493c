"""What the list of cases shows, and how much waits where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.models import Case, CaseQuerySet, Claim
from reviews.priorities import UNSEEN, WEIGHTS
from reviews.services.seen import as_seen
from reviews.summaries import Subject, headline
from reviews.transitions import CLAIMABLE, PENDING
from reviews.vocabulary import CaseState, Queue, Reason

#: A case that is due so soon is marked.
SOON = timedelta(hours=1)
#: Nobody needs to know how many more than this wait; counting them would cost.
MOST_COUNTED = 10_000

_TAG_KINDS = {
    Reason.BREACH: "bad",
    Reason.CUE: "bad",
    Reason.APPEAL: "warn",
    Reason.FEEDBACK: "warn",
}


@dataclass(frozen=True)
class Tag:
    """A short word with its shape (``components/tag.html``)."""

    text: str
    kind: str


@dataclass(frozen=True)
class QueueRow:
    """One case of a list. ``due`` is empty, ``soon`` or ``overdue``."""

    case: Case
    tag: Tag | None
    headline: str
    due: Literal["", "soon", "overdue"]
    claim: Claim | None
    mine: bool


def with_what_a_row_shows(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* with everything that :func:`rows` reads, in three queries."""
    live = Claim.objects.live().select_related("reviewer")
    return cases.select_related("cutoff", "source").prefetch_related(
        "selections", Prefetch("claims", queryset=live, to_attr="live_claims")
    )


def rows(cases: Sequence[Any], *, user: User, now: datetime) -> list[QueueRow]:
    """Rows for *cases* that come from :func:`with_what_a_row_shows`."""
    return [_row(case, user, now) for case in as_seen(cases, user=user, now=now)]


def _row(case: Any, user: User, now: datetime) -> QueueRow:
    claim = next(iter(case.live_claims), None) if case.state in CLAIMABLE else None
    cutoff = case.cutoff
    return QueueRow(
        case=case,
        tag=_tag(case),
        headline=headline(
            Subject(case.kind, cutoff.initiator, case.category, case.policy_version),
            refusals=cutoff.refusals,
            redirects=cutoff.redirects,
            warnings=cutoff.warnings,
            confirmed=cutoff.user_confirmed,
            flags=case.flags,
            expired=cutoff.signals_expired_at is not None,
        ),
        due=_due(case, now),
        claim=claim,
        mine=claim is not None and claim.reviewer_id == user.pk,
    )


def _tag(case: Case) -> Tag | None:
    """Why it is here: the state where that says more, else the weightiest reason."""
    if case.cutoff.trial:
        return Tag(_("Test"), "")
    state = CaseState(case.state)
    if state not in (CaseState.OPEN, CaseState.UNSELECTED):
        return Tag(state.label, "calm" if state in PENDING else "")
    reasons = {Reason(found.reason) for found in case.selections.all()} - UNSEEN
    if not reasons:
        return Tag(Reason.CHOSEN.label, "") if case.selected else None
    weightiest = max(reasons, key=lambda reason: WEIGHTS[reason])
    return Tag(weightiest.label, _TAG_KINDS.get(weightiest, ""))


def _due(case: Case, now: datetime) -> Literal["", "soon", "overdue"]:
    if case.state not in PENDING:
        return ""
    if case.due_at <= now:
        return "overdue"
    return "soon" if case.due_at <= now + SOON else ""


def waiting_counts(*, user: User) -> dict[str, int]:
    """How many cases wait in each queue and in all of them, and how many of them are breaches.

    Up to :data:`MOST_COUNTED`, those that are to be looked at first.
    """
    first = Case.objects.listed_for(user).waiting().in_order_of_work()[:MOST_COUNTED]
    return first.aggregate(
        all=Count("pk"),
        breach=Count("pk", filter=Q(breach=True)),
        **{queue.value: Count("pk", filter=Q(queue=queue.value)) for queue in Queue},
    )


def first_breach(*, user: User) -> Case | None:
    """The breach that is to be looked at first."""
    return Case.objects.listed_for(user).waiting().filter(breach=True).in_order_of_work().first()
