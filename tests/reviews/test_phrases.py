"""Labels within sentences: each has a phrase of its own, which English writes small."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.db import models

from conversations.vocabulary import Category, Remedy, Standing
from policies import evaluation
from reviews import phrases
from reviews.templatetags.phrases import phrase
from reviews.vocabulary import Area, CaseState, Judgement, PolicyFollowed, Reason


@pytest.mark.parametrize(
    ("table", "choices"),
    [
        (phrases.STATES, CaseState),
        (phrases.AREAS, Area),
        (phrases.REMEDIES, Remedy),
        (phrases.STANDINGS, Standing),
        (phrases.FOLLOWED, PolicyFollowed),
        (phrases.JUDGEMENTS, Judgement),
        (phrases.REASONS, Reason),
        (phrases.CATEGORIES, Category),
    ],
)
def test_each_label_has_one(table: Mapping[str, str], choices: type[models.TextChoices]) -> None:
    assert {one: phrases.within(table, one) for one in choices} == {
        one: str(one.label).lower() for one in choices
    }


def test_so_has_each_line_of_a_conformance() -> None:
    named = {criterion.name for criterion in evaluation.CRITERIA}
    assert named | {"imminent_risk", "crisis_cue", "enabled", "user_confirmed"} == {
        *phrases.CRITERIA
    }


def test_a_template_asks_by_the_kind_and_nothing_stays_nothing() -> None:
    assert phrase("keep_locked", "remedy") == "keep locked"
    assert phrase("", "remedy") == ""
