"""Opening a case: what is seen of it, and the ledger's line about it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Transcript
from policies.models import CutoffConformance
from reviews.models import Case
from reviews.services import claims, enrichment, verdicts
from reviews.services.reading import open_case, reveal, reveal_feedback
from reviews.visibility import Text
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db

SECRET = "The purple giraffe plays the tuba"


def lines(case: Case) -> list[str]:
    found = LedgerEntry.objects.filter(object_type="case", object_id=str(case.pk)).order_by("id")
    return list(found.values_list("action", flat=True))


def test_opening_a_transcript_is_one_line_in_the_ledger(ana: User) -> None:
    case = make_case()
    opened = open_case(case=case, user=ana)
    assert opened.messages is not None
    assert len(opened.messages) == 6
    assert lines(case) == ["transcript.opened"]
    assert LedgerEntry.objects.get(action="transcript.opened").actor == ana


@pytest.mark.parametrize("role", [Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR])
def test_whose_role_has_no_transcripts_opens_none(role: Role) -> None:
    case, user = make_case(), make_user(role)
    opened = open_case(case=case, user=user)
    assert (opened.messages, opened.explanation, opened.rationale) == (None, "", "")
    assert opened.conformance is not None
    assert reveal(case=case, user=user, turns=None) == []
    assert reveal_feedback(case=case, user=user) == []
    assert lines(case) == []


def test_a_case_without_transcript_opens_without_a_line(ana: User) -> None:
    case = make_case()
    Transcript.objects.all().delete()
    assert open_case(case=case, user=ana).messages is None
    assert lines(case) == []


def test_a_case_that_is_not_enriched_is_assessed_on_the_spot(ana: User) -> None:
    case = make_case()
    assert not CutoffConformance.objects.exists()
    opened = open_case(case=case, user=ana)
    assert opened.conformance is not None
    assert opened.evidence is not None
    assert enrichment.enrich(cutoff_ids=[case.pk], now=NOW) == 1


def test_asking_for_hidden_turns_and_for_feedback_is_one_line_each(ana: User) -> None:
    case = make_case(cutoff={"category": "hate"})
    hear(case, comment=SECRET)
    assert open_case(case=case, user=ana).hidden == {1, 3, 5}
    assert [number for number, _ in reveal(case=case, user=ana, turns=[3, 1])] == [1, 3]
    assert len(reveal(case=case, user=ana, turns=None)) == 6
    (given,) = reveal_feedback(case=case, user=ana)
    assert given.words.comment == SECRET
    assert lines(case) == [
        "feedback.received",
        "transcript.opened",
        "transcript.revealed",
        "transcript.revealed",
        "feedback.opened",
    ]
    revealed = LedgerEntry.objects.filter(action="transcript.revealed").order_by("id")
    assert [entry.details for entry in revealed] == [{"turns": [1, 3]}, {"turns": "all"}]


def test_what_would_steer_is_folded_until_ones_own_verdict_is_in(ana: User) -> None:
    case, ben = make_case(double=True), make_user(Role.REVIEWER)
    auditor = make_user(Role.AUDITOR)
    assert [open_case(case=case, user=user).folded for user in (ana, ben, auditor)] == [
        True,
        True,
        False,
    ]
    give_verdict(case, ana)
    assert [open_case(case=case, user=user).folded for user in (ana, ben)] == [False, True]
    give_verdict(case, ben)
    settle(case)
    assert not open_case(case=case, user=make_user(Role.REVIEWER)).folded


def test_the_blind_see_no_verdict_and_no_trace_of_its_content(ana: User) -> None:
    case, ben = make_case(double=True), make_user(Role.REVIEWER)
    give_verdict(case, ana, rationale=SECRET)
    blind, own = open_case(case=case, user=ben), open_case(case=case, user=ana)

    assert blind.blind
    assert Text.VERDICTS not in blind.shows
    assert blind.verdicts == []
    assert "gave a verdict" not in [entry.what for entry in blind.timeline]
    assert [verdict.words.rationale for verdict in own.verdicts] == [SECRET]
    assert "gave a verdict" in [entry.what for entry in own.timeline]


def test_the_ledger_holds_no_words_of_anybody(ana: User) -> None:
    """A full run with one sentence wherever somebody can write, and none of it in the ledger."""
    messages = [{"role": "user", "content": SECRET}, {"role": "assistant", "content": SECRET}]
    case = make_case(
        double=True,
        transcript={"format": "openai.chat", "messages": messages},
        cutoff={"explanation": SECRET, "rationale": SECRET},
        conversation={"id": SECRET, "user_id": SECRET},
    )
    enrichment.enrich(cutoff_ids=[case.pk], now=NOW)
    hear(case, comment=SECRET)
    open_case(case=case, user=ana)
    reveal(case=case, user=ana, turns=None)
    reveal_feedback(case=case, user=ana)
    claims.claim(case=case, user=ana)
    claims.release(case=case, user=ana)
    give_verdict(case, ana, rationale=SECRET)
    ben = make_user(Role.REVIEWER)
    give_verdict(case, ben, rationale=SECRET, now=NOW + timedelta(minutes=1))
    verdicts.undo(case=case, user=ben, now=NOW)
    give_verdict(case, ben, rationale=SECRET, now=NOW + timedelta(minutes=2))
    settle(case)
    hear(case, comment=SECRET, appeal=True)

    actions = set(LedgerEntry.objects.values_list("action", flat=True))
    assert actions >= {
        "case.claimed",
        "case.released",
        "case.decided",
        "case.undone",
        "case.settled",
        "feedback.received",
        "feedback.opened",
        "transcript.opened",
        "transcript.revealed",
    }
    for entry in LedgerEntry.objects.values():
        assert "giraffe" not in json.dumps(entry, default=str)
