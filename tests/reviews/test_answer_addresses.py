"""An address is verified by a link before anything else goes there; mails name no case."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from config.logs import redact_links
from conversations.models import Cutoff
from conversations.services import holds
from reviews.appeal_models import AnswerAddress, Reply, ReplyText
from reviews.models import Case, Feedback, FeedbackText
from reviews.reply_texts import TEXTS, Canned
from reviews.services import addresses, feedback_terms, replies
from reviews.services.erasure import ERASED, erase_words
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db

ADDRESS = "somebody@example.com"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mail(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.com"


@pytest.fixture
def case() -> Case:
    return make_case(cutoff={"category": "hate"})


def cutoff_of(case: Case) -> Cutoff:
    return Cutoff.objects.get(pk=case.pk)


def token() -> str:
    """The token in the last mail."""
    found = re.search(r"/answers/(\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def ask(case: Case, address: str = ADDRESS) -> str:
    addresses.ask(cutoff=cutoff_of(case), address=address, now=NOW)
    addresses.send_due(now=NOW)
    return token()


def answer(case: Case) -> None:
    hear(case)
    user = make_user(Role.REVIEWER)
    give_verdict(case, user, "uphold")
    replies.write(case=case, user=user, canned=Canned.STANDS, words="Be well.", now=NOW)
    settle(case)


def test_the_first_mail_tells_nothing_of_any_case(case: Case) -> None:
    ask(case)
    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    told = f"{sent.subject} {sent.body}"
    for untold in (str(case.cutoff.notice_token), case.label, "hate", "conversation", "chat"):
        assert untold not in told
    kept = AnswerAddress.objects.get()
    assert kept.digest is not None
    assert token().encode() not in bytes(kept.digest)
    assert redact_links(f"/answers/{token()}") == "/answers/[redacted]"


def test_nothing_else_is_sent_before_it_is_verified(case: Case) -> None:
    link = ask(case)
    answer(case)
    addresses.send_due(now=NOW + 2 * HOUR)
    assert len(mail.outbox) == 1

    assert addresses.verify(token=link, now=NOW + 2 * HOUR)
    addresses.send_due(now=NOW + 2 * HOUR)
    last = mail.outbox[-1]
    assert str(TEXTS[Canned.STANDS]) in str(last.body)
    assert "Be well." in str(last.body)
    assert f"/n/{case.cutoff.notice_token}/status" in str(last.body)
    assert "hate" not in f"{last.subject} {last.body}"
    assert Reply.objects.get().mailed_at is not None
    addresses.send_due(now=NOW + 3 * HOUR)
    assert len(mail.outbox) == 2


def test_an_answer_goes_to_a_verified_address_when_the_case_settles(case: Case) -> None:
    addresses.verify(token=ask(case), now=NOW)
    addresses.send_due(now=NOW)
    assert len(mail.outbox) == 1, "nothing is answered yet"
    answer(case)
    addresses.send_due(now=NOW + 2 * HOUR)
    assert len(mail.outbox) == 2


def test_a_link_works_once_and_for_two_days(case: Case) -> None:
    link = ask(case)
    assert addresses.find(token=link, now=NOW + 47 * HOUR)
    assert not addresses.find(token=link, now=NOW + 48 * HOUR)
    assert addresses.verify(token=link, now=NOW)
    assert not addresses.verify(token=link, now=NOW)


def test_whoever_did_not_ask_is_sent_nothing_more(case: Case) -> None:
    assert addresses.refuse(token=ask(case), now=NOW)
    assert not AnswerAddress.objects.exists()


def test_what_cannot_be_sent_is_tried_again_with_a_new_link(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses.ask(cutoff=cutoff_of(case), address=ADDRESS, now=NOW)
    with monkeypatch.context() as away:
        away.setattr(mail.EmailMessage, "send", _away)
        assert addresses.send_due(now=NOW) == 0
    assert addresses.send_due(now=NOW) == 0, "not at once"
    assert addresses.send_due(now=NOW + timedelta(minutes=1)) == 1
    assert addresses.verify(token=token(), now=NOW + timedelta(minutes=2))


def _away(_message: object) -> int:
    raise ConnectionRefusedError


def test_it_is_given_up_after_a_while(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail.EmailMessage, "send", _away)
    addresses.ask(cutoff=cutoff_of(case), address=ADDRESS, now=NOW)
    for day in range(len(addresses.RETRIES) + 2):
        addresses.send_due(now=NOW + timedelta(days=day))
    assert AnswerAddress.objects.get().due_at is None


def test_only_so_many_links_are_sent(case: Case) -> None:
    for number in range(addresses.MOST_LINKS):
        ask(case, f"user{number}@example.com")
    with pytest.raises(ValidationError, match="several links"):
        ask(case, "more@example.com")
    assert AnswerAddress.objects.get().address == "user2@example.com"


def form_of(case: Case) -> str:
    return f"/n/{case.cutoff.notice_token}/feedback"


def test_the_form_asks_for_it_and_the_page_behind_the_link_for_a_yes(client: Client) -> None:
    case = make_case()
    assert 'name="address"' in client.get(form_of(case)).text
    answer = client.post(form_of(case), {"surprised": "yes", "address": ADDRESS}, follow=True)
    assert "We have sent a link to your address." in answer.text
    addresses.send_due(now=timezone.now())
    page = f"/answers/{token()}"
    asked = client.get(page)
    assert "Is this your address?" in asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert AnswerAddress.objects.get().verified_at is None
    assert "Thank you" in client.post(page, {"answer": "yes"}).text
    assert client.get(page).status_code == 404
    status = f"/n/{case.cutoff.notice_token}/status"
    text = client.get(status).text
    assert "Answers also come to your address." in text
    assert ADDRESS not in text
    client.post(f"/n/{case.cutoff.notice_token}/no-mail")
    assert not AnswerAddress.objects.exists()


def test_mail_and_page_speak_the_language_in_which_they_were_asked_for(client: Client) -> None:
    case = make_case(conversation={"locale": "en-US"})
    client.post(f"{form_of(case)}?lang=ar", {"surprised": "yes", "address": ADDRESS})
    addresses.send_due(now=timezone.now())
    assert mail.outbox[-1].subject == "هل هذا عنوانك؟"
    page = f"/answers/{token()}"
    mailed = Client()  # the cookie of the notice is for notices alone
    asked = mailed.get(page, headers={"Accept-Language": "de"})
    assert '<html lang="ar"' in asked.text
    assert (asked.headers["Content-Language"], 'dir="rtl"' in asked.text) == ("ar", True)
    assert '<html lang="fr"' in mailed.get(f"{page}?lang=fr").text
    # Of one that leads nowhere only the browser tells.
    wrong = mailed.get("/answers/nothing", headers={"Accept-Language": "de"})
    assert '<html lang="de"' in wrong.text


def test_one_address_gets_few_links_from_whatever_notice(client: Client) -> None:
    said = {"surprised": "yes", "address": ADDRESS}
    answers = [client.post(form_of(make_case()), said).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 422]
    assert Feedback.objects.count() == 4, "what was said is kept all the same"


@pytest.mark.parametrize("why", ["minor", "no server", "expired"])
def test_who_is_not_asked_for_an_address(client: Client, why: str, settings: Any) -> None:
    case = make_case(conversation={"age_band": "minor" if why == "minor" else "adult"})
    if why == "no server":
        settings.EMAIL_HOST = ""
    if why == "expired":
        Cutoff.objects.filter(pk=case.pk).update(age_band="", signals_expired_at=NOW)
    assert 'name="address"' not in client.get(form_of(case)).text
    client.post(form_of(case), {"surprised": "yes", "address": ADDRESS})
    assert not AnswerAddress.objects.exists()
    with pytest.raises(ValidationError):
        addresses.ask(cutoff=cutoff_of(case), address=ADDRESS, now=NOW)


# --- What is kept, and for how long -------------------------------------------------------------


def everything(case: Case) -> None:
    addresses.verify(token=ask(case), now=NOW)
    hear(case, comment="The purple giraffe was mine, and I said so to it.")
    user = make_user(Role.REVIEWER)
    give_verdict(case, user, "uphold")
    replies.write(
        case=case, user=user, canned="", words="You wrote: I am ending it here, Useless.", now=NOW
    )


def test_erasure_takes_comment_address_and_the_reply_that_quotes(case: Case) -> None:
    everything(case)
    counts = erase_words(
        cutoff_ids=[case.pk],
        all_cutoffs=Cutoff.objects.filter(pk=case.pk),
        said=[],
        unread=[case.pk],
    )
    assert (counts["feedback"], counts["addresses"], counts["replies"]) == (1, 1, 1)
    assert ReplyText.objects.get().text == ERASED
    assert not FeedbackText.objects.exists()
    assert not AnswerAddress.objects.exists()


def test_words_go_with_the_transcripts_and_holds_keep_them(case: Case) -> None:
    everything(case)
    over = NOW + timedelta(days=case.source.transcript_days)
    assert feedback_terms.enforce(now=over) == 0
    boss: User = make_user(Role.SENIOR)
    held = holds.place_on_case(
        cutoff=cutoff_of(case),
        matter="M1",
        reason="Court",
        expires_at=over + timedelta(days=9),
        user=boss,
        now=NOW,
    )
    assert feedback_terms.enforce(now=over + HOUR) == 0
    assert feedback_terms.enforce(now=held.expires_at + HOUR) == 3
    assert Feedback.objects.exists()
    assert Reply.objects.exists()


def test_a_link_that_nobody_followed_is_forgotten_in_a_week(case: Case) -> None:
    ask(case)
    assert feedback_terms.enforce(now=NOW + timedelta(days=7)) == 0
    assert feedback_terms.enforce(now=NOW + timedelta(days=7) + HOUR) == 1
