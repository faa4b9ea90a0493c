"""Stopping all ending, which one person does, and going on, which takes two."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from accounts.ledger import record
from accounts.models import User
from policies.models import EVERYTHING, Pause, PausedAgain
from policies.permissions import check_change, check_resume
from policies.scopes import Scope
from policies.services.versions import NotPossible, lock, person
from policies.signals import policy_paused, policy_resumed


def pause(*, scope: str, reason: str, user: User, now: datetime) -> Pause:
    """Let nothing of *scope*, or of everything, be ended from *now* on.

    Where it is paused already, that pause goes on with this reason too, and a first wish to
    resume is forgotten.
    Raises ``MalformedScope``.
    """
    check_change(user)
    if scope != EVERYTHING:
        Scope.parse(scope)
    with transaction.atomic():
        lock()
        held = Pause.objects.live().filter(scope=scope).first()
        if held is None:
            held = Pause.objects.create(scope=scope, reason=reason, paused_by=user, paused_at=now)
            policy_paused.send(sender=Pause, scope=scope, pause_id=held.pk, now=now)
        else:
            PausedAgain.objects.create(pause=held, reason=reason, by=user, at=now)
            held.first_resume_by = held.first_resume_at = None
            held.first_resume_reason = ""
            held.save(update_fields=["first_resume_by", "first_resume_at", "first_resume_reason"])
        _note(held, user, "policy.paused", now)
    return held


def resume(*, scope: str, reason: str, user: User, now: datetime) -> Pause:
    """Ask to end the pause of *scope*; it ends when a second person does.

    Raises ``PermissionDenied`` where the same person asks twice, and ``NotPossible`` where
    nothing is paused.
    """
    check_change(user)
    with transaction.atomic():
        lock()
        held = Pause.objects.live().filter(scope=scope).first()
        if held is None:
            raise NotPossible(gettext("This scope is not paused by itself."))
        check_resume(user, held)
        # Whoever waited for the lock may carry an earlier time than the one who had it.
        now = max(now, held.first_resume_at or held.paused_at)
        if held.first_resume_by_id is None:
            held.first_resume_by, held.first_resume_at = user, now
            held.first_resume_reason = reason
            _note(held, user, "policy.resume_asked", now)
        else:
            held.ended_by, held.ended_at, held.ended_reason = user, now, reason
            policy_resumed.send(sender=Pause, scope=scope, pause_id=held.pk, now=now)
            _note(held, user, "policy.resumed", now)
        held.save()
    return held


def _note(held: Pause, user: User, action: str, now: datetime) -> None:
    record(
        actor=person(user),
        at=now,
        action=action,
        obj="pause",
        object_id=held.pk,
        details={"scope": held.scope},
    )
