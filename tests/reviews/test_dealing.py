"""Which case is dealt: the most urgent that suits, over all queues that one works in."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, CaseQueue, Claim, Skip
from reviews.services import care, claims, dealing, queues
from reviews.services import queue as counting
from reviews.services.queue import MOST_COUNTED, altogether, first_breach, waiting_counts
from reviews.vocabulary import Area, Queue
from tests.concurrency import at_once
from tests.factories import NOW, make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def own() -> CaseQueue:
    admin = make_user(Role.ADMINISTRATOR)
    return queues.make(slug="own", name="Own", by=admin, now=NOW)


def placed(queue: str, priority: int, language: str = "") -> Case:
    case = make_case()
    Case.objects.filter(pk=case.pk).update(queue=queue, priority=priority, language=language)
    return case


def dealt(user: User, queue: str = "") -> Case | None:
    return dealing.next_for(user, timezone.now(), queue)


def test_the_most_urgent_of_all_queues_comes_first(ana: User, own: CaseQueue) -> None:
    placed(Queue.GENERAL, 200)
    urgent = placed("own", 300)
    appeal = placed(Queue.APPEALS, 250)
    assert dealt(ana) == urgent
    assert dealt(ana, Queue.APPEALS) == appeal


def test_what_is_passed_over_at_the_head_of_a_queue_keeps_the_order(
    ana: User, own: CaseQueue
) -> None:
    head, behind = placed("own", 300), placed("own", 100)
    middle = placed(Queue.GENERAL, 200)
    Skip.objects.create(case=head, reviewer=ana, at=NOW)
    assert dealt(ana) == middle
    assert dealt(ana, "own") == behind


def test_languages_that_one_does_not_read_are_passed_over(ana: User) -> None:
    placed(Queue.GENERAL, 300, "de")
    unknown, french = placed(Queue.GENERAL, 200), placed(Queue.GENERAL, 250, "fr")
    wanted = care.care_of(ana)
    wanted.languages = ["fr"]
    wanted.save()
    assert dealt(ana) == french
    Case.objects.filter(pk=french.pk).update(priority=100)
    assert dealt(ana) == unknown


def test_a_queue_that_asks_for_more_is_worked_by_the_qualified(ana: User) -> None:
    admin = make_user(Role.ADMINISTRATOR)
    queues.make(slug="court", name="Court", area="legal", by=admin, now=NOW)
    case = placed("court", 300)
    assert dealt(ana) is None
    assert dealt(ana, "court") is None
    assert dealt(make_user(Role.REVIEWER, qualified=[Area.LEGAL])) == case


@pytest.mark.django_db(transaction=True)
def test_two_at_once_over_two_queues_take_both(own: CaseQueue) -> None:
    cases = {placed(Queue.GENERAL, 200).pk, placed("own", 300).pk}
    people = [make_user(Role.REVIEWER) for _ in range(2)]
    taken = at_once(*(partial(claims.claim_next, user=one) for one in people))
    assert {claim.case_id for claim in taken if isinstance(claim, Claim)} == cases


def test_what_waits_is_counted_up_to_a_bound(
    ana: User, own: CaseQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    for _ in range(4):
        placed("own", 100)
    placed(Queue.GENERAL, 100)
    found = {one.slug: str(one.waiting) for one in waiting_counts(user=ana)}
    assert found == {"general": "1", "appeals": "0", "own": "2+"}
    assert str(altogether(waiting_counts(user=ana))) == "3+"
    assert MOST_COUNTED > 100


def test_child_safety_is_counted_for_the_qualified_alone(ana: User) -> None:
    make_case(cutoff={"category": "child_sexual_exploitation"}, signals={"warnings": 0})
    assert (altogether(waiting_counts(user=ana)).number, first_breach(user=ana)) == (0, None)
    qualified = make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY])
    counted = altogether(waiting_counts(user=qualified))
    assert (counted.number, counted.breaches) == (1, 1)
    assert first_breach(user=qualified) is not None


def test_who_works_in_which_queue_is_told_with_the_counts(ana: User) -> None:
    kim, auditor = make_user(Role.REVIEWER, qualified=[Area.CRISIS]), make_user(Role.AUDITOR)
    ours = {"general": True, "appeals": True}
    for user, crisis in ((ana, {}), (kim, {"crisis": True}), (auditor, {"crisis": False})):
        works = {one.slug: one.works for one in waiting_counts(user=user)}
        assert works == ours | crisis
