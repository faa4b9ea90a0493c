"""The events of the demo: what a chat service would have sent over the last ninety days.

Three modules tell the story together: this one makes the events, ``script`` the words, and
``aftermath`` the reviews and the feedback, which are handed on from here.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from reviews.demo.aftermath import Feedback, Review, feedback, reviews
from reviews.demo.dice import named_random, scatter, weighted
from reviews.demo.people import LANGUAGES, Chatter, chatters
from reviews.demo.script import (
    Dialogue,
    Take,
    Turn,
    dialogue,
    library,
    perform,
    performance,
    told,
)

__all__ = ["Feedback", "Review", "events", "feedback", "reviews"]

SPAN = timedelta(days=90)
STRICTER_SINCE = timedelta(days=40)
"""How long before now the second, stricter policy version came into force."""
NEWER_MODEL_SINCE = timedelta(days=55)
NEWER_PROMPT_SINCE = timedelta(days=27)
BREACH_AGE = timedelta(hours=5, minutes=40)
QUIET_BEFORE_NOW = timedelta(minutes=10)

USER_SHARE = 0.125
OPERATOR_SHARE = 0.04
FLAWED_SHARE = {1: 0.14, 2: 0.035}
"""Share of the model's cutoffs that were wrong, by policy version."""
UNCONFIRMED_SHARE = 0.15
BRANCH_SHARE = 0.05
DISAGREEING_SHARE = 0.04
"""Share of events whose reported counts are not those of their own transcript."""
UNANNOTATED = "api"
"""The surface whose service does not note what each turn did."""
UNKNOWN_RISK_SHARE = 0.02
WITHOUT_TRANSCRIPT_SHARE = 0.15
NEAR_MISS_ONLY_SHARE = 0.3
CAPTURE_RULE = "one criterion short"
NOT_ENDED = (
    "[Ending was considered: one criterion was not met yet.|Not ended: one criterion short.|"
    "Considered and not ended, one criterion short.]"
)


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled about an event before a word of it is spoken."""

    number: int
    ended: bool
    time: datetime
    version: int
    chatter: Chatter
    dialogue: str
    parent: _Plan | None = None

    @property
    def conversation_id(self) -> str:
        return f"conv-{self.number:06}"

    def stage_name(self, seed: int) -> str:
        """The name of the performance whose slots this one shares: its parent's, if it has one."""
        return performance(seed, (self.parent or self).conversation_id)


def events(
    *, seed: int, now: datetime, cutoffs: int = 600, near_misses: int = 2000
) -> Iterator[dict[str, Any]]:
    """CloudEvents (docs/reference/api.md, "Intake"), oldest first, of the ninety days before *now*.

    *now* must be aware. Exactly one of the cutoffs, from a few hours ago, breaks a rule: its
    risks were not known and its user sounded worn out. The extension attribute ``demoscript``
    names the written dialogue that an event performs.
    """
    for plan in _plans(seed, now, cutoffs, near_misses):
        yield _event(seed, now, plan)


def _plans(seed: int, now: datetime, cutoffs: int, near_misses: int) -> Iterator[_Plan]:
    rng = named_random(seed, "plans")
    pool = chatters(seed)
    breach_time = now - BREACH_AGE
    times = [(_moment(rng, now), False) for _ in range(cutoffs + near_misses - min(cutoffs, 1))]
    for index in rng.sample(range(len(times)), max(0, cutoffs - 1)):
        times[index] = (times[index][0], True)
    if cutoffs:
        times.append((breach_time, True))
    recent: deque[_Plan] = deque(maxlen=60)
    for number, (time, ended) in enumerate(sorted(times), start=1):
        version = 2 if time >= now - STRICTER_SINCE else 1
        plan = _Plan(
            number=number,
            ended=ended,
            time=time,
            version=version,
            **(
                _breach(pool["en"])
                if ended and time == breach_time
                else _branch(rng, recent, time)
                or _fresh(
                    rng,
                    pool[weighted(rng, LANGUAGES)],
                    ended,
                    version,
                )
            ),
        )
        recent.append(plan)
        yield plan


def _moment(rng: random.Random, now: datetime) -> datetime:
    """A time in the span, rarely in the small hours, in whole seconds."""
    while True:
        age = rng.uniform(QUIET_BEFORE_NOW.total_seconds(), SPAN.total_seconds() - 1)
        time = (now - timedelta(seconds=age)).replace(microsecond=0)
        if 6 <= time.hour < 23 or rng.random() < 0.4:
            return time


def _breach(pool: list[Chatter]) -> dict[str, Any]:
    adults = (chatter for chatter in pool if chatter.age_band == "adult")
    written = next(entry for entry in library()["en"] if entry.breach)
    return {
        "chatter": next(chatter for chatter in adults if chatter.surface == "web"),
        "dialogue": written.key,
    }


def _branch(rng: random.Random, recent: deque[_Plan], time: datetime) -> dict[str, Any] | None:
    """Now and then somebody edits an earlier message of an ended thread and tries again."""
    if rng.random() >= BRANCH_SHARE:
        return None
    parents = [
        plan
        for plan in recent
        if plan.ended
        and plan.parent is None
        and plan.time < time - timedelta(hours=1)
        and dialogue(plan.dialogue).uses == "both"
        and not dialogue(plan.dialogue).flawed
    ]
    if not parents:
        return None
    parent = rng.choice(parents)
    return {"chatter": parent.chatter, "dialogue": parent.dialogue, "parent": parent}


def _fresh(
    rng: random.Random,
    pool: list[Chatter],
    ended: bool,
    version: int,
) -> dict[str, Any]:
    # Squaring makes a few people come back often and most of them seldom.
    chatter = pool[int(rng.random() ** 1.6 * len(pool))]
    entries = [
        entry
        for entry in library()[chatter.language]
        if not entry.breach and _suits(entry, chatter)
    ]
    wanted = _ended(rng, entries, version) if ended else _near(rng, entries)
    written = rng.choices(wanted, weights=[entry.weight for entry in wanted])[0]
    return {"chatter": chatter, "dialogue": written.key}


def _suits(entry: Dialogue, chatter: Chatter) -> bool:
    if entry.annotated_only and chatter.surface == UNANNOTATED:
        return False
    return chatter.age_band == "adult" or not entry.adults_only


def _ended(rng: random.Random, entries: list[Dialogue], version: int) -> list[Dialogue]:
    """The dialogues to choose from for a cutoff: first who ended it, then whether rightly."""
    able = [entry for entry in entries if entry.uses != "near_miss"]
    shares = {
        "user": USER_SHARE,
        "operator": OPERATOR_SHARE,
        "model": 1 - USER_SHARE - OPERATOR_SHARE,
    }
    initiator = weighted(rng, shares)
    flawed = rng.random() < (UNCONFIRMED_SHARE if initiator == "user" else FLAWED_SHARE[version])
    return (
        [entry for entry in able if entry.initiator == initiator and entry.flawed == flawed]
        or [entry for entry in able if entry.initiator == initiator and not entry.flawed]
        or [entry for entry in able if entry.initiator == "model" and not entry.flawed]
    )


def _near(rng: random.Random, entries: list[Dialogue]) -> list[Dialogue]:
    if rng.random() < NEAR_MISS_ONLY_SHARE:
        calmed = [entry for entry in entries if entry.uses == "near_miss"]
        if calmed:
            return calmed
    return [entry for entry in entries if entry.uses == "both"]


def _event(seed: int, now: datetime, plan: _Plan) -> dict[str, Any]:
    rng = named_random(seed, plan.number, "event")
    written = dialogue(plan.dialogue)
    turns, branched_from = _turns(seed, rng, plan)
    rationale = written.rationale
    if not plan.ended and written.uses == "both":
        turns, rationale = turns[:-2], NOT_ENDED
    spoken_at = _clock(rng, plan.time, len(turns))
    annotated = plan.chatter.surface != UNANNOTATED
    data: dict[str, Any] = {
        "conversation": _conversation(rng, now, plan, spoken_at[0], branched_from),
        "cutoff": {
            "initiator": written.initiator,
            "category": written.category,
            "rationale": told(written.key, rationale, rng, plan.stage_name(seed)),
        },
        "signals": _signals(rng, written, turns),
    }
    if plan.ended:
        data["cutoff"] |= {
            "message_id": f"m{len(turns)}",
            "explanation": turns[-1].text,
            "policy_version": plan.version,
            "evaluation_id": None,
            "user_confirmed": written.confirmed,
        }
    else:
        data["near_miss"] = {
            "capture_rule": CAPTURE_RULE,
            "attempted": rng.random() < 0.12,
            "sampling_probability": weighted(rng, {0.2: 0.9, None: 0.1}),
        }
    if plan.ended or rng.random() >= WITHOUT_TRANSCRIPT_SHARE:
        data["transcript"] = _transcript(turns, spoken_at, annotated=annotated)
    kind = "ended" if plan.ended else "near_miss"
    return {
        "specversion": "1.0",
        "id": f"demo-{plan.number:06}",
        "source": "/chat/prod" if annotated else "/chat/partners",
        "type": f"recourse.conversation.{kind}.v1",
        "time": _rfc3339(plan.time),
        "subject": plan.conversation_id,
        "demoscript": plan.dialogue,
        "data": data,
    }


def _turns(seed: int, rng: random.Random, plan: _Plan) -> tuple[list[Turn], str | None]:
    """The turns, and for a branch the id of the message that was edited."""
    take = Take(
        name=performance(seed, plan.conversation_id),
        stricter=plan.version == 2,
        casual=plan.chatter.casual,
    )
    if plan.parent is None:
        return perform(plan.dialogue, take), None
    branch_at = rng.choice((1, 2))
    take = msgspec.structs.replace(take, origin=plan.stage_name(seed), branch_at=branch_at)
    turns = perform(plan.dialogue, take)
    edited = next(place for place, turn in enumerate(turns, 1) if turn.exchange >= branch_at)
    return turns, f"m{edited}"


def _clock(rng: random.Random, end: datetime, count: int) -> list[datetime]:
    """When each of ``count`` turns was written: the model answers fast, people take their time."""
    moment, clock = end - timedelta(seconds=rng.randint(1, 3)), []
    for place in range(count, 0, -1):
        clock.append(moment)
        gap = rng.randint(2, 9) if place % 2 == 0 else rng.randint(12, 140)
        moment -= timedelta(seconds=gap)
    return clock[::-1]


def _conversation(
    rng: random.Random,
    now: datetime,
    plan: _Plan,
    first_turn: datetime,
    branched_from: str | None,
) -> dict[str, Any]:
    newer_model = plan.time >= now - NEWER_MODEL_SINCE and rng.random() < 0.85
    newer_prompt = plan.time >= now - NEWER_PROMPT_SINCE and rng.random() < 0.9
    model = "aria-4-2" if newer_model else "aria-4-1"
    return {
        "id": plan.conversation_id,
        "user_id": plan.chatter.user_id,
        "parent_id": plan.parent.conversation_id if plan.parent else None,
        "branched_from_message_id": branched_from,
        "model": "lumen-2" if rng.random() < 0.18 else model,
        "prompt_version": "p7" if newer_prompt else "p6",
        "surface": plan.chatter.surface,
        "locale": plan.chatter.locale,
        "country": plan.chatter.country,
        "started_at": _rfc3339(first_turn - timedelta(seconds=rng.randint(2, 40))),
    } | ({"age_band": plan.chatter.age_band} if plan.chatter.age_band else {})


def _signals(rng: random.Random, written: Dialogue, turns: list[Turn]) -> dict[str, Any]:
    counts = _counts(turns)
    if rng.random() < DISAGREEING_SHARE and not written.breach:
        counts[rng.choice(("refusals", "redirects", "turns_after_warning"))] += rng.randint(1, 2)
    risks: dict[str, float | None] = {
        "risk_self": scatter(rng, written.risk, 0.02),
        "risk_others": scatter(rng, 0.02, 0.02),
    }
    if written.breach:
        risks = {"risk_self": None, "risk_others": None}
    elif rng.random() < UNKNOWN_RISK_SHARE:
        del risks[rng.choice(list(risks))]
    return {
        "severity": scatter(rng, written.severity, 0.08),
        **counts,
        "distress": scatter(rng, written.distress, 0.12),
        **risks,
    }


def _counts(turns: list[Turn]) -> dict[str, int]:
    labels = [label for turn in turns for label in turn.labels]
    warned = [place for place, turn in enumerate(turns) if "warning" in turn.labels]
    after = turns[warned[-1] :] if warned else []
    return {
        "refusals": labels.count("refusal"),
        "redirects": labels.count("redirect"),
        "warnings": labels.count("warning"),
        "turns_after_warning": sum(turn.role == "user" for turn in after),
    }


def _transcript(turns: list[Turn], spoken_at: list[datetime], *, annotated: bool) -> dict[str, Any]:
    """The product's own surfaces note what each turn did; partners send bare content blocks."""
    messages: list[dict[str, Any]] = []
    for place, (turn, moment) in enumerate(zip(turns, spoken_at, strict=True), start=1):
        message: dict[str, Any] = {
            "id": f"m{place}",
            "role": turn.role,
            "content": turn.text if annotated else [{"type": "text", "text": turn.text}],
            "created_at": _rfc3339(moment),
        }
        if annotated and turn.labels:
            message["annotations"] = list(turn.labels)
        messages.append(message)
    return {
        "format": "openai.chat" if annotated else "anthropic.messages",
        "messages": messages,
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
