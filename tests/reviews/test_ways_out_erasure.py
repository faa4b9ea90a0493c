"""A person's words in what the staff wrote on other ways out: replaced, drafts gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.roles import Role
from reviews.models import Deferral, Escalation, Takeover, UnclearSignal, VerdictDraft
from reviews.services import claims, deferring, drafting, escalating, skipping, takeover
from reviews.services.erasure import ERASED
from reviews.vocabulary import Area
from tests.conversations.keeping import SECRET, case_of, erase
from tests.factories import NOW, make_case, make_source, make_user

pytestmark = pytest.mark.django_db


def test_what_quotes_the_person_is_replaced_and_the_rest_stays() -> None:
    source = make_source()
    case, other = case_of(source), make_case(source)
    ana, sam = make_user(Role.REVIEWER), make_user(Role.SENIOR)
    kim = make_user(Role.REVIEWER, qualified=[Area.LEGAL])
    said = f"They said: {SECRET}."
    for one in (case, other):
        claims.claim(case=one, user=sam)
        skipping.signal_unclear(
            case=one, user=sam, doubt="silent", text=said, pass_on=True, now=NOW
        )
        claims.claim(case=one, user=ana)
        drafting.save_draft(case=one, user=ana, content={"rationale": ["My own."]}, now=NOW)
        takeover.take_over(case=one, user=sam, reason=said, now=NOW)
        escalating.escalate(case=one, user=sam, area="legal", question=said, now=NOW)
        escalating.answer(case=one, user=kim, text="Only with a warrant.", now=NOW)
        claims.claim(case=one, user=ana)
        until = NOW + timedelta(hours=1)
        deferring.defer(case=one, user=ana, until=until, text=said, now=NOW)

    counts = erase(source).counts
    assert counts["ways_out"] == 5
    (draft,) = VerdictDraft.objects.all()
    assert draft.case == other
    for model, field, path in (
        (Deferral, "note", "case"),
        (Escalation, "question", "case"),
        (Takeover, "reason", "claim__case"),
        (UnclearSignal, "note", "case"),
    ):
        rows = dict(model.objects.values_list(path, field))
        assert rows == {case.pk: ERASED, other.pk: said}, model
    answers = set(Escalation.objects.values_list("answer", flat=True))
    assert answers == {"Only with a warrant."}
