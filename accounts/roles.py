"""The roles of the people who work here, and what each may do.

A role is a Django group; what it may do are model permissions, named ``app.codename``.
Each person may have several. ``reviews.view_restricted_case`` is in none: it comes with being
qualified for child safety (``reviews/services/qualifications.py``). What *text* one may see is
another question: that is ``reviews/visibility.py``.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The groups that every installation has."""

    TRAINEE = "trainee"
    REVIEWER = "reviewer"
    SENIOR = "senior"
    POLICY_ADMIN = "policy_admin"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_REVIEW: Final = frozenset({"reviews.view_case", "reviews.decide_case"})

PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.TRAINEE: frozenset({"reviews.train_on_case"}),
    Role.REVIEWER: _REVIEW,
    Role.SENIOR: _REVIEW
    | {
        "reviews.adjudicate_case",
        "reviews.add_bulkact",
        "reviews.change_duty",
        "reviews.manage_gold",
        "reviews.mentor_exercise",
        "accounts.view_ledgerentry",
        "conversations.place_hold",
    },
    Role.POLICY_ADMIN: frozenset(
        {"reviews.view_case", "policies.view_policyversion", "policies.change_policyversion"}
    ),
    Role.AUDITOR: frozenset(
        {"reviews.view_case", "policies.view_policyversion", "accounts.view_ledgerentry"}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            "reviews.view_case",
            "reviews.manage_gold",
            "reviews.change_routingrule",
            "reviews.change_duty",
            "policies.view_policyversion",
            "conversations.view_source",
            "conversations.change_source",
            "conversations.place_hold",
            "accounts.view_ledgerentry",
            "accounts.change_user",
        }
    ),
}
