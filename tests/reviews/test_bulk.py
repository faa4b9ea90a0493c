"""Assigning, moving and labelling many cases at once, and undoing it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import BulkAct, Case, CaseLabel, CaseQueue, Label, QualityShares
from reviews.services import bulk, care, claims, queues
from reviews.services.bulk import Refusal, Refused
from reviews.vocabulary import Area, Queue
from tests.concurrency import at_once
from tests.factories import NOW, give_verdict, make_case, make_user

pytestmark = pytest.mark.django_db

CHILD = {"category": "child_sexual_exploitation"}


@pytest.fixture
def senior() -> User:
    return make_user(Role.SENIOR, name="Sara")


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def appeals() -> CaseQueue:
    return CaseQueue.objects.get(pk=Queue.APPEALS)


def assign(cases: list[Case], to: User | None, by: User) -> bulk.Done:
    return bulk.assign(case_ids=[case.pk for case in cases], to=to, by=by, now=NOW)


def move(cases: list[Case], to: CaseQueue, by: User) -> bulk.Done:
    return bulk.move(case_ids=[case.pk for case in cases], to=to, by=by, now=NOW)


def undo(done: bulk.Done, by: User) -> bulk.Done:
    assert done.act_id is not None
    return bulk.undo(act_id=done.act_id, by=by, now=NOW)


def test_an_assigned_case_is_dealt_to_its_one_person(senior: User, ana: User) -> None:
    ben, case = make_user(Role.REVIEWER), make_case()
    done = assign([case], ana, senior)
    assert done.changed == (case.number,)
    assert claims.claim_next(user=ben) is None
    found = claims.claim_next(user=ana)
    assert found is not None
    claims.release(case=case, user=ana)
    assign([case], None, senior)
    assert claims.claim_next(user=ben) is not None


def test_each_case_has_its_line_in_the_ledger(senior: User, ana: User) -> None:
    cases = [make_case() for _ in range(3)]
    assign(cases, ana, senior)
    entries = LedgerEntry.objects.filter(action="case.assigned", actor=senior)
    assert {entry.object_id for entry in entries} == {str(case.pk) for case in cases}
    assert [entry.details["to"] for entry in entries] == [[ana.pk]] * 3


def test_queries_do_not_grow_with_the_cases(
    senior: User, ana: User, django_assert_max_num_queries: Any
) -> None:
    cases = [make_case() for _ in range(12)]
    with django_assert_max_num_queries(16):
        assign(cases, ana, senior)


def test_what_cannot_go_to_somebody_is_said_without_the_reason(ana: User) -> None:
    crisis, spared, free = (
        make_case(signals={"risk_self": 0.9}),
        make_case(cutoff={"category": "hate"}),
        make_case(),
    )
    wanted = care.care_of(ana)
    wanted.opted_out = ["hate"]
    wanted.save()
    senior = make_user(Role.SENIOR, qualified=[Area.CRISIS])
    done = assign([crisis, spared, free], ana, senior)
    assert done.changed == (free.number,)
    assert set(done.refused) == {
        Refused(case.number, Refusal.NOT_THEIRS) for case in (crisis, spared)
    }


@pytest.mark.parametrize("checked", [False, True])
def test_what_waits_for_another_verdict_is_assigned_like_any_and_dealt_to_others(
    senior: User, ana: User, checked: bool
) -> None:
    share = 1.0 if checked else 0.0
    QualityShares.objects.create(agreement_share=share, gold_share=0, set_by=senior, set_at=NOW)
    case, ben = make_case(double=True), make_user(Role.REVIEWER)
    give_verdict(case, make_user(Role.REVIEWER) if checked else ana)
    if checked:
        give_verdict(case, make_user(Role.REVIEWER))
    done = assign([case], ana, senior)
    assert (done.changed, done.refused) == ((case.number,), ())
    assert again(case).assignee == ana
    assert claims.claim_next(user=ana) is None
    found = claims.claim_next(user=senior if checked else ben)
    assert found is not None
    assert found.case_id == case.pk


def test_a_held_case_and_one_that_is_over_stay(senior: User, ana: User) -> None:
    held, over, free = make_case(), make_case(), make_case()
    claims.claim(case=held, user=ana)
    give_verdict(over, make_user(Role.REVIEWER))
    done = move([held, over, free], appeals(), senior)
    assert set(done.refused) == {
        Refused(held.number, Refusal.HELD),
        Refused(over.number, Refusal.OVER),
    }
    assert [again(case).queue for case in (held, over, free)] == [
        Queue.GENERAL,
        Queue.GENERAL,
        Queue.APPEALS,
    ]


def test_only_the_qualified_move_cases_out_of_a_queue_of_their_area(senior: User) -> None:
    admin = make_user(Role.ADMINISTRATOR)
    queues.make(slug="law", name="Law", area=Area.LEGAL, by=admin, now=NOW)
    legal, crisis = make_case(), make_case(signals={"risk_self": 0.9})
    Case.objects.filter(pk=legal.pk).update(queue="law")
    done = move([legal, crisis], appeals(), senior)
    assert done == bulk.Done(None, (), (Refused(legal.number, Refusal.UNQUALIFIED),))
    qualified = make_user(Role.SENIOR, qualified=[Area.CRISIS])
    assert move([crisis], appeals(), qualified).changed == (crisis.number,)


def test_cases_that_one_may_not_know_of_are_not_there(senior: User, ana: User) -> None:
    child = make_case(cutoff=CHILD)
    assert assign([child], ana, senior) == bulk.Done(None, (), ())
    assert not BulkAct.objects.exists()


def test_undo_restores_what_was(senior: User, ana: User) -> None:
    own = queues.make(slug="own", name="Own", by=make_user(Role.ADMINISTRATOR), now=NOW)
    one, other = make_case(), make_case()
    move([other], own, senior)
    done = move([one, other], appeals(), senior)
    assert undo(done, senior).changed == done.changed
    assert (again(one).queue, again(other).queue) == (Queue.GENERAL, "own")
    assert undo(done, senior).changed == ()
    assert LedgerEntry.objects.filter(action="case.moved").count() == 5


def test_undo_leaves_what_changed_meanwhile_and_says_so(senior: User, ana: User) -> None:
    untouched, moved_on, claimed, decided = (make_case() for _ in range(4))
    done = assign([untouched, moved_on, claimed, decided], ana, senior)
    assign([moved_on], None, senior)
    give_verdict(decided, ana)
    claims.claim(case=claimed, user=ana)
    undone = undo(done, senior)
    assert undone.changed == (untouched.number,)
    assert set(undone.refused) == {
        Refused(moved_on.number, Refusal.CHANGED),
        Refused(claimed.number, Refusal.HELD),
        Refused(decided.number, Refusal.OVER),
    }
    assert again(untouched).assignee is None


def test_undo_is_for_who_did_it(senior: User, ana: User) -> None:
    done = assign([make_case()], ana, senior)
    with pytest.raises(PermissionDenied):
        undo(done, make_user(Role.SENIOR))


def test_labels_go_on_and_off_and_undo_takes_off_only_what_it_put_on(ana: User) -> None:
    label = Label.objects.create(name="Ask again", made_by=ana, made_at=NOW)
    had, new = make_case(), make_case()
    put = partial(bulk.label, label=label, by=ana, now=NOW)
    put(case_ids=[had.pk])
    done = put(case_ids=[had.pk, new.pk])
    assert done.changed == (new.number,)
    undo(done, ana)
    assert list(CaseLabel.objects.values_list("case_id", flat=True)) == [had.pk]
    put(case_ids=[had.pk], remove=True)
    assert not CaseLabel.objects.exists()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.POLICY_ADMIN])
def test_assigning_and_moving_are_for_seniors(role: Role, ana: User) -> None:
    somebody, case = make_user(role), make_case()
    with pytest.raises(PermissionDenied):
        assign([case], ana, somebody)
    with pytest.raises(PermissionDenied):
        move([case], appeals(), somebody)


def test_a_closed_queue_takes_nothing(senior: User) -> None:
    admin = make_user(Role.ADMINISTRATOR)
    own = queues.make(slug="own", name="Own", by=admin, now=NOW)
    queues.close(queue=own, by=admin, now=NOW)
    with pytest.raises(ValueError, match="closed"):
        move([make_case()], own, senior)


def test_so_many_at_once_are_refused(senior: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_CASES", 1)
    with pytest.raises(ValueError, match="At most 1"):
        assign([make_case(), make_case()], None, senior)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_move_each_case_once(senior: User) -> None:
    cases = [make_case() for _ in range(4)]
    other = make_user(Role.SENIOR)
    there, back = cases, cases[::-1]
    done = at_once(partial(move, there, appeals(), senior), partial(move, back, appeals(), other))
    told = [one for one in done if isinstance(one, bulk.Done)]
    assert len(told) == 2
    assert sorted(number for one in told for number in one.changed) == sorted(
        case.number for case in cases
    )
