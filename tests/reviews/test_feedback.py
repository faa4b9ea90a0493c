"""What users say of a cutoff, and what it sets in motion."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.danger_models import Alarm
from reviews.models import Case, Feedback, FeedbackText
from reviews.permissions import facts_of
from reviews.priorities import SELECTED_WEIGHT, WEIGHTS
from reviews.services import claims, feedback, verdicts
from reviews.services.feedback import LONGEST_COMMENT, MOST_PER_CUTOFF
from reviews.services.reading import is_undecided
from reviews.transitions import Forbidden
from reviews.vocabulary import CaseState, Channel, Queue, Reason
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle
from tests.reviews.alarms import WORDS
from tools import catalogues

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=9)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def unselected() -> Case:
    case = make_case(opened=False)
    Case.objects.filter(pk=case.pk).update(state=CaseState.UNSELECTED, selected=False, priority=0)
    return case


def test_a_surprise_selects_the_case_and_raises_it() -> None:
    case = unselected()
    hear(case, comment="  I was writing a play.  ")

    assert (case.selected, case.state, case.surprised) == (True, CaseState.OPEN, True)
    assert case.priority == SELECTED_WEIGHT + WEIGHTS[Reason.FEEDBACK]
    assert case.due_at == NOW + timedelta(days=2)
    assert case.selections.filter(reason=Reason.FEEDBACK).exists()
    assert Cutoff.objects.get(pk=case.pk).surprised_at == NOW
    assert FeedbackText.objects.get().comment == "I was writing a play."


def test_a_second_surprise_raises_nothing_and_keeps_the_first_moment() -> None:
    case = unselected()
    hear(case)
    hear(case, channel=Channel.API, now=LATER)
    assert case.priority == SELECTED_WEIGHT + WEIGHTS[Reason.FEEDBACK]
    assert Cutoff.objects.get(pk=case.pk).surprised_at == NOW
    assert case.feedback.count() == 2


def test_no_surprise_selects_nothing() -> None:
    case = unselected()
    hear(case, surprised=False, reason="")
    assert (case.selected, case.surprised) == (False, False)
    assert not FeedbackText.objects.exists()


def test_the_ledger_has_codes_and_not_the_words() -> None:
    case = make_case()
    hear(case, comment="The purple giraffe was mine.")
    entry = LedgerEntry.objects.get(action="feedback.received")
    assert entry.details == {"surprised": True, "appeal": False, "reason": "roleplay"}
    assert entry.agent == "user:notice"


@pytest.mark.parametrize(
    "changes",
    [{"reason": "persistent_abuse"}, {"reason": "whatever"}, {"comment": "x" * 5_001}],
)
def test_what_cannot_be_taken_is_refused(changes: dict[str, Any]) -> None:
    case = make_case()
    with pytest.raises(ValidationError):
        hear(case, **changes)
    assert not Feedback.objects.exists()


def test_the_longest_comment_is_taken() -> None:
    assert hear(make_case(), comment="x" * LONGEST_COMMENT)


def test_one_link_takes_only_so_much() -> None:
    case = make_case()
    for number in range(MOST_PER_CUTOFF):
        hear(case, comment=str(number), channel=Channel.API)
    with pytest.raises(ValidationError, match="received your messages"):
        hear(case, comment="More", channel=Channel.API)
    assert case.feedback.count() == MOST_PER_CUTOFF


def test_words_of_a_crisis_are_heard_however_much_was_said_before() -> None:
    case = make_case()
    for number in range(MOST_PER_CUTOFF):
        hear(case, comment=str(number), channel=Channel.API)
    with pytest.raises(ValidationError):
        hear(case, comment="Once more", channel=Channel.API)
    hear(case, comment=WORDS, channel=Channel.API)
    assert Alarm.objects.get().case == case
    with (
        patch.object(feedback, "MOST_IN_A_CRISIS", MOST_PER_CUTOFF),
        pytest.raises(ValidationError),
    ):
        hear(case, comment=f"{WORDS} Really.", channel=Channel.API)


def test_an_appeal_before_any_verdict_hurries_the_first_review() -> None:
    case = unselected()
    hear(case, appeal=True)
    assert (case.state, case.round, case.queue) == (CaseState.OPEN, 1, Queue.APPEALS)
    assert case.due_at == NOW + timedelta(days=1)


def test_an_appeal_of_a_settled_case_opens_a_second_round(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    settle(case)
    hear(case, appeal=True, now=LATER)

    assert (case.state, case.round, case.queue) == (CaseState.OPEN, 2, Queue.APPEALS)
    assert case.due_at == LATER + timedelta(days=1)
    assert Cutoff.objects.get(pk=case.pk).standing == "upheld"


def test_an_appeal_while_a_verdict_can_be_undone_opens_a_second_round(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    hear(case, appeal=True)
    assert (case.state, case.round, case.settle_at) == (CaseState.OPEN, 2, None)
    settle(case)
    assert case.state == CaseState.OPEN


def test_every_appeal_gets_its_own_time(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    hear(case, appeal=True)
    give_verdict(case, make_user(Role.REVIEWER), now=NOW + timedelta(hours=2))
    settle(case, now=NOW + timedelta(hours=2))
    hear(case, appeal=True, now=LATER)
    assert (case.round, case.due_at) == (3, LATER + timedelta(days=1))


def test_an_appeal_is_for_somebody_who_has_taken_no_part(ana: User) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    give_verdict(case, ana, "uphold")
    settle(case)
    hear(case, appeal=True)

    assert claims.claim_next(user=ana) is None
    with pytest.raises(Forbidden, match="another"):
        claims.claim(case=case, user=ana)
    facts = facts_of(case)
    assert (is_undecided(case, ana, facts), is_undecided(case, ben, facts)) == (False, True)
    give_verdict(case, ben, "overturn", now=LATER)
    settle(case, now=LATER)
    cutoff = Cutoff.objects.select_related("conversation").get(pk=case.pk)
    assert (cutoff.standing, cutoff.remedy) == ("overturned", "reopen")
    assert not cutoff.conversation.locked


def test_whoever_took_their_verdict_back_took_part_all_the_same(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    verdicts.undo(case=case, user=ana, now=NOW)
    hear(case, appeal=True)
    with pytest.raises(Forbidden, match="another"):
        claims.claim(case=case, user=ana)


def test_feedback_on_a_settled_case_without_appeal_leaves_it_settled(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    hear(case, now=LATER)
    assert (case.state, case.surprised, case.round) == (CaseState.SETTLED, True, 1)


def test_an_appeal_leaves_child_safety_where_it_is() -> None:
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    hear(case, appeal=True)
    assert case.queue == Queue.CHILD_SAFETY


@pytest.mark.parametrize("language", ["en", *sorted(catalogues.PLURALS)])
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"reason": "nonsense"}, "Please choose one of the reasons."),
        ({"comment": "x" * 5_001}, "At most %(most)s characters, please."),
    ],
)
def test_what_is_refused_is_said_in_the_language_spoken(
    language: str, changes: dict[str, Any], text: str
) -> None:
    case = make_case()
    said = text if language == "en" else catalogues.read(language)[text]
    with translation.override(language), pytest.raises(ValidationError) as refused:
        hear(case, **changes)
    (told,) = refused.value.messages
    assert re.sub(r"5\W?000", "%(most)s", told) == said
    assert not case.feedback.exists()
