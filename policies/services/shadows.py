"""Running a draft beside what is in force. It decides nothing, and writes nothing at intake:
its disagreements are computed when somebody looks (``policies/services/shadow_reading.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.utils.translation import gettext

from accounts.ledger import record
from accounts.models import User
from policies.models import DEFAULT_SCOPE, Draft, PolicyVersion, Shadow
from policies.permissions import check_change
from policies.scopes import Scope
from policies.services.versions import NotPossible, lock, person, thresholds_of
from policies.thresholds import Thresholds, read
from policies.watch_models import LONGEST_SHADOW, SHORTEST_SHADOW


def start(
    *, number: int, length: timedelta, user: User, now: datetime, scope: str = DEFAULT_SCOPE
) -> Shadow:
    """Hold what draft or version *number* says now against what happens in *scope*, for *length*
    (an hour to 90 days).

    Raises ``MalformedScope``, ``InvalidPolicy``, and ``NotPossible`` where the length is out of
    bounds, there is no such policy, it can no longer be read, or it runs already.
    """
    check_change(user)
    Scope.parse(scope)
    if not SHORTEST_SHADOW <= length <= LONGEST_SHADOW:
        raise NotPossible(gettext("A shadow runs for an hour at least and 90 days at most."))
    with transaction.atomic():
        lock()
        content = msgspec.to_builtins(_content(number))
        live = Shadow.objects.live().filter(number=number).first()
        if live and now < live.until:
            sentence = gettext(
                "Policy %(number)s runs as a shadow already. End that one, or wait for its end."
            )
            raise NotPossible(sentence % {"number": number})
        if live:
            live.ended_at = live.until
            live.save(update_fields=["ended_at"])
        shadow = Shadow.objects.create(
            number=number,
            content=content,
            scope=scope,
            started_at=now,
            started_by=user,
            until=now + length,
        )
        _note(shadow, user, "shadow.started", now)
    return shadow


def end(*, shadow_id: int, user: User, now: datetime) -> Shadow:
    """End a shadow before its time. Raises ``NotPossible`` where it is over already."""
    check_change(user)
    with transaction.atomic():
        lock()
        shadow = Shadow.objects.get(pk=shadow_id)
        if shadow.ended_at or now >= shadow.until:
            raise NotPossible(gettext("It is over already."))
        # Whoever waited for the lock may carry an earlier time than its start.
        shadow.ended_at, shadow.ended_by = max(now, shadow.started_at), user
        shadow.save(update_fields=["ended_at", "ended_by"])
        _note(shadow, user, "shadow.ended", now)
    return shadow


def _content(number: int) -> Thresholds:
    draft = Draft.objects.filter(number=number).first()
    if draft:
        return read(draft.content)
    version = PolicyVersion.objects.filter(number=number).first()
    if version is None:
        raise NotPossible(gettext("There is no policy %(number)s.") % {"number": number})
    return thresholds_of(version)


def _note(shadow: Shadow, user: User, action: str, now: datetime) -> None:
    record(
        actor=person(user),
        at=now,
        action=action,
        obj="shadow",
        object_id=shadow.pk,
        details={
            "number": shadow.number,
            "scope": shadow.scope,
            "until": shadow.until.isoformat(),
        },
    )
