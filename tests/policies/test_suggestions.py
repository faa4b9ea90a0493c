"""Suggested thresholds: searched on one half of the subjects, tested on the other, and noted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client

from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview
from policies.models import Draft
from policies.services import drafts, suggestions
from policies.suggesting import MOST_CANDIDATES
from policies.thresholds import CategoryThresholds
from tests.factories import NOW, make_user
from tests.policies.backtests import asking, make_cutoff, question

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def draft(ida: User) -> Draft:
    """A draft that asks for a severity of 0.5."""
    return drafts.create_draft(user=ida, now=NOW, content=msgspec.to_builtins(asking(0.5)))


def history(size: int = 60) -> None:
    """Cutoffs of as many subjects: those below a severity of 0.6 were wrong, the others right."""
    for number in range(size):
        mild = number % 2
        make_cutoff(
            0.55 if mild else 0.95,
            review=FirstReview.OVERTURNED if mild else FirstReview.UPHELD,
            user_id=f"user-{number}",
        )


def suggested(target: float = 0.4, **changes: Any) -> suggestions.Outcome:
    """What a search comes to."""
    given: dict[str, Any] = {
        "question": question(asking(0.5)),
        "number": 1,
        "revision": 1,
        "category": "",
    }
    entry = suggestions.run(target=target, actor=Actor.task("test"), **given | changes)
    return suggestions.outcome_of(entry)


def test_candidates_are_never_looser_and_few() -> None:
    present = CategoryThresholds(severity=0.8, refusals=2, warnings=1)
    grid = suggestions.grid(present)
    assert len(grid) == 100  # severities end at 1
    for chosen in grid.values():
        assert chosen["severity"] <= 1
        assert all(chosen[name] >= getattr(present, name) for name in suggestions.VARIED)
    assert max(len(suggestions.grid(CategoryThresholds())), len(grid)) <= 200


def test_what_passes_in_the_test_half_is_suggested_with_its_evidence() -> None:
    history()
    outcome = suggested()
    assert outcome.changes["severity"] == 0.6
    assert outcome.search + outcome.test == 60
    assert outcome.search > 10
    assert outcome.test > 10
    assert outcome.tested[0]["passed"]
    assert len(outcome.tested) <= MOST_CANDIDATES
    assert "keeps the overturn rate below 40 %" in outcome.words


def test_too_few_audits_cannot_tell_and_say_how_many_would() -> None:
    history(12)
    outcome = suggested(0.05)
    assert outcome.changes == {}
    assert outcome.words.startswith("Cannot tell")
    assert [one["audits"] for one in outcome.needed] == [260, 630, 2720]


def test_unaudited_cutoffs_and_other_categories_tell_nothing() -> None:
    history(8)
    Cutoff.objects.update(in_audit=False)
    outcome = suggested()
    assert (outcome.search, outcome.test, outcome.tested) == (0, 0, ())
    assert "none of them was looked at" in outcome.words
    Cutoff.objects.update(in_audit=True)
    assert suggested(category="privacy").search == 0


def test_each_use_over_the_same_time_is_noted_and_halves_the_level() -> None:
    history(8)
    first, second = suggested(), suggested()
    assert (first.use, second.use) == (1, 2)
    assert second.level == first.level / 2
    long_ago = question(asking(0.5), since=NOW - timedelta(days=90), until=NOW - timedelta(days=60))
    assert suggested(question=long_ago).use == 1
    assert LedgerEntry.objects.filter(action="suggestion.tested").count() == 3


@pytest.mark.parametrize("target", [0, 1])
def test_a_target_is_a_rate(target: float) -> None:
    with pytest.raises(ValueError, match="target"):
        suggested(target)


def test_the_pages_ask_answer_and_take(client: Client, draft: Draft) -> None:
    history()
    url = f"/policies/{draft.number}/suggest"
    assert client.get(url).status_code == 200
    response = client.post(url, {"target": "40", "of": "", "days": "90"}, follow=True)
    text = response.text
    assert "Suggested thresholds" in text
    assert "Severity ≥ 0.6" in text
    pk = LedgerEntry.objects.get(action="suggestion.tested").pk
    taken = client.post(f"/policies/suggestions/{pk}/take")
    assert taken.headers["Location"] == f"/policies/{draft.number}/edit"
    draft.refresh_from_db()
    assert draft.content["default"]["severity"] == 0.6
    again = client.post(f"/policies/suggestions/{pk}/take", follow=True)
    assert "Somebody saved this draft since you read it." in again.text


def test_cannot_tell_is_a_page_of_its_own(client: Client, draft: Draft) -> None:
    response = client.post(
        f"/policies/{draft.number}/suggest",
        {"target": "5", "of": "hate", "days": "90"},
        follow=True,
    )
    assert "<h1>" in response.text
    assert "Cannot tell" in response.text
    assert "630 audited cutoffs" in response.text
    pk = LedgerEntry.objects.get(action="suggestion.tested").pk
    assert client.post(f"/policies/suggestions/{pk}/take").status_code == 404


def test_who_may_ask_and_who_may_read(client: Client, draft: Draft) -> None:
    url = f"/policies/{draft.number}/suggest"
    assert client.post(url, {"target": "200", "days": "90"}).status_code == 422
    client.post(url, {"target": "5", "days": "90"})
    pk = LedgerEntry.objects.get(action="suggestion.tested").pk
    client.force_login(make_user(Role.AUDITOR))
    assert client.get(url).status_code == 403
    assert client.get(f"/policies/suggestions/{pk}").status_code == 200
    client.force_login(make_user(Role.REVIEWER))
    assert client.get(f"/policies/suggestions/{pk}").status_code == 403
    client.force_login(make_user(Role.POLICY_ADMIN))
    other = LedgerEntry.objects.exclude(action="suggestion.tested").first()
    assert other is not None
    assert client.get(f"/policies/suggestions/{other.pk}").status_code == 404
