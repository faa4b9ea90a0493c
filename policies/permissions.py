"""Who may do what with policies. ``check_x`` raises ``PermissionDenied``, ``can_x`` asks."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext

from accounts.ledger import Actor
from accounts.models import User
from policies.models import Pause, Submission


def can_view(user: User) -> bool:
    """May see policies, what is in force and what is paused."""
    return user.has_perm("policies.view_policyversion")


def check_view(user: User) -> None:
    """Raise where *user* may not see policies."""
    if not can_view(user):
        raise PermissionDenied(gettext("Your role does not include policies."))


def can_change(user: User) -> bool:
    """May write drafts, decide on submissions, activate, roll back, pause and resume."""
    return user.has_perm("policies.change_policyversion")


def check_change(user: User) -> None:
    """Raise where *user* may change no policy."""
    if not can_change(user):
        raise PermissionDenied(gettext("Your role does not include changing policies."))


def check_actor(actor: Actor) -> None:
    """Raise where *actor* is a person who may change no policy; a task acts for who planned it."""
    if actor.user and not actor.agent:
        check_change(actor.user)


def can_decide(user: User, submission: Submission) -> bool:
    """May approve or reject: somebody who had no hand in it."""
    return can_change(user) and user.pk not in submission.contributors


def check_decide(user: User, submission: Submission) -> None:
    """Raise where *user* wrote, edited or submitted it, or may change no policy."""
    check_change(user)
    if not can_decide(user, submission):
        raise PermissionDenied(
            gettext("You had a hand in this version. Somebody else decides on it.")
        )


def can_resume(user: User, pause: Pause) -> bool:
    """May be the first, or the second, of the two who end *pause*."""
    return can_change(user) and pause.first_resume_by_id != user.pk


def check_resume(user: User, pause: Pause) -> None:
    """Raise where *user* is the first of the two, or may change no policy."""
    check_change(user)
    if not can_resume(user, pause):
        raise PermissionDenied(gettext("You have asked for this already. A second person resumes."))
