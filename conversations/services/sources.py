"""Sources, their keys, and how what they send is sampled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import tokens
from accounts.ledger import Actor, record
from conversations import signatures
from conversations.models import AuditSettings, Source, SourceKey, SourceSecret
from conversations.vocabulary import Mode, Scope

#: Shares that a new installation begins with; a policy's review settings replace them.
FIRST_AUDIT_SETTINGS = {"audit_share": 0.10, "double_share": 0.10, "near_miss_share": 0.05}


def create_audit_settings(**_kwargs: Any) -> None:
    """The first audit settings, where there are none yet."""
    if not AuditSettings.objects.exists():
        AuditSettings.objects.create(**FIRST_AUDIT_SETTINGS)


def create_source(*, slug: str, name: str, mode: Mode, actor: Actor) -> Source:
    """A new source. Raises ``IntegrityError`` where the slug is taken."""
    with transaction.atomic():
        source = Source.objects.create(slug=slug, name=name, mode=mode)
        record(
            actor=actor,
            action="source.created",
            obj="source",
            object_id=source.slug,
            details={"mode": mode},
        )
    return source


def create_key(*, source: Source, name: str, scopes: Iterable[Scope], actor: Actor) -> tokens.Token:
    """A new API key of *source*; what it returns is shown once and kept nowhere."""
    token = tokens.mint("rk")
    granted = sorted(str(scope) for scope in scopes)
    with transaction.atomic():
        SourceKey.objects.create(
            source=source,
            name=name,
            public_id=token.public_id,
            digest=token.digest,
            scopes=granted,
            created_by=actor.user,
        )
        record(
            actor=actor,
            action="key.created",
            obj="key",
            object_id=token.public_id,
            details={"source": source.slug, "scopes": granted},
        )
    return token


def revoke_key(*, key: SourceKey, now: datetime, actor: Actor) -> None:
    """Refuse *key* from now on. Revoking twice keeps the first moment."""
    with transaction.atomic():
        if SourceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            record(actor=actor, action="key.revoked", obj="key", object_id=key.public_id)


class TwoSecretsAlready(Exception):
    """A source has at most two secrets that count: revoke one first."""


def create_secret(*, source: Source, name: str, actor: Actor) -> str:
    """A new signing secret of *source*, ``whsec_…``, to be shown once.

    The one before stays valid until it is revoked, so that senders can change over. Raises
    :class:`TwoSecretsAlready`.
    """
    secret = signatures.mint()
    with transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        live = SourceSecret.objects.filter(source=source, revoked_at=None)
        free = {1, 2} - set(live.values_list("slot", flat=True))
        if not free:
            raise TwoSecretsAlready("This source has two secrets already. Revoke one first.")
        row = SourceSecret.objects.create(
            source=source, slot=min(free), name=name, secret=secret, created_by=actor.user
        )
        record(
            actor=actor,
            action="secret.created",
            obj="secret",
            object_id=row.pk,
            details={"source": source.slug},
        )
    return secret


def revoke_secret(*, secret: SourceSecret, now: datetime, actor: Actor) -> None:
    """Refuse what *secret* signs from now on, and forget it. Revoking twice changes nothing."""
    with transaction.atomic():
        live = SourceSecret.objects.filter(pk=secret.pk, revoked_at=None)
        if live.update(revoked_at=now, secret=""):
            record(actor=actor, action="secret.revoked", obj="secret", object_id=secret.pk)
