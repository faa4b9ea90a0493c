"""The shares under which cutoffs are drawn for audit."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.ledger import Actor, record
from conversations.models import AuditSettings


def draw_by(
    *,
    audit_share: float,
    category_shares: dict[str, float],
    double_share: float,
    near_miss_share: float,
    actor: Actor,
) -> AuditSettings:
    """Draw by these shares from now on; the row that says so, the latest one if it does already.

    Shares are probabilities, 0 to 1, those of audits above 0. *category_shares* has the harm
    categories whose share of audits is another one than *audit_share*. Raises ``IntegrityError``
    otherwise. Two who change them at once are kept apart by their caller.
    """
    shares: dict[str, Any] = {
        "audit_share": audit_share,
        "category_shares": category_shares,
        "double_share": double_share,
        "near_miss_share": near_miss_share,
    }
    latest = AuditSettings.objects.order_by("-id").first()
    if latest and all(getattr(latest, name) == share for name, share in shares.items()):
        return latest
    with transaction.atomic():
        settings = AuditSettings.objects.create(**shares)
        record(
            actor=actor,
            action="audit_settings.changed",
            obj="audit_settings",
            object_id=settings.pk,
            details=shares,
        )
    return settings
