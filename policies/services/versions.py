"""Policy versions: their numbers, the built-in one, and what becomes of them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext, gettext_noop

from accounts.ledger import Actor, record
from accounts.models import User
from policies.models import BUILT_IN_NUMBER, Draft, PolicyVersion
from policies.thresholds import BUILT_IN, Thresholds, parse

_ADVISORY_KEY = 0x5EC0_0901


#: Said of what is to begin, and holds there.
IN_FORCE_THERE: Final = gettext_noop("Policy %(number)s is in force there already.")


class NotPossible(Exception):
    """What was asked cannot be done as things stand; the text says why."""


def create_built_in(**_kwargs: Any) -> None:
    """The policy that every installation begins with, where it is not there yet."""
    PolicyVersion.objects.get_or_create(
        number=BUILT_IN_NUMBER,
        defaults={"content": msgspec.to_builtins(BUILT_IN), "note": "The built-in policy."},
    )


def create_version(*, thresholds: Thresholds, note: str, actor: Actor) -> PolicyVersion:
    """A new, immutable version with the next number, that needs no second person.

    For what an installation brings with it; people write drafts. Raises
    ``msgspec.ValidationError`` where a threshold is laxer than the code allows: a struct that
    was built, not read, was never held against its bounds.
    """
    content = msgspec.to_builtins(thresholds)
    parse(content)
    with transaction.atomic():
        lock()
        version = PolicyVersion.objects.create(
            number=next_number(), content=content, note=note, author=actor.user
        )
        record(actor=actor, action="policy.created", obj="policy_version", object_id=version.number)
    return version


def thresholds_of(version: PolicyVersion) -> Thresholds:
    """What *version* says. Raises :class:`NotPossible` where it can no longer be read."""
    try:
        return version.thresholds
    except msgspec.ValidationError:
        sentence = gettext(
            "Policy %(number)s was written for another version of Recourse and can no longer be"
            " read. It explains old cases and cannot come in force again."
        )
        raise NotPossible(sentence % {"number": version.number}) from None


def person(user: User) -> Actor:
    """*user* as the ledger knows them."""
    return Actor(user=user)


def lock() -> None:
    """Until the transaction ends, nobody else gives out numbers or changes what is in force.

    Whoever takes it takes it before the lock of any row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])


def next_number() -> int:
    """The next number of a draft or version, under the lock."""
    latest = (
        kind._default_manager.aggregate(latest=Max("number"))["latest"] or 0
        for kind in (PolicyVersion, Draft)
    )
    return int(max(latest)) + 1
