"""Holding cutoffs against the policy that was theirs, and keeping the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.db import connection

from conversations.evidence import Evidence
from conversations.models import Cutoff
from policies.conformance import Conformance, conformance
from policies.criteria_sql import VERSION_JOINS
from policies.evaluation import Observation
from policies.models import BUILT_IN_NUMBER, Basis, CutoffConformance, PolicyVersion
from policies.thresholds import BUILT_IN, Thresholds

SIGNALS = (
    "severity",
    "distress",
    "risk_self",
    "risk_others",
    "refusals",
    "redirects",
    "warnings",
    "turns_after_warning",
)


def observation_of(cutoff: Cutoff) -> Observation:
    """What the source reported of *cutoff*. A near miss is one that the model held back from."""
    return Observation(
        initiator=cutoff.initiator or "model",
        category=cutoff.category,
        signals={name: getattr(cutoff, name) for name in SIGNALS},
        user_confirmed=cutoff.user_confirmed,
    )


@dataclass(frozen=True)
class _HeldAgainst:
    version: int
    basis: Basis


_VERSIONS = f"""
SELECT cutoff.id, held.number, reported.number IS NOT NULL, in_force.version_id IS NOT NULL
FROM conversations_cutoff cutoff
{VERSION_JOINS}
WHERE cutoff.id = ANY(%s)
"""


def _held_against(cutoff_ids: list[UUID]) -> dict[UUID, _HeldAgainst]:
    """The version that each cutoff is held against, and why that one."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [cutoff_ids])
        return {
            key: _HeldAgainst(number, _basis(reported=reported, in_force=in_force))
            for key, number, reported, in_force in cursor.fetchall()
        }


def _basis(*, reported: bool, in_force: bool) -> Basis:
    if reported:
        return Basis.REPORTED
    return Basis.IN_FORCE if in_force else Basis.BUILT_IN


def _read(numbers: set[int]) -> dict[int, Thresholds]:
    """The thresholds of versions by number, the built-in one's too; none of an unreadable one.

    Bounds may have become stricter since a version was written. A cutoff that it was in force
    for is then held against the built-in version, and says so by its basis.
    """
    read = {BUILT_IN_NUMBER: BUILT_IN}
    for number, version in PolicyVersion.objects.in_bulk(numbers).items():
        with suppress(msgspec.ValidationError):
            read[number] = version.thresholds
    return read


def compute(
    *, cutoffs: Iterable[Cutoff], evidence: Mapping[UUID, Evidence]
) -> dict[UUID, Conformance]:
    """Compute and keep the conformance of cutoffs; it by cutoff. Safe to run again."""
    ordered = sorted(cutoffs, key=lambda cutoff: cutoff.pk)
    held = _held_against([cutoff.pk for cutoff in ordered])
    thresholds = _read({against.version for against in held.values()})
    for key, against in held.items():
        if against.version not in thresholds:
            held[key] = _HeldAgainst(BUILT_IN_NUMBER, Basis.BUILT_IN)
    found = {
        cutoff.pk: conformance(
            observation_of(cutoff), thresholds[held[cutoff.pk].version], evidence.get(cutoff.pk)
        )
        for cutoff in ordered
    }
    CutoffConformance.objects.bulk_create(
        (
            CutoffConformance(
                cutoff=cutoff,
                version_id=held[cutoff.pk].version,
                basis=held[cutoff.pk].basis,
                found=msgspec.to_builtins(found[cutoff.pk]),
            )
            for cutoff in ordered
        ),
        update_conflicts=True,
        unique_fields=["cutoff"],
        update_fields=["version", "basis", "found", "computed_at"],
    )
    return found


def conformance_of(stored: CutoffConformance) -> Conformance:
    """Stored conformance as the struct it was."""
    return msgspec.convert(stored.found, Conformance)
