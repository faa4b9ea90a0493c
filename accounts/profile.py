"""Changing what an account says about its person."""

from __future__ import annotations

from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User


def change_profile(*, user: User, name: str, time_zone: str) -> None:
    """Give *user* a name and a time zone; the ledger keeps that it was done, not the name."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(name=name, time_zone=time_zone)
        record(
            actor=Actor(user=user),
            action="user.changed",
            obj="user",
            object_id=user.pk,
            details={"time_zone": time_zone},
        )
