"""The other ways out on the page of a case, as pages of their own, and what teams see."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, Escalation, Skip, UnclearSignal
from reviews.services import claims, escalating
from reviews.vocabulary import Area, CaseState
from reviews.ways_out_forms import FOR_THE_HOLDER
from tests.factories import give_verdict, make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.fixture
def case(ana: User) -> Case:
    """A case that Ana holds."""
    case = make_case()
    claims.claim(case=case, user=ana)
    return case


def post(client: Client, case: Case, way: str, **sent: Any) -> Any:
    answer = client.post(f"/cases/{case.number}/out/{way}", sent)
    case.refresh_from_db()
    return answer


def asked(user: User, area: Area = Area.LEGAL) -> Case:
    case, now = make_case(), timezone.now()
    claims.claim(case=case, user=user)
    escalating.escalate(case=case, user=user, area=area, question="May we tell?", now=now)
    case.refresh_from_db()
    return case


@pytest.mark.parametrize("way", FOR_THE_HOLDER, ids=lambda way: way.slug)
def test_each_way_is_offered_to_the_holder_alone_and_works_without_scripts(
    client: Client, case: Case, way: Any
) -> None:
    url = f"/cases/{case.number}/out/{way.slug}"
    assert url in client.get(f"/cases/{case.number}").text
    page = client.get(url)
    assert page.status_code == 200
    assert str(way.title) in page.text
    client.force_login(make_user(Role.REVIEWER))
    assert url not in client.get(f"/cases/{case.number}").text


def test_there_is_no_other_way(client: Client, case: Case) -> None:
    assert client.get(f"/cases/{case.number}/out/window").status_code == 404


def test_skip(client: Client, case: Case, ana: User) -> None:
    assert post(client, case, "skip").headers["Location"] == "/review"
    assert Skip.objects.get().reviewer == ana
    assert "You passed this case on" in client.get(f"/cases/{case.number}").text


def test_defer_and_bring_it_back(client: Client, case: Case, ana: User) -> None:
    post(client, case, "defer", hours="4", note="Ask the linguist.")
    assert case.state == CaseState.DEFERRED
    page = client.get(f"/cases/{case.number}").text
    assert "Put off by Ana" in page
    assert "Ask the linguist." in page

    client.post(f"/cases/{case.number}/resume")
    held = claims.live_claim(case)
    assert held is not None
    assert held.reviewer == ana
    assert "Ask the linguist." in client.get(f"/cases/{case.number}").text


def test_hard_to_judge(client: Client, case: Case) -> None:
    post(client, case, "unclear", doubt="silent", note="Is a game abuse?")
    assert claims.live_claim(case)
    post(client, case, "unclear", doubt="silent", pass_on="yes")
    assert not claims.live_claim(case)
    assert UnclearSignal.objects.count() == 1


def test_reclassify(client: Client, case: Case) -> None:
    post(client, case, "reclassify", category="hate")
    assert case.category == "hate"
    assert "Reported as Harassment of the model" in client.get(f"/cases/{case.number}").text
    gone = post(client, case, "reclassify", category="child_sexual_exploitation")
    assert gone.headers["Location"] == "/review"
    assert client.get(f"/cases/{case.number}").status_code == 404


@pytest.mark.parametrize(
    ("way", "sent", "said"),
    [
        ("defer", {"hours": "5"}, "Select a valid choice"),
        ("unclear", {}, "This field is required"),
        ("reclassify", {"category": "harassment_of_model"}, "That is its category already"),
        ("escalate", {"team": "legal", "question": " "}, "This field is required"),
        ("skip", {"reason": "rain"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_the_fields(
    client: Client, case: Case, way: str, sent: dict[str, str], said: str
) -> None:
    answer = post(client, case, way, **sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert claims.live_claim(case)


def test_a_stale_page_is_refused_in_words(client: Client, case: Case, ana: User) -> None:
    claims.release(case=case, user=ana)
    answer = client.post(f"/cases/{case.number}/out/skip", {}, follow=True)
    assert "You do not hold this case any more" in answer.text
    claims.claim(case=case, user=make_user(Role.REVIEWER, name="Tom"))
    answer = client.post(f"/cases/{case.number}/out/skip", {}, follow=True)
    assert "Tom holds this case" in answer.text


def test_a_question_from_asking_to_the_answer(client: Client, case: Case, ana: User) -> None:
    kim = make_user(Role.REVIEWER, name="Kim", qualified=[Area.LEGAL])
    post(client, case, "escalate", team="legal", question="May we tell the police?")
    assert case.state == CaseState.ESCALATED
    assert "Ana asked the legal team" in client.get(f"/cases/{case.number}").text

    client.force_login(kim)
    assert "May we tell the police?" in client.get("/escalations").text
    assert f"/cases/{case.number}/accept" in client.get(f"/cases/{case.number}").text
    client.post(f"/cases/{case.number}/accept")
    page = client.get(f"/cases/{case.number}").text
    assert "Kim has taken it." in page
    assert f"/cases/{case.number}/accept" not in page
    post(client, case, "answer", answer="Only with a warrant.")
    assert case.state == CaseState.OPEN

    client.force_login(ana)
    assert "Only with a warrant." in client.get(f"/cases/{case.number}").text
    assert "Answered" in client.get("/escalations").text


def test_withdrawing_brings_the_case_back(client: Client, ana: User) -> None:
    case = asked(ana)
    assert f"/cases/{case.number}/withdraw" in client.get(f"/cases/{case.number}").text
    client.post(f"/cases/{case.number}/withdraw")
    assert claims.live_claim(case)
    assert Escalation.objects.get().end == "withdrawn"


def test_what_child_safety_has_is_listed_without_a_way_in(client: Client, ana: User) -> None:
    case = asked(ana, Area.CHILD_SAFETY)
    text = client.get("/escalations").text
    assert case.label in text
    assert "The team keeps the case." in text
    assert f"/cases/{case.number}" not in text
    assert client.get(f"/cases/{case.number}").status_code == 404


def test_a_blind_reviewer_reads_no_question_of_the_first(client: Client, ana: User) -> None:
    first = make_user(Role.REVIEWER, name="Fay")
    kim = make_user(Role.REVIEWER, qualified=[Area.LEGAL])
    case, now = make_case(double=True), timezone.now()
    claims.claim(case=case, user=first)
    escalating.escalate(case=case, user=first, area="legal", question="I would keep it?", now=now)
    escalating.answer(case=case, user=kim, text="Keep it.", now=now)
    give_verdict(case, first)
    claims.claim(case=case, user=ana)

    page = client.get(f"/cases/{case.number}").text
    assert "I would keep it?" not in page
    assert "Keep it." not in page


def test_the_team_page_takes_as_many_queries_however_many_questions(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    asker = make_user(Role.REVIEWER)
    for _ in range(3):
        asked(asker)
    client.force_login(make_user(Role.REVIEWER, qualified=[Area.LEGAL]))
    with django_assert_max_num_queries(100) as few:
        client.get("/escalations?team=legal")
    for _ in range(3):
        asked(asker)
    with django_assert_max_num_queries(len(few)):
        assert client.get("/escalations?team=legal").text.count("May we tell?") == 6


def test_without_a_team_the_page_says_what_teams_are(client: Client, ana: User) -> None:
    asked(make_user(Role.REVIEWER))
    text = client.get("/escalations").text
    assert "You are in no team" in text
    assert "May we tell?" not in text


def test_policy_admins_read_what_is_unclear(client: Client, case: Case) -> None:
    post(client, case, "unclear", doubt="threshold", note="Where does a threat begin?")
    assert client.get("/review/unclear").status_code == 403
    client.force_login(make_user(Role.POLICY_ADMIN))
    text = client.get("/review/unclear").text
    assert "Where does a threat begin?" in text
    assert "It hangs on where a threshold lies <b>1</b>" in text
