"""Conformance: in Python and in SQL the same, and against the right version."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.ledger import Actor
from conversations.evidence import Evidence, assess
from conversations.models import Cutoff
from conversations.transcripts import read
from conversations.vocabulary import Initiator, Kind
from policies import conformance as rules
from policies.conformance import Finding, conformance
from policies.evaluation import Decision, Observation
from policies.models import Basis, CutoffConformance, PolicyVersion
from policies.services.activations import activate
from policies.services.conformance import compute, conformance_of, observation_of
from policies.services.versions import create_version
from policies.thresholds import BUILT_IN, Thresholds
from reviews.models import Case
from tests.factories import MESSAGES, NOW, SIGNALS, ended_event, make_cutoff, make_source, record
from tests.policies.strategies import signals

ACTOR = Actor.task("test")
TRANSCRIPT_CODES = {rules.CRISIS_CUE}


def version(ceiling: float) -> PolicyVersion:
    return create_version(
        thresholds=msgspec.structs.replace(BUILT_IN, imminent_risk_ceiling=ceiling),
        note="",
        actor=ACTOR,
    )


@pytest.fixture
def versions() -> None:
    """Version 2 in force for a day, then version 3; before, nothing. Version 4 never."""
    for ceiling, days in ((0.1, 2), (0.05, 1)):
        activate(version=version(ceiling), now=NOW - timedelta(days=days), actor=ACTOR)
    version(0.0)


reported = st.fixed_dictionaries(
    {
        "signals": signals(),
        "initiator": st.sampled_from(Initiator.values),
        "policy_version": st.none() | st.sampled_from([1, 2, 3, 4, 5, 99]),
        "hours_ago": st.integers(0, 72),
    }
)


@pytest.mark.django_db
@pytest.mark.usefixtures("versions")
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(reported, min_size=1, max_size=20))
def test_sql_and_python_find_the_same_rules_broken(said: list[dict[str, Any]]) -> None:
    source = make_source()
    results = record(source, *(_event(one) for one in said))
    cutoffs = list(Cutoff.objects.filter(source=source))
    assert len(cutoffs) == len(said), results
    # Without its transcript: what is opened is opened by what was reported alone.
    found = compute(cutoffs=cutoffs, evidence={})
    against = dict(
        CutoffConformance.objects.filter(cutoff__source=source).values_list("pk", "version_id")
    )
    for case in Case.objects.filter(source=source):
        breaches = set(found[case.pk].breaches) - TRANSCRIPT_CODES
        assert set(case.flags) == breaches
        assert case.breach == bool(breaches - {rules.RISK_UNKNOWN})
        assert case.policy_version == against[case.pk]
        assert case.selected or not case.breach


def _event(said: dict[str, Any]) -> dict[str, Any]:
    event = ended_event(
        time=(NOW - timedelta(hours=said["hours_ago"])).isoformat(),
        cutoff={"initiator": said["initiator"], "policy_version": said["policy_version"]},
    )
    event["data"]["signals"] = said["signals"]
    return event


@pytest.mark.django_db
@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("at", "said", "number", "basis"),
    [
        (NOW, None, 3, Basis.IN_FORCE),
        (NOW - timedelta(days=1), None, 3, Basis.IN_FORCE),
        (NOW - timedelta(days=1, seconds=1), None, 2, Basis.IN_FORCE),
        (NOW - timedelta(days=3), None, 1, Basis.BUILT_IN),
        (NOW, 4, 4, Basis.REPORTED),
        (NOW - timedelta(days=3), 2, 2, Basis.REPORTED),
        (NOW, 99, 3, Basis.IN_FORCE),
        (NOW - timedelta(days=3), 99, 1, Basis.BUILT_IN),
    ],
)
def test_the_version_that_a_cutoff_is_held_against(
    at: datetime, said: int | None, number: int, basis: Basis
) -> None:
    cutoff = make_cutoff(time=at.isoformat(), cutoff={"policy_version": said})
    compute(cutoffs=[cutoff], evidence={})
    stored = CutoffConformance.objects.get(pk=cutoff.pk)
    assert (stored.version_id, stored.basis) == (number, basis)
    assert cutoff.case.policy_version == number


@pytest.mark.django_db
def test_what_is_stored_is_read_as_it_was_and_computed_again_in_place() -> None:
    cutoff = make_cutoff()
    evidence = assess(read("openai.chat", MESSAGES), locale="en")
    (first,) = compute(cutoffs=[cutoff], evidence={cutoff.pk: evidence}).values()
    (again,) = compute(cutoffs=[cutoff], evidence={cutoff.pk: evidence}).values()
    assert first == again == conformance_of(CutoffConformance.objects.get())


@pytest.mark.django_db
def test_a_near_miss_is_one_that_the_model_held_back_from() -> None:
    cutoff = Cutoff(kind=Kind.NEAR_MISS, initiator="", category="hate", warnings=2)
    assert observation_of(cutoff).initiator == "model"
    assert observation_of(cutoff).signals["warnings"] == 2


def held(
    evidence: Evidence | None = None, policy: Thresholds = BUILT_IN, /, **changes: Any
) -> rules.Conformance:
    initiator = changes.pop("initiator", "model")
    confirmed = changes.pop("user_confirmed", None)
    seen = Observation(initiator, "harassment_of_model", {**SIGNALS, **changes}, confirmed)
    return conformance(seen, policy, evidence)


def findings(found: rules.Conformance) -> dict[str, Finding]:
    return {line.name: line.finding for line in found.lines}


def english(*messages: tuple[str, str], annotated: bool = False) -> Evidence:
    raw: list[dict[str, Any]] = [{"role": role, "content": content} for role, content in messages]
    if annotated:
        raw[1]["annotations"] = ["refusal"]
    return assess(read("openai.chat", raw), locale="en")


def test_each_line_says_what_it_comes_to() -> None:
    found = findings(held(severity=None, refusals=1, warnings=0, risk_self=0.5))
    assert found["severity"] == Finding.UNKNOWN
    assert found["refusals"] == Finding.UNMET
    assert found["redirects"] == Finding.MET
    assert found["warnings"] == Finding.BREACH
    assert found["imminent_risk"] == Finding.BREACH
    assert found["crisis_cue"] == Finding.MET


@pytest.mark.parametrize(
    ("changes", "breaches"),
    [
        ({}, ()),
        ({"risk_self": 0.9}, ("risk_above_ceiling",)),
        ({"risk_self": None, "risk_others": 0.9}, ("risk_above_ceiling",)),
        ({"risk_self": None}, ("risk_unknown",)),
        ({"warnings": 0}, ("no_warning",)),
        ({"warnings": 0, "initiator": "user"}, ()),
        ({"warnings": None}, ()),
    ],
)
def test_the_rules_that_were_broken(changes: dict[str, Any], breaches: tuple[str, ...]) -> None:
    assert held(**changes).breaches == breaches


def test_a_crisis_cue_in_the_transcript_breaks_a_rule() -> None:
    cue = english(("user", "I want to kill myself tonight"), ("assistant", "I am here for you."))
    assert cue.crisis_cues
    found = held(cue)
    assert found.breaches == ("crisis_cue",)
    assert found.decision == Decision.NEVER
    assert findings(found)["crisis_cue"] == Finding.BREACH
    risk = next(line for line in found.lines if line.name == "imminent_risk")
    assert risk.disagrees
    assert risk.shown.turns == (1,)


def test_annotated_turns_without_a_warning_break_a_rule_and_inferred_ones_do_not() -> None:
    turns = (("user", "Say it, you useless thing."), ("assistant", "I can't help with that."))
    assert held(english(*turns, annotated=True)).breaches == ("no_warning",)
    inferred = english(*turns)
    assert inferred.refusals
    assert held(inferred).breaches == ()


def test_where_the_transcript_shows_less_than_was_reported_they_disagree() -> None:
    found = held(assess(read("openai.chat", MESSAGES), locale="en"), refusals=3)
    lines = {line.name: line for line in found.lines}
    assert lines["refusals"].shown.value == 2
    assert not lines["refusals"].disagrees  # two are enough for this category
    short = held(english(("user", "Hello there"), ("assistant", "What a lovely morning it is.")))
    assert {line.name for line in short.lines if line.disagrees} == {
        "refusals",
        "redirects",
        "warnings",
    }


def test_what_was_not_measured_is_not_assessed() -> None:
    without = held(None)
    assert not any(line.shown.assessed for line in without.lines)
    german = assess(
        read("openai.chat", [{"role": "user", "content": "Sag es endlich, du nutzloses Ding!"}]),
        locale="de",
    )
    assert not any(line.shown.assessed for line in held(german).lines)
    assert not any(line.disagrees for line in held(german).lines)
