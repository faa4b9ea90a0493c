"""Taking back a verdict that waits for another's: as long as any other, and alike in every way."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Claim, Exercise, Verdict, VerdictDraft, Withdrawal
from reviews.permissions import visible_texts
from reviews.priorities import WEIGHTS
from reviews.services import claims, verdicts
from reviews.services.adjudication import standing_verdicts
from reviews.services.enrichment import enrich
from reviews.services.queue import altogether, first_breach, waiting_counts
from reviews.services.rows import QueueRow
from reviews.services.search import search
from reviews.transitions import Forbidden
from reviews.visibility import Text
from reviews.vocabulary import CaseState, Reason
from tests.concurrency import at_once
from tests.factories import NOW, give_verdict, make_case, make_user
from tests.reviews.gold_made import LATER, dealt, settled
from tests.reviews.pages import verdict

pytestmark = pytest.mark.django_db

UNDO = timedelta(seconds=settings.UNDO_SECONDS)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER, name="Ana")


@pytest.fixture
def ben() -> User:
    return make_user(Role.REVIEWER, name="Ben")


def breach() -> Case:
    """A breach, of which every overturn waits for another's."""
    case = make_case()
    Case.objects.filter(pk=case.pk).update(breach=True)
    return Case.objects.select_related("cutoff").get(pk=case.pk)


@pytest.mark.parametrize("make", [partial(make_case, double=True), breach])
def test_the_first_of_two_is_taken_back_and_is_a_draft_again(make: Any, ana: User) -> None:
    case = make()
    given = give_verdict(case, ana, rationale="A second thought.")
    assert case.state == CaseState.SECOND_REVIEW
    verdicts.undo(case=case, user=ana, now=NOW + UNDO - MOMENT)
    case.refresh_from_db()
    assert (case.state, standing_verdicts(case)) == (CaseState.OPEN, [])
    assert Withdrawal.objects.get().verdict == given
    assert LedgerEntry.objects.get(action="case.undone").details == {"verdict": str(given.pk)}
    draft = VerdictDraft.objects.get(case=case, reviewer=ana)
    assert draft.content["rationale"] == "A second thought."
    assert give_verdict(case, ana, "uphold").decision == "uphold"


def test_one_that_differs_is_taken_back_before_a_senior_begins(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "overturn")
    give_verdict(case, ben, "uphold", now=NOW + MOMENT)
    assert (case.state, case.contested) == (CaseState.ADJUDICATION, True)
    with pytest.raises(Forbidden, match="Only whoever gave the last"):
        verdicts.undo(case=case, user=ana, now=NOW + MOMENT)
    verdicts.undo(case=case, user=ben, now=NOW + MOMENT)
    case.refresh_from_db()
    assert (case.state, case.contested) == (CaseState.SECOND_REVIEW, False)


def test_it_is_too_late_when_its_time_is_over(ana: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)
    with pytest.raises(Forbidden, match="too late"):
        verdicts.undo(case=case, user=ana, now=NOW + UNDO)
    assert standing_verdicts(case)


def test_it_stands_once_another_has_claimed_the_case(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)
    claims.claim(case=case, user=ben)
    with pytest.raises(Forbidden, match="Somebody else has claimed"):
        verdicts.undo(case=case, user=ana, now=NOW)
    assert standing_verdicts(case)


def test_the_refusal_tells_a_stranger_nothing_of_a_first_verdict(ana: User, ben: User) -> None:
    fresh, waiting = make_case(), make_case(double=True)
    give_verdict(waiting, ana)
    refused = []
    for case in (fresh, waiting):
        with pytest.raises(Forbidden) as said:
            verdicts.undo(case=case, user=ben, now=NOW)
        refused.append(str(said.value))
    assert refused[0] == refused[1]


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_is_being_made_keeps_the_verdict() -> None:
    """Undo waits for the claim's transaction, and then finds the claim."""
    ana, ben = make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    case = make_case(double=True)
    give_verdict(case, ana)
    undo = partial(verdicts.undo, case=case, user=ana, now=NOW)
    claim = partial(_slow_claim, case, ben)
    undone, claimed = at_once(undo, claim)
    case.refresh_from_db()
    if undone is None:  # it was first: what was claimed is the open case
        assert (case.state, standing_verdicts(case)) == (CaseState.OPEN, [])
    else:
        assert isinstance(undone, Forbidden)
        assert (case.state, len(standing_verdicts(case))) == (CaseState.SECOND_REVIEW, 1)
    assert isinstance(claimed, Claim)


def _slow_claim(case: Case, user: User) -> Claim:
    with transaction.atomic():
        return claims.claim(case=case, user=user)


# --- Alike, whatever becomes of it ------------------------------------------------------------


def plain() -> Case:
    return make_case()


def sent(client: Client, case: Case, number: int) -> tuple[str, str, str]:
    """What the page says when it is sent, its panel with the undo, and the API's state."""
    said = client.post(f"/cases/{number}/verdict", verdict(), follow=True)
    panel = re.search(r'<section class="card verdict".*?</form>', said.text, re.DOTALL)
    assert panel
    toast = re.search(r"Your verdict is in\. It counts[^<]*", said.text)
    assert toast
    shown = re.sub(r'value="[^"]{20,}"|datetime="[^"]*"|/\d+/|<time.*?</time>', "", panel[0])
    api = client.get(f"/api/v1/cases/{case.alias or case.pk}").json()
    return toast[0], shown, api["state"]


def test_a_verdict_that_waits_looks_like_one_that_settles(ana: User, client: Client) -> None:
    client.force_login(ana)
    seen = []
    for case in (plain(), make_case(double=True), breach()):
        enrich(cutoff_ids=[case.pk])
        claims.claim(case=case, user=ana)
        seen.append(sent(client, case, case.number))
    assert seen[0] == seen[1] == seen[2]
    assert 'data-key="z"' in seen[0][1]
    assert seen[0][2] == "settling"
    assert {case.state for case in Case.objects.all()} == {"settling", "second_review"}
    listed = client.get("/api/v1/cases?state=settling").json()["results"]
    assert len(listed) == 3
    assert client.get("/api/v1/cases?state=second_review").json()["results"] == []


def test_it_leaves_the_list_of_what_waits_and_its_counts_like_one_that_settles(
    ana: User, ben: User, client: Client
) -> None:
    client.force_login(ana)
    told = []
    for make in (plain, partial(make_case, double=True), breach):
        case = make()
        Case.objects.filter(pk=case.pk, breach=True).update(priority=WEIGHTS[Reason.BREACH])
        enrich(cutoff_ids=[case.pk])
        claims.claim(case=case, user=ana)
        client.post(f"/cases/{case.number}/verdict", verdict())
        page = client.get("/review")
        told.append((page.context["rows"], page.context["breach"], str(page.context["waiting"])))
    assert told == [([], None, "0")] * 3
    # It waits for others all the same, and again for her once she has taken hers back.
    waits = Case.objects.filter(state=CaseState.SECOND_REVIEW).order_by("-breach")
    assert {row.case for row in listing(client, ben)} == set(waits)
    assert first_breach(user=ben) == waits[0]
    assert altogether(waiting_counts(user=ben)).number == 2
    verdicts.undo(case=waits[1], user=ana, now=timezone.now())
    assert [row.case for row in listing(client, ana)] == [waits.model.objects.get(state="open")]
    assert altogether(waiting_counts(user=ana)).number == 1


def listing(client: Client, user: User) -> list[QueueRow]:
    """The rows of what waits, as *user* sees them."""
    client.force_login(user)
    rows: list[QueueRow] = client.get("/review").context["rows"]
    return rows


def test_so_does_the_answer_to_a_gold_case(ana: User, client: Client) -> None:
    sara = make_user(Role.SENIOR)
    with time_machine.travel(LATER, tick=False):
        case = settled()
        enrich(cutoff_ids=[case.pk])
        exercise = dealt(ana, sara, case)
        case = exercise.case
        case.alias = exercise.alias
        client.force_login(ana)
        answered = sent(client, case, exercise.number or 0)
        other = plain()
        enrich(cutoff_ids=[other.pk])
        claims.claim(case=other, user=ana)
        assert answered == sent(client, other, other.number)
        assert exercise.pk == Exercise.objects.get(answered_at__isnull=False).pk


def test_an_answer_is_taken_back_with_the_same_key(ana: User, client: Client) -> None:
    sara = make_user(Role.SENIOR)
    with time_machine.travel(LATER, tick=False):
        exercise = dealt(ana, sara)
        enrich(cutoff_ids=[exercise.case_id])
        client.force_login(ana)
        sent = verdict(rationale="Hm.", reply_words="Thank you for writing.")
        client.post(f"/cases/{exercise.number}/verdict", sent)
        said = client.post(f"/cases/{exercise.number}/undo", follow=True).text
        assert "taken back. The case is yours again." in said
        assert "Hm." in said
        assert "Thank you for writing." in said
        exercise.refresh_from_db()
        assert (exercise.answered_at, exercise.decision) == (None, "")
        assert LedgerEntry.objects.get(action="exercise.undone").actor == ana
        client.post(f"/cases/{exercise.number}/verdict", verdict(rationale="So."))
        exercise.refresh_from_db()
        assert exercise.words.rationale == "So."
    with time_machine.travel(LATER + UNDO, tick=False):
        late = client.post(f"/cases/{exercise.number}/undo", follow=True).text
        assert "too late" in late
        assert "Somebody else decides independently" in late


def test_when_the_time_is_over_it_shows_as_what_it_is(ana: User, client: Client) -> None:
    case = make_case(double=True)
    client.force_login(ana)
    with time_machine.travel(NOW + UNDO, tick=False):
        give_verdict(case, ana)
        assert client.get(f"/api/v1/cases/{case.pk}").json()["state"] == "second_review"
        assert "/undo" not in client.get(f"/cases/{case.number}").text


def test_to_everybody_else_it_is_what_it_was(ana: User, ben: User, client: Client) -> None:
    case = make_case(double=True)
    with time_machine.travel(NOW, tick=False):
        give_verdict(case, ana)
        for user, state in ((ben, "open"), (make_user(Role.AUDITOR), "second_review")):
            client.force_login(user)
            assert client.get(f"/api/v1/cases/{case.pk}").json()["state"] == state


def test_who_may_take_back_a_verdict_that_differs_reads_no_other(ana: User, ben: User) -> None:
    case = make_case(double=True)
    with time_machine.travel(NOW, tick=False):
        give_verdict(case, ana, "overturn", rationale="pelican first")
        give_verdict(case, ben, "uphold", rationale="pelican second", now=NOW + MOMENT)
        assert case.state == CaseState.ADJUDICATION
        assert Text.VERDICTS not in visible_texts(ben, case)
        assert list(search(cases=Case.objects.all(), user=ben, query="first pelican")) == []
        assert list(search(cases=Case.objects.all(), user=ben, query="second pelican")) == [case]
        assert Text.VERDICTS in visible_texts(ana, case)
    with time_machine.travel(NOW + UNDO + MOMENT, tick=False):
        assert Text.VERDICTS in visible_texts(ben, case)
        assert list(search(cases=Case.objects.all(), user=ben, query="first pelican")) == [case]


def test_a_round_is_counted_as_many_verdicts_as_it_asks_for(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "uphold")
    verdicts.undo(case=case, user=ana, now=NOW)
    give_verdict(case, ben, "uphold")
    assert case.state == CaseState.SECOND_REVIEW
    give_verdict(case, ana, "uphold", now=NOW + MOMENT)
    assert [one.reviewer for one in standing_verdicts(case)] == [ben, ana]
    assert Verdict.objects.count() == 3
    assert Cutoff.objects.get(pk=case.pk).standing is not None
