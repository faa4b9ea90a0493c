"""One good call of each operation of the API: what must be there, who asks, and what they send.

In each the ids, the revision and the state are such that the answer is a 2xx.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from conversations.services import erasure
from policies.models import Backtest, PolicyVersion
from policies.services import backtests, drafts, pauses, plans
from policies.thresholds import BUILT_IN
from reviews.services import claims
from tests.factories import (
    ended_event,
    hear,
    make_case,
    make_cutoff,
    make_key,
    make_source,
    make_token,
    make_user,
)
from tests.policies.lifecycle import STRICTER, admin, approved, put, submitted
from tests.reviews.outcomes import make_endpoint
from tests.reviews.test_pages_deliveries import breach, die
from tests.sender import STRUCTURED

JSON: Final = "application/json"
WEB: Final = {"scope": "surface=web", "reason": "It errs."}
DEFAULT: Final = {"scope": "default", "reason": "It errs."}


@dataclass(frozen=True)
class GoodCall:
    """What is sent with the *credential*; *body* goes as *media_type* where there is one."""

    credential: str
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    media_type: str = JSON


#: By method and path, as the OpenAPI document has them.
CALLS: dict[tuple[str, str], Callable[[], GoodCall]] = {}


def good(method: str, path: str) -> Callable[[Callable[[], GoodCall]], Callable[[], GoodCall]]:
    """The good call of this operation."""

    def keep(made: Callable[[], GoodCall]) -> Callable[[], GoodCall]:
        CALLS[method, f"/api/v1/{path}"] = made
        return made

    return keep


# --- Chat services ------------------------------------------------------------------------------


def _from_source(source: Source | None = None, **sent: Any) -> GoodCall:
    return GoodCall(make_key(source or make_source()), **sent)


@good("POST", "events")
def _events() -> GoodCall:
    return _from_source(body=ended_event(), media_type=STRUCTURED)


@good("GET", "conversations/{external_id}/status")
def _status() -> GoodCall:
    source = make_source()
    known = make_cutoff(source).conversation.external_id
    return _from_source(source, path={"external_id": known})


@good("GET", "conversations/status")
def _status_by_query() -> GoodCall:
    source = make_source()
    make_cutoff(source, conversation={"id": "a/b"})
    return _from_source(source, query={"id": "a/b"})


@good("POST", "feedback")
def _feedback() -> GoodCall:
    source = make_source()
    known = make_cutoff(source).conversation.external_id
    return _from_source(source, body={"conversation_id": known, "surprised": True})


@good("GET", "policies/active")
def _active() -> GoodCall:
    return _from_source(query={"surface": "web"})


@good("POST", "policies/evaluate")
def _evaluate() -> GoodCall:
    signals = {"severity": 0.9, "risk_self": 0, "risk_others": 0, "warnings": 1}
    asked = {"conversation": {"id": "c1"}, "initiator": "model", "category": "hate"}
    return _from_source(body=asked | {"signals": signals})


@good("POST", "subjects/erase")
def _erase() -> GoodCall:
    return _from_source(body={"user_id": "u-1", "reason": "They asked."})


@good("GET", "subjects/erase/{id}")
def _erasure() -> GoodCall:
    source = make_source()
    asked = erasure.request_erasure(
        source=source, user_id="u-1", reason="", actor=Actor.task("test"), now=timezone.now()
    )
    return _from_source(source, path={"id": str(asked.pk)})


# --- Reviewers, administrators, auditors ---------------------------------------------------------


@good("GET", "cases")
def _cases() -> GoodCall:
    make_case()
    return GoodCall(make_token(make_user(Role.REVIEWER)))


@good("POST", "cases/claim-next")
def _claim_next() -> GoodCall:
    make_case()
    return GoodCall(make_token(make_user(Role.REVIEWER)), body={})


def _on_case(*, held: bool, body: Any = None) -> GoodCall:
    case, reviewer = make_case(), make_user(Role.REVIEWER)
    if held:
        claims.claim(case=case, user=reviewer)
    return GoodCall(make_token(reviewer), path={"id": str(case.pk)}, body=body)


@good("GET", "cases/{id}")
def _case() -> GoodCall:
    return _on_case(held=False)


@good("POST", "cases/{id}/claim")
def _claim() -> GoodCall:
    return _on_case(held=False)


@good("POST", "cases/{id}/heartbeat")
def _heartbeat() -> GoodCall:
    return _on_case(held=True)


@good("POST", "cases/{id}/release")
def _release() -> GoodCall:
    return _on_case(held=True)


@good("POST", "cases/{id}/defer")
def _defer() -> GoodCall:
    ahead = timezone.now() + timedelta(days=2)
    return _on_case(held=True, body={"until": ahead.isoformat()})


@good("POST", "cases/{id}/escalate")
def _escalate() -> GoodCall:
    return _on_case(held=True, body={"team": "legal", "question": "May we?"})


@good("POST", "cases/{id}/skip")
def _skip() -> GoodCall:
    return _on_case(held=True, body={"reason": "language"})


@good("POST", "cases/{id}/verdicts")
def _verdict() -> GoodCall:
    said = {
        "decision": "overturn",
        "remedy": "reopen",
        "policy_followed": "no",
        "severity": 1,
        "reason_codes": ["roleplay"],
        "rationale": "It was a story.",
        "evidence": [{"message_id": "m3", "start": 0, "end": 7}],
    }
    return _on_case(held=True, body=said)


@good("GET", "feedback")
def _inbox() -> GoodCall:
    hear(make_case(), comment="It was a play.")
    return GoodCall(make_token(make_user(Role.REVIEWER)))


@good("GET", "deliveries")
def _deliveries() -> GoodCall:
    source = make_source()
    make_endpoint(source)
    breach(source)
    return GoodCall(make_token(make_user(Role.ADMINISTRATOR)))


@good("POST", "deliveries/{id}/replay")
def _replay() -> GoodCall:
    source = make_source()
    make_endpoint(source)
    dead = breach(source)
    die(dead)
    return GoodCall(make_token(make_user(Role.ADMINISTRATOR)), path={"id": dead.pk})


@good("GET", "ledger")
def _ledger() -> GoodCall:
    return GoodCall(make_token(make_user(Role.AUDITOR)))


# --- Policy admins ------------------------------------------------------------------------------


def _from_admin(user: User | None = None, **sent: Any) -> GoodCall:
    return GoodCall(make_token(user or admin()), **sent)


def _on_version(version: PolicyVersion, **sent: Any) -> GoodCall:
    return _from_admin(path={"number": version.number}, **sent)


def _on_draft(**sent: Any) -> GoodCall:
    user = admin()
    draft = drafts.create_draft(user=user, now=timezone.now(), content=STRICTER)
    etag = f'"{draft.number}-{draft.revision}"'
    return _from_admin(user, path={"number": draft.number}, headers={"If-Match": etag}, **sent)


@good("GET", "policy-versions")
def _versions() -> GoodCall:
    submitted()
    return _on_draft()


@good("POST", "policy-versions")
def _begin() -> GoodCall:
    return _from_admin(body={"content": STRICTER, "note": "A lower ceiling.", "based_on": 1})


@good("GET", "policy-versions/{number}")
def _version() -> GoodCall:
    return _on_version(approved())


@good("PATCH", "policy-versions/{number}")
def _edit() -> GoodCall:
    return _on_draft(body={"note": "Lower still.", "content": STRICTER})


@good("POST", "policy-versions/{number}/submit")
def _submit() -> GoodCall:
    return _on_draft()


@good("POST", "policy-versions/{number}/approve")
def _approve() -> GoodCall:
    return _on_version(submitted(), body={"reason": "Yes."})


@good("POST", "policy-versions/{number}/reject")
def _reject() -> GoodCall:
    return _on_version(submitted(), body={"reason": "No."})


@good("POST", "policy-versions/{number}/activate")
def _activate() -> GoodCall:
    return _on_version(approved(), body={"percent": 20, "scope": "surface=web"})


@good("GET", "policy-versions/{number}/document")
def _document() -> GoodCall:
    return _on_version(approved())


@good("GET", "policy-versions/{number}/differences")
def _differences() -> GoodCall:
    return _on_version(approved(STRICTER), query={"to": "1"})


@good("GET", "policies/in-force")
def _in_force() -> GoodCall:
    put(approved(), "surface=web")
    _planned()
    pauses.pause(scope="surface=app", reason="It errs.", user=admin(), now=timezone.now())
    return _from_admin()


def _planned() -> None:
    ahead = timezone.now() + timedelta(days=1)
    plans.plan(version=approved(), at=ahead, user=admin(), now=timezone.now(), scope="surface=web")


@good("POST", "policies/cancel-plan")
def _cancel_plan() -> GoodCall:
    _planned()
    return _from_admin(body=WEB)


@good("POST", "policies/end-override")
def _end_override() -> GoodCall:
    put(approved(), "surface=web")
    return _from_admin(body=WEB)


@good("POST", "policies/rollback")
def _rollback() -> GoodCall:
    put(approved())
    return _from_admin(body=DEFAULT)


@good("POST", "policies/pause")
def _pause() -> GoodCall:
    return _from_admin(body=DEFAULT)


@good("POST", "policies/resume")
def _resume() -> GoodCall:
    pauses.pause(scope="default", reason="It errs.", user=admin(), now=timezone.now())
    return _from_admin(body=DEFAULT)


def _asked_of_backtest() -> dict[str, Any]:
    now = timezone.now()
    return {
        "content": {"default": {"severity": 0.9}},
        "baseline": 1,
        "since": (now - timedelta(days=30)).isoformat(),
        "until": now.isoformat(),
        "filters": {"category": ["hate"]},
    }


def _backtest(*, done: bool) -> Backtest:
    make_cutoff()
    now = timezone.now()
    asked = backtests.request(
        candidate=BUILT_IN,
        since=now - timedelta(days=30),
        until=now,
        now=now,
        actor=Actor.task("test"),
    )
    if done:
        backtests.run(backtest_id=asked.pk)
    return asked


@good("POST", "backtests")
def _start_backtest() -> GoodCall:
    return _from_admin(body=_asked_of_backtest())


@good("POST", "backtests/preview")
def _preview() -> GoodCall:
    make_cutoff()
    return _from_admin(body=_asked_of_backtest())


@good("GET", "backtests/{id}")
def _read_backtest() -> GoodCall:
    return _from_admin(path={"id": str(_backtest(done=True).pk)})


@good("POST", "backtests/{id}/cancel")
def _cancel_backtest() -> GoodCall:
    return _from_admin(path={"id": str(_backtest(done=False).pk)})


@good("GET", "backtests/{id}/figures.csv")
def _figures() -> GoodCall:
    return _from_admin(path={"id": str(_backtest(done=True).pk)})
