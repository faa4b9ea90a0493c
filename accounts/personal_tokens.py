"""Personal tokens: making them, shown once, and revoking them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts import tokens
from accounts.ledger import Actor, record, record_each
from accounts.models import PersonalToken, User
from accounts.token_scopes import LONGEST_DAYS, NEEDS, TokenScope

#: Tokens of one person that open something at the same time.
MOST_LIVE: Final = 20


def within_role(user: User) -> list[TokenScope]:
    """The scopes that a token of *user* can have now."""
    return [scope for scope, permission in NEEDS.items() if user.has_perm(permission)]


def live(user: User, *, now: datetime) -> QuerySet[PersonalToken]:
    """The tokens of *user* that are neither revoked nor expired."""
    return PersonalToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now)


@transaction.atomic
def create(
    *,
    user: User,
    name: str,
    scopes: Iterable[TokenScope],
    expires_at: datetime,
    now: datetime,
    actor: Actor,
) -> tokens.Token:
    """A token that acts for *user* until *expires_at*; what it returns is shown once.

    Raises ``ValidationError`` for a name that another of theirs has, for scopes that are none or
    beyond their role, for a time that has passed or is more than a year away, and for one token
    too many.
    """
    granted = sorted(set(scopes))
    if not granted or not set(granted) <= set(within_role(user)):
        raise ValidationError({"scopes": _("Choose at least one, and only what your role has.")})
    if not now < expires_at <= now + timedelta(days=LONGEST_DAYS):
        raise ValidationError({"days": _("A token lasts a year at most.")})
    # One at a time for each person: neither name nor number is taken twice.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    _check_room(user, name, now)
    token = tokens.mint("rp")
    PersonalToken.objects.create(
        user=user,
        name=name,
        public_id=token.public_id,
        digest=token.digest,
        scopes=granted,
        created_at=now,
        expires_at=expires_at,
    )
    record(
        actor=actor,
        action="token.created",
        obj="token",
        object_id=token.public_id,
        details={"user": user.pk, "scopes": granted, "expires_at": expires_at.isoformat()},
    )
    return token


def _check_room(user: User, name: str, now: datetime) -> None:
    if live(user, now=now).count() >= MOST_LIVE:
        raise ValidationError(
            _("You have %(most)s tokens already. Revoke one first.") % {"most": MOST_LIVE}
        )
    same = PersonalToken.objects.alias(lower=Lower("name")).filter(
        user=user, revoked_at=None, lower=Lower(Value(name))
    )
    if same.exists():
        raise ValidationError(
            {"name": _("Another token of yours has this name. Choose another, or revoke that one.")}
        )


@transaction.atomic
def revoke(*, token: PersonalToken, now: datetime, actor: Actor) -> None:
    """Refuse *token* from now on. Revoking twice keeps the first moment."""
    if PersonalToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        record(
            actor=actor,
            action="token.revoked",
            obj="token",
            object_id=token.public_id,
            details={"user": token.user_id},
        )


@transaction.atomic
def revoke_all(*, user: User, now: datetime, actor: Actor) -> int:
    """Refuse every token of *user* from now on; how many of them still opened something."""
    # Whoever makes one meanwhile comes before this, or after it.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    rows = list(PersonalToken.objects.select_for_update().filter(user=user, revoked_at=None))
    PersonalToken.objects.filter(pk__in=[row.pk for row in rows]).update(revoked_at=now)
    record_each(
        actor=actor,
        action="token.revoked",
        obj="token",
        details={row.public_id: {"user": user.pk} for row in rows},
    )
    return sum(row.expires_at > now for row in rows)
