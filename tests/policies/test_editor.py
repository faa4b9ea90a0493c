"""A policy as the fields of a form, and two people's changes on top of each other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from policies import editor
from policies.thresholds import BUILT_IN, CategoryThresholds, InvalidPolicy, Thresholds, read
from tests.policies.strategies import thresholds


@given(thresholds())
def test_what_a_form_shows_is_what_it_sends(policy: Thresholds) -> None:
    shown = editor.flat(policy, "A note.")
    assert editor.typed(shown) == shown
    sent = read(editor.content(shown))
    assert editor.flat(sent, "A note.") == shown


def test_the_built_in_policy_comes_back_as_it_is() -> None:
    assert read(editor.content(editor.flat(BUILT_IN))) == BUILT_IN


@pytest.mark.parametrize(
    ("pointer", "value", "words"),
    [
        ("/default/severity", "1.4", "A number from 0 to 1."),
        ("/default/severity", "nan", "A number from 0 to 1."),
        ("/default/severity", "", "A number from 0 to 1."),
        ("/default/refusals", "2.5", "A whole number from 0 to 100."),
        ("/default/refusals", "1e300", "A whole number from 0 to 100."),
        ("/categories/hate/warnings", "0", "A whole number from 1 to 100."),
        ("/imminent_risk_ceiling", "0.3", "A number from 0 to 0.2."),
        ("/review/audit_share", "0", "A number above 0, and at most 100."),
        ("/review/audit_shares/hate", "0", "A number above 0, and at most 100."),
        ("/review/due_hours/breach", "25", "A whole number from 1 to 24."),
        ("/default/enabled", "", "Choose one of the two."),
        ("/confirm_user_request", "maybe", "Choose one of the two."),
    ],
)
def test_a_refused_value_has_its_reason_beside_its_field(
    pointer: str, value: str, words: str
) -> None:
    values = editor.flat(BUILT_IN) | {"/categories/hate": editor.OWN, pointer: value}
    with pytest.raises(InvalidPolicy) as refused:
        read(editor.content(values))
    assert editor.errors(refused.value.faults) == {pointer: words}


def test_a_comma_is_a_decimal_point_and_shares_are_in_percent() -> None:
    changed = {"/default/severity": "0,75", "/review/audit_share": "12.5"}
    policy = read(editor.content(editor.flat(BUILT_IN) | changed))
    assert (policy.default.severity, policy.review.audit_share) == (0.75, 0.125)


def test_a_category_is_audited_as_all_others_until_it_has_a_share() -> None:
    values = editor.flat(BUILT_IN)
    assert values["/review/audit_shares/hate"] == ""
    policy = read(editor.content(values | {"/review/audit_shares/hate": "50"}))
    assert (policy.review.audited("hate"), policy.review.audited("privacy")) == (0.5, 0.1)
    assert editor.flat(policy)["/review/audit_shares/hate"] == "50"


def test_what_the_database_cannot_keep_is_left_out_of_a_note() -> None:
    assert editor.typed({"/note": " a\x00\r\nb "})["/note"] == "a\nb"


def changed(policy: Thresholds, **fields: Any) -> editor.Flat:
    """What a form says after somebody changed *fields* of the default."""
    return editor.flat(
        msgspec.structs.replace(policy, default=msgspec.structs.replace(policy.default, **fields))
    )


def test_changes_of_two_people_are_laid_on_top_of_each_other() -> None:
    read_by_both = editor.flat(BUILT_IN)
    theirs = changed(BUILT_IN, severity=0.7, redirects=3)
    yours = changed(BUILT_IN, severity=0.65, refusals=4)
    on_top, clashes = editor.merged(read_by_both, theirs, yours)
    policy = read(editor.content(on_top))
    assert policy.default == CategoryThresholds(severity=0.65, refusals=4, redirects=3)
    assert {(one.pointer, one.theirs, one.yours, one.both) for one in clashes} == {
        ("/default/severity", "0.7", "0.65", True),
        ("/default/refusals", "2", "4", False),
        ("/default/redirects", "3", "1", False),
    }


def test_a_category_taken_out_of_the_default_keeps_what_its_taker_saw() -> None:
    yours = editor.flat(BUILT_IN) | {"/categories/hate": editor.OWN}
    theirs = changed(BUILT_IN, severity=0.9)
    on_top, clashes = editor.merged(editor.flat(BUILT_IN), theirs, yours)
    policy = read(editor.content(on_top))
    assert (policy.of("hate").severity, policy.default.severity) == (0.6, 0.9)
    assert "/categories/privacy/severity" not in {one.pointer for one in clashes}


def test_the_same_change_is_no_quarrel() -> None:
    both = changed(BUILT_IN, severity=0.7)
    on_top, (one,) = editor.merged(editor.flat(BUILT_IN), both, both)
    assert on_top == both
    assert not one.both
