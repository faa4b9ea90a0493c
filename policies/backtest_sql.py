"""Thresholds as SQL over many cutoffs at once, made from the one table of criteria.

A test of a policy is true, false, or NULL where an unknown signal would decide; SQL's own AND
then says of a whole policy: end, not end, cannot tell. What ``policies/backtest.py`` says of one
observation by way of ``policies.evaluation.evaluate``, this says of rows; a property test holds
the two against each other.

Thresholds are bound as parameters, in a CASE by version and category rather than joined: what
both policies ask alike is then tested once, what a policy does not ask for is not tested at all,
and the planner, which cannot count the groups of a join with a table of thresholds, would
aggregate in one process (measured over a million cutoffs: docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conversations.vocabulary import Category
from policies.backtest import ANSWERS, END, NOT, UNKNOWN
from policies.evaluation import CONFIRMATION, CRITERIA, ENABLED, IMMINENT_RISK
from policies.thresholds import Thresholds

#: What may differ between two policies, by its bit in a mask: the lowest is the first.
TESTS: tuple[str, ...] = (
    ENABLED,
    IMMINENT_RISK,
    CONFIRMATION,
    *(criterion.name for criterion in CRITERIA),
)

#: Flags are a pair of answers, then the mask of the tests that came out differently.
MASK_FROM = 4

_BY_MODEL = "cutoff.initiator IN ('model', '')"


@dataclass
class Parameters:
    """Values bound to a statement, each under a name of its own."""

    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, kind: str) -> str:
        """The placeholder of *value*, cast to the type *kind*."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"%({name})s::{kind}"


def pair(candidate: int, baseline: int) -> int:
    """Two answers, each one of NOT, UNKNOWN and END, as one number."""
    return ANSWERS * candidate + baseline


@lru_cache(maxsize=4096)
def flipped(flags: int) -> tuple[str, ...]:
    """The names of the tests that came out differently."""
    mask = flags >> MASK_FROM
    return tuple(name for place, name in enumerate(TESTS) if mask >> place & 1)


def answers(flags: int) -> tuple[int, int]:
    """The candidate's answer and the baseline's."""
    return divmod(flags & (1 << MASK_FROM) - 1, ANSWERS)


def flags(
    candidate: Thresholds,
    baselines: Mapping[int, Thresholds | None],
    *,
    otherwise: int,
    version: str,
    bound: Parameters,
) -> str:
    """An integer for each row: both answers, and which tests came out differently.

    *version* is an expression for the number of the version that a row is held against; rows
    for which it is none of *baselines* are held against that numbered *otherwise*. A baseline
    that can no longer be read is None: what it would have answered is unknown.
    """
    writer = _Writer(candidate, bound)
    standard = writer.policy(baselines[otherwise])
    others = {
        number: written
        for number, thresholds in baselines.items()
        if number != otherwise and (written := writer.policy(thresholds)) != standard
    }
    written = _case(version, {str(number): sql for number, sql in others.items()}, standard)
    # A rule without a switch: no version may end where the transcript shows a crisis cue.
    return f"CASE WHEN cutoff.crisis_cue THEN {pair(NOT, NOT)} ELSE {written} END"


def _case(subject: str, arms: Mapping[str, str], otherwise: str) -> str:
    if not arms:
        return otherwise
    whens = " ".join(f"WHEN {value} THEN {sql}" for value, sql in arms.items())
    return f"CASE {subject} {whens} ELSE {otherwise} END"


Tests = dict[str, str]
"""SQL by the name of the test; one that is always met is not there."""

_UNREADABLE: Tests = {ENABLED: "NULL::boolean"}


@dataclass
class _Writer:
    """Writes the flags of one candidate; equal pieces are written and bound once."""

    candidate: Thresholds
    bound: Parameters
    bindings: dict[tuple[str, float], str] = field(default_factory=dict)

    def policy(self, baseline: Thresholds | None) -> str:
        """The flags against *baseline*, by who ended it and by category."""
        by_user = self._both(self._of_user(self.candidate), self._of_user(baseline))
        by_staff = self._both(self._risk(self.candidate), self._risk(baseline))
        return (
            f"(CASE WHEN {_BY_MODEL} THEN {self._by_category(baseline)}"
            f" WHEN cutoff.initiator = 'user' THEN {by_user} ELSE {by_staff} END)"
        )

    def _by_category(self, baseline: Thresholds | None) -> str:
        alike: dict[str, list[str]] = {}
        for category in Category.values:
            written = self._both(
                self._of_model(self.candidate, category), self._of_model(baseline, category)
            )
            alike.setdefault(written, []).append(category)
        *own, (standard, _) = sorted(alike.items(), key=lambda item: len(item[1]))
        whens = " ".join(
            f"WHEN cutoff.category = ANY({self.bound.bind(categories, 'text[]')}) THEN {sql}"
            for sql, categories in own
        )
        return f"CASE {whens} ELSE {standard} END" if own else standard

    def _risk(self, thresholds: Thresholds | None) -> Tests:
        if thresholds is None:
            return _UNREADABLE
        ceiling = self._threshold(IMMINENT_RISK, thresholds.imminent_risk_ceiling)
        return {
            IMMINENT_RISK: f"(cutoff.risk_self <= {ceiling} AND cutoff.risk_others <= {ceiling})"
        }

    def _of_user(self, thresholds: Thresholds | None) -> Tests:
        tests = self._risk(thresholds)
        if thresholds and thresholds.confirm_user_request:
            tests[CONFIRMATION] = "cutoff.user_confirmed"
        return tests

    def _of_model(self, thresholds: Thresholds | None, category: str) -> Tests:
        tests = self._risk(thresholds)
        if thresholds is None:
            return tests
        asked = thresholds.of(category)
        if not asked.enabled:
            tests[ENABLED] = "false"
        for criterion in CRITERIA:
            threshold = criterion.threshold(asked)
            if threshold > 0:
                bound = self._threshold(criterion.name, threshold)
                tests[criterion.name] = f"cutoff.{criterion.name} >= {bound}"
        return tests

    def _threshold(self, name: str, value: float) -> str:
        if (name, value) not in self.bindings:
            self.bindings[name, value] = self.bound.bind(value, "float8")
        return self.bindings[name, value]

    def _both(self, candidate: Tests, baseline: Tests) -> str:
        """Flags of two policies. What they ask alike stands first in both."""
        alike = [sql for name, sql in candidate.items() if baseline.get(name) == sql]
        differing = [name for name in TESTS if candidate.get(name) != baseline.get(name)]
        if not differing:
            return _answer(_all(alike), [pair(answer, answer) for answer in range(ANSWERS)])
        mask = " + ".join(
            f"CASE WHEN {candidate.get(name, 'true')} IS DISTINCT FROM"
            f" {baseline.get(name, 'true')} THEN {1 << MASK_FROM + TESTS.index(name)} ELSE 0 END"
            for name in differing
        )
        asked = _all([candidate[name] for name in differing if name in candidate])
        was_asked = _all([baseline[name] for name in differing if name in baseline])
        # What both ask alike is tested once, and what it fails is tested no further.
        by_alike = [
            _answer(asked, [_answer(was_asked, _pairs(one, top, mask)) for one in _ALL])
            for top in (UNKNOWN, END)
        ]
        return _answer(_all(alike), [f"{pair(NOT, NOT)}", *by_alike]) if alike else by_alike[-1]


_ALL = range(ANSWERS)


def _pairs(candidate: int, top: int, mask: str) -> list[str]:
    """The flags for each answer of the baseline; neither answer is above *top*."""
    pairs = [(min(candidate, top), min(baseline, top)) for baseline in _ALL]
    return [f"{pair(one, two)}{'' if one == two else f' + {mask}'}" for one, two in pairs]


def _all(tests: list[str]) -> str:
    return " AND ".join(tests) if tests else "true"


def _answer(condition: str, values: list[str] | list[int]) -> str:
    """One of three *values*, where *condition* is false, unknown, true; it is computed once."""
    return (
        f"CASE ({condition}) WHEN true THEN {values[END]} WHEN false THEN {values[NOT]}"
        f" ELSE {values[UNKNOWN]} END"
    )
