"""Legal holds: who may place one, what it covers, and that nobody else learns of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.ledger import Actor, record, visible_to
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Conversation, Cutoff, LegalHold
from conversations.services import holds
from tests.factories import NOW, make_case, make_cutoff, make_source, make_user

LATER = NOW + timedelta(days=90)
MATTER = "2026-CV-0417"

pytestmark = pytest.mark.django_db


def hold_case(cutoff: Cutoff, user: User | None = None) -> LegalHold:
    return holds.place_on_case(
        cutoff=cutoff,
        matter=MATTER,
        reason="Letter of the court",
        expires_at=LATER,
        user=user or make_user(Role.SENIOR),
        now=NOW,
    )


def hold_subject(cutoff: Cutoff, user: User | None = None) -> LegalHold:
    return holds.place_on_subject(
        source=cutoff.source,
        subject=cutoff.conversation.subject,
        matter=MATTER,
        reason="Letter of the court",
        expires_at=LATER,
        user=user or make_user(Role.ADMINISTRATOR),
        now=NOW,
    )


def held(now: datetime = NOW) -> set[object]:
    found = Cutoff.objects.filter(holds.on_cutoff(now))
    return set(found.values_list("pk", flat=True))


def test_a_hold_on_a_case_covers_that_case_alone() -> None:
    source = make_source()
    one, another = (make_cutoff(source, conversation={"user_id": "u"}) for _ in range(2))
    hold_case(one)
    assert held() == {one.pk}
    assert Conversation.objects.filter(holds.on_conversation(NOW)).get() == one.conversation
    assert another.conversation.subject == one.conversation.subject


def test_a_hold_on_a_subject_covers_what_comes_later_and_nobody_without_a_name() -> None:
    source = make_source()
    first = make_cutoff(source, conversation={"user_id": "u"})
    hold_subject(first)
    later = make_cutoff(source, conversation={"user_id": "u"})
    make_cutoff(source, conversation={"user_id": None})
    make_cutoff(conversation={"user_id": "u"})
    assert held() == {first.pk, later.pk}
    assert Conversation.objects.filter(holds.on_conversation(NOW)).count() == 2


def test_a_hold_on_a_case_holds_nobody_else_who_is_unknown() -> None:
    """A hold on a case has no subject, which is not the same as the subject nobody."""
    source = make_source()
    one = make_cutoff(source, conversation={"user_id": None})
    make_cutoff(source, conversation={"user_id": None})
    hold_case(one)
    assert held() == {one.pk}


def test_a_hold_ends_when_it_expires_or_is_released() -> None:
    cutoff = make_cutoff()
    hold = hold_case(cutoff)
    assert held(LATER - timedelta(seconds=1)) == {cutoff.pk}
    assert held(LATER) == set()
    senior = make_user(Role.SENIOR)
    holds.release(hold=hold, user=senior, now=NOW)
    holds.release(hold=hold, user=senior, now=LATER)
    assert held() == set()
    hold.refresh_from_db()
    assert (hold.released_at, hold.released_by) == (NOW, senior)
    assert LedgerEntry.objects.filter(action="hold.released").count() == 1


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.POLICY_ADMIN, Role.AUDITOR])
def test_others_may_neither_place_nor_release_one(role: Role) -> None:
    cutoff, user = make_cutoff(), make_user(role)
    with pytest.raises(PermissionDenied):
        hold_case(cutoff, user)
    with pytest.raises(PermissionDenied):
        hold_subject(cutoff, user)
    hold = hold_case(cutoff)
    with pytest.raises(PermissionDenied):
        holds.release(hold=hold, user=user, now=NOW)
    assert held() == {cutoff.pk}


@pytest.mark.parametrize(
    "changes", [{"matter": "  "}, {"expires_at": NOW}, {"reason": ""}, {"matter": "M" * 81}]
)
def test_a_hold_needs_a_matter_a_reason_and_an_end(changes: dict[str, Any]) -> None:
    said: dict[str, Any] = {"matter": MATTER, "reason": "Letter", "expires_at": LATER} | changes
    with pytest.raises(ValidationError):
        holds.place_on_case(cutoff=make_cutoff(), user=make_user(Role.SENIOR), now=NOW, **said)
    assert not LegalHold.objects.exists()


def test_the_ledger_tells_of_holds_only_those_who_may_place_one() -> None:
    hold_case(make_cutoff())
    record(actor=Actor.task("test"), action="other", obj="case", object_id=1)
    for role in Role:
        actions = set(visible_to(make_user(role)).values_list("action", flat=True))
        assert "other" in actions
        assert ("hold.placed" in actions) == (role in (Role.SENIOR, Role.ADMINISTRATOR))


def test_a_held_case_looks_like_any_other(client: Client) -> None:
    reviewer = make_user(Role.REVIEWER)
    client.force_login(reviewer)
    case = make_case()
    hold_case(case.cutoff)
    hold_subject(case.cutoff)
    notice = f"/n/{case.cutoff.notice_token}"
    for path in (f"/cases/{case.number}", "/review", notice, f"{notice}/status"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert MATTER not in answer.content.decode(), path
        assert "Letter of the court" not in answer.content.decode(), path
        assert "hold.placed" not in answer.content.decode(), path
    told = client.get(f"/api/v1/cases/{case.pk}").json()
    assert MATTER not in str(told)
