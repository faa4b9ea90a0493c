"""Drafts: written by several people, and laid before somebody else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from accounts.roles import Role
from policies.models import Draft, PolicyVersion, Submission, SubmissionDecision
from policies.services import drafts
from policies.services.drafts import StaleRevision
from policies.services.versions import NotPossible, create_version
from policies.thresholds import BUILT_IN, InvalidPolicy, Thresholds
from tests.concurrency import at_once
from tests.factories import NOW, make_user
from tests.policies.lifecycle import STRICTER, TASK, actions, admin, later

pytestmark = pytest.mark.django_db


def test_a_draft_begins_from_a_version_and_spells_everything() -> None:
    user = admin()
    built_in = PolicyVersion.objects.get(number=1)
    draft = drafts.create_draft(user=user, now=NOW, based_on=built_in, note="A try.")
    assert draft.content == msgspec.to_builtins(BUILT_IN)
    assert (draft.number, draft.revision, draft.author) == (2, 1, user)
    assert drafts.create_draft(user=user, now=NOW).content == msgspec.to_builtins(Thresholds())


def test_numbers_run_on_over_drafts_and_versions() -> None:
    user = admin()
    first = drafts.create_draft(user=user, now=NOW)
    version = create_version(thresholds=BUILT_IN, note="", actor=TASK)
    second = drafts.create_draft(user=user, now=NOW)
    assert (first.number, version.number, second.number) == (2, 3, 4)


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ({"default": {"warnings": 0}, "review": {"audit_share": 0}}, 2),
        ({"categories": {"hate": {"severity": 2}, "nonsense": {}}}, 2),
        ([], 1),
        ({"review": {"due_hours": {"breach": 25}}}, 1),
    ],
    ids=str,
)
def test_a_draft_out_of_bounds_is_refused_with_every_place(content: Any, pointers: int) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        drafts.create_draft(user=admin(), now=NOW, content=content)
    assert len(refused.value.faults) == pointers
    assert not Draft.objects.exists()


def test_the_second_of_two_who_edit_is_told_and_nothing_is_lost() -> None:
    one, other = admin(), admin()
    draft = drafts.create_draft(user=one, now=NOW, content=STRICTER)
    drafts.edit_draft(number=2, revision=1, user=other, now=later(hours=1), note="Mine.")
    with pytest.raises(StaleRevision) as told:
        drafts.edit_draft(number=2, revision=1, user=one, now=later(hours=2), note="No, mine.")
    assert told.value.current.note == "Mine."
    assert told.value.current.revision == 2
    kept = Draft.objects.get()
    assert (kept.note, kept.content) == ("Mine.", draft.content)
    assert kept.contributors == sorted([one.pk, other.pk])


@pytest.mark.django_db(transaction=True)
def test_of_several_who_save_at_once_one_does() -> None:
    people = [admin() for _ in range(4)]
    drafts.create_draft(user=people[0], now=NOW)
    outcomes = at_once(
        *(
            lambda user=user: drafts.edit_draft(
                number=2, revision=1, user=user, now=NOW, note=user.name
            )
            for user in people
        )
    )
    saved = [outcome for outcome in outcomes if isinstance(outcome, Draft)]
    assert len(saved) == 1
    assert sum(isinstance(outcome, StaleRevision) for outcome in outcomes) == 3
    assert Draft.objects.get().revision == 2


@pytest.mark.django_db(transaction=True)
def test_numbers_given_out_at_once_differ() -> None:
    user = admin()
    outcomes = at_once(*[lambda: drafts.create_draft(user=user, now=NOW).number] * 5)
    assert set(outcomes) == {2, 3, 4, 5, 6}


def test_what_is_submitted_becomes_a_version_and_is_no_draft_any_more() -> None:
    one, other = admin(), admin()
    built_in = PolicyVersion.objects.get(number=1)
    drafts.create_draft(user=one, now=NOW, content=STRICTER, based_on=built_in, note="Why.")
    drafts.edit_draft(number=2, revision=1, user=other, now=NOW, content=STRICTER)
    version = drafts.submit(number=2, revision=2, user=one, now=NOW)
    assert (version.number, version.note, version.author) == (2, "Why.", one)
    assert version.based_on == built_in
    assert version.thresholds.imminent_risk_ceiling == 0.1
    submission = Submission.objects.get()
    assert submission.contributors == sorted([one.pk, other.pk])
    assert submission.decision == SubmissionDecision.PENDING
    assert not Draft.objects.exists()
    assert actions() == ["policy.drafted", "policy.edited", "policy.submitted"]
    with pytest.raises(NotPossible):
        drafts.edit_draft(number=2, revision=2, user=one, now=NOW, note="Too late.")
    with pytest.raises(NotPossible):
        drafts.submit(number=2, user=one, now=NOW)


def test_what_somebody_edited_meanwhile_is_not_submitted() -> None:
    one, other = admin(), admin()
    drafts.create_draft(user=one, now=NOW)
    drafts.edit_draft(number=2, revision=1, user=other, now=NOW, content=STRICTER)
    with pytest.raises(StaleRevision):
        drafts.submit(number=2, revision=1, user=one, now=NOW)
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_others_write_no_drafts(role: Role) -> None:
    drafts.create_draft(user=admin(), now=NOW)
    user = make_user(role)
    for refused in (
        lambda: drafts.create_draft(user=user, now=NOW),
        lambda: drafts.edit_draft(number=2, revision=1, user=user, now=NOW, note="x"),
        lambda: drafts.submit(number=2, user=user, now=NOW),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    assert Draft.objects.get().revision == 1


def test_where_the_ledger_cannot_be_written_nothing_is_stored() -> None:
    user = admin()
    drafts.create_draft(user=user, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE accounts_ledgerentry ADD CONSTRAINT full_up"
            " CHECK (action <> 'policy.submitted') NOT VALID"
        )
    with pytest.raises(IntegrityError, match="full_up"), transaction.atomic():
        drafts.submit(number=2, user=user, now=NOW)
    assert Draft.objects.filter(number=2).exists()
    assert not PolicyVersion.objects.filter(number=2).exists()
