"""The draws that decide, at intake, what people will review (docs/explanation/estimation.md,
"The draw").

A draw is a keyed hash of the cutoff's id: nobody who sends events can steer it, nobody who
reviews can guess it, and it can be checked afterwards.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Draw:
    """Membership in the audit and in the double review, with the probabilities of each."""

    audit_probability: float
    in_audit: bool
    double_probability: float
    in_double: bool


def uniform(key: UUID, *, purpose: str, salt: str) -> float:
    """A number from 0 (included) to 1 (excluded), the same for the same key and purpose."""
    digest = hmac.digest(salt.encode(), purpose.encode() + key.bytes, "sha256")
    return int.from_bytes(digest[:7]) / 2**56


def draw(key: UUID, *, audit_share: float, double_share: float, salt: str) -> Draw:
    """The draw of one cutoff. Double review is drawn independently of the audit."""
    return Draw(
        audit_probability=audit_share,
        in_audit=uniform(key, purpose="audit", salt=salt) < audit_share,
        double_probability=double_share,
        in_double=uniform(key, purpose="double", salt=salt) < double_share,
    )
