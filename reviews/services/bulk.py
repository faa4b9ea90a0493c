"""Many cases assigned, moved or labelled at once, each with its line in the ledger; and undone.

What cannot be changed is left as it is and named, with the reason. Nothing is half done: the
cases, their lines and what an undo must know are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.ledger import Actor, record_each
from accounts.models import User
from reviews.models import BulkAct, BulkChange, Case, CaseLabel, CaseQueue, Claim, Label
from reviews.permissions import can_decide, check_arrange, check_label
from reviews.services.care import spared
from reviews.transitions import CLAIMABLE
from reviews.vocabulary import Arrangement, CaseState

#: Of one act. A page's worth of choosing, and no statement that others wait for.
MOST_CASES: Final = 1000

_ACTIONS: Final = {
    Arrangement.ASSIGN: "case.assigned",
    Arrangement.MOVE: "case.moved",
    Arrangement.LABEL: "case.labelled",
}
_UNDECIDED: Final = frozenset(
    {*CLAIMABLE, CaseState.UNSELECTED, CaseState.DEFERRED, CaseState.ESCALATED}
)


class Refusal(models.TextChoices):
    """Why a case was left as it is."""

    HELD = "held", _("somebody else holds it")
    OVER = "over", _("it is decided or closed")
    UNQUALIFIED = "unqualified", _("its queue asks for a qualification")
    NOT_THEIRS = "not_theirs", _("it cannot go to this person")
    CHANGED = "changed", _("it was changed meanwhile")


@dataclass(frozen=True)
class Refused:
    """A case, by its number, that was left as it is."""

    number: int
    why: Refusal


@dataclass(frozen=True)
class Done:
    """What a bulk act came to, by the numbers of the cases.

    *act_id* is what :func:`undo` takes, None where nothing was changed. A case that was so
    already is in neither list; nor is one that the person may not know of.
    """

    act_id: UUID | None
    changed: tuple[int, ...]
    refused: tuple[Refused, ...]


_Refuses = Callable[[Case], Refusal | None]


@transaction.atomic
def assign(*, case_ids: Collection[UUID], to: User | None, by: User, now: datetime) -> Done:
    """Keep cases for one person, so that only they are dealt them; None gives them back to all.

    Raises ``PermissionDenied``, or ``ValueError`` for more than :data:`MOST_CASES`.
    """
    check_arrange(by)
    cases = _locked(case_ids, by)
    theirs = _suiting(cases, to, now)
    busy = _refuses_busy(cases, by)

    def refuses(case: Case) -> Refusal | None:
        return busy(case) or (Refusal.NOT_THEIRS if to and case.pk not in theirs else None)

    return _do(Arrangement.ASSIGN, cases, [to.pk if to else None], refuses, by, now)


@transaction.atomic
def move(*, case_ids: Collection[UUID], to: CaseQueue, by: User, now: datetime) -> Done:
    """Move cases to a queue, by hand: no rule moves them on.

    Out of a queue that asks for a qualification only the qualified move. Raises as
    :func:`assign`, and ``ValueError`` for a queue that was closed.
    """
    check_arrange(by)
    # Locked against being closed until the cases are there.
    to = CaseQueue.objects.select_for_update(no_key=True).get(pk=to.pk)
    if to.closed_at:
        raise ValueError("This queue was closed.")
    cases = _locked(case_ids, by)
    worked = set(CaseQueue.objects.worked_by(by).values_list("pk", flat=True))
    busy = _refuses_busy(cases, by)

    def refuses(case: Case) -> Refusal | None:
        return busy(case) or (None if case.queue in worked else Refusal.UNQUALIFIED)

    return _do(Arrangement.MOVE, cases, [to.pk, None], refuses, by, now)


@transaction.atomic
def label(
    *, case_ids: Collection[UUID], label: Label, by: User, now: datetime, remove: bool = False
) -> Done:
    """Put a label on cases, or with *remove* take it off. Raises as :func:`assign`."""
    check_label(by)
    cases = _locked(case_ids, by)
    return _do(Arrangement.LABEL, cases, [label.pk, not remove], lambda _case: None, by, now)


@transaction.atomic
def undo(*, act_id: UUID, by: User, now: datetime) -> Done:
    """Restore what a bulk act of one's own changed, in every case that was not changed since.

    A second undo changes nothing. Raises ``PermissionDenied`` for somebody else's act, and
    ``BulkAct.DoesNotExist``.
    """
    act = BulkAct.objects.select_for_update(no_key=True).get(pk=act_id)
    if act.by_id != by.pk:
        raise PermissionDenied(gettext("Only who did it can undo it."))
    if act.undone_at:
        return Done(None, (), ())
    act.undone_by, act.undone_at = by, now
    act.save(update_fields=["undone_by", "undone_at"])
    kind = Arrangement(act.kind)
    changes = {change.case_id: change for change in act.changes.all()}
    # Not only those that one may know of: one's own move may have hidden a case.
    cases = _lock(Case.objects.filter(pk__in=changes.keys()))
    present = _PRESENT[kind](cases, next((one.after for one in changes.values()), None))
    busy = _refuses_busy(cases, by)
    restored: list[Case] = []
    refused: list[Refused] = []
    for case in cases:
        if present[case.pk] != changes[case.pk].after:
            refused.append(Refused(case.number, Refusal.CHANGED))
        elif kind != Arrangement.LABEL and (why := busy(case)):
            refused.append(Refused(case.number, why))
        else:
            restored.append(case)
    wanted = {case.pk: changes[case.pk].before for case in restored}
    for value in {str(value): value for value in wanted.values()}.values():
        _WRITE[kind]([key for key, before in wanted.items() if before == value], value, act, now)
    _note(kind, {key: (changes[key].after, value) for key, value in wanted.items()}, by, now)
    return Done(None, tuple(case.number for case in restored), tuple(refused))


def _locked(case_ids: Collection[UUID], by: User) -> list[Case]:
    """Those of the cases that *by* may know of, locked in the order of their keys."""
    if len(case_ids) > MOST_CASES:
        raise ValueError(f"At most {MOST_CASES} cases at once.")
    return _lock(Case.objects.listed_for(by).filter(pk__in=case_ids))


def _lock(cases: models.QuerySet[Case]) -> list[Case]:
    return list(cases.select_for_update(no_key=True).order_by("pk"))


def _suiting(cases: Iterable[Case], to: User | None, now: datetime) -> set[UUID]:
    """Which of *cases* could be dealt to *to*. Why the others could not is told to nobody.

    Whether it waits for somebody else's verdict is not asked: that may be hidden of a case.
    """
    if to is None or not can_decide(to):
        return set()
    worked = CaseQueue.objects.worked_by(to).values("pk")
    mine = Case.objects.filter(pk__in=[case.pk for case in cases], queue__in=worked)
    return set(spared(mine, to, now).values_list("pk", flat=True))


def _refuses_busy(cases: Iterable[Case], by: User) -> _Refuses:
    """Refuses cases that another holds, and those that are over."""
    claims = Claim.objects.live().filter(case__in=[case.pk for case in cases])
    held = set(claims.exclude(reviewer=by).values_list("case_id", flat=True))

    def refuses(case: Case) -> Refusal | None:
        if case.state not in _UNDECIDED:
            return Refusal.OVER
        return Refusal.HELD if case.pk in held else None

    return refuses


def _do(
    kind: Arrangement, cases: list[Case], after: Any, refuses: _Refuses, by: User, now: datetime
) -> Done:
    present = _PRESENT[kind](cases, after)
    changed: list[Case] = []
    refused: list[Refused] = []
    for case in cases:
        if _same(kind, present[case.pk], after):
            continue
        if why := refuses(case):
            refused.append(Refused(case.number, why))
        else:
            changed.append(case)
    if not changed:
        return Done(None, (), tuple(refused))
    act = BulkAct.objects.create(kind=kind, by=by, at=now)
    BulkChange.objects.bulk_create(
        BulkChange(act=act, case=case, before=present[case.pk], after=after) for case in changed
    )
    _WRITE[kind]([case.pk for case in changed], after, act, now)
    _note(kind, {case.pk: (present[case.pk], after) for case in changed}, by, now)
    return Done(act.pk, tuple(case.number for case in changed), tuple(refused))


def _same(kind: Arrangement, present: Any, after: Any) -> bool:
    """Whether there is nothing to change. Of a move the queue alone counts, not what sent it."""
    return bool(present[0] == after[0] if kind == Arrangement.MOVE else present == after)


def _note(kind: Arrangement, changes: dict[UUID, tuple[Any, Any]], by: User, now: datetime) -> None:
    details = {key: {"from": before, "to": after} for key, (before, after) in changes.items()}
    record_each(actor=Actor(user=by), action=_ACTIONS[kind], obj="case", details=details, at=now)


def _labels(cases: Iterable[Case], after: Any) -> dict[UUID, Any]:
    number = after[0]
    on = CaseLabel.objects.filter(case__in=[case.pk for case in cases], label=number)
    labelled = set(on.values_list("case_id", flat=True))
    return {case.pk: [number, case.pk in labelled] for case in cases}


def _write_label(keys: list[UUID], value: Any, act: BulkAct, now: datetime) -> None:
    number, labelled = value
    if not labelled:
        CaseLabel.objects.filter(case__in=keys, label=number).delete()
        return
    CaseLabel.objects.bulk_create(
        (CaseLabel(case_id=key, label_id=number, put_by_id=act.by_id, put_at=now) for key in keys),
        ignore_conflicts=True,
    )


def _write_assignee(keys: list[UUID], value: Any, _act: BulkAct, _now: datetime) -> None:
    Case.objects.filter(pk__in=keys).update(assignee_id=value[0])


def _write_queue(keys: list[UUID], value: Any, _act: BulkAct, _now: datetime) -> None:
    queue, rule = value
    Case.objects.filter(pk__in=keys).update(queue=queue, rule_id=rule)


#: What each case has now, in the shape of what it is to have.
_PRESENT: Final[dict[Arrangement, Callable[[Iterable[Case], Any], dict[UUID, Any]]]] = {
    Arrangement.ASSIGN: lambda cases, _after: {case.pk: [case.assignee_id] for case in cases},
    Arrangement.MOVE: lambda cases, _after: {case.pk: [case.queue, case.rule_id] for case in cases},
    Arrangement.LABEL: _labels,
}
_WRITE: Final[dict[Arrangement, Callable[[list[UUID], Any, BulkAct, datetime], None]]] = {
    Arrangement.ASSIGN: _write_assignee,
    Arrangement.MOVE: _write_queue,
    Arrangement.LABEL: _write_label,
}
