"""Similar cases, and the reported severity: what stands folded beside a case."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case
from reviews.services.similar import reveal_similar, signal_nearness
from tests.factories import give_verdict, make_source, make_user, settle
from tests.reviews.pages import actions, case_of

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def about(words: str, **changes: Any) -> Case:
    """A case whose user said these words, and some that every user says."""
    messages = [
        {"role": "user", "content": f"please help me now with {words}"},
        {"role": "assistant", "content": "I would rather not."},
    ]
    return case_of(messages, **changes)


def test_the_nearest_words_come_first_and_other_categories_never(ana: User) -> None:
    case = about("my tulips and their bulbs")
    near = about("tulips or bulbs")
    far = about("a tax form")
    about("my tulips and their bulbs", cutoff={"category": "privacy"})
    found = reveal_similar(case=case, user=ana)
    assert found is not None
    assert [one.case for one in found] == [near, far]
    assert found[0].nearness > found[1].nearness
    assert actions(case)[-1] == "similar.opened"


def test_a_flag_in_common_counts(ana: User) -> None:
    unwarned = {"warnings": 0}
    case = about("tulips", signals=unwarned)
    plain, broken = about("a form"), about("a form", signals=unwarned)
    found = reveal_similar(case=case, user=ana) or []
    assert [one.case for one in found] == [broken, plain]
    assert found[0].flags == 1


def test_of_equal_words_the_nearer_signals_come_first(
    ana: User, django_assert_max_num_queries: Any
) -> None:
    here = {"severity": 0.9, "refusals": 4, "warnings": 2, "distress": 0.8}
    case = about("my tulips", signals=here)
    near = about("my tulips", signals=here | {"severity": 0.8, "refusals": 5})
    far = about("my tulips", signals={"severity": 0.2, "refusals": 9, "distress": 0.1})
    nearest = about("my tulips", signals=here)
    with django_assert_max_num_queries(14):
        found = reveal_similar(case=case, user=ana) or []
    assert [one.case for one in found] == [nearest, near, far]


def test_a_flag_in_common_and_the_words_weigh_more_than_near_signals(ana: User) -> None:
    case = about("my tulips and their bulbs", signals={"severity": 0.9})
    alike = about("a tax form", signals={"severity": 0.9})
    worded = about("my tulips and their bulbs", signals={"severity": 0.1})
    found = reveal_similar(case=case, user=ana) or []
    assert [one.case for one in found] == [worded, alike]


def test_unknown_signals_are_left_out_and_nearness_is_0_to_1() -> None:
    same = [0.5, 0.5, 3.0, 1.0]
    assert signal_nearness(same, same) == 1
    assert signal_nearness([None] * 4, same) == signal_nearness(same, [None] * 4) == 0
    assert signal_nearness([0.5, None, 3, None], [0.5, 0.1, None, 0]) == 1
    assert signal_nearness([0.0, 0.0, 0, 0], [1.0, 1.0, 900, 900]) == 0
    assert signal_nearness([0.0, None, 0, None], [0.5, None, 0, None]) == 0.75


def test_how_they_were_decided_is_told_but_to_a_blind_reviewer(client: Client, ana: User) -> None:
    case, other = about("my tulips"), about("my tulips")
    give_verdict(other, make_user(Role.REVIEWER))
    settle(other)
    address = f"/cases/{case.number}/similar"
    told = client.post(address, headers=HX).text
    assert "Overturn" in told
    case.cutoff.in_double = True
    case.cutoff.save(update_fields=["in_double"])
    give_verdict(case, make_user(Role.REVIEWER))
    told = client.post(address, headers=HX).text
    assert other.label in told
    assert "Overturn" not in told


def test_of_child_safety_the_unqualified_see_none(ana: User) -> None:
    source = make_source("chat")
    case = about("my tulips", source=source)
    hidden = about("my tulips", source=source)
    Case.objects.filter(pk=hidden.pk).update(queue="child_safety")
    assert reveal_similar(case=case, user=ana) == []


def test_an_auditor_is_shown_none(client: Client) -> None:
    case = about("my tulips")
    client.force_login(make_user(Role.AUDITOR))
    assert client.post(f"/cases/{case.number}/similar").status_code == 404


def test_the_reported_severity_is_shown_to_whoever_asks(client: Client, ana: User) -> None:
    case = case_of(signals={"severity": 0.4321})
    assert "0.43" not in client.get(f"/cases/{case.number}").text
    row = client.post(f"/cases/{case.number}/severity", headers=HX).text
    assert "0.43" in row
    assert "<html" not in row
    assert actions(case)[-1] == "severity.opened"
    assert "0.43" in client.get(f"/cases/{case.number}").text
    assert "0.43" not in client.get(f"/cases/{case_of(signals={'severity': 0.4321}).number}").text
