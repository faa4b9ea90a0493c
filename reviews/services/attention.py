"""What needs somebody: counts for the overview, each bounded, of what its reader may know of.

Whatever fails or waits by itself is counted here, so that nobody has to go and look on ten pages
whether they are needed. Cases that wait their turn are not: those are the queue's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import CharField, QuerySet, Value

from accounts.models import User
from conversations.models import Enrichment, ErasureRequest, LegalHold, ParkedEvent
from conversations.permissions import can_place_hold
from conversations.retention_models import ErasureState
from conversations.services import receipts
from policies.models import ActivationKind, Pause, Submission, SubmissionDecision
from policies.permissions import can_view as can_view_policies
from policies.services import break_glass, guard_overview
from reviews.danger_models import Alarm
from reviews.danger_vocabulary import Why
from reviews.languages import translations
from reviews.models import Case, Delivery, Endpoint, Feedback
from reviews.outcome_vocabulary import DeliveryState
from reviews.permissions import (
    can_answer,
    can_keep_rota,
    can_manage_notices,
    can_read_feedback,
    can_see_outcomes,
)
from reviews.services import escalating, on_call, stuck, unlinked
from reviews.services.proving import Proof, proof
from reviews.support import lines
from reviews.text_models import NoticeText

#: More than these are not counted: then there are "100 or more".
MANY: Final = 100

#: A chain of calls that no drill has proven for so long is not known to work.
PROVEN_FOR: Final = timedelta(days=30)
#: New conversations are read within seconds. What waits for so long waits for a worker.
READ_WITHIN: Final = timedelta(minutes=10)
#: An erasure takes minutes, unless a legal hold keeps a part of it.
ERASED_WITHIN: Final = timedelta(days=1)
#: So long before a legal hold ends somebody should know: what it kept is deleted then.
ENDS_SOON: Final = timedelta(days=14)


class Need(StrEnum):
    """Something that needs somebody, what is most urgent first."""

    ALARMS = "alarms"
    NOBODY_REACHED = "nobody_reached"
    STUCK = "stuck"
    UNLINKED = "unlinked"
    APPEALS_ALONE = "appeals_alone"
    ESCALATIONS = "escalations"
    PAUSED = "paused"
    LOOKS = "looks"
    GUARD = "guard"
    WAITS_TO_BE_READ = "waits_to_be_read"
    NOT_READ = "not_read"
    PARKED = "parked"
    DEAD = "dead"
    DISABLED = "disabled"
    SILENT = "silent"
    ERASURES = "erasures"
    NOT_ASSESSED = "not_assessed"
    APPROVALS = "approvals"
    TEXTS = "texts"
    HOLDS = "holds"
    GAPS = "gaps"
    NEVER_PROVEN = "never_proven"
    PROVEN_LONG_AGO = "proven_long_ago"
    LINES = "lines"
    LINES_WITHOUT_OWNER = "lines_without_owner"
    TRANSLATIONS = "translations"


@dataclass(frozen=True)
class Overview:
    """How much there is of each need that there is, and what drills have proven."""

    needs: dict[Need, int]
    proof: Proof


def overview(*, user: User, now: datetime) -> Overview:
    """What needs somebody, as far as *user* may know of it.

    The same queries whatever there is, and one more where the last drill proved nothing.
    """
    drills = proof()
    found = _counted(dict(_rows(user, now)))
    found |= _danger(user, drills.proven, now) | _cases(user, now) | _set_up(user, now)
    return Overview({need: found[need] for need in Need if found.get(need)}, drills)


def _rows(user: User, now: datetime) -> Iterator[tuple[Need, QuerySet[Any]]]:
    """What a row of some table says, a query each."""
    if can_answer(user):
        yield Need.ALARMS, Alarm.objects.live().exclude(why=Why.DRILL)
    if can_read_feedback(user):
        said = Feedback.objects.not_assessed().filter(case__in=Case.objects.listed_for(user))
        yield Need.NOT_ASSESSED, said.filter(read_at=None)
    if can_view_policies(user):
        yield Need.PAUSED, Pause.objects.live()
        yield Need.LOOKS, break_glass.unreviewed()
        # What one person activated alone waits for a look, which decides on it.
        pending = Submission.objects.filter(decision=SubmissionDecision.PENDING)
        alone = {"version__activations__kind": ActivationKind.BREAK_GLASS}
        yield Need.APPROVALS, pending.exclude(**alone)
    if can_see_outcomes(user):
        waiting = Enrichment.objects.filter(parked_at=None, due_at__lte=now - READ_WITHIN)
        yield Need.WAITS_TO_BE_READ, waiting
        yield Need.NOT_READ, Enrichment.objects.filter(parked_at__isnull=False)
        yield Need.PARKED, ParkedEvent.objects.all()
        yield Need.DEAD, Delivery.objects.filter(state=DeliveryState.DEAD)
        yield Need.DISABLED, Endpoint.objects.disabled()
        late = ErasureRequest.objects.filter(requested_at__lte=now - ERASED_WITHIN)
        at_work = [ErasureState.PENDING, ErasureState.RUNNING]
        yield Need.ERASURES, late.filter(state__in=at_work)
    if can_manage_notices(user):
        yield Need.TEXTS, NoticeText.objects.waiting()
    if can_place_hold(user):
        yield Need.HOLDS, LegalHold.objects.live(now).filter(expires_at__lte=now + ENDS_SOON)


def _counted(rows: dict[Need, QuerySet[Any]]) -> dict[Need, int]:
    """How many rows each has, up to :data:`MANY`. One query, of a bounded part of each."""
    parts = [
        # The outer one bounds what is found, whatever it joins and however it is ordered.
        found.order_by()
        .annotate(need=Value(need.value, output_field=CharField()))
        .values_list("need")[:MANY]
        for need, found in rows.items()
    ]
    if not parts:
        return {}
    first, *others = parts
    return {
        Need(need): number for (need,), number in Counter(first.union(*others, all=True)).items()
    }


def _danger(user: User, proven: Alarm | None, now: datetime) -> dict[Need, int]:
    """Whether those on call would be reached, for whoever keeps the rota."""
    if not can_keep_rota(user):
        return {}
    duties = on_call.duties()
    told = on_call.mail_is_set_up() or bool(on_call.pagers())
    since = proven.acknowledged_at if proven else None
    return {
        Need.NOBODY_REACHED: not told,
        # Without a rota all seniors are told: that is how it was set up.
        Need.GAPS: len(on_call.gaps(duties, now)) if duties else 0,
        Need.NEVER_PROVEN: since is None,
        Need.PROVEN_LONG_AGO: since is not None and now - since > PROVEN_FOR,
    }


def _cases(user: User, now: datetime) -> dict[Need, int]:
    """Cases that nobody will come to by themselves, and questions to the teams of *user*."""
    told = stuck.is_told(user)
    return {
        Need.STUCK: stuck.stuck_count(now=now) if told else 0,
        Need.APPEALS_ALONE: stuck.appeals_alone_count(now=now) if told else 0,
        Need.UNLINKED: unlinked.needing_count(now=now) if can_read_feedback(user) else 0,
        Need.ESCALATIONS: escalating.waiting_count(user),
    }


def _set_up(user: User, now: datetime) -> dict[Need, int]:
    """What was watched and is quiet or errs, and what somebody should have looked at by now."""
    found: dict[Need, int] = {}
    if can_view_policies(user):
        found[Need.GUARD] = len(guard_overview.alerts())
    if can_see_outcomes(user):
        found[Need.SILENT] = receipts.silent(now=now)
    if can_manage_notices(user):
        today = now.date()
        found[Need.LINES] = sum(line.is_stale(today) for line in lines())
        found[Need.LINES_WITHOUT_OWNER] = sum(not line.has_owner for line in lines())
        found[Need.TRANSLATIONS] = sum(not one.is_reviewed for one in translations().values())
    return found
