"""Replies: written with a verdict or after it, read once the case settled, told to the source."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.appeal_models import Reply
from reviews.models import Case, Feedback, Outcome
from reviews.outcome_vocabulary import OutcomeType
from reviews.reply_texts import LONGEST_REPLY, TEXTS, Canned, fitting
from reviews.services import replies, restricting, verdicts
from reviews.vocabulary import Area
from tests.factories import NOW, give_verdict, hear, make_case, make_source, make_user, settle
from tests.reviews.outcomes import make_endpoint
from tests.reviews.pages import verdict

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def status(case: Case) -> str:
    return Client().get(f"/n/{case.cutoff.notice_token}/status").text


def write(case: Case, user: User, canned: str = "", words: str = "", **changes: object) -> Reply:
    said = {"canned": canned, "words": words, "now": NOW} | changes
    return replies.write(case=case, user=user, **said)  # type: ignore[arg-type]


def test_a_reply_is_read_once_the_case_has_settled(ana: User) -> None:
    source = make_source()
    make_endpoint(source)
    case = make_case(source)
    said = hear(case, appeal=True)
    give_verdict(case, ana, "overturn")
    reply = write(case, ana, Canned.REOPENED, "It was <b>our</b> mistake.")
    assert "our mistake" not in status(case)
    assert str(TEXTS[Canned.REOPENED]) not in status(case)

    settle(case)
    text = status(case)
    assert str(TEXTS[Canned.REOPENED]) in text
    assert "It was &lt;b&gt;our&lt;/b&gt; mistake." in text
    assert Feedback.objects.get().answer == reply
    told = Outcome.objects.get(type=OutcomeType.ANSWERED)
    assert told.data["feedback_id"] == str(said.pk)
    assert told.data["appeal"] is True
    assert "mistake" not in str(told.data)


def test_writing_again_before_it_is_read_changes_it(ana: User) -> None:
    case = make_case()
    hear(case)
    give_verdict(case, ana, "uphold")
    first = write(case, ana, Canned.STANDS, "One")
    again = write(case, ana, "", "Two")
    assert first.pk == again.pk
    settle(case)
    assert replies.published(case) == [["Two"]]


def test_a_reply_goes_with_the_verdict_that_is_taken_back(ana: User) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    hear(case)
    give_verdict(case, ana, "uphold")
    write(case, ana, Canned.STANDS)
    verdicts.undo(case=case, user=ana, now=NOW)
    case.refresh_from_db()
    give_verdict(case, ben, "overturn")
    settle(case)
    assert replies.published(case) == []


def test_of_two_replies_that_by_the_decision_is_read(ana: User) -> None:
    case, ben, zoe = make_case(double=True), make_user(Role.REVIEWER), make_user(Role.SENIOR)
    hear(case)
    give_verdict(case, ana, "uphold")
    write(case, ana, "", "It stands.")
    give_verdict(case, ben, "overturn", now=NOW + timedelta(minutes=1))
    write(case, ben, "", "We were wrong.")
    give_verdict(case, zoe, "overturn", now=NOW + timedelta(minutes=2))
    settle(case)
    assert replies.published(case) == [["We were wrong."]]


def test_nobody_reads_anothers_reply_before_deciding(ana: User) -> None:
    case, ben = make_case(double=True), make_user(Role.REVIEWER)
    give_verdict(case, ana, "uphold")
    write(case, ana, "", "It stands.")
    assert replies.of(case, ben) == []
    assert not replies.can_write(case, ben)
    with pytest.raises(PermissionDenied):
        write(case, ben, "", "No")


def test_a_reply_written_afterwards_is_read_at_once(ana: User) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    hear(case)
    give_verdict(case, ana, "uphold")
    settle(case)
    write(case, ben, Canned.STANDS_KINDLY, now=LATER)
    assert replies.published(case) == [[str(TEXTS[Canned.STANDS_KINDLY])]]


def test_nobody_is_answered_who_said_nothing(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    write(case, ana, Canned.STANDS)
    settle(case)
    assert replies.published(case) == []
    assert not Outcome.objects.filter(type=OutcomeType.ANSWERED).exists()


def test_a_restricted_notice_has_no_reply_until_that_is_lifted(ana: User) -> None:
    case = make_case()
    hear(case)
    give_verdict(case, ana, "uphold")
    settle(case)
    senior = make_user(Role.SENIOR, qualified=[Area.LEGAL])
    restricting.restrict(case=case, reason="Matter 1", user=senior, now=LATER)
    write(case, ana, Canned.STANDS, now=LATER)
    assert replies.published(case) == []
    restricting.lift(case=case, reason="Over", user=senior, now=LATER)
    assert len(replies.published(case)) == 1


@pytest.mark.parametrize(
    ("canned", "words"), [("", " "), (Canned.REOPENED, ""), ("", "x" * (LONGEST_REPLY + 1))]
)
def test_what_is_no_reply_to_this_decision_is_refused(ana: User, canned: str, words: str) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    with pytest.raises(ValidationError):
        write(case, ana, canned, words)
    assert not Reply.objects.exists()


@pytest.mark.parametrize("decision", ["uphold", "overturn"])
@pytest.mark.parametrize("remedy", ["reopen", "keep_locked"])
def test_every_text_names_no_category_and_is_offered(decision: str, remedy: str) -> None:
    offered = fitting(decision=decision, remedy=remedy)
    assert offered
    for one in offered:
        for word in ("hate", "sexual", "violen", "harass", "threshold"):
            assert word not in str(TEXTS[one]).lower()


def test_the_page_shows_it_as_the_user_will_read_it(client: Client, ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    client.force_login(ana)
    assert f"/cases/{case.number}/reply" in client.get(f"/cases/{case.number}").text
    sent = {"canned": "stands", "words": "Be well."}
    shown = client.post(f"/cases/{case.number}/reply", sent | {"preview": "1"})
    assert "As the user will read it" in shown.text
    assert not Reply.objects.exists()
    kept = client.post(f"/cases/{case.number}/reply", sent)
    assert kept.headers["Location"] == f"/cases/{case.number}"
    assert Reply.objects.get().own_words == "Be well."
    empty = client.post(f"/cases/{case.number}/reply", {"canned": "", "words": ""})
    assert empty.status_code == 422
    assert "Choose a text, or write a sentence or two." in empty.text


def test_the_page_is_for_those_whose_verdict_is_in(client: Client, ana: User) -> None:
    case = make_case()
    client.force_login(ana)
    assert client.get(f"/cases/{case.number}/reply").status_code == 403
    assert f"/cases/{case.number}/reply" not in client.get(f"/cases/{case.number}").text


def test_a_reply_is_written_with_the_verdict(client: Client, ana: User) -> None:
    case = make_case()
    hear(case)
    client.force_login(ana)
    client.post(f"/cases/{case.number}/claim")
    sent = verdict(reply_canned="stands", reply_words="Be well.")
    refused = client.post(f"/cases/{case.number}/verdict", sent)
    assert refused.status_code == 422
    assert "This reply does not go with the decision" in refused.text
    assert "Be well." in refused.text
    kept = client.post(f"/cases/{case.number}/verdict", sent | {"reply_canned": "reopened"})
    assert kept.status_code == 302
    assert Reply.objects.get().verdict == case.verdicts.get()
    settle(case, now=timezone.now())
    assert replies.published(case) == [[str(TEXTS[Canned.REOPENED]), "Be well."]]
