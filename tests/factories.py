"""What tests are made of: sources, events and people, made by the services themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
from django.utils import timezone

from accounts import tokens
from accounts.ledger import Actor
from accounts.models import PersonalToken, User
from accounts.roles import Role
from accounts.services import create_user
from accounts.token_scopes import TokenScope
from conversations import parsing, payloads
from conversations.api import limits
from conversations.models import Cutoff, Source
from conversations.services import intake, sources
from conversations.vocabulary import Mode, Scope
from reviews.models import Case, Feedback, Verdict
from reviews.services import claims, feedback, qualifications, settlement, verdicts
from reviews.services.opening import open_cases
from reviews.services.selection import select
from reviews.vocabulary import CODES_OF, Area, Channel, Judgement, Reason

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = count(1)

MESSAGES: list[dict[str, Any]] = [
    {"id": "m1", "role": "user", "content": "You are useless. Answer me!"},
    {
        "id": "m2",
        "role": "assistant",
        "content": "I can't help with that, but we could talk about the garden instead.",
        "annotations": ["refusal", "redirect"],
    },
    {"id": "m3", "role": "user", "content": "Useless, I say. Say it yourself."},
    {
        "id": "m4",
        "role": "assistant",
        "content": "If this goes on, I will end our conversation.",
        "annotations": ["refusal", "redirect", "warning"],
    },
    {"id": "m5", "role": "user", "content": "Useless thing."},
    {"id": "m6", "role": "assistant", "content": "I am ending the conversation here."},
]

SIGNALS = {
    "severity": 0.55,
    "refusals": 2,
    "redirects": 2,
    "warnings": 1,
    "turns_after_warning": 1,
    "distress": 0.4,
    "risk_self": 0.02,
    "risk_others": 0.01,
}


def make_source(slug: str = "", mode: Mode = Mode.ADVISORY) -> Source:
    """A source with a name of its own."""
    slug = slug or f"source-{next(_numbers)}"
    return sources.create_source(slug=slug, name=slug.title(), mode=mode, actor=Actor.task("test"))


def make_key(source: Source, *scopes: Scope) -> str:
    """A new API key of *source*; with every scope where none is named."""
    return str(
        sources.create_key(
            source=source, name="test", scopes=scopes or list(Scope), actor=Actor.task("test")
        )
    )


def make_user(*roles: Role, name: str = "", qualified: Iterable[Area] = ()) -> User:
    """A user in *roles*, whose password is :data:`PASSWORD`, qualified for some areas."""
    number = next(_numbers)
    user = create_user(
        email=f"user{number}@example.com",
        name=name or f"User {number}",
        password=PASSWORD,
        roles=list(roles),
    )
    for area in qualified:
        qualifications.grant(user=user, area=area, by=user, at=NOW)
    return user


def make_token(user: User, *scopes: TokenScope, expires_at: datetime | None = None) -> str:
    """A personal token of *user* for an hour, past the rules for making one.

    With every scope where none is named.
    """
    token = tokens.mint("rp")
    PersonalToken.objects.create(
        user=user,
        name=token.public_id,
        public_id=token.public_id,
        digest=token.digest,
        scopes=scopes or TokenScope.values,
        expires_at=expires_at or timezone.now() + timedelta(hours=1),
    )
    return str(token)


def ended_event(**changes: Any) -> dict[str, Any]:
    """An ended conversation as a chat service sends it.

    *changes* replace whole members of the envelope, or with ``conversation``, ``cutoff``,
    ``signals`` and ``transcript`` add to those of ``data``.
    """
    number = next(_numbers)
    data: dict[str, Any] = {
        "conversation": {"id": f"conv-{number}", "user_id": f"u-{number}", "locale": "en-US"},
        "cutoff": {"initiator": "model", "category": "harassment_of_model"},
        "signals": dict(SIGNALS),
        "transcript": {"format": "openai.chat", "messages": MESSAGES},
    }
    for member in list(data):
        data[member] = data[member] | changes.pop(member, {})
    return {
        "specversion": "1.0",
        "id": f"evt-{number}",
        "source": "/chat/test",
        "type": payloads.ENDED,
        "time": "2026-11-20T10:00:00Z",
        "data": data,
        **changes,
    }


def near_miss_event(**changes: Any) -> dict[str, Any]:
    """A near miss as a chat service sends it."""
    near_miss = {"capture_rule": "one short", "attempted": True, "sampling_probability": 0.5}
    event = ended_event(**changes)
    event["type"] = payloads.NEAR_MISS
    event["data"]["near_miss"] = near_miss
    del event["data"]["cutoff"]
    return event


def parsed(*events: dict[str, Any], now: datetime = NOW) -> list[parsing.Parsed | parsing.Rejected]:
    """*events* as intake reads them."""
    return parsing.parse_events(
        [msgspec.json.encode(event) for event in events], limits=limits(), now=now, in_batch=True
    )


def record(source: Source, *events: dict[str, Any], now: datetime = NOW) -> list[intake.Result]:
    """Store *events* as intake does."""
    results = intake.record(source=source, items=parsed(*events, now=now), now=now)
    assert not any("parked" in result.warnings for result in results)
    return results


def make_cutoff(source: Source | None = None, **changes: Any) -> Cutoff:
    """One stored cutoff."""
    (result,) = record(source or make_source(), ended_event(**changes))
    assert result.status == "accepted", result.errors
    assert result.cutoff_id is not None
    return Cutoff.objects.get(pk=result.cutoff_id)


def make_case(
    source: Source | None = None, *, opened: bool = True, double: bool = False, **changes: Any
) -> Case:
    """The case of one stored cutoff; selected by hand where the draw left it out.

    *double* is the draw for a second review.
    """
    cutoff = make_cutoff(source, **changes)
    return _drawn(cutoff, double=double, opened=opened)


def make_near_miss_case(source: Source | None = None, *, double: bool = False) -> Case:
    """The case of one stored near miss, drawn by hand where the draw left it out."""
    (result,) = record(source or make_source(), near_miss_event())
    assert result.cutoff_id is not None
    Cutoff.objects.filter(pk=result.cutoff_id).update(in_audit=True)
    open_cases(cutoff_ids=[result.cutoff_id], now=NOW)
    return _drawn(Cutoff.objects.get(pk=result.cutoff_id), double=double, opened=True)


def _drawn(cutoff: Cutoff, *, double: bool, opened: bool) -> Case:
    Cutoff.objects.filter(pk=cutoff.pk).update(in_double=double)
    case = Case.objects.select_related("cutoff").get(pk=cutoff.pk)
    if opened and not case.selected:
        select(case=case, reason=Reason.CHOSEN, now=NOW)
    return case


def new_verdict(decision: str = "overturn", **changes: Any) -> verdicts.NewVerdict:
    """A complete verdict."""
    proposed = {"overturn": "reopen", "uphold": "keep_locked"}.get(decision, "")
    code = CODES_OF[Judgement(decision)][0].value
    complete: dict[str, Any] = {
        "decision": decision,
        "remedy": proposed,
        "policy_followed": "no",
        "reason_codes": (code,),
        "rationale": "It was a story.",
    }
    return verdicts.NewVerdict(**complete | changes)


def give_verdict(
    case: Case, user: User, decision: str = "overturn", *, now: datetime = NOW, **changes: Any
) -> Verdict:
    """Claim *case* for *user* and decide it; *case* is brought up to date."""
    claims.claim(case=case, user=user)
    given = verdicts.decide(case=case, user=user, verdict=new_verdict(decision, **changes), now=now)
    assert isinstance(given, Verdict)
    case.refresh_from_db()
    return given


def settle(case: Case, *, now: datetime = NOW) -> None:
    """Let the undo time of *case* pass; *case* is brought up to date."""
    settlement.settle_due(now=now + timedelta(hours=1))
    case.refresh_from_db()


def hear(case: Case, *, now: datetime = NOW, **changes: Any) -> Feedback:
    """Feedback from the user's notice; *case* is brought up to date."""
    said: dict[str, Any] = {
        "surprised": True,
        "reason": "roleplay",
        "comment": "",
        "appeal": False,
        "channel": Channel.NOTICE,
    }
    given = feedback.submit(cutoff=Cutoff.objects.get(pk=case.pk), now=now, **said | changes)
    case.refresh_from_db()
    return given
