"""The rules without a switch as SQL over many cutoffs at once.

What these fragments say of a row ``cutoff`` of ``conversations_cutoff``, joined by
:data:`VERSION_JOINS`, ``policies/conformance.py`` and ``policies/services/in_force.py`` say in
Python; property tests hold the two against each other.
"""

from __future__ import annotations

from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE
from policies.scopes import BUCKETS
from policies.thresholds import HIGHEST_RISK_CEILING

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: A value of a cutoff as ``policies/scopes.py`` writes it in a scope; NULL where there is none.
_MODEL, _SURFACE, _TAG = (
    f"'{name}=' || replace(replace(replace(nullif({value}, ''), '%%', '%%25'), ';', '%%3B'),"
    " '=', '%%3D')"
    for name, value in (
        ("model", "cutoff.model"),
        ("surface", "cutoff.surface"),
        ("locale", "array_to_string(tags[1:length], '-')"),
    )
)
#: A cutoff's locale as scopes spell it.
LOCALE = f"translate(cutoff.locale, '{_CAPITALS}_', '{_CAPITALS.lower()}-')"

#: The version of an activation for a cutoff: its own, or the one beside it for who is not in
#: the share (``policies/scopes.py``, ``in_share``).
_ARM = f"""
    CASE WHEN activation.beside_id IS NULL OR (
        SELECT ('x' || left(encode(sha256(convert_to(
            activation.version_id || ':' || thread.external_id, 'UTF8'
        )), 'hex'), 8))::bit(32)::bigint %% {BUCKETS} * 100 < activation.percent * {BUCKETS}
        FROM conversations_conversation thread WHERE thread.id = cutoff.conversation_id
    ) THEN activation.version_id ELSE activation.beside_id END
"""

_AT_ITS_TIME = """
    activation.activated_at <= cutoff.at
    AND (activation.ended_at IS NULL OR activation.ended_at > cutoff.at)
"""

#: The same order as that of ``policies/scopes.py``, ``candidates``.
_OVERRIDE = f"""
    SELECT {_ARM}
    FROM (VALUES ({_MODEL}), (NULL)) model (part)
    CROSS JOIN (VALUES ({_SURFACE}), (NULL)) surface (part)
    CROSS JOIN (
        SELECT {_TAG}, length
        FROM (SELECT string_to_array({LOCALE}, '-')) split (tags)
        CROSS JOIN unnest(tags) WITH ORDINALITY tag (name, length)
        UNION ALL VALUES (NULL, 0)
    ) locale (part, length)
    JOIN policies_activation activation
        ON activation.scope = concat_ws(';', model.part, surface.part, locale.part)
       AND {_AT_ITS_TIME}
    ORDER BY num_nonnulls(model.part, surface.part, locale.part) DESC,
        model.part NULLS LAST, surface.part NULLS LAST, locale.length DESC,
        activation.activated_at DESC
    LIMIT 1
"""

_DEFAULT = f"""
    SELECT {_ARM}
    FROM policies_activation activation
    WHERE activation.scope = '{DEFAULT_SCOPE}' AND {_AT_ITS_TIME}
    ORDER BY activation.activated_at DESC
    LIMIT 1
"""

#: Joins the version that a cutoff is held against: the one that the event reported if it is
#: known, else the one in force at its time for its scopes and on its side of a staged rollout,
#: else the built-in one (docs/reference/api.md, "Asking"). Served by the index
#: activation_in_force. Whether there is any override is asked once a query: an installation
#: without one pays for none.
#: OFFSET 0 keeps the planner from computing the version twice. Percent signs are doubled, as
#: for any statement with parameters.
VERSION_JOINS = f"""
LEFT JOIN policies_policyversion reported ON reported.number = cutoff.policy_version
LEFT JOIN LATERAL (
    SELECT coalesce(
        CASE WHEN EXISTS (SELECT FROM policies_activation WHERE scope <> '{DEFAULT_SCOPE}')
             THEN ({_OVERRIDE}) END,
        ({_DEFAULT})
    ) AS version_id
    WHERE reported.number IS NULL
    OFFSET 0
) in_force ON true
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
