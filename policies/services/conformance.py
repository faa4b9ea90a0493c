"""Holding cutoffs against the policy that was theirs, and keeping the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from conversations.evidence import Evidence

from conversations.models import Cutoff
from policies.conformance import Conformance, conformance
from policies.criteria_sql import with_policy
from policies.evaluation import Observation
from policies.models import Basis, CutoffConformance, PolicyVersion

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


def compute(
    *, cutoff_ids: Iterable[UUID], evidence: Mapping[UUID, Evidence]
) -> dict[UUID, Conformance]:
    """Compute and keep the conformance of cutoffs; it by cutoff. Safe to run again."""
    cutoffs = list(with_policy(Cutoff.objects.filter(pk__in=sorted(cutoff_ids))))
    versions = PolicyVersion.objects.in_bulk({cutoff.held_against for cutoff in cutoffs})  # type: ignore[attr-defined]
    thresholds = {number: version.thresholds for number, version in versions.items()}
    found = {
        cutoff.pk: conformance(
            observation_of(cutoff),
            thresholds[cutoff.held_against],  # type: ignore[attr-defined]
            evidence.get(cutoff.pk),
        )
        for cutoff in cutoffs
    }
    CutoffConformance.objects.bulk_create(
        (
            CutoffConformance(
                cutoff=cutoff,
                version_id=cutoff.held_against,  # type: ignore[attr-defined]
                basis=_basis(cutoff),
                found=msgspec.to_builtins(found[cutoff.pk]),
            )
            for cutoff in sorted(cutoffs, key=lambda cutoff: cutoff.pk)
        ),
        update_conflicts=True,
        unique_fields=["cutoff"],
        update_fields=["version", "basis", "found", "computed_at"],
    )
    return found


def _basis(cutoff: Cutoff) -> Basis:
    if cutoff.reported_version is not None:  # type: ignore[attr-defined]
        return Basis.REPORTED
    if cutoff.version_in_force is not None:  # type: ignore[attr-defined]
        return Basis.IN_FORCE
    return Basis.BUILT_IN


def conformance_of(stored: CutoffConformance) -> Conformance:
    """Stored conformance as the struct it was."""
    return msgspec.convert(stored.found, Conformance)
