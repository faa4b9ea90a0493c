"""Mutated events, many of them: none is a 5xx, none is half stored.

Not part of the tests: `make fuzz` runs it. FUZZ_EVENTS is how many; each example is a batch of 100.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from typing import Any

import pytest
from django.conf import settings as installation
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conversations import payloads
from conversations.models import Conversation, Event, ParkedEvent
from conversations.vocabulary import Scope
from tests.factories import ended_event, make_key, make_source, near_miss_event

BATCH = 100
EXAMPLES = max(1, int(os.environ.get("FUZZ_EVENTS", "1000")) // BATCH)

ODD_TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(codec=None), max_size=10),
    st.sampled_from(
        [
            *("", "\x00", "\ud800", "\u202e", "x" * 257, "x" * 5000, "<script>", "1e400"),
            *("2026-11-20T10:00:00Z", "9999-12-31T23:59:59Z", "data:;base64,"),
            *("2026-11-20T10:00:00+20:13", "0001-01-01T00:00:00+23:59"),
            *payloads.DATA_TYPES,
        ]
    ),
)
ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**40]),
        st.floats(allow_nan=False, allow_infinity=False),
        ODD_TEXT,
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXT, inner, max_size=4),
    max_leaves=6,
)
MUTATION = st.tuples(
    st.integers(0, 10_000), st.sampled_from(["put", "drop", "add", "twice", "nest"]), ODD
)


def others() -> list[dict[str, Any]]:
    """Events of the types that have no maker of their own in the factories."""
    base = ended_event()
    conversation = base["data"]["conversation"]
    datas: dict[str, dict[str, Any]] = {
        "recourse.conversation.started.v1": {"conversation": conversation},
        "recourse.conversation.branched.v1": {
            "conversation": {**conversation, "parent_id": "p", "branched_from_message_id": "m"}
        },
        "recourse.feedback.submitted.v1": {
            "conversation_id": conversation["id"],
            "surprised": True,
            "reason": None,
            "comment": "It ended.",
            "appeal": False,
        },
    }
    return [{**base, "type": name, "data": data} for name, data in datas.items()]


def places(part: Any) -> list[tuple[Any, Any]]:
    """Every place in *part*: its container, and its key or index there."""
    pairs = (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    )
    found: list[tuple[Any, Any]] = []
    for key, value in list(pairs):
        found += [(part, key), *places(value)]
    return found


def mutate(event: dict[str, Any], mutations: list[tuple[int, str, Any]]) -> dict[str, Any]:
    """*event*, changed at some of its places."""
    event = copy.deepcopy(event)
    for number, what, drawn in mutations:
        value = copy.deepcopy(drawn)  # several events share it, and may put it into itself
        where = places(event)
        if not where:
            break
        container, key = where[number % len(where)]
        match what:
            case "put":
                container[key] = value
            case "drop":
                del container[key]
            case "add" if isinstance(container, dict):
                container["x" if not isinstance(value, str) else value] = value
            case "add":
                container.append(value)
            case "twice" if isinstance(container, list):
                container.append(copy.deepcopy(container[key]))
            case "nest":
                container[key] = [container[key]]
    return event


@pytest.mark.django_db
def test_no_mutated_event_is_a_5xx(capsys: pytest.CaptureFixture[str]) -> None:
    key = make_key(make_source(), Scope.EVENTS_WRITE)
    client = Client(raise_request_exception=False)
    makers = [ended_event(), near_miss_event(), *others()]
    counts = {"events": 0, "accepted": 0, "duplicates": 0, "rejected": 0}

    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(
        seeds=st.lists(
            st.tuples(st.integers(0, 4), st.lists(MUTATION, max_size=2)),
            min_size=10,
            max_size=10,
        ),
        more=st.lists(MUTATION, min_size=10, max_size=10),
    )
    def sent(seeds: list[tuple[int, list[Any]]], more: list[Any]) -> None:
        events = [
            mutate(
                {**makers[kind], "id": f"{counts['events']}-{index}-{number}"},
                [*mutations, mutation] if number else mutations,
            )
            for index, (kind, mutations) in enumerate(seeds)
            for number, mutation in enumerate(more)
        ]
        body = json.dumps(events).encode()
        assert len(body) < installation.INTAKE_MAX_BODY
        before = Event.objects.count()
        answer = client.generic(
            "POST",
            "/api/v1/events",
            body,
            "application/cloudevents-batch+json",
            HTTP_AUTHORIZATION=f"Bearer {key}",
        )
        assert answer.status_code in (202, 207, 422), (answer.status_code, answer.content)
        told = answer.json()
        assert len(told["results"]) == len(events)
        assert Event.objects.count() - before == told["accepted"]
        assert not ParkedEvent.objects.exists()
        counts["events"] += len(events)
        for status in ("accepted", "duplicates", "rejected"):
            counts[status] += told[status]

    sent()
    assert counts["accepted"] > 0
    assert counts["rejected"] > 0
    assert Conversation.objects.exists()
    with capsys.disabled():
        sys.stdout.write(json.dumps({"name": "fuzz-events", **counts}) + "\n")
