"""The demo's story, told through the real services; a shorter one, and told twice."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from random import Random
from uuid import UUID

import pytest
from django.contrib.auth import authenticate

from accounts.models import User
from conversations import keys
from conversations.keys import lowest
from conversations.models import Conversation, Cutoff, Enrichment, Event
from policies.differences import differences
from policies.models import Activation, Draft, Submission
from policies.permissions import can_decide
from reviews.demo import credentials, seeding, story
from reviews.models import (
    CannedText,
    Case,
    Claim,
    Deferral,
    Endpoint,
    Escalation,
    Exercise,
    Feedback,
    GoldCase,
    Label,
    Verdict,
)
from reviews.vocabulary import Area, CaseState
from tests.factories import NOW

pytestmark = pytest.mark.django_db

COUNTED = (
    Event,
    Conversation,
    Cutoff,
    Case,
    Verdict,
    Feedback,
    Claim,
    Activation,
    Draft,
    Submission,
    Label,
    Escalation,
    Deferral,
)


def quiet(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def counts() -> list[int]:
    return [model._default_manager.count() for model in COUNTED]


@pytest.fixture(autouse=True)
def _drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give cutoffs the same keys in every run: what is drawn for audit hangs on them."""
    chance = Random(1)

    def mint(moment: datetime) -> UUID:
        drawn = lowest(moment).int | 7 << 76 | chance.getrandbits(12) << 64
        return UUID(int=drawn | 2 << 62 | chance.getrandbits(62))

    monkeypatch.setattr(keys, "mint", mint)


@pytest.fixture(autouse=True)
def _shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "events", partial(story.events, cutoffs=120, near_misses=40))


def test_the_story_is_told_whole_and_once() -> None:
    seeding.seed(now=NOW, progress=quiet)
    assert seeding.is_seeded()
    first = counts()
    assert all(first), dict(zip(COUNTED, first, strict=True))
    assert not Enrichment.objects.exists()

    seeding.seed(now=NOW, progress=quiet)
    assert counts() == first


def test_what_is_told_holds_together() -> None:
    seeding.seed(now=NOW, progress=quiet)
    cutoffs = Cutoff.objects.filter(kind="cutoff")
    assert set(Case.objects.filter(breach=True).values_list("selected", flat=True)) == {True}
    assert cutoffs.filter(standing="overturned").exists()
    assert cutoffs.filter(standing="upheld").exists()
    assert Case.objects.waiting().filter(due_at__lt=NOW).exists()
    assert Claim.objects.live().exists()
    assert not Case.objects.filter(state=CaseState.SETTLING).exists()
    for case in Case.objects.prefetch_related("verdicts"):
        reviewers = [verdict.reviewer_id for verdict in case.verdicts.all()]
        assert len(set(reviewers)) == len(reviewers)
    every_desk_has_something_on_it()


def every_desk_has_something_on_it() -> None:
    open_questions = Escalation.objects.filter(ended_at=None)
    assert {one.area for one in open_questions} == {Area.LEGAL, Area.CRISIS}
    assert Deferral.objects.filter(ended_at=None).count() == 2
    assert {kept.owner is None for kept in CannedText.objects.all()} == {True, False}
    assert Case.objects.waiting().filter(labels__isnull=False).exists()
    assert Case.objects.filter(assignee__isnull=False).exists()
    assert GoldCase.objects.count() == 3
    assert [bool(one.answered_at) for one in Exercise.objects.order_by("dealt_at")] == [1, 1, 0]
    assert Endpoint.objects.get().state == "paused"


def test_a_version_waits_that_the_policy_admin_may_decide_on() -> None:
    seeding.seed(now=NOW, progress=quiet)
    admin = User.objects.get(email=credentials.LOGINS["policy_admin"])
    waiting, draft = Submission.objects.get(), Draft.objects.get()
    assert can_decide(admin, waiting)
    active = Activation.objects.live().get().version
    assert [len(differences(active.thresholds, waiting.version.thresholds))] == [1]
    assert draft.author == admin


def test_credentials_are_new_each_time_and_open_the_door() -> None:
    seeding.seed(now=NOW, progress=quiet)
    one, two = credentials.issue(now=NOW), credentials.issue(now=NOW)
    assert one["api_key"] != two["api_key"]
    for login in two["logins"].values():
        assert authenticate(username=login["email"], password=login["password"]) is not None
