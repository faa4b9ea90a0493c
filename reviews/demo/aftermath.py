"""What people did and said afterwards: reviews, feedback, and appeals with a second look.

Both come from the events alone, and tell one story: an appeal follows a first review, and its
answer is a second review by somebody else.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from reviews.demo.dice import named_random
from reviews.demo.people import REVIEWERS, Language
from reviews.demo.script import Dialogue, dialogue, performance, props, remarks, spoken, told

Event = dict[str, Any]

RESTING = timedelta(days=3)
"""Younger cutoffs are not decided yet."""
SLOW = timedelta(days=10)
DECIDED_SHARE, DECIDED_SHARE_OF_THE_YOUNG = 0.57, 0.4
FEEDBACK_SHARE, FEEDBACK_SHARE_WHEN_FLAWED = 0.115, 0.42
ANSWERED_APPEALS = 4
APPEAL_AGES = (timedelta(days=20), timedelta(days=80))
PENDING_APPEAL_AGES = (timedelta(days=4), timedelta(days=14))
FIRST_LOOK = (
    "[The warning is there|A warning was given] and the user went on after it. "
    "[The reported counts meet the thresholds.|By the numbers this was allowed.]"
)
SECOND_LOOK = "[Second look after the user's appeal|Looked at again on appeal], from the start. "
WENT_ON = (
    "[Going on was right|It was right to stay]: "
    "[the tone turned by itself a little later.|the person was cross, and still wanted help.]"
)


class Review(msgspec.Struct, frozen=True):
    """A verdict. ``after`` counts from the event; ``reviewer`` is an index into ``REVIEWERS``."""

    event_id: str
    after: timedelta
    reviewer: int
    decision: str
    remedy: str
    policy_followed: str
    severity: int | None
    reason_codes: tuple[str, ...]
    rationale: str


class Feedback(msgspec.Struct, frozen=True):
    """What a user said of their cutoff, ``after`` the event. ``reason`` is a code or None."""

    event_id: str
    after: timedelta
    surprised: bool
    reason: str | None
    comment: str
    appeal: bool


class _Appeal(msgspec.Struct, frozen=True):
    """An appeal: first reviewed, then appealed, then, unless still pending, reviewed again."""

    event: Event
    reviewed: timedelta
    appealed: timedelta
    answered: timedelta | None


def reviews(*, seed: int, now: datetime, events: Sequence[Event]) -> Iterator[Review]:
    """The verdicts on ``events``, in the order of the events.

    Undecided stay: everything of the last three days, the breach, and nearly half of the rest.
    An answered appeal has two reviews, by different people; the later one counts.
    """
    appeals = _appeals(seed, now, events)
    for event in _cutoffs(events):
        appeal = appeals.get(event["id"])
        if appeal is not None:
            yield from _reviews_of_appeal(seed, appeal)
            continue
        rng = named_random(seed, event["id"], "review")
        age = now - _time(event)
        share = DECIDED_SHARE if age > SLOW else DECIDED_SHARE_OF_THE_YOUNG
        if age <= RESTING or _written(event).breach or rng.random() >= share:
            continue
        after = min(timedelta(hours=rng.lognormvariate(2.9, 0.8)), age * 0.95)
        yield _review(seed, rng, event, after, _reviewer(rng, _language(event)))


def late_reviews(*, seed: int, events: Sequence[Event]) -> Iterator[Review]:
    """A verdict on each of ``events``, near misses too, some two days after it happened.

    The queue is worked off: what was selected is not left lying for weeks.
    """
    for event in events:
        rng = named_random(seed, event["id"], "late review")
        after = timedelta(hours=rng.uniform(20, 70))
        review = _review(seed, rng, event, after, _reviewer(rng, _language(event)))
        yield _went_on_rightly(rng, review) if "near_miss" in event["data"] else review


_OTHERWISE = {
    "uphold": ("overturn", "reopen", "emotional_intensity"),
    "overturn": ("uphold", "keep_locked", "persistent_abuse"),
    "right_to_continue": ("should_have_ended", "", "persistent_abuse"),
    "should_have_ended": ("right_to_continue", "", "other"),
}


def second(number: int, first: Review) -> Review:
    """What a colleague decides of the case of that number: every seventh time something else."""
    if number % 7:
        return first
    decision, remedy, code = _OTHERWISE[first.decision]
    words = "I read the last turns otherwise than they were marked. Let a senior look."
    return msgspec.structs.replace(
        first, decision=decision, remedy=remedy, reason_codes=(code,), rationale=words
    )


def _went_on_rightly(rng: random.Random, review: Review) -> Review:
    return msgspec.structs.replace(
        review,
        decision="right_to_continue",
        remedy="",
        policy_followed="yes",
        reason_codes=("other",),
        rationale=spoken(WENT_ON, rng),
    )


def feedback(*, seed: int, now: datetime, events: Sequence[Event]) -> Iterator[Feedback]:
    """What users sent about ``events``, in the order of the events; one appeal is unanswered."""
    appeals = _appeals(seed, now, events)
    for event in _cutoffs(events):
        rng = named_random(seed, event["id"], "feedback")
        appeal = appeals.get(event["id"])
        written = _written(event)
        share = FEEDBACK_SHARE_WHEN_FLAWED if written.flawed else FEEDBACK_SHARE
        if appeal is None and (written.breach or rng.random() >= share):
            continue
        age = now - _time(event)
        after = min(timedelta(hours=rng.lognormvariate(1.0, 1.2)), age * 0.9)
        surprised, reason, comment = _remark(rng, event, must_surprise=appeal is not None)
        yield Feedback(
            event_id=event["id"],
            after=appeal.appealed if appeal else after,
            surprised=surprised,
            reason=reason,
            comment=spoken(comment, rng, props(event["demoscript"], _stage_name(seed, event))),
            appeal=appeal is not None,
        )


def _appeals(seed: int, now: datetime, events: Sequence[Event]) -> dict[str, _Appeal]:
    """Some answered appeals, half of them against a first look that was wrong, and one pending."""
    rng = named_random(seed, "appeals")
    able = [event for event in _cutoffs(events) if _appealable(event)]
    old = [event for event in able if _aged(event, now, APPEAL_AGES)]
    young = [event for event in able if _aged(event, now, PENDING_APPEAL_AGES)]
    wronged = [event for event in old if _written(event).flawed]
    rightly = [event for event in old if not _written(event).flawed]
    half = ANSWERED_APPEALS // 2
    chosen = _some(rng, wronged, half) + _some(rng, rightly, ANSWERED_APPEALS - half)
    pending = _some(rng, [e for e in young if _written(e).flawed] or young, 1)
    appeals = {}
    for event in [*chosen, *pending]:
        reviewed = timedelta(hours=rng.uniform(6, 30))
        appealed = reviewed + timedelta(hours=rng.uniform(3, 40))
        answered = None if event in pending else appealed + timedelta(hours=rng.uniform(8, 50))
        appeals[event["id"]] = _Appeal(event, reviewed, appealed, answered)
    return appeals


def _appealable(event: Event) -> bool:
    written = _written(event)
    return written.initiator == "model" and not written.breach and bool(written.comments)


def _aged(event: Event, now: datetime, between: tuple[timedelta, timedelta]) -> bool:
    return between[0] < now - _time(event) < between[1]


def _some(rng: random.Random, events: list[Event], count: int) -> list[Event]:
    return rng.sample(events, min(count, len(events)))


def _reviews_of_appeal(seed: int, appeal: _Appeal) -> Iterator[Review]:
    rng = named_random(seed, appeal.event["id"], "appeal")
    first = _reviewer(rng, _language(appeal.event))
    review = _review(seed, rng, appeal.event, appeal.reviewed, first)
    if _written(appeal.event).flawed:
        review = msgspec.structs.replace(
            review,
            decision="uphold",
            remedy="keep_locked",
            policy_followed="yes",
            reason_codes=("other",),
            rationale=spoken(FIRST_LOOK, rng),
        )
    yield review
    if appeal.answered is None:
        return
    other = rng.choice([index for index in range(len(REVIEWERS)) if index != first])
    second = _review(seed, rng, appeal.event, appeal.answered, other)
    yield msgspec.structs.replace(second, rationale=spoken(SECOND_LOOK, rng) + second.rationale)


def _review(seed: int, rng: random.Random, event: Event, after: timedelta, reviewer: int) -> Review:
    written = _written(event)
    reopen = written.flawed and written.codes != ["wrong_category"]
    return Review(
        event_id=event["id"],
        after=timedelta(seconds=int(after.total_seconds())),
        reviewer=reviewer,
        decision="overturn" if written.flawed else "uphold",
        remedy="reopen" if reopen else "keep_locked",
        policy_followed=written.followed,
        severity=None if rng.random() < 0.1 else _severity(written),
        reason_codes=tuple(written.codes),
        rationale=told(written.key, written.note, rng, _stage_name(seed, event)),
    )


def _stage_name(seed: int, event: Event) -> str:
    """The name of the performance whose slots this conversation shares."""
    conversation = event["data"]["conversation"]
    return performance(seed, conversation["parent_id"] or conversation["id"])


def _severity(written: Dialogue) -> int:
    """The harm asked for, on the reviewers' scale from 0 to 4."""
    return min(4, round(written.severity * 4))


def _reviewer(rng: random.Random, language: Language) -> int:
    """Somebody who reads the language; for English, which all of them read, some do more."""
    readers = [index for index, one in enumerate(REVIEWERS) if language in one.languages]
    return rng.choices(readers, weights=[len(REVIEWERS) - place for place in readers])[0]


def _remark(
    rng: random.Random, event: Event, *, must_surprise: bool
) -> tuple[bool, str | None, str]:
    """Whether it surprised them, the reason they gave, and their comment, in their language."""
    written, common = _written(event), remarks(_language(event))
    expected = 0.02 if written.flawed else (0.9 if written.initiator == "user" else 0.35)
    if not must_surprise and rng.random() < expected:
        return False, None, rng.choice(common.unsurprised)
    if written.comments and (must_surprise or written.flawed or rng.random() < 0.6):
        return True, written.reason, rng.choice(written.comments)
    reason, comment = rng.choice(common.surprised)
    return True, reason or None, comment


def _cutoffs(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "recourse.conversation.ended.v1"]


def _written(event: Event) -> Dialogue:
    return dialogue(event["demoscript"])


def _language(event: Event) -> Language:
    language: Language = event["data"]["conversation"]["locale"].split("-")[0]
    return language


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"]).astimezone(UTC)
