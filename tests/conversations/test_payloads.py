"""The wire contract: what an id is, and an answer however deep an event is nested."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest

from conversations.api_subjects import _Words
from conversations.parsing import Limits, Parsed, Rejected, parse_events
from conversations.payloads import Id
from tests.factories import NOW

LIMITS = Limits(event=4 << 20, transcript=2 << 20, messages=2000)


@pytest.mark.parametrize(
    "inner", [b'"x"', b'"\\u0000"', b'"\\ud800"'], ids=["plain", "NUL", "lone"]
)
@pytest.mark.parametrize("depth", [50, 300, 500, 700, 900, 990, 2000])
def test_any_depth_is_taken_or_refused_and_never_an_error(depth: int, inner: bytes) -> None:
    nested = b'{"a":' * depth + inner + b"}" * depth
    raw = (
        b'{"specversion":"1.0","id":"e","source":"/c","type":"recourse.conversation.ended.v1",'
        b'"data":{"odd":' + nested + b',"conversation":{"id":"c1"},"cutoff":{"initiator":"model"},'
        b'"transcript":{"format":"openai.chat","messages":[{"role":"user","content":'
        b'[{"type":"odd","v":' + nested + b"}]}]}}}"
    )
    (found,) = parse_events([raw], limits=LIMITS, now=NOW, in_batch=False)
    if depth <= 50:
        assert isinstance(found, Parsed)
    if isinstance(found, Rejected):
        assert found.errors[0]["code"] == "too_deep"
    if depth >= 900:
        assert isinstance(found, Rejected)


def _is_id(text: str) -> bool:
    try:
        msgspec.convert(text, Id)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("place", ["{}ab", "a{}b", "ab{}"])
def test_whoever_can_be_stored_can_be_erased_over_the_api(place: str) -> None:
    characters = [chr(point) for point in range(0x2100)]
    ids = [place.format(character) for character in characters]
    taken = {text for text in ids if _is_id(text)}

    assert len(ids) - len(taken) == sum(unicodedata.category(one) == "Cc" for one in characters)
    refused = {text for text in ids if not _Words(data={"user_id": text, "reason": "r"}).is_valid()}
    assert taken == set(ids) - refused
