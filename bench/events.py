"""Events of about 4 KB with 12 messages, made fast enough not to be what is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator

_ID = "@@@@@@@@@@"
MESSAGES = 12

#: Coprime to 10 ** 10. Ids of real services are random: numbers in a row would only ever be added
#: at the right edge of an index, which is its fastest place.
SCATTER = 6_180_339_887


def _template() -> bytes:
    messages = [
        {
            "id": f"m{number}",
            "role": "assistant" if number % 2 else "user",
            "content": f"Turn {number} of talk {_ID}: "
            + "the tomatoes want water in the evening and the beans do not care. " * 4,
        }
        for number in range(MESSAGES)
    ]
    event = {
        "specversion": "1.0",
        "id": f"evt-{_ID}",
        "source": "/bench",
        "type": "recourse.conversation.ended.v1",
        "time": "2026-10-20T10:00:00Z",
        "data": {
            "conversation": {
                "id": f"conv-{_ID}",
                "user_id": f"user-{_ID}",
                "model": "some-model-4-1",
                "prompt_version": "p7",
                "surface": "web",
                "locale": "en-US",
                "country": "US",
                "started_at": "2026-10-20T09:41:00Z",
            },
            "cutoff": {
                "initiator": "model",
                "category": "harassment_of_model",
                "message_id": "m11",
                "explanation": "I have said what I can, and will end our talk here.",
                "rationale": "Insults over several turns after a warning.",
                "policy_version": 1,
            },
            "signals": {
                "severity": 0.61,
                "refusals": 3,
                "redirects": 2,
                "warnings": 1,
                "turns_after_warning": 2,
                "distress": 0.4,
                "risk_self": 0.02,
                "risk_others": 0.01,
            },
            "transcript": {"format": "openai.chat", "messages": messages},
        },
    }
    return json.dumps(event).encode()


_TEMPLATE = _template()


def label(number: int) -> str:
    """What tells the ids of the event of that number from those of others."""
    return f"{number * SCATTER % 10**10:010}"


def event(number: int) -> bytes:
    """The event of that number; the same number is the same event."""
    return _TEMPLATE.replace(_ID.encode(), label(number).encode())


def batches(first: int, count: int, *, size: int) -> Iterator[bytes]:
    """Bodies of *size* events each, *count* events in all, numbered from *first*."""
    for start in range(first, first + count, size):
        yield (
            b"["
            + b",".join(event(n) for n in range(start, min(start + size, first + count)))
            + b"]"
        )
