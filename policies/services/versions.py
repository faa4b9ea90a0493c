"""Making policy versions and putting them in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Max

from accounts.ledger import Actor, record
from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE, Activation, PolicyVersion
from policies.thresholds import BUILT_IN, Thresholds, parse

_ADVISORY_KEY = 0x5EC0_0901


def create_built_in(**_kwargs: Any) -> None:
    """The policy that every installation begins with, where it is not there yet."""
    PolicyVersion.objects.get_or_create(
        number=BUILT_IN_NUMBER,
        defaults={"content": msgspec.to_builtins(BUILT_IN), "note": "The built-in policy."},
    )


def create_version(*, thresholds: Thresholds, note: str, actor: Actor) -> PolicyVersion:
    """A new, immutable version with the next number.

    Raises ``msgspec.ValidationError`` where a threshold is laxer than the code allows: a struct
    that was built, not read, was never held against its bounds.
    """
    content = msgspec.to_builtins(thresholds)
    parse(content)
    with transaction.atomic():
        _lock()
        latest = PolicyVersion.objects.aggregate(latest=Max("number"))["latest"] or 0
        version = PolicyVersion.objects.create(
            number=latest + 1,
            content=content,
            note=note,
            author=actor.user,
        )
        record(actor=actor, action="policy.created", obj="policy_version", object_id=version.number)
    return version


def activate(
    *, version: PolicyVersion, now: datetime, actor: Actor, scope: str = DEFAULT_SCOPE
) -> Activation:
    """Put *version* in force for *scope* from *now* on, in place of the one that was."""
    with transaction.atomic():
        _lock()
        Activation.objects.filter(scope=scope, ended_at=None).update(ended_at=now)
        activation = Activation.objects.create(
            version=version, scope=scope, activated_at=now, activated_by=actor.user
        )
        record(
            actor=actor,
            at=now,
            action="policy.activated",
            obj="policy_version",
            object_id=version.number,
            details={"scope": scope},
        )
    return activation


def _lock() -> None:
    """Numbers and activations are given out one at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
