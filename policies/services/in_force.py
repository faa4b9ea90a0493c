"""Which policy holds for a conversation at a moment, and whether anything may be ended there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import structlog
from django.db import connection

from accounts.plans import kept_plans
from policies import scopes
from policies.models import BUILT_IN_NUMBER
from policies.thresholds import BUILT_IN, Thresholds

# In SQL, since every chat service asks again and again: the ORM takes as long to write two such
# queries as all else that an answer takes.
_IN_FORCE = """
SELECT
    EXISTS (
        SELECT FROM policies_pause
        WHERE scope = ANY(%(paused)s) AND paused_at <= %(at)s
          AND (ended_at IS NULL OR ended_at > %(at)s)
    ),
    activation.scope, activation.activated_at, activation.percent,
    activation.version_id, own.content, activation.beside_id, other.content
FROM (VALUES (true)) once
LEFT JOIN LATERAL (
    SELECT * FROM policies_activation
    WHERE scope = ANY(%(wanted)s) AND activated_at <= %(at)s
      AND (ended_at IS NULL OR ended_at > %(at)s)
    ORDER BY array_position(%(wanted)s, scope::text), activated_at DESC
    LIMIT 1
) activation ON true
LEFT JOIN policies_policyversion own ON own.number = activation.version_id
LEFT JOIN policies_policyversion other ON other.number = activation.beside_id
"""

log = structlog.get_logger(__name__)

_thresholds = msgspec.json.Decoder(Thresholds)


class Arm(StrEnum):
    """On which side of a staged rollout a conversation is."""

    ALL = "all"  # the version is in force for all of the scope
    SHARE = "share"  # the conversation is among those that have the new version
    BESIDE = "beside"  # it is among those that keep the version they had


@dataclass(frozen=True)
class InForce:
    """The policy of one conversation. ``activated_at`` is None for the built-in version, which
    nobody activated; ``enabled`` False where ending is paused, or where the version was written
    under other bounds and can no longer be read: then nothing is ended, by the built-in thresholds,
    and ``readable`` is False too.
    """

    version: int
    thresholds: Thresholds
    scope: str
    enabled: bool
    activated_at: datetime | None
    arm: Arm
    readable: bool = True


def in_force(
    *,
    model: str = "",
    surface: str = "",
    locale: str = "",
    conversation_id: str = "",
    at: datetime,
) -> InForce:
    """The policy in force at *at*, in one query.

    That of the most specific scope which has one, the built-in version where none has. Of a
    staged rollout, a conversation without an id gets the version beside it: the one that was
    there before. ``policies/criteria_sql.py`` says the same of many cutoffs.
    """
    wanted = list(scopes.candidates(model, surface, locale))
    asked: dict[str, Any] = {"wanted": wanted, "paused": [scopes.EVERYTHING, *wanted], "at": at}
    with kept_plans(), connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, asked)
        paused, scope, activated_at, percent, number, content, beside, other = cursor.fetchone()
    if scope is None:
        return InForce(BUILT_IN_NUMBER, BUILT_IN, scopes.DEFAULT, not paused, None, Arm.ALL)
    arm = Arm.ALL
    if beside is not None:
        drawn = conversation_id and scopes.in_share(number, conversation_id, percent)
        arm = Arm.SHARE if drawn else Arm.BESIDE
    if arm == Arm.BESIDE:
        number, content = beside, other
    try:
        thresholds, readable = _thresholds.decode(content), True
    except msgspec.ValidationError:
        log.exception("policies.version_unreadable", version=number, scope=scope)
        thresholds, readable = BUILT_IN, False
    enabled = readable and not paused
    return InForce(number, thresholds, scope, enabled, activated_at, arm, readable)
