"""What one line of a list of cases shows, in words that need no further work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from django.db.models import BigIntegerField, QuerySet, UUIDField
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.prepared import AnyOf, Prepared
from conversations.models import Cutoff, Source
from conversations.vocabulary import Category
from reviews.hazards import Hazard
from reviews.headlines import headline
from reviews.models import Case, CaseLabel, Claim, Selection
from reviews.priorities import UNSEEN, WEIGHTS, Part, parts
from reviews.services.care import hazard_in
from reviews.services.seen import Gold, as_seen
from reviews.summaries import Subject
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


class _Signals(NamedTuple):
    """What a row reads of the cutoff, by the names of its columns."""

    initiator: str
    refusals: int | None
    redirects: int | None
    warnings: int | None
    user_confirmed: bool | None
    signals_expired_at: datetime | None


@dataclass(frozen=True)
class Tag:
    """A short word with its shape (``components/tag.html``)."""

    text: str
    kind: str


@dataclass(frozen=True)
class QueueRow:
    """One case of a list. ``due`` is empty, ``soon`` or ``overdue``.

    ``hazard`` is said before anybody opens it, where it is severe; else empty. ``assigned`` names
    whom it is kept for, where somebody is; ``parts`` explain the priority.
    """

    case: Case
    tag: Tag
    hazard: str
    headline: str
    due: Literal["", "soon", "overdue"]
    claim: Claim | None
    mine: bool
    category: str
    source: str
    queue: str
    labels: tuple[str, ...]
    assigned: str
    parts: tuple[Part, ...]

    @property
    def is_due(self) -> bool:
        """Whether its due time still means something: its last word is not spoken."""
        return self.case.state in PENDING

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """All of it that can change on the screen, but for words that the browser keeps true."""
        case, claim = self.case, self.claim
        held = (claim.reviewer_id, f"{claim.expires_at:%H:%M}") if claim else ()
        return (
            *(
                case.number,
                self.tag,
                self.hazard,
                self.headline,
                self.due,
                held,
                self.category,
                self.queue,
            ),
            *(self.labels, self.assigned, self.parts, case.priority, case.due_at, case.selected),
        )


@dataclass(frozen=True)
class _Beside:
    """What rows show beside their cases, by the keys of the cases or by the ids that they hold.

    Read as bare values: with joins and related objects the same takes three times as long.
    """

    cutoffs: dict[Any, _Signals]
    reasons: dict[Any, set[Reason]]
    claims: dict[Any, Claim]
    labels: dict[Any, list[str]]
    sources: dict[int, str]
    people: dict[int, str]
    queues: Mapping[str, str]
    language: str | None


def rows(
    cases: Sequence[Case], *, user: User, now: datetime, queues: Mapping[str, str], gold: Gold
) -> list[QueueRow]:
    """Rows for *cases*, in at most eight queries of few columns; *queues* are names by slug.

    *gold* is what ``seen.gold_of`` says of *user*.
    """
    listed = as_seen(cases, user=user, gold=gold)
    beside = _beside(listed, queues)
    return [_row(case, user, now, beside) for case in listed]


def _of(cases: QuerySet[Any], name: str, keys: Sequence[UUID]) -> QuerySet[Any]:
    """Those of *cases* whose column *name* is one of *keys*."""
    return cases.filter(AnyOf(name, keys, field=UUIDField()))


#: One statement each for every page of every list.
_CUTOFFS: Final = Prepared(
    lambda keys: _of(Cutoff.objects.all(), "pk", keys).values_list("pk", *_Signals._fields),
    keys=list[UUID],
)
_REASONS: Final = Prepared(
    lambda keys: _of(Selection.objects.all(), "case_id", keys).values_list("case_id", "reason"),
    keys=list[UUID],
)
_LABELS: Final = Prepared(
    lambda keys: _of(CaseLabel.objects.order_by("label__name"), "case_id", keys).values_list(
        "case_id", "label__name"
    ),
    keys=list[UUID],
)
_CLAIMS: Final = Prepared(
    lambda keys: _of(Claim.objects.live().select_related("reviewer"), "case_id", keys),
    keys=list[UUID],
)
_SOURCES: Final = Prepared(
    lambda keys: Source.objects.filter(AnyOf("pk", keys, field=BigIntegerField())).values_list(
        "pk", "name"
    ),
    keys=list[int],
)
_PEOPLE: Final = Prepared(
    lambda keys: User.objects.filter(AnyOf("pk", keys, field=BigIntegerField())).values_list(
        "pk", "name"
    ),
    keys=list[int],
)


def _beside(cases: Sequence[Case], queues: Mapping[str, str]) -> _Beside:
    keys = [case.pk for case in cases]
    if not keys:
        return _Beside({}, {}, {}, {}, {}, {}, queues, get_language())
    reasons: dict[Any, set[Reason]] = {}
    for key, reason in _REASONS.tuples(keys=keys):
        reasons.setdefault(key, set()).add(Reason(reason))
    labels: dict[Any, list[str]] = {}
    for key, name in _LABELS.tuples(keys=keys):
        labels.setdefault(key, []).append(name)
    people = {case.assignee_id for case in cases if case.assignee_id is not None}
    return _Beside(
        cutoffs={key: _Signals(*signals) for key, *signals in _CUTOFFS.tuples(keys=keys)},
        reasons=reasons,
        claims={one.case_id: one for one in _CLAIMS.all(keys=keys)},
        labels=labels,
        sources=dict(_SOURCES.tuples(keys=sorted({case.source_id for case in cases}))),
        people=dict(_PEOPLE.tuples(keys=sorted(people))) if people else {},
        queues=queues,
        language=get_language(),
    )


def _row(case: Case, user: User, now: datetime, beside: _Beside) -> QueueRow:
    claim = beside.claims.get(case.pk) if case.state in CLAIMABLE else None
    reasons = frozenset(beside.reasons.get(case.pk, ()))
    return QueueRow(
        case=case,
        tag=_tag(case, reasons),
        hazard=Hazard.SEVERE.words if hazard_in(case) == Hazard.SEVERE else "",
        headline=_headline(case, beside.cutoffs[case.pk], beside.language),
        due=_due(case, now),
        claim=claim,
        mine=claim is not None and claim.reviewer_id == user.pk,
        # Of one label, where Django would translate all to find it: 2 ms of a page.
        category=Category(case.category).label,
        source=beside.sources[case.source_id],
        queue=beside.queues.get(case.queue, ""),
        labels=tuple(beside.labels.get(case.pk, ())),
        assigned=_assigned(case, user, beside.people),
        parts=tuple(parts(reasons=reasons, risk_unknown="risk_unknown" in case.flags)),
    )


def _headline(case: Case, cutoff: _Signals, language: str | None) -> str:
    return headline(
        Subject(case.kind, cutoff.initiator, case.category, case.policy_version),
        refusals=cutoff.refusals,
        redirects=cutoff.redirects,
        warnings=cutoff.warnings,
        confirmed=cutoff.user_confirmed,
        flags=case.flags,
        language=language,
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


def _assigned(case: Case, user: User, people: Mapping[int, str]) -> str:
    if case.assignee_id is None or case.state not in PENDING:
        return ""
    return _("you") if case.assignee_id == user.pk else people[case.assignee_id]
