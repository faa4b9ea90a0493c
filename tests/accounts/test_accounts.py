"""Users, roles and tokens."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from accounts import tokens
from accounts.choices import ROLE_LABELS
from accounts.models import LedgerEntry, User, check_time_zone
from accounts.profile import change_profile
from accounts.roles import PERMISSIONS, Role
from accounts.services import create_roles
from tests.factories import PASSWORD, make_user


@pytest.mark.django_db
def test_a_login_is_the_address_in_any_case() -> None:
    user = User.objects.create_user("Ana@Example.COM", PASSWORD, name="Ana")
    assert user.email == "ana@example.com"
    assert User.objects.get_by_natural_key("ANA@example.com") == user
    assert user.check_password(PASSWORD)
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("", PASSWORD)


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_a_role_is_a_group_with_its_permissions(role: Role) -> None:
    user = make_user(role)
    assert user.get_all_permissions() == PERMISSIONS[role]
    assert [user.has_role(other) for other in Role] == [other == role for other in Role]
    assert user.role_label == str(ROLE_LABELS[role])


@pytest.mark.django_db
def test_roles_are_brought_back_to_what_is_written() -> None:
    Group.objects.get(name=Role.SENIOR).permissions.clear()
    Group.objects.get(name=Role.AUDITOR).delete()
    create_roles()
    assert make_user(Role.SENIOR).get_all_permissions() == PERMISSIONS[Role.SENIOR]
    assert make_user(Role.AUDITOR).get_all_permissions() == PERMISSIONS[Role.AUDITOR]


@pytest.mark.django_db
def test_a_new_user_and_a_changed_profile_are_in_the_ledger_without_names() -> None:
    user = make_user(Role.REVIEWER, name="Giraffe")
    change_profile(user=user, name="Purple Giraffe", time_zone="Europe/Berlin")
    user.refresh_from_db()
    assert (user.name, user.time_zone) == ("Purple Giraffe", "Europe/Berlin")
    entries = list(LedgerEntry.objects.order_by("id").values_list("action", "details"))
    assert entries == [
        ("user.created", {"roles": ["reviewer"]}),
        ("user.changed", {"time_zone": "Europe/Berlin"}),
    ]


def test_time_zones_are_those_of_the_database_of_them() -> None:
    check_time_zone("Asia/Tokyo")
    with pytest.raises(ValidationError):
        check_time_zone("Middle/Earth")


@pytest.mark.parametrize("kind", ["rk", "rp"])
def test_a_token_is_read_as_it_was_spelt(kind: tokens.TokenKind) -> None:
    token = tokens.mint(kind)
    assert tokens.parse(str(token)) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rk_",
        "rk_short_x",
        "xx_0123456789abcdef_" + "a" * 43,
        "rk_0123456789abcdef_" + "a" * 44,
    ],
)
def test_anything_else_is_no_token(text: str) -> None:
    assert tokens.parse(text) is None
