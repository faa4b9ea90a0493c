"""Which policy holds for a conversation at a moment, and whether anything may be ended there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from policies import scopes
from policies.models import BUILT_IN_NUMBER, Activation, Pause
from policies.thresholds import BUILT_IN, Thresholds


class Arm(StrEnum):
    """On which side of a staged rollout a conversation is."""

    ALL = "all"  # the version is in force for all of the scope
    SHARE = "share"  # the conversation is among those that have the new version
    BESIDE = "beside"  # it is among those that keep the version they had


@dataclass(frozen=True)
class InForce:
    """The policy of one conversation. ``activated_at`` is None for the built-in version, which
    nobody activated; ``enabled`` False where ending is paused.
    """

    version: int
    thresholds: Thresholds
    scope: str
    enabled: bool
    activated_at: datetime | None
    arm: Arm


def in_force(
    *,
    model: str = "",
    surface: str = "",
    locale: str = "",
    conversation_id: str = "",
    at: datetime,
) -> InForce:
    """The policy in force at *at*, in two indexed queries.

    That of the most specific scope which has one, the built-in version where none has. Of a
    staged rollout, a conversation without an id gets the version beside it: the one that was
    there before. ``policies/criteria_sql.py`` says the same in SQL.
    """
    wanted = scopes.candidates(model=model, surface=surface, locale=locale)
    found = {
        activation.scope: activation
        for activation in Activation.objects.filter(_at(at, "activated_at"), scope__in=wanted)
        .select_related("version", "beside")
        .order_by("activated_at")
    }
    paused = Pause.objects.filter(
        _at(at, "paused_at"), scope__in=[scopes.EVERYTHING, *wanted]
    ).exists()
    activation = next((found[scope] for scope in wanted if scope in found), None)
    if activation is None:
        return InForce(BUILT_IN_NUMBER, BUILT_IN, scopes.DEFAULT, not paused, None, Arm.ALL)
    arm = _arm(activation, conversation_id)
    version = activation.version
    if arm == Arm.BESIDE and activation.beside:
        version = activation.beside
    return InForce(
        version.number,
        version.thresholds,
        activation.scope,
        not paused,
        activation.activated_at,
        arm,
    )


def _at(moment: datetime, began: str) -> Q:
    """The condition that a stretch of time, from *began* on, was under way at *moment*."""
    return Q(**{f"{began}__lte": moment}) & (Q(ended_at=None) | Q(ended_at__gt=moment))


def _arm(activation: Activation, conversation_id: str) -> Arm:
    if activation.beside_id is None:
        return Arm.ALL
    drawn = conversation_id and scopes.in_share(
        activation.version_id, conversation_id, activation.percent
    )
    return Arm.SHARE if drawn else Arm.BESIDE
