"""What a personal token may be allowed: a few kinds of calls of the staff's API.

A token opens what its owner may do *and* its scopes name, whichever is less. A view says what a
token needs by ``token_scopes``, a scope for each method; where it says nothing, no token may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_noop

from accounts.choices import TextChoices

#: A token that nobody needs any more ends by itself.
LONGEST_DAYS: Final = 365


class TokenScope(TextChoices):
    """What a personal token may do, as far as its owner may."""

    CASES_READ = (
        "cases:read",
        gettext_noop("List and read cases, and ask for the status of conversations"),
    )
    CASES_WRITE = (
        "cases:write",
        gettext_noop("Claim cases, decide them or pass them on; it reads what it claims"),
    )
    FEEDBACK_READ = "feedback:read", gettext_noop("List and read what users said")
    POLICIES_READ = "policies:read", gettext_noop("Read policies and backtests, and preview")
    POLICIES_WRITE = (
        "policies:write",
        gettext_noop("Change, decide on, activate and pause policies; backtest"),
    )
    DELIVERIES_READ = "deliveries:read", gettext_noop("See what became of outcomes")
    DELIVERIES_WRITE = "deliveries:write", gettext_noop("Send outcomes again")
    LEDGER_READ = "ledger:read", gettext_noop("Read who did and saw what")


#: The permission that somebody has themselves before a token of theirs can have a scope.
NEEDS: Final[Mapping[TokenScope, str]] = {
    TokenScope.CASES_READ: "reviews.view_case",
    TokenScope.CASES_WRITE: "reviews.decide_case",
    TokenScope.FEEDBACK_READ: "reviews.decide_case",
    TokenScope.POLICIES_READ: "policies.view_policyversion",
    TokenScope.POLICIES_WRITE: "policies.change_policyversion",
    TokenScope.DELIVERIES_READ: "conversations.view_source",
    TokenScope.DELIVERIES_WRITE: "conversations.change_source",
    TokenScope.LEDGER_READ: "accounts.view_ledgerentry",
}


def needed(view: object, method: str) -> TokenScope | None:
    """What a token needs for *method* of *view*; None where no token may."""
    named: Mapping[str, TokenScope] = getattr(view, "token_scopes", {})
    return named.get("GET" if method == "HEAD" else method)
