"""What a notice says of its cutoff that stands elsewhere, and the link that leads to it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.services import standing
from policies.models import CutoffConformance
from policies.services.conformance import conformance_of
from policies.thresholds import BUILT_IN, Thresholds
from reviews.models import Case
from reviews.notices import kinds_met
from reviews.permissions import check_manage_notices

#: As intake makes them: 144 bits, 24 characters.
_TOKEN_BYTES: Final = 18


def stored_conformance(cutoff_ids: Iterable[UUID]) -> dict[UUID, CutoffConformance]:
    """The conformance of cutoffs with the version that each was held against, in one query."""
    return CutoffConformance.objects.select_related("version").in_bulk(list(cutoff_ids))


def kinds_met_as(stored: CutoffConformance | None, *, category: str) -> list[str]:
    """The kinds of criteria that were met, by what *category* asks for; none before any was held.

    *category* is the one that is told: a restricted notice takes the same way as any other.
    """
    if stored is None:
        return []
    return kinds_met(conformance_of(stored).lines, _thresholds(stored).of(category))


def _thresholds(stored: CutoffConformance) -> Thresholds:
    """Those of the version; the built-in ones where it can no longer be read."""
    try:
        return stored.version.thresholds
    except msgspec.ValidationError:
        return BUILT_IN


@transaction.atomic
def revoke_link(*, case: Case, user: User, now: datetime) -> None:
    """Have the link to a notice lead nowhere from now on; the source is told a new one.

    It learns it from the status call. Raises ``PermissionDenied`` for those who may not.
    """
    check_manage_notices(user)
    standing.renew_notice_token(cutoff_id=case.pk, token=secrets.token_urlsafe(_TOKEN_BYTES))
    record(
        actor=Actor(user=user), action="notice.link_revoked", obj="case", object_id=case.pk, at=now
    )
