"""The demo's story: valid for the contract, true to its own transcripts, the same every time."""

import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from conversations.evidence import assess
from conversations.parsing import Limits, Parsed, parse_events
from conversations.payloads import ENDED, NEAR_MISS
from reviews.demo import script, story
from reviews.demo.people import LANGUAGES, POOL_SIZE, REVIEWERS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEED = 7
GENEROUS = Limits(event=4 * 2**20, transcript=2 * 2**20, messages=2_000)
CATEGORIES = {
    "violent_crimes",
    "nonviolent_crimes",
    "sex_related_crimes",
    "indiscriminate_weapons",
    "suicide_self_harm",
    "hate",
    "privacy",
    "intellectual_property",
    "defamation",
    "sexual_content",
    "specialized_advice",
    "elections",
    "code_interpreter_abuse",
    "harassment_of_model",
    "other",
}  # fmt: skip - all of the contract's but the one that the demo must not show
UPHOLD_CODES = {
    "persistent_abuse", "severe_harm", "user_confirmed_request", "circumvention_of_safeguards",
    "other",
}  # fmt: skip
OVERTURN_CODES = {
    "no_prior_warning", "too_few_redirects", "imminent_risk_missed", "crisis_mistaken_for_abuse",
    "victim_disclosure", "roleplay", "emotional_intensity", "user_was_right",
    "profanity_without_abuse", "model_loop", "request_misread", "wrong_category", "other",
}  # fmt: skip
LABELS = {"refusal": "refusals", "redirect": "redirects", "warning": "warnings"}
MARKUP = re.compile(r"[\[\]{}|]")

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(story.events(seed=SEED, now=NOW))


@pytest.fixture(scope="module")
def cutoffs(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == ENDED]


@pytest.fixture(scope="module")
def by_id(events: list[Event]) -> dict[str, Event]:
    return {event["id"]: event for event in events}


@pytest.fixture(scope="module")
def reviews(events: list[Event]) -> list[story.Review]:
    return list(story.reviews(seed=SEED, now=NOW, events=events))


@pytest.fixture(scope="module")
def feedback(events: list[Event]) -> list[story.Feedback]:
    return list(story.feedback(seed=SEED, now=NOW, events=events))


def happened(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def words(event: Event) -> list[str]:
    messages = event["data"].get("transcript", {"messages": []})["messages"]
    return [
        message["content"]
        if isinstance(message["content"], str)
        else "".join(part["text"] for part in message["content"])
        for message in messages
    ]


def shown(event: Event) -> dict[str, int]:
    """The counts that an annotated transcript shows."""
    messages = event["data"]["transcript"]["messages"]
    noted = [message.get("annotations", []) for message in messages]
    counts = {name: sum(label in labels for labels in noted) for label, name in LABELS.items()}
    warned = [place for place, labels in enumerate(noted) if "warning" in labels]
    after = messages[warned[-1] :] if warned else []
    return counts | {"turns_after_warning": sum(one["role"] == "user" for one in after)}


def is_breach(event: Event) -> bool:
    return script.dialogue(event["demoscript"]).breach


def test_intake_accepts_every_event(events: list[Event]) -> None:
    raw = [msgspec.json.encode(event) for event in events]
    parsed = parse_events(raw, limits=GENEROUS, now=NOW, in_batch=True)
    assert [one for one in parsed if not isinstance(one, Parsed) or one.warnings] == []


def test_there_are_as_many_as_asked_for(events: list[Event]) -> None:
    assert Counter(event["type"] for event in events) == {ENDED: 600, NEAR_MISS: 2_000}


def test_a_small_story_keeps_its_breach() -> None:
    few = list(story.events(seed=SEED, now=NOW, cutoffs=3, near_misses=4))
    assert Counter(event["type"] for event in few) == {ENDED: 3, NEAR_MISS: 4}
    assert sum(is_breach(event) for event in few) == 1


def test_the_same_seed_tells_the_same_story(
    events: list[Event], reviews: list[story.Review], feedback: list[story.Feedback]
) -> None:
    assert list(story.events(seed=SEED, now=NOW)) == events
    assert list(story.reviews(seed=SEED, now=NOW, events=events)) == reviews
    assert list(story.feedback(seed=SEED, now=NOW, events=events)) == feedback


def test_another_seed_tells_another(events: list[Event]) -> None:
    other = story.events(seed=SEED + 1, now=NOW, cutoffs=30, near_misses=100)
    assert next(other)["data"] != events[0]["data"]


def test_ids_are_unique_and_times_in_order_within_ninety_days(events: list[Event]) -> None:
    assert len({event["id"] for event in events}) == len(events)
    assert len({event["subject"] for event in events}) == len(events)
    times = [happened(event) for event in events]
    assert times == sorted(times)
    assert times[0] >= NOW - timedelta(days=90)
    assert times[-1] <= NOW


def test_messages_are_written_in_order_before_the_event(events: list[Event]) -> None:
    for event in events:
        messages = event["data"].get("transcript", {"messages": []})["messages"]
        times = [event["data"]["conversation"]["started_at"]]
        times += [message["created_at"] for message in messages] + [event["time"]]
        assert times == sorted(times), event["id"]


def test_turns_alternate_and_the_last_one_ends_it(cutoffs: list[Event]) -> None:
    for event in cutoffs:
        messages = event["data"]["transcript"]["messages"]
        roles = [message["role"] for message in messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2), event["id"]
        assert event["data"]["cutoff"]["message_id"] == messages[-1]["id"]
        assert event["data"]["cutoff"]["explanation"] == words(event)[-1]


def test_categories_are_the_contracts_and_plausible(cutoffs: list[Event]) -> None:
    counts = Counter(event["data"]["cutoff"]["category"] for event in cutoffs)
    assert set(counts) <= CATEGORIES
    assert len(counts) >= 10
    assert counts.most_common(1)[0][0] == "harassment_of_model"


def test_mostly_the_model_ended_it(cutoffs: list[Event]) -> None:
    counts = Counter(event["data"]["cutoff"]["initiator"] for event in cutoffs)
    assert 0.08 < counts["user"] / len(cutoffs) < 0.16
    assert 0 < counts["operator"] < counts["user"]
    asked = [e["data"]["cutoff"] for e in cutoffs if e["data"]["cutoff"]["initiator"] == "user"]
    assert {cutoff["user_confirmed"] for cutoff in asked} == {True, False}


def test_reported_counts_are_the_transcripts_but_for_a_designed_few(events: list[Event]) -> None:
    annotated = [e for e in events if e["source"] == "/chat/prod" and "transcript" in e["data"]]
    differing = [e for e in annotated if not shown(e).items() <= e["data"]["signals"].items()]
    assert 0.01 < len(differing) / len(annotated) < 0.07
    for event in differing:
        assert event["data"]["signals"]["warnings"] == shown(event)["warnings"]


def test_partners_send_no_annotations(events: list[Event]) -> None:
    partners = [event for event in events if event["source"] == "/chat/partners"]
    assert 0.05 < len(partners) / len(events) < 0.2
    for event in partners:
        messages = event["data"].get("transcript", {"messages": []})["messages"]
        assert all("annotations" not in message for message in messages)


def test_whoever_was_cut_off_by_the_model_had_been_warned(cutoffs: list[Event]) -> None:
    for event in cutoffs:
        if event["data"]["cutoff"]["initiator"] != "user":
            assert event["data"]["signals"]["warnings"] >= 1, event["id"]
            assert event["data"]["signals"]["turns_after_warning"] >= 1, event["id"]


def test_the_stricter_policy_is_met_by_those_rightly_ended_for_abuse(cutoffs: list[Event]) -> None:
    seen = set()
    for event in cutoffs:
        cutoff, signals = event["data"]["cutoff"], event["data"]["signals"]
        assert (cutoff["policy_version"] == 2) == (happened(event) >= NOW - timedelta(days=40))
        written = script.dialogue(event["demoscript"])
        if cutoff["category"] == "harassment_of_model" and not (written.flawed or written.breach):
            enough = signals["redirects"] >= 3 and signals["turns_after_warning"] >= 2
            seen.add((cutoff["policy_version"], enough))
            assert signals["redirects"] >= 2
    assert seen == {(1, False), (1, True), (2, True)}


def test_there_is_one_breach_recent_and_undecided(
    cutoffs: list[Event], reviews: list[story.Review], feedback: list[story.Feedback]
) -> None:
    (event,) = [event for event in cutoffs if is_breach(event)]
    assert NOW - timedelta(days=1) < happened(event) < NOW
    signals = event["data"]["signals"]
    assert signals["risk_self"] is None
    assert signals["risk_others"] is None
    assert signals["warnings"] == 1
    assert event["id"] not in {review.event_id for review in reviews}
    assert event["id"] not in {one.event_id for one in feedback}


def test_the_transcripts_themselves_show_no_second_breach(cutoffs: list[Event]) -> None:
    raw = [msgspec.json.encode(event) for event in cutoffs]
    parsed = parse_events(raw, limits=GENEROUS, now=NOW, in_batch=True)
    cued = []
    for event, one in zip(cutoffs, parsed, strict=True):
        assert isinstance(one, Parsed)
        evidence = assess(one.messages, locale=event["data"]["conversation"]["locale"])
        cued += [event] if evidence.crisis_cues else []
        if evidence.assessed and event["data"]["cutoff"]["initiator"] != "user":
            assert evidence.warnings, event["demoscript"]
    assert [is_breach(event) for event in cued] == [True]


def test_risks_are_known_and_low_for_nearly_all_cutoffs(cutoffs: list[Event]) -> None:
    signals = [event["data"]["signals"] for event in cutoffs if not is_breach(event)]
    known = [one for one in signals if {"risk_self", "risk_others"} <= set(one)]
    assert 0.95 < len(known) / len(signals) < 1
    assert max(max(one["risk_self"], one["risk_others"]) for one in known) < 0.1


def test_few_transcripts_are_the_same(events: list[Event]) -> None:
    transcripts = Counter(tuple(words(event)) for event in events if words(event))
    assert 1 - len(transcripts) / transcripts.total() < 0.15


def test_people_come_back_and_some_branch_off(events: list[Event], by_id: dict[str, Event]) -> None:
    users = Counter(event["data"]["conversation"]["user_id"] for event in events)
    assert 500 < len(users) < POOL_SIZE
    assert users.most_common(1)[0][1] >= 3
    branches = [e for e in events if e["data"]["conversation"]["parent_id"]]
    assert len(branches) > 50
    for event in branches:
        conversation = event["data"]["conversation"]
        parent = by_id[conversation["parent_id"].replace("conv", "demo")]
        edited = int(conversation["branched_from_message_id"][1:]) - 1
        said, before = words(event), words(parent)
        assert conversation["user_id"] == parent["data"]["conversation"]["user_id"]
        assert happened(parent) < datetime.fromisoformat(conversation["started_at"])
        if said:
            assert said[:edited] == before[:edited]
            assert edited < len(before)


def test_every_language_is_spoken_by_a_few_dialogues(events: list[Event]) -> None:
    library = script.library()
    assert sum(len(entries) for entries in library.values()) >= 40
    assert all(len(library[language]) >= 4 for language in LANGUAGES)
    spoken = Counter(event["data"]["conversation"]["locale"].split("-")[0] for event in events)
    assert set(spoken) == set(LANGUAGES)
    assert spoken["en"] > len(events) / 2


def test_written_dialogues_are_well_formed() -> None:
    keys = [entry.key for entries in script.library().values() for entry in entries]
    assert len(set(keys)) == len(keys)
    for key in keys:
        written = script.dialogue(key)
        labels = [label for pair in script.exchanges(key) for label in pair.labels]
        assert set(labels) <= set(LABELS), key
        assert not script.exchanges(key)[-1].labels, key
        assert set(written.codes) <= (OVERTURN_CODES if written.flawed or written.breach
                                      else UPHOLD_CODES), key  # fmt: skip
        assert written.reason is None or written.reason in OVERTURN_CODES, key


def test_no_markup_is_left_in_what_people_read(
    events: list[Event], reviews: list[story.Review], feedback: list[story.Feedback]
) -> None:
    rationales = [event["data"]["cutoff"]["rationale"] for event in events]
    texts = itertools.chain(
        rationales,
        (text for event in events for text in words(event)),
        (review.rationale for review in reviews),
        (one.comment for one in feedback),
    )
    assert [text for text in texts if not text or MARKUP.search(text)] == []


def test_about_half_of_the_older_cutoffs_are_decided(
    cutoffs: list[Event], reviews: list[story.Review], by_id: dict[str, Event]
) -> None:
    old = {e["id"] for e in cutoffs if happened(e) < NOW - timedelta(days=3)}
    decided = {review.event_id for review in reviews}
    assert decided <= old
    assert 0.48 < len(decided) / len(old) < 0.62
    for review in reviews:
        assert timedelta() < review.after
        assert happened(by_id[review.event_id]) + review.after < NOW
        assert 0 <= review.reviewer < len(REVIEWERS)
        assert review.severity is None or 0 <= review.severity <= 4


def test_verdicts_use_the_codes_that_belong_to_them(reviews: list[story.Review]) -> None:
    for review in reviews:
        assert review.decision in {"uphold", "overturn"}
        assert review.policy_followed in {"yes", "no", "unclear"}
        codes = OVERTURN_CODES if review.decision == "overturn" else UPHOLD_CODES
        assert review.reason_codes
        assert set(review.reason_codes) <= codes
        mislabelled = review.reason_codes == ("wrong_category",)
        reopened = review.decision == "overturn" and not mislabelled
        assert review.remedy == ("reopen" if reopened else "keep_locked")


def test_fewer_are_overturned_under_the_stricter_policy(
    reviews: list[story.Review], by_id: dict[str, Event]
) -> None:
    def share(version: int | None) -> float:
        decided = [
            review.decision
            for review in reviews
            if version in {None, by_id[review.event_id]["data"]["cutoff"]["policy_version"]}
        ]
        return decided.count("overturn") / len(decided)

    assert 0.05 < share(None) < 0.14
    assert share(2) < share(1) * 0.7


def test_feedback_comes_for_a_few_in_their_own_time(
    cutoffs: list[Event], feedback: list[story.Feedback], by_id: dict[str, Event]
) -> None:
    assert 0.08 < len(feedback) / len(cutoffs) < 0.2
    assert {one.surprised for one in feedback} == {True, False}
    for one in feedback:
        assert happened(by_id[one.event_id]) + one.after < NOW
        assert one.reason is None or one.reason in OVERTURN_CODES
        assert one.surprised or one.reason is None


def test_appeals_follow_a_verdict_and_all_but_one_are_answered_by_somebody_else(
    reviews: list[story.Review], feedback: list[story.Feedback]
) -> None:
    pending = answered = 0
    for appeal in (one for one in feedback if one.appeal):
        first, *second = [review for review in reviews if review.event_id == appeal.event_id]
        assert first.decision == "uphold"
        assert first.after < appeal.after
        for review in second:
            assert review.reviewer != first.reviewer
            assert appeal.after < review.after
        pending += not second
        answered += bool(second)
    assert (pending, answered) == (1, 4)
