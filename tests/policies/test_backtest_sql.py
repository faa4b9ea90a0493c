"""Thresholds as SQL say what the Python says, of any signals under any two policies."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.vocabulary import Category
from policies import backtest
from policies.backtest_sql import TESTS, Parameters, answers, flags, flipped
from policies.evaluation import IMMINENT_RISK, Observation, evaluate
from policies.services.conformance import SIGNALS
from policies.thresholds import Thresholds, parse
from tests.policies.strategies import observations, thresholds

pytestmark = pytest.mark.django_db

_COLUMNS = {
    "initiator": "text",
    "category": "text",
    "user_confirmed": "boolean",
    "crisis_cue": "boolean",
    **dict.fromkeys(SIGNALS, "float8"),
    "version": "int",
}


def _flags(
    seen: list[tuple[Observation, int]],
    candidate: Thresholds,
    baselines: dict[int, Thresholds | None],
) -> list[int]:
    """The flags of many observations in one statement; the number is the version reported."""
    bound = Parameters()
    written = flags(candidate, baselines, otherwise=1, version="cutoff.version", bound=bound)
    rows = []
    for one, version in seen:
        values = {
            "initiator": one.initiator,
            "category": one.category,
            "user_confirmed": one.user_confirmed,
            "crisis_cue": one.crisis_cue,
            **one.signals,
            "version": version,
        }
        rows.append(", ".join(bound.bind(values[name], kind) for name, kind in _COLUMNS.items()))
    table = "), (".join(f"{place}, {row}" for place, row in enumerate(rows))
    statement = (
        f"SELECT {written} FROM (VALUES ({table})) AS cutoff (place, {', '.join(_COLUMNS)})"  # noqa: S608 - bound above
        " ORDER BY place"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, bound.values)
        return [row[0] for row in cursor.fetchall()]


def _known(observation: Observation) -> Observation:
    """Without what no column of a cutoff says."""
    return Observation(
        initiator=observation.initiator,
        category=observation.category,
        signals=observation.signals,
        user_confirmed=observation.user_confirmed,
        crisis_cue=observation.crisis_cue,
    )


# Initiator "" is that of a near miss, which the model held back from.
_SEEN = st.lists(st.tuples(observations().map(_known), st.integers(1, 4)), min_size=10, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(seen=_SEEN, candidate=thresholds(), one=thresholds(), two=thresholds())
def test_python_and_sql_agree(
    seen: list[tuple[Observation, int]],
    candidate: Thresholds,
    one: Thresholds,
    two: Thresholds,
) -> None:
    baselines = {1: one, 2: two, 3: one}
    found = _flags(seen, candidate, dict(baselines))
    for (observation, version), marks in zip(seen, found, strict=True):
        expected = (
            backtest.answer(observation, candidate),
            backtest.answer(observation, baselines.get(version, one)),
        )
        assert answers(marks) == expected
        if expected[0] != expected[1]:
            assert flipped(marks) == _differing(observation, candidate, baselines.get(version, one))
        else:
            assert flipped(marks) == ()


def _differing(observation: Observation, one: Thresholds, two: Thresholds) -> tuple[str, ...]:
    """The criteria whose line came out differently, by the explanations themselves."""
    lines = [_lines(observation, thresholds) for thresholds in (one, two)]
    # What a policy does not ask for is met.
    return tuple(name for name in TESTS if lines[0].get(name, True) != lines[1].get(name, True))


def _lines(observation: Observation, thresholds: Thresholds) -> dict[str, bool | None]:
    found = {
        line.name: None if line.observed is None and not line.met else line.met
        for line in evaluate(observation, thresholds).criteria
    }
    risks = (observation.signals["risk_self"], observation.signals["risk_others"])
    if any(risk is not None and risk > thresholds.imminent_risk_ceiling for risk in risks):
        # One that is known to be too high settles it, whatever the other is.
        found[IMMINENT_RISK] = False
    return found


def test_a_near_miss_is_one_of_the_model() -> None:
    signals = dict.fromkeys(SIGNALS, 5) | dict.fromkeys(("severity", "distress"), 1.0)
    signals |= dict.fromkeys(("risk_self", "risk_others"), 0.0)
    seen = Observation(initiator="", category=Category.HATE, signals=signals)
    assert answers(_flags([(seen, 1)], parse({}), {1: parse({})})[0]) == (
        backtest.END,
        backtest.END,
    )


def test_a_version_that_cannot_be_read_any_more_leaves_its_answer_unknown() -> None:
    signals = dict.fromkeys(SIGNALS, 0) | {"severity": 1.0}
    seen = Observation(initiator="model", category=Category.HATE, signals=signals)
    (marks,) = _flags([(seen, 1)], parse({}), {1: None})
    assert answers(marks) == (backtest.NOT, backtest.UNKNOWN)
