"""What tests of the life of policies are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from policies.models import Activation, PolicyVersion
from policies.services import activations, approvals, drafts
from policies.services.activations import activate
from policies.services.rollbacks import rollback
from tests.factories import NOW, make_user

#: Content that is stricter, and laxer, in some threshold than the built-in policy.
STRICTER: dict[str, Any] = {"imminent_risk_ceiling": 0.1}
TASK = Actor.task("test")
WEB = "surface=web"


def admin() -> User:
    """Somebody who may change policies."""
    return make_user(Role.POLICY_ADMIN)


def submitted(content: Any = None, *, user: User | None = None) -> PolicyVersion:
    """A version that waits for a second person."""
    user = user or admin()
    draft = drafts.create_draft(user=user, now=NOW, content=content or {})
    return drafts.submit(number=draft.number, user=user, now=NOW)


def approved(content: Any = None, *, user: User | None = None) -> PolicyVersion:
    """A version that two people agreed on."""
    version = submitted(content, user=user)
    approvals.approve(number=version.number, user=admin(), now=NOW)
    return version


def later(**spans: float) -> Any:
    """Some time after NOW."""
    return NOW + timedelta(**spans)


def actions(object_type: str = "policy_version") -> list[str]:
    """What the ledger says was done, in order."""
    entries = LedgerEntry.objects.filter(object_type=object_type).order_by("id")
    return [entry.action for entry in entries]


def in_force(scope: str = "default") -> tuple[int, int, int | None] | None:
    """The version, its share and the version beside it."""
    live = activations.live_in(scope)
    return (live.version_id, live.percent, live.beside_id) if live else None


def put(version: PolicyVersion, scope: str = "default", **more: Any) -> Activation:
    """Activate it, at NOW where no other time is said."""
    return activate(version=version, scope=scope, actor=TASK, **{"now": NOW} | more)


def back(scope: str = "default", **more: Any) -> Activation | None:
    """Roll back, at NOW where no other time is said."""
    return rollback(scope=scope, reason="It errs.", actor=TASK, **{"now": NOW} | more)
