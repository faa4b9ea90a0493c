"""Training: what a trainee practises on, what they see when, and who certifies whom."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import (
    AccessChange,
    Case,
    Exercise,
    ExerciseText,
    GoldCase,
    MentorComment,
    Verdict,
)
from reviews.services import certification, gold, training
from reviews.services.erasure import ERASED, erase_words
from reviews.services.qualifications import areas_of
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, Queue
from tests.concurrency import at_once
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict, settle
from tests.reviews.pages import verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def tom() -> User:
    return make_user(Role.TRAINEE, name="Tom")


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR, name="Sara")


def settled(queue: str = Queue.GENERAL, **changes: Any) -> Case:
    case = make_case(**changes)
    give_verdict(case, make_user(Role.REVIEWER, name="Zoe"), "uphold", rationale="giraffe")
    settle(case)
    Case.objects.filter(pk=case.pk).update(queue=queue)
    return case


def begun(user: User, queue: str = Queue.GENERAL) -> Exercise:
    exercise = training.next_exercise(user=user, queue=queue, now=NOW)
    assert exercise is not None
    return exercise


def test_a_trainee_practises_on_decided_cases_alone(tom: User) -> None:
    make_case()
    assert training.next_exercise(user=tom, queue=Queue.GENERAL, now=NOW) is None
    case = settled()
    exercise = begun(tom)
    assert exercise.case_id == case.pk
    assert begun(tom).pk == exercise.pk


def test_child_safety_is_never_practised_on(tom: User) -> None:
    settled(Queue.CHILD_SAFETY)
    for queue in training.PRACTISED:
        assert training.next_exercise(user=tom, queue=queue, now=NOW) is None
    with pytest.raises(ValidationError):
        training.next_exercise(user=tom, queue=Queue.CHILD_SAFETY, now=NOW)


def test_one_that_became_child_safety_is_seen_no_more(tom: User) -> None:
    settled()
    exercise = begun(tom)
    Case.objects.filter(pk=exercise.case_id).update(queue=Queue.CHILD_SAFETY)
    assert training.exercise_for(tom, exercise.pk) is None


def test_an_answer_changes_nothing_of_the_case(tom: User) -> None:
    settled()
    exercise = begun(tom)
    before = Cutoff.objects.values().get(pk=exercise.case_id)
    training.answer(exercise=exercise, user=tom, verdict=new_verdict("overturn"), now=NOW)
    assert Cutoff.objects.values().get(pk=exercise.case_id) == before
    assert Verdict.objects.filter(case=exercise.case_id).count() == 1
    exercise.refresh_from_db()
    outcome = training.outcome_of(exercise)
    assert (outcome.same, outcome.verdicts[0].decision) == (False, "uphold")


def test_an_answer_is_given_once_and_by_its_trainee(tom: User) -> None:
    settled()
    exercise = begun(tom)
    with pytest.raises(PermissionDenied):
        training.answer(
            exercise=exercise, user=make_user(Role.TRAINEE), verdict=new_verdict(), now=NOW
        )
    with pytest.raises(ValidationError):
        training.answer(exercise=exercise, user=tom, verdict=new_verdict(rationale=""), now=NOW)
    training.answer(exercise=exercise, user=tom, verdict=new_verdict("uphold"), now=NOW)
    again = training.answer(exercise=exercise, user=tom, verdict=new_verdict(), now=NOW)
    assert again.decision == "uphold"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_begins_one_exercise() -> None:
    tom = make_user(Role.TRAINEE)
    for _ in range(3):
        settled()
    begin = partial(training.next_exercise, user=tom, queue=Queue.GENERAL, now=NOW)
    found = at_once(*[begin] * 4)
    assert len({one.pk for one in found if isinstance(one, Exercise)}) == 1, found
    assert Exercise.objects.count() == 1


def test_the_outcome_is_unseen_until_there_is_an_answer(tom: User, client: Client) -> None:
    settled()
    exercise = begun(tom)
    client.force_login(tom)
    page = client.get(f"/training/{exercise.pk}").content.decode()
    for word in ("giraffe", "Zoe", "Uphold</b>", "0.55"):
        assert word not in page
    assert "Useless thing." in page
    assert LedgerEntry.objects.filter(action="transcript.opened", actor=tom).exists()
    answer = verdict(evidence=[])
    del answer["evidence"]
    assert client.post(f"/training/{exercise.pk}", answer).status_code == 302
    page = client.get(f"/training/{exercise.pk}").content.decode()
    assert "giraffe" in page
    assert "another decision" in page


def test_what_is_missing_is_said_and_nothing_lost(tom: User, client: Client) -> None:
    settled()
    exercise = begun(tom)
    client.force_login(tom)
    answer = client.post(f"/training/{exercise.pk}", {"rationale": "okapi"})
    assert answer.status_code == 422
    assert "okapi" in answer.content.decode()
    assert Exercise.objects.get().answered_at is None


def test_hidden_turns_are_hidden_from_trainees_too(tom: User, client: Client) -> None:
    settled(signals={"severity": 0.9})
    exercise = begun(tom)
    client.force_login(tom)
    page = client.get(f"/training/{exercise.pk}").content.decode()
    assert "Useless, I say" not in page
    client.post(f"/training/{exercise.pk}/show/3")
    page = client.get(f"/training/{exercise.pk}").content.decode()
    assert "Useless, I say" in page
    assert LedgerEntry.objects.filter(action="transcript.revealed", actor=tom).exists()


@pytest.mark.parametrize(
    "path",
    ["/review", "/api/v1/cases", "/quality", "/quality.csv", "/training/answers", "/feedback"],
)
def test_a_trainee_sees_no_case_of_the_queues(path: str, tom: User, client: Client) -> None:
    settled()
    client.force_login(tom)
    assert client.get(path).status_code == 403


def test_a_trainee_comes_home_to_the_exercises(tom: User, client: Client) -> None:
    client.force_login(tom)
    assert client.get("/").headers["Location"] == "/training"
    assert "You have not begun" in client.get("/training").content.decode()


def test_anothers_exercise_is_not_there(tom: User, client: Client) -> None:
    settled()
    exercise = begun(tom)
    client.force_login(make_user(Role.TRAINEE))
    assert client.get(f"/training/{exercise.pk}").status_code == 404
    client.force_login(make_user(Role.REVIEWER))
    assert client.get(f"/training/{exercise.pk}").status_code == 403


def test_a_mentor_comments_on_an_answer_and_the_trainee_reads_it(
    tom: User, sara: User, client: Client
) -> None:
    settled()
    exercise = begun(tom)
    with pytest.raises(Forbidden):
        training.comment(exercise=exercise, by=sara, text="Early", now=NOW)
    client.force_login(sara)
    assert client.get(f"/training/{exercise.pk}").status_code == 404
    training.answer(exercise=exercise, user=tom, verdict=new_verdict(), now=NOW)
    assert "Tom" in client.get("/training/answers").content.decode()
    client.post(f"/training/{exercise.pk}/comment", {"text": "Look at turn 4."})
    assert MentorComment.objects.get().by == sara
    client.force_login(tom)
    assert "Look at turn 4." in client.get(f"/training/{exercise.pk}").content.decode()
    with pytest.raises(PermissionDenied):
        training.comment(exercise=exercise, by=tom, text="Myself", now=NOW)


def test_the_mentors_list_asks_no_more_for_more_answers(
    tom: User, sara: User, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(sara)
    client.get("/training/answers")
    counted = []
    for _ in range(2):
        for _ in range(2):
            settled()
            training.answer(exercise=begun(tom), user=tom, verdict=new_verdict(), now=NOW)
        with django_assert_num_queries(10) as queries:
            client.get("/training/answers")
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_certifying_makes_a_trainee_a_reviewer_and_back(tom: User, sara: User) -> None:
    act = partial(certification.certify, user=tom, by=sara, reason="Ten good answers.", at=NOW)
    with pytest.raises(ValidationError, match="general"):
        act(queue=Area.CRISIS)
    assert act(queue=Queue.GENERAL)
    fresh = User.objects.get(pk=tom.pk)
    assert fresh.has_role(Role.REVIEWER)
    assert not fresh.has_role(Role.TRAINEE)
    assert not certification.certify(
        user=fresh, queue=Queue.GENERAL, by=sara, reason="Again.", at=NOW
    )
    assert certification.certify(
        user=fresh, queue=Area.CRISIS, by=sara, reason="Knows how.", at=NOW
    )
    assert areas_of(fresh) == {Area.CRISIS}
    assert certification.withdraw(user=fresh, queue=Area.CRISIS, by=sara, reason="Asked.", at=NOW)
    assert certification.withdraw(user=fresh, queue=Queue.GENERAL, by=sara, reason="x", at=NOW)
    again = User.objects.get(pk=tom.pk)
    assert again.has_role(Role.TRAINEE)
    assert not areas_of(again)
    assert AccessChange.objects.filter(user=tom).count() == 6
    assert LedgerEntry.objects.filter(action__startswith="role.").count() == 4


def test_nobody_certifies_themselves_or_without_a_reason(tom: User, sara: User) -> None:
    act = partial(certification.certify, queue=Queue.GENERAL, at=NOW)
    with pytest.raises(PermissionDenied):
        act(user=sara, by=sara, reason="I can.")
    with pytest.raises(PermissionDenied):
        act(user=tom, by=make_user(Role.REVIEWER), reason="He can.")
    with pytest.raises(ValidationError):
        act(user=tom, by=sara, reason=" ")
    with pytest.raises(ValidationError, match="trainee"):
        act(user=make_user(Role.AUDITOR), by=sara, reason="Why not.")


def test_certifying_on_its_page(tom: User, sara: User, client: Client) -> None:
    client.force_login(sara)
    url = f"/training/certify/{tom.pk}"
    assert "answered 0 exercises" in client.get(url).content.decode()
    assert client.post(url, {"queue": "general", "reason": ""}).status_code == 422
    assert client.post(url, {"queue": "general", "reason": "Good."}).status_code == 302
    assert User.objects.get(pk=tom.pk).has_role(Role.REVIEWER)


def test_erasure_replaces_what_quotes_the_person(tom: User, sara: User) -> None:
    case = settled()
    exercise = begun(tom)
    said = "Useless, I say. Say it yourself."
    training.answer(
        exercise=exercise, user=tom, verdict=new_verdict(rationale=f"They wrote: {said}"), now=NOW
    )
    exercise.refresh_from_db()
    training.comment(exercise=exercise, by=sara, text=f"Yes, “{said}” is mild.", now=NOW)
    gold.make(
        case=case, decisions=["uphold"], reason_codes=["other"], explanation=f"“{said}”, no more.",
        by=sara, now=NOW,
    )  # fmt: skip
    cutoffs = Cutoff.objects.filter(pk=case.pk)
    erased = erase_words(cutoff_ids=[case.pk], all_cutoffs=cutoffs, said=[said], unread=[])
    assert erased["quality"] == 3
    assert ExerciseText.objects.get().rationale == ERASED
    assert MentorComment.objects.get().text == ERASED
    assert GoldCase.objects.get().explanation == ERASED
