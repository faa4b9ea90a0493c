"""A policy as YAML: out and in again, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies import documents
from policies.thresholds import BUILT_IN, Fault, InvalidPolicy, Thresholds
from tests.policies.strategies import thresholds

PUBLISHED = Path(__file__).parents[2] / "docs/reference/policy.schema.json"


def loaded(document: bytes) -> Thresholds | list[Fault]:
    """The policy, or what is wrong with it."""
    try:
        return documents.load(document)
    except InvalidPolicy as refused:
        return refused.faults


@given(thresholds())
def test_what_is_exported_is_imported_as_it_was(policy: Thresholds) -> None:
    assert documents.load(documents.write(policy, title="Policy 7").encode()) == policy


def test_what_is_not_named_has_its_default() -> None:
    assert documents.load(b"default: {refusals: 3}").default.refusals == 3
    assert documents.load(b"{}") == Thresholds()


@pytest.mark.parametrize(
    ("document", "pointer", "code", "words"),
    [
        (b"default: {warnings: 0}", "/default/warnings", "out_of_bounds", "Expected int >= 1."),
        (b"categories: {nonsense: {}}", "/categories/nonsense", "unknown", "no category"),
        (b"categories: [hate]", "/categories", "wrong_type", "a category in each name"),
        (b"severity: 1", "/severity", "unknown", "no setting"),
        (b"review: {due_hours: {cue: 30}}", "/review/due_hours/cue", "out_of_bounds", "<= 24"),
        (b"imminent_risk_ceiling: .nan", "/imminent_risk_ceiling", "out_of_bounds", ">= 0"),
        (b"1: 2", "/1", "unknown", "no setting"),
        (b"", "", "wrong_type", "object"),
        (b"- 1", "", "wrong_type", "object"),
        (b"default: {}\ndefault: {}", "", "not_yaml", "line 2, column 1"),
        (b"default: &d {}\ncategories: {hate: *d}", "", "not_yaml", "aliases"),
        (b"? [1]\n: 2", "", "not_yaml", "no name"),
        (b"default: !!python/name:os.system", "", "not_yaml", "could not determine"),
        (b"default: {", "", "not_yaml", "line 1"),
        (b"a: \x00", "", "not_yaml", "UTF-8"),
        (b'"\\ud800": 1', "/?", "unknown", "no setting"),
        (b"2026-99-99: 1", "", "not_yaml", "UTF-8"),
        (b"[" * 60_000, "", "not_yaml", "too deep"),
        (b"#" * (documents.LARGEST + 1), "", "too_large", "at most"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_wrong_is_said_with_its_place(
    document: bytes, pointer: str, code: str, words: str
) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        documents.load(document)
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == (pointer, code)
    assert words in fault.detail


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_other_document_is_refused_and_nothing_else_happens(document: bytes) -> None:
    assert loaded(document)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["default", "categories", "hate", "review", "due_hours", "cue"])
            | st.integers(0, 1),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(_PLAIN)
def test_any_yaml_is_a_policy_or_told_what_is_wrong(content: Any) -> None:
    assert loaded(yaml.safe_dump(content).encode())


def test_the_published_schema_is_that_of_the_code() -> None:
    """To renew it: write ``documents.json_schema()`` there, indented by 2."""
    assert PUBLISHED.read_text("utf-8") == json.dumps(documents.json_schema(), indent=2) + "\n"


@given(thresholds())
def test_what_can_be_read_fits_the_schema(policy: Thresholds) -> None:
    jsonschema.validate(msgspec.to_builtins(policy), documents.json_schema())


@pytest.mark.parametrize(
    "content",
    [
        {"imminent_risk_ceiling": 0.3},
        {"default": {"warnings": 0}},
        {"categories": {"nonsense": {}}},
        {"categories": {"hate": {"nonsense": 1}}},
        {"review": {"audit_share": 0}},
    ],
    ids=str,
)
def test_what_is_out_of_bounds_does_not_fit_the_schema(content: dict[str, Any]) -> None:
    jsonschema.validate(msgspec.to_builtins(BUILT_IN), documents.json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, documents.json_schema())
