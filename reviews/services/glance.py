"""What is nearly always none of somebody who is to be dealt a case, asked for in one statement.

Each of these was a question of its own with every claim. Now it is read only where there is some.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from accounts.models import User
from accounts.plans import kept_plans
from reviews.models import CareSettings
from reviews.shifts import LONGEST

_CARE: Final = [field.attname for field in CareSettings._meta.concrete_fields]

_LOOK: Final = f"""
SELECT
    EXISTS (
        SELECT FROM reviews_claim
        WHERE reviewer_id = %(user)s AND ended_at IS NULL AND expires_at > statement_timestamp()
    ),
    EXISTS (
        SELECT FROM reviews_claim
        WHERE reviewer_id = %(user)s AND severe AND claimed_at > %(since)s
    ),
    EXISTS (SELECT FROM reviews_reservation WHERE reviewer_id = %(user)s AND until > %(now)s),
    EXISTS (SELECT FROM reviews_goldcase WHERE retired_at IS NULL),
    {", ".join(f"care.{name}" for name in _CARE)}
FROM (SELECT) nothing LEFT JOIN reviews_caresettings care ON care.user_id = %(user)s
"""  # noqa: S608 - columns of the model, never of a request


@dataclass(frozen=True)
class Glance:
    """Whether there is a live claim of theirs, a severe case within a shift's length, a case kept
    for them, and any gold case at all.
    """

    claim: bool
    severe: bool
    kept: bool
    gold: bool


def glance(user: User, now: datetime) -> Glance:
    """Look once at what concerns *user*, who then knows their care settings as ``care_of`` does."""
    with kept_plans(), connection.cursor() as cursor:
        cursor.execute(_LOOK, {"user": user.pk, "now": now, "since": now - LONGEST})
        claim, severe, kept, gold, *care = cursor.fetchone()
    set_by_them = CareSettings.from_db(connection.alias, _CARE, care) if care[0] else CareSettings()
    set_by_them.user = user
    return Glance(claim, severe, kept, gold)
