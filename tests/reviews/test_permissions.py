"""Roles as the reviews ask for them: who lists, who decides, who reads what users said."""

from __future__ import annotations

from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from accounts.roles import Role
from reviews import permissions
from reviews.models import Case
from reviews.services import qualifications
from reviews.visibility import Text, is_blind
from reviews.vocabulary import Area, CaseState, Queue
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db

#: role → lists cases, decides, adjudicates, decides child safety, reads feedback.
MAY: dict[Role | None, tuple[bool, bool, bool, bool, bool]] = {
    None: (False, False, False, False, False),
    Role.REVIEWER: (True, True, False, False, True),
    Role.SENIOR: (True, True, True, False, True),
    Role.POLICY_ADMIN: (True, False, False, False, False),
    Role.AUDITOR: (True, False, False, False, False),
    Role.ADMINISTRATOR: (True, False, False, False, False),
}


@pytest.mark.parametrize("role", MAY)
def test_who_may_do_what(role: Role | None) -> None:
    user = make_user(*([role] if role else []))
    ordinary = make_case()
    contested = make_case()
    contested.state = CaseState.ADJUDICATION
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    found = (
        permissions.can_list(user),
        permissions.can_decide(user, ordinary) and permissions.can_decide(user),
        permissions.can_decide(user, contested),
        permissions.can_decide(user, restricted),
        permissions.can_read_feedback(user),
    )
    assert found == MAY[role]


@pytest.mark.parametrize("role", MAY)
def test_check_raises_where_can_says_no(role: Role | None) -> None:
    user, case = make_user(*([role] if role else [])), make_case()
    lists, decides, _, _, reads = MAY[role]
    for holds, check in (
        (lists, partial(permissions.check_list, user)),
        (decides, partial(permissions.check_decide, user, case)),
        (reads, partial(permissions.check_read_feedback, user)),
    ):
        if holds:
            check()
        else:
            with pytest.raises(PermissionDenied):
                check()


@pytest.mark.parametrize("area", [*Area, None])
@pytest.mark.parametrize("role", [*Role, None])
def test_restricted_cases_exist_for_the_qualified_only(
    role: Role | None, area: Area | None
) -> None:
    ordinary = make_case()
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    user = make_user(*([role] if role else []), qualified=[area] if area else [])
    listed = set(Case.objects.listed_for(user))
    assert ordinary in listed
    assert (restricted in listed) == (area == Area.CHILD_SAFETY)
    seen = permissions.visible_texts(user, restricted)
    qualified = area == Area.CHILD_SAFETY
    assert seen == (permissions.visible_texts(user, ordinary) if qualified else set())
    assert permissions.can_decide(user, restricted) == (
        qualified and role in (Role.REVIEWER, Role.SENIOR)
    )


def test_who_is_qualified_no_longer_sees_no_more() -> None:
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    user = make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY, Area.CRISIS])
    qualifications.revoke(user=user, area=Area.CHILD_SAFETY, by=user, at=NOW)
    user = User.objects.get(pk=user.pk)
    assert restricted not in Case.objects.listed_for(user)
    assert not permissions.can_decide(user, restricted)
    assert permissions.works_in(user, Queue.CRISIS)
    assert not permissions.works_in(user, Queue.CHILD_SAFETY)


def blind(user: User, case: Case) -> bool:
    """Whether *user* must not know the verdicts on *case* yet."""
    return is_blind(permissions.viewer_of(user), permissions.facts_of(case))


def test_a_superuser_may_do_everything() -> None:
    user = User.objects.create_superuser("root@example.com", name="Root")
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert permissions.can_decide(user, restricted)
    assert permissions.visible_texts(user, restricted) == set(Text)


def test_nobody_decides_who_was_switched_off() -> None:
    user = make_user(Role.SENIOR)
    user.is_active = False
    assert not permissions.can_decide(user)
    assert not permissions.can_list(user)


def test_the_second_reviewer_is_blind_until_their_own_verdict_is_in() -> None:
    ana, ben, third = (make_user(Role.REVIEWER) for _ in range(3))
    case = make_case(double=True)
    give_verdict(case, ana, "overturn")
    assert [blind(user, case) for user in (ana, ben, third)] == [False, True, True]
    assert Text.VERDICTS not in permissions.visible_texts(ben, case)

    give_verdict(case, ben, "uphold")
    assert [blind(user, case) for user in (ana, ben, third)] == [False, False, True]


def test_who_decided_an_earlier_round_has_nothing_to_be_blind_for() -> None:
    ana, ben, cem = (make_user(Role.REVIEWER) for _ in range(3))
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    hear(case, appeal=True)
    case.cutoff.in_double = True
    case.cutoff.save(update_fields=["in_double"])
    give_verdict(case, ben)
    assert case.state == CaseState.SECOND_REVIEW
    assert [blind(user, case) for user in (ana, ben, cem)] == [False, False, True]
