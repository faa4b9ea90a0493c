"""What could bring a person's words back after their erasure, or was forgotten by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff, Source
from conversations.services import erasure
from reviews.models import (
    Attempt,
    Case,
    CaseLabel,
    Claim,
    Escalation,
    Label,
    SavedView,
    VerdictDraft,
)
from reviews.outcome_vocabulary import OutcomeType
from reviews.services import (
    arranging,
    bulk,
    canned,
    claims,
    deferring,
    drafting,
    escalating,
    notes,
    replies,
    saved_views,
    skipping,
    training,
    verdicts,
)
from reviews.services.enrichment import enrich
from reviews.services.erasure import ERASED
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, CaseState
from tests.conversations.keeping import SECRET, USER, case_of, erase, hold
from tests.conversations.test_erasure import everything_stored
from tests.factories import NOW, give_verdict, hear, make_user, new_verdict, settle
from tests.reviews.outcomes import make_endpoint
from tests.reviews.pages import verdict

pytestmark = pytest.mark.django_db

QUOTE = f"They said that {SECRET}."
TOLD = "my late uncle kept seventeen green parrots indoors"
SAID = "were erased at the request"


@pytest.fixture
def case(source: Source) -> Case:
    case = case_of(source)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    return case


# --- What an open page sends --------------------------------------------------------------------


def _verdict(case: Case, user: User) -> object:
    given = new_verdict(rationale=QUOTE)
    return verdicts.decide(case=case, user=user, verdict=given, now=NOW)


def _defer(case: Case, user: User) -> object:
    now = timezone.now()
    return deferring.defer(
        case=case, user=user, until=now + timedelta(hours=1), now=now, text=QUOTE
    )


def _escalate(case: Case, user: User) -> object:
    return escalating.escalate(case=case, user=user, area="legal", question=QUOTE, now=NOW)


def _unclear(case: Case, user: User) -> object:
    return skipping.signal_unclear(case=case, user=user, doubt="silent", text=QUOTE, now=NOW)


def _note(case: Case, user: User) -> object:
    return notes.write(case=case, user=user, text=QUOTE, now=NOW)


WRITES = [_verdict, _defer, _escalate, _unclear, _note]


@pytest.mark.parametrize("write", WRITES)
def test_what_was_open_is_refused_and_nothing_of_it_kept(
    source: Source, case: Case, ana: User, write: Callable[[Case, User], object]
) -> None:
    claims.claim(case=case, user=ana)
    erase(source)
    with pytest.raises(Forbidden, match=SAID):
        write(case, ana)
    assert SECRET not in everything_stored()


@pytest.mark.parametrize("write", WRITES)
def test_whoever_takes_it_up_again_writes(
    source: Source, case: Case, ana: User, write: Callable[[Case, User], object]
) -> None:
    claims.claim(case=case, user=ana)
    erase(source)
    assert not Claim.objects.live().exists()
    claims.claim(case=case, user=ana)
    assert write(case, ana)


def test_a_draft_is_not_kept_again(source: Source, case: Case, ana: User) -> None:
    content = {"rationale": [QUOTE]}
    claims.claim(case=case, user=ana)
    assert drafting.save_draft(case=case, user=ana, content=content, now=NOW)
    erase(source)
    assert not drafting.save_draft(case=case, user=ana, content=content, now=NOW)
    assert not VerdictDraft.objects.exists()
    claims.claim(case=case, user=ana)
    assert drafting.save_draft(case=case, user=ana, content={"rationale": ["Mine"]}, now=NOW)


def test_a_note_is_not_changed_back(source: Source, case: Case, ana: User) -> None:
    note = notes.write(case=case, user=ana, text=QUOTE, now=NOW)
    erase(source)
    with pytest.raises(Forbidden, match=SAID):
        notes.change(note=note, user=ana, text=QUOTE, now=NOW)
    assert SECRET not in everything_stored()
    notes.delete(note=note, user=ana, now=NOW)


@pytest.mark.parametrize("act", [escalating.answer, escalating.send_back])
@pytest.mark.parametrize("taken", [True, False])
def test_a_question_is_taken_anew_before_it_is_answered(
    source: Source, case: Case, ana: User, act: Callable[..., Escalation], taken: bool
) -> None:
    kim = make_user(Role.REVIEWER, qualified=[Area.LEGAL])
    claims.claim(case=case, user=ana)
    escalating.escalate(case=case, user=ana, area="legal", question=QUOTE, now=NOW)
    if taken:
        escalating.accept(case=case, user=kim, now=NOW)
    erase(source)
    with pytest.raises(Forbidden, match=SAID):
        act(case=case, user=kim, text=QUOTE, now=NOW)
    assert SECRET not in everything_stored()
    escalating.accept(case=case, user=kim, now=NOW)
    assert act(case=case, user=kim, text="Go on.", now=NOW).answer == "Go on."


def test_a_reply_in_own_words_is_not_written_to_it(source: Source, case: Case, ana: User) -> None:
    hear(case, comment=TOLD)
    give_verdict(case, ana)
    settle(case)
    erase(source)
    with pytest.raises(Forbidden, match=SAID):
        replies.write(case=case, user=ana, canned="", words=QUOTE, now=NOW)
    offered = replies.offered(case, ana)
    assert replies.write(case=case, user=ana, canned=offered[0], words="", now=NOW)
    assert SECRET not in everything_stored()


def test_an_exercise_is_neither_answered_nor_spoken_of(source: Source, case: Case) -> None:
    give_verdict(case, make_user(Role.REVIEWER))
    settle(case)
    trainee, other, mentor = (
        make_user(Role.TRAINEE),
        make_user(Role.TRAINEE),
        make_user(Role.SENIOR),
    )
    begun = training.next_exercise(user=trainee, queue="general", now=NOW)
    answered = training.next_exercise(user=other, queue="general", now=NOW)
    assert begun is not None
    assert answered is not None
    training.answer(exercise=answered, user=other, verdict=new_verdict(), now=NOW)
    answered.refresh_from_db()
    erase(source)
    with pytest.raises(Forbidden, match=SAID):
        training.answer(exercise=begun, user=trainee, verdict=new_verdict(rationale=QUOTE), now=NOW)
    with pytest.raises(Forbidden, match=SAID):
        training.comment(exercise=answered, by=mentor, text=QUOTE, now=NOW)
    assert training.next_exercise(user=trainee, queue="general", now=NOW) is None
    assert SECRET not in everything_stored()


def test_the_pages_say_so_and_do_not_fail(
    client: Client, source: Source, case: Case, ana: User
) -> None:
    claims.claim(case=case, user=ana)
    client.force_login(ana)
    hidden = {"HX-Request": "true"}
    erase(source)
    page = f"/cases/{case.number}"
    sent = client.post(f"{page}/verdict", verdict(rationale=QUOTE, evidence=[]))
    assert (sent.status_code, SAID in sent.text) == (422, True)
    note = client.post(f"{page}/notes", {"text": QUOTE}, headers=hidden)
    assert (note.status_code, SAID in note.text) == (422, True)
    draft = client.post(f"{page}/draft", {"rationale": QUOTE}, headers=hidden)
    assert draft.headers["HX-Trigger"] == "lease-lost"
    asked = client.post(f"{page}/out/escalate", {"team": "legal", "question": QUOTE}, follow=True)
    assert SAID in asked.text
    api = client.post(
        f"/api/v1/cases/{case.pk}/escalate",
        {"team": "legal", "question": QUOTE},
        "application/json",
    )
    assert api.status_code == 409
    assert SECRET not in everything_stored()
    assert client.get(page).status_code == 200


def test_the_pages_of_replies_and_training_say_so_too(client: Client, source: Source) -> None:
    case = case_of(source)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    ana, both = make_user(Role.REVIEWER), make_user(Role.TRAINEE, Role.SENIOR)
    hear(case, comment=TOLD)
    give_verdict(case, ana)
    settle(case)
    begun = training.next_exercise(user=both, queue="general", now=NOW)
    assert begun is not None
    client.force_login(both)
    early = client.post(f"/training/{begun.pk}/comment", {"text": "Early."})
    assert early.status_code == 302
    erase(source)
    answer = client.post(
        f"/training/{begun.pk}", verdict(rationale=QUOTE, evidence=[]), follow=True
    )
    assert SAID in answer.text
    client.force_login(ana)
    reply = client.post(f"/cases/{case.number}/reply", {"canned": "", "words": QUOTE})
    assert (reply.status_code, SAID in reply.text) == (422, True)
    assert SECRET not in everything_stored()


# --- What was forgotten -------------------------------------------------------------------------


def test_what_quotes_their_feedback_goes_too(source: Source, case: Case, ana: User) -> None:
    hear(case, comment=f"You know, {TOLD}, and nobody listens.")
    notes.write(case=case, user=ana, text=f"They wrote: “{TOLD}”.", now=NOW)
    given = give_verdict(case, ana, rationale=f"The user says that {TOLD}.")
    erase(source)
    given.words.refresh_from_db()
    assert given.words.rationale == ERASED
    assert "parrots" not in everything_stored()


def test_names_that_people_gave(source: Source, case: Case, ana: User) -> None:
    quote = "purple giraffe sleeps beside my"
    label = arranging.label_named(name=quote, by=ana, now=NOW)
    other = arranging.label_named(name="Purple prose", by=ana, now=NOW)
    bulk.label(case_ids=[case.pk], label=label, by=ana, now=NOW)
    named = saved_views.save(owner=ana, name=quote, filters="", shared=False, now=NOW)
    filtered = saved_views.save(
        owner=ana, name="B", filters=f"label={quote.replace(' ', '+')}", shared=False, now=NOW
    )
    canned.keep(user=ana, title=quote, text=QUOTE, shared=False, reason_code="", now=NOW)
    counts = erase(source).counts
    assert "giraffe" not in everything_stored()
    assert counts["names"] == 3
    assert Label.objects.get(pk=label.pk).name == f"[erased] {label.pk}"
    assert Label.objects.get(pk=other.pk).name == "Purple prose"
    assert CaseLabel.objects.get().label_id == label.pk
    left = dict(SavedView.objects.values_list("pk", "name"))
    assert left == {named.pk: f"[erased] {named.pk}", filtered.pk: f"[erased] {filtered.pk}"}


def test_what_a_source_answered_to_an_outcome(source: Source, case: Case, ana: User) -> None:

    make_endpoint(source)
    give_verdict(case, ana)
    settle(case)
    (outcome,) = case.cutoff.outcomes.filter(type=OutcomeType.SETTLED)
    (delivery,) = outcome.deliveries.all()
    attempt = Attempt.objects.create(
        delivery=delivery, number=1, at=NOW, milliseconds=1, status=200, body=QUOTE
    )
    assert erase(source).counts["answers"] == 1
    attempt.refresh_from_db()
    assert (attempt.body, attempt.headers, attempt.status) == ("", {}, 200)


def test_the_ledger_keeps_every_line_and_holds_no_word(
    source: Source, case: Case, ana: User
) -> None:
    enrich(cutoff_ids=[case.pk])
    hear(case, comment=TOLD)
    notes.write(case=case, user=ana, text=QUOTE, now=NOW)
    claims.claim(case=case, user=ana)
    drafting.save_draft(case=case, user=ana, content={"rationale": [QUOTE]}, now=NOW)
    give_verdict(case, ana, rationale=QUOTE)
    verdicts.undo(case=case, user=ana, now=NOW)
    before: list[Any] = list(LedgerEntry.objects.order_by("id").values())
    assert SECRET not in str(before)
    assert TOLD not in str(before)
    erase(source)
    assert list(LedgerEntry.objects.order_by("id").values())[: len(before)] == before


def test_a_verdict_that_is_taken_back_brings_no_draft_of_the_words(
    source: Source, case: Case, ana: User
) -> None:
    give_verdict(case, ana, rationale=QUOTE)
    erase(source)
    case.refresh_from_db()
    assert case.state == CaseState.SETTLING
    verdicts.undo(case=case, user=ana, now=NOW)
    assert SECRET not in everything_stored()


def test_what_is_on_hold_is_written_on_as_before(source: Source, case: Case, ana: User) -> None:

    hold(case.cutoff)
    claims.claim(case=case, user=ana)
    erase(source)
    assert Claim.objects.live().filter(case=case).exists()
    assert notes.write(case=case, user=ana, text=QUOTE, now=NOW)


def test_nothing_is_erased_by_a_rehearsal(source: Source, case: Case, ana: User) -> None:

    claims.claim(case=case, user=ana)
    erasure.rehearse(source=source, user_id=USER, now=NOW)
    assert Claim.objects.live().filter(case=case).exists()
    with pytest.raises(ValidationError):
        notes.write(case=case, user=ana, text=" ", now=NOW)
    assert notes.write(case=case, user=ana, text="Mine.", now=NOW)
