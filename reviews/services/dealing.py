"""Dealing: which of the waiting cases may be given to whom.

Every rule of it stands here, one function each. What is refused here can be claimed by hand all
the same, unless ``permissions.can_decide`` refuses it too.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.prepared import Prepared
from accounts.roles import Role
from reviews.models import Case, CaseQuerySet, CaseQueue, Reservation, Skip
from reviews.services.care import languages_of, opted_out_by, severe_share, spared_of
from reviews.services.glance import Glance, glance
from reviews.sight import unknown_to
from reviews.taking_part import took_part
from reviews.transitions import CLAIMABLE
from reviews.vocabulary import CaseState

_Key = tuple[int, datetime, UUID]

#: Written out, as in the condition of the index.
_CLAIMABLE: Final = ", ".join(f"'{state.value}'" for state in CLAIMABLE)

#: Of each queue that somebody works in, and of each language that they read, the first case that
#: nobody holds. A language of NULL is any.
_HEADS: Final = f"""
SELECT queue.slug, reads.language, head.priority, head.due_at, head.cutoff_id
FROM reviews_casequeue queue
CROSS JOIN unnest(%(languages)s::text[]) reads (language)
CROSS JOIN LATERAL (
    SELECT priority, due_at, cutoff_id FROM reviews_case waits
    WHERE waits.queue = queue.slug {{of_language}}
      AND waits.selected AND waits.state IN ({_CLAIMABLE}) AND NOT waits.trial
      AND NOT EXISTS (
          SELECT FROM reviews_claim held
          WHERE held.case_id = waits.cutoff_id
            AND held.ended_at IS NULL AND held.expires_at > statement_timestamp()
      )
    ORDER BY waits.priority DESC, waits.due_at, waits.cutoff_id
    LIMIT 1
) head
WHERE queue.area = '' OR %(everything)s OR EXISTS (
    SELECT FROM reviews_qualification has
    WHERE has.user_id = %(user)s AND has.area = queue.area AND has.revoked_at IS NULL
)
ORDER BY head.priority DESC, head.due_at, head.cutoff_id
"""  # noqa: S608 - states, never of a request


def suited_to(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that may be dealt to *user* at *now*.

    A rule must be answered row by row from the case and one look into an index: claim-next
    walks down the order of work until the first row that suits.
    """
    severe = not severe_share(user, now).limit
    return _qualified_for(_suited(cases, user, now, severe=severe), user)


def _suited(cases: CaseQuerySet, user: User, now: datetime, *, severe: bool) -> CaseQuerySet:
    """Apart from the queue, which claim-next asks for first."""
    known = cases.without(unknown_to(user))
    suited = spared_of(known.decidable_by(user).unclaimed(), user, severe=severe)
    suited = _of_whom_it_may_be(suited, user)
    return _not_kept_for_another(_not_passed_on_by(suited, user), user, now)


def next_for(
    user: User, now: datetime, queue: str = "", there_is: Glance | None = None
) -> Case | None:
    """The next case for *user*, locked: of one queue, or of all that they work in.

    Rows that another is just taking are passed over. None where nothing is left that suits.
    *there_is* is what was seen of *user* in this transaction, where somebody has looked.
    """
    there_is = there_is or glance(user, now)
    severe = not severe_share(user, now, had_any=there_is.severe).limit
    if there_is.kept:
        waiting = _qualified_for(_suited(Case.objects.waiting(), user, now, severe=severe), user)
        back = came_back_for(waiting, user, now)
        if case := _in_turn(back.filter(queue=queue) if queue else back).first():
            return case
    best = None
    for slug, language, key in _stretches_by_urgency(user):
        if best and _key(best) <= key:
            break
        if queue not in ("", slug):
            continue
        pick = _pick(_Shape.of(user, severe=severe, in_language=language is not None))
        spoken = {} if language is None else {"language": language}
        found = pick.first(user=user.pk, now=now, queue=slug, **spoken)
        if found and (best is None or _key(found) < _key(best)):
            best = found
    return best


@dataclass(frozen=True)
class _Shape:
    """All of somebody by which the rules above write another statement."""

    restricted: bool
    adjudicates: bool
    opted_out: tuple[str, ...]
    languages: tuple[str, ...]
    severe: bool
    in_language: bool
    user: User = field(compare=False)

    @classmethod
    def of(cls, user: User, *, severe: bool, in_language: bool) -> _Shape:
        return cls(
            restricted=user.has_perm("reviews.view_restricted_case"),
            adjudicates=user.has_perm("reviews.adjudicate_case"),
            opted_out=tuple(opted_out_by(user)),
            languages=tuple(languages_of(user)),
            severe=severe,
            in_language=in_language,
            user=user,
        )


@lru_cache(maxsize=256)
def _pick(shape: _Shape) -> Prepared[Case]:
    """The first case of one queue, and of one language where asked for, that suits; locked."""

    def build(user: int, now: datetime, **wanted: str) -> CaseQuerySet:
        person = copy(shape.user)
        person.pk = user
        cases = Case.objects.waiting().filter(**wanted)
        return _in_turn(_suited(cases, person, now, severe=shape.severe))[:1]

    language = {"language": str} if shape.in_language else {}
    return Prepared(build, user=int, now=datetime, queue=str, **language)


def _key(case: Case) -> _Key:
    """As ``CaseQuerySet.in_order_of_work`` has it."""
    return -case.priority, case.due_at, case.pk


def _in_turn(suited: CaseQuerySet) -> CaseQuerySet:
    return suited.in_order_of_work().select_for_update(skip_locked=True, of=("self",), no_key=True)


def _stretches_by_urgency(user: User) -> list[tuple[str, str | None, _Key]]:
    """The queues that *user* works in, by languages that they read, the most urgent first.

    Each with the place in the order of work of what comes first there. One by one, because each
    has its own stretch of an index: walking down all of them as one would read every case of a
    queue for which one is not qualified, or in a language that one does not read.
    """
    languages = languages_of(user)
    parameters: dict[str, Any] = {
        "everything": user.is_superuser,
        "user": user.pk,
        "languages": languages or [None],
    }
    of_language = "AND waits.language = reads.language" if languages else ""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS.format(of_language=of_language), parameters)
        return [(slug, spoken, (-priority, *rest)) for slug, spoken, priority, *rest in cursor]


def _qualified_for(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """Nobody is dealt from a queue that asks for a qualification that they lack."""
    return cases.filter(queue__in=CaseQueue.objects.worked_by(user).values("pk"))


def _of_whom_it_may_be(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """An assigned case is dealt to its one person, unless they can give no verdict on it.

    Then it is everybody's: refusing to assign it would have told what was hidden of it.
    """
    senior = User.objects.filter(pk=OuterRef("assignee"), groups__name=Role.SENIOR)
    cannot = took_part(OuterRef("assignee")) | Q(state=CaseState.ADJUDICATION) & ~Exists(senior)
    return cases.filter(Q(assignee=None) | Q(assignee=user) | cannot)


def came_back_for(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that come first for *user*: deferred until now, or asked about."""
    kept = Reservation.objects.filter(reviewer=user, until__gt=now)
    return cases.filter(pk__in=kept.values("pk"))


def _not_passed_on_by(cases: CaseQuerySet, user: User) -> CaseQuerySet:
    """Whoever skipped a case is not dealt it again."""
    return cases.exclude(Exists(Skip.objects.filter(case=OuterRef("pk"), reviewer=user)))


def _not_kept_for_another(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """What came back for one person is theirs for a while."""
    kept = Reservation.objects.filter(case=OuterRef("pk"), until__gt=now).exclude(reviewer=user)
    return cases.exclude(Exists(kept))
