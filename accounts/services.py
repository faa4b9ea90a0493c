"""Making users and roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.roles import PERMISSIONS, Role


def create_roles(**_kwargs: Any) -> None:
    """Bring the groups and their permissions to what ``roles.py`` says; safe to run again.

    Runs after every ``migrate`` and flush. A permission whose app is not migrated yet is given
    with the ``migrate`` that does.
    """
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, wanted in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set(known[name] for name in wanted if name in known)


def create_user(
    *, email: str, name: str, password: str | None, roles: list[Role], time_zone: str = "UTC"
) -> User:
    """A new user in *roles*, who cannot log in where *password* is None."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name, time_zone=time_zone)
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
        record(
            actor=Actor(user=user),
            action="user.created",
            obj="user",
            object_id=user.pk,
            details={"roles": sorted(roles)},
        )
    return user
