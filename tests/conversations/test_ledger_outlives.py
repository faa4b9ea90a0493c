"""The ledger goes on to hold whatever is erased, held, deleted or ended."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import LedgerEntry, LedgerSeal
from accounts.roles import Role
from accounts.sealing import seal
from accounts.verifying import verify
from conversations.models import Transcript
from conversations.services import holds, retention
from tests.conversations.keeping import LATER, USER, case_of, hold
from tests.factories import NOW, give_verdict, hear, make_source, make_user

pytestmark = pytest.mark.django_db


def test_a_ledger_still_verifies_after_erasure_holds_retention_and_a_person_who_left() -> None:
    source = make_source()
    case, other = case_of(source), case_of(source, user="somebody-else")
    reviewer = make_user(Role.REVIEWER)
    give_verdict(case, reviewer)
    hear(case, comment="I was joking.")
    assert seal(now=NOW) == 1
    sealed = LedgerSeal.objects.get().count

    placed = hold(other.cutoff)
    call_command(
        "erase_subject", source=source.slug, user_id=USER, reason="Letter", stdout=StringIO()
    )
    holds.release(hold=placed, user=placed.placed_by, now=LATER)
    retention.enforce(now=NOW + timedelta(days=800))
    reviewer.is_active = False
    reviewer.save()

    assert not Transcript.objects.exclude(messages="[]").exists()
    report = verify()
    assert report.holds
    assert (report.lines, report.seals) == (sealed, 1)
    assert report.unsealed == LedgerEntry.objects.count() - sealed > 0
    said = StringIO()
    call_command("verify_ledger", stdout=said)
    assert said.getvalue().startswith(f"{LedgerEntry.objects.count()} lines in 2 seals hold; 0")
