"""What each constraint on queues, rules, labels and bulk acts forbids."""

from __future__ import annotations

from typing import Any

from reviews.models import (
    BulkAct,
    BulkChange,
    CaseLabel,
    CaseQueue,
    Label,
    RoutingRule,
)
from reviews.vocabulary import Arrangement, Queue
from tests.factories import NOW, make_case, make_user
from tests.violating import APPEND_ONLY, guarded, violates


def _queue(**said: Any) -> CaseQueue:
    return CaseQueue.objects.create(**{"slug": "own", "name": "Own", "position": 9} | said)


def _rule(**said: Any) -> RoutingRule:
    row = {
        "name": "Hate",
        "position": 1,
        "categories": ["hate"],
        "queue_id": Queue.GENERAL.value,
        "made_by": make_user(),
        "made_at": NOW,
    }
    return RoutingRule.objects.create(**row | said)


def _act() -> BulkAct:
    return BulkAct.objects.create(kind=Arrangement.ASSIGN, by=make_user(), at=NOW)


def _change(act: BulkAct | None = None, **said: Any) -> BulkChange:
    row = {"act": act or _act(), "before": [None], "after": [1]}
    return BulkChange.objects.create(**row | said)


def _label() -> Label:
    return Label.objects.create(name="Ask again", made_by=make_user(), made_at=NOW)


@violates("queue_slug_is_one")
def _slug_with_a_space() -> None:
    _queue(slug="my own")


@violates("queue_open_of_a_name")
def _two_of_a_name() -> None:
    _queue(name="GENERAL")


@violates("queue_of_child_safety_is_one")
def _second_queue_of_child_safety() -> None:
    _queue(area="child_safety")


@violates("queue_crisis_asks_for_the_qualified")
def _crisis_for_everybody() -> None:
    _queue(slug=Queue.CRISIS, area="legal")


@violates("queue_built_in_stays_open")
def _closed_for_good() -> None:
    CaseQueue.objects.filter(pk=Queue.GENERAL).update(closed_at=NOW)


@guarded("queue_read_only")
def _queue_of_another_area() -> None:
    _queue()
    CaseQueue.objects.filter(pk="own").update(area="legal")


@guarded("queue_not_deleted")
def _queue_deleted() -> None:
    _queue().delete()


@violates("routing_rule_asks_something")
def _rule_for_everything() -> None:
    _rule(categories=[])


@violates("routing_rule_retired_by_somebody")
def _retired_by_nobody() -> None:
    _rule(retired_at=NOW)


@guarded("routing_rule_read_only")
def _rule_rewritten() -> None:
    RoutingRule.objects.filter(pk=_rule().pk).update(name="Another")


@guarded("routing_rule_not_deleted")
def _rule_deleted() -> None:
    _rule().delete()


@violates("label_of_a_name")
def _label_twice() -> None:
    first = _label()
    Label.objects.create(name="ASK AGAIN", made_by=first.made_by, made_at=NOW)


@violates("case_label_once_a_case")
def _labelled_twice() -> None:
    label, case = _label(), make_case()
    for _ in range(2):
        CaseLabel.objects.create(case=case, label=label, put_by=label.made_by, put_at=NOW)


@violates("bulk_act_undone_by_somebody")
def _undone_by_nobody() -> None:
    BulkAct.objects.filter(pk=_act().pk).update(undone_at=NOW)


@guarded("bulk_act_read_only")
def _another_kind() -> None:
    BulkAct.objects.filter(pk=_act().pk).update(kind=Arrangement.MOVE)


@guarded("bulk_act_not_deleted")
def _act_deleted() -> None:
    _act().delete()


@violates("bulk_change_once_a_case")
def _changed_twice() -> None:
    case, act = make_case(), _act()
    _change(act, case=case)
    _change(act, case=case)


APPEND_ONLY["bulk_change"] = lambda: _change(case=make_case())
