"""The rules without a switch as SQL over many cutoffs at once.

What these fragments say of a row ``cutoff`` of ``conversations_cutoff``, joined by
:data:`VERSION_JOINS`, ``policies/conformance.py`` says in Python; a property test holds the two
against each other.
"""

from __future__ import annotations

from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE
from policies.thresholds import HIGHEST_RISK_CEILING

#: Joins the version that a cutoff is held against: the one that the event reported if it is
#: known, else the one in force at its time, else the built-in one (CONTRACT.md, "Asking").
#: Served by the index activation_in_force.
VERSION_JOINS = f"""
LEFT JOIN policies_policyversion reported ON reported.number = cutoff.policy_version
LEFT JOIN LATERAL (
    SELECT activation.version_id
    FROM policies_activation activation
    WHERE activation.scope = '{DEFAULT_SCOPE}'
      AND activation.activated_at <= cutoff.at
      AND (activation.ended_at IS NULL OR activation.ended_at > cutoff.at)
    ORDER BY activation.activated_at DESC
    LIMIT 1
) in_force ON reported.number IS NULL
LEFT JOIN policies_policyversion held
    ON held.number = coalesce(reported.number, in_force.version_id, {BUILT_IN_NUMBER})
"""

#: A known risk is above the ceiling. greatest() passes over unknown ones.
RISK_ABOVE_CEILING = (
    "coalesce(greatest(cutoff.risk_self, cutoff.risk_others)"
    f" > coalesce(held.imminent_risk_ceiling, {HIGHEST_RISK_CEILING}), false)"
)

#: A risk is unknown, and the other not known to be too high.
RISK_UNKNOWN = (
    f"((cutoff.risk_self IS NULL OR cutoff.risk_others IS NULL) AND NOT {RISK_ABOVE_CEILING})"
)

#: The model ended it, and the source itself says that there was no warning.
NO_WARNING = "(cutoff.initiator = 'model' AND coalesce(cutoff.warnings = 0, false))"
