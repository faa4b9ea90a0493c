"""Who is logged in, with all that they may do, in one query."""

from __future__ import annotations

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from pytest_django import DjangoAssertNumQueries

from accounts.backends import OneQueryBackend
from accounts.models import User
from accounts.roles import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [*Role, None])
def test_it_grants_what_django_grants(
    role: Role | None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = make_user(*([role] if role else []))
    user.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    with django_assert_num_queries(1):
        found = OneQueryBackend().get_user(user.pk)
        assert found == user
        granted = found.get_all_permissions()
    assert granted == ModelBackend().get_all_permissions(User.objects.get(pk=user.pk))
    assert "reviews.view_restricted_case" in granted
    assert (found.email, found.created_at) == (user.email, User.objects.get().created_at)


def test_a_superuser_may_do_everything() -> None:
    user = make_user()
    User.objects.update(is_superuser=True)
    found = OneQueryBackend().get_user(user.pk)
    assert found
    assert found.get_all_permissions() == ModelBackend().get_all_permissions(found)
    assert found.has_perm("reviews.decide_case")


def test_whoever_was_locked_out_is_nobody() -> None:
    user = make_user(Role.SENIOR)
    User.objects.update(is_active=False)
    assert OneQueryBackend().get_user(user.pk) is None
    assert OneQueryBackend().get_user(user.pk + 1) is None
