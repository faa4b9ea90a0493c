"""What ties a cutoff to what its service asked, and how long that is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations.models import Cutoff, Source
from conversations.retention import Terms
from conversations.services import holds
from conversations.services.retention import Line, enforce, set_terms
from conversations.vocabulary import Mode
from policies.evaluation import Decision
from policies.models import AskedEvaluation
from policies.services.evaluations import Permission, asked_first
from reviews.models import Case
from tests.factories import NOW, make_case, make_cutoff, make_source, make_user
from tests.policies.asked import evaluation

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def quoted(source: Source, evaluation_id: str | None, **cutoff: Any) -> Cutoff:
    made = make_cutoff(
        source,
        conversation={"id": "c1"},
        cutoff={"initiator": "model", "evaluation_id": evaluation_id} | cutoff,
    )
    return Cutoff.objects.select_related("conversation").get(pk=made.pk)


def tie(source: Source, evaluation_id: str | None, **cutoff: Any) -> Any:
    return asked_first(cutoff=quoted(source, evaluation_id, **cutoff), mode=source.mode)


def wire(asked: AskedEvaluation) -> str:
    return f"ev_{asked.pk.hex}"


@pytest.fixture
def source() -> Source:
    return make_source("chat", Mode.ENFORCING)


@pytest.mark.parametrize("decision", Decision)
def test_allowed_or_refused(source: Source, decision: Decision) -> None:
    asked = evaluation(source, decision=decision.value)
    found = tie(source, wire(asked))
    allowed = decision == Decision.END
    assert found.result == (Permission.ALLOWED if allowed else Permission.REFUSED)
    assert (found.decision, found.policy_version, found.asked_at) == (decision, 1, NOW)
    assert ("refused" in found.explanation) is not allowed


def test_never_asked_says_why(source: Source) -> None:
    other = evaluation(source, conversation_external_id="c2")
    anothers = evaluation(make_source())
    user = evaluation(source, initiator="user")
    said = {
        "none": tie(source, None),
        "nonsense": tie(source, "ev_nonsense"),
        "unknown": tie(source, f"ev_{uuid4().hex}"),
        "other spelling": tie(source, str(other.pk)),
        "another conversation": tie(source, wire(other)),
        "another source": tie(source, wire(anothers)),
        "another initiator": tie(source, wire(user)),
    }
    assert {found.result for found in said.values()} == {Permission.NEVER_ASKED}
    words = {name: found.explanation for name, found in said.items()}
    assert "never asked" in words["none"]
    assert "another conversation" in words["another conversation"]
    assert "ending by the user" in words["another initiator"]
    alike = {words[name] for name in ("nonsense", "unknown", "other spelling", "another source")}
    assert alike == {"The service quoted an evaluation that it was never given. So it did not ask."}


def test_an_advisory_source_is_held_only_to_what_it_quotes() -> None:
    advisory = make_source()
    assert tie(advisory, None) is None
    assert tie(advisory, "ev_unknown").result == Permission.NEVER_ASKED
    assert tie(advisory, wire(evaluation(advisory))).result == Permission.ALLOWED


def test_what_is_no_longer_kept_is_not_called_never_asked(source: Source) -> None:
    cutoff = quoted(source, f"ev_{uuid4().hex}")
    cutoff.signals_expired_at = NOW
    found = asked_first(cutoff=cutoff, mode=source.mode)
    assert found is not None
    assert found.result == Permission.NO_LONGER_KEPT


def opened(case: Case) -> tuple[str, dict[str, Any]]:
    """The page of *case*, and its conformance over the API."""
    client = Client()
    client.force_login(make_user(Role.REVIEWER))
    page = client.get(f"/cases/{case.number}").text
    return page, client.get(f"/api/v1/cases/{case.pk}").json()["conformance"]


def test_the_case_says_plainly_that_it_was_not_allowed(source: Source) -> None:
    asked = evaluation(source, decision="warn_first")
    case = make_case(source, conversation={"id": "c1"}, cutoff={"evaluation_id": wire(asked)})
    page, told = opened(case)
    assert "Ended without being allowed" in page
    assert "policy 1 refused: warn first." in page
    assert told["asked_first"] == {
        "result": "refused",
        "explanation": "The service asked, and policy 1 refused: warn first.",
        "decision": "warn_first",
        "policy_version": 1,
        "asked_at": "2026-11-20T12:00:00Z",
    }
    page, told = opened(make_case(source))
    assert "Ended without being allowed" in page
    assert told["asked_first"]["result"] == "never_asked"


def test_the_case_of_an_allowed_cutoff_and_of_an_advisory_source(source: Source) -> None:
    asked = evaluation(source)
    case = make_case(source, conversation={"id": "c1"}, cutoff={"evaluation_id": wire(asked)})
    page, told = opened(case)
    assert "The service asked, and policy 1 allowed it." in page
    assert "without being allowed" not in page
    assert told["asked_first"]["result"] == "allowed"
    page, told = opened(make_case())
    assert "without being allowed" not in page
    assert told["asked_first"] is None


def test_evaluations_go_with_the_term_of_the_signals(source: Source) -> None:
    longer = make_source()
    set_terms(source=longer, terms=Terms(signal_days=1_000), actor=Actor.task("test"))
    over = evaluation(source, at=NOW - 730.01 * DAY)
    kept = [evaluation(source, at=NOW - 729.99 * DAY), evaluation(longer, at=over.at)]

    report = enforce(now=NOW, dry_run=True)
    line = Line("chat", f"{over.at:%Y-%m}", "evaluations")
    assert report.counts == {line: 1}
    assert AskedEvaluation.objects.count() == 3

    report = enforce(now=NOW)
    assert report.counts[line] == 1
    assert set(AskedEvaluation.objects.all()) == set(kept)
    assert LedgerEntry.objects.get(action="retention.enforced").details == {"evaluations": 1}


@pytest.mark.parametrize("whole_subject", [False, True])
def test_a_hold_keeps_them(source: Source, whole_subject: bool) -> None:
    cutoff = quoted(source, None)
    held = evaluation(source, at=NOW - 800 * DAY)
    evaluation(source, at=NOW - 800 * DAY, conversation_external_id="c2")
    terms: dict[str, Any] = {
        "matter": "M-1",
        "reason": "Court",
        "expires_at": NOW + 30 * DAY,
        "user": make_user(Role.SENIOR),
        "now": NOW,
    }
    if whole_subject:
        subject = cutoff.conversation.subject
        holds.place_on_subject(source=source, subject=subject, **terms)
    else:
        holds.place_on_case(cutoff=cutoff, **terms)
    enforce(now=NOW)
    assert list(AskedEvaluation.objects.all()) == [held]
    enforce(now=NOW + 31 * DAY)
    assert not AskedEvaluation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"severity": 1.1}, "evaluation_signals_in_range"),
        ({"refusals": -1}, "evaluation_signals_in_range"),
        ({"paused": True}, "evaluation_never_ends_against_a_rule"),
        ({"crisis_cue": True}, "evaluation_never_ends_against_a_rule"),
        ({"risk_self": None}, "evaluation_never_ends_against_a_rule"),
        ({"risk_others": 0.21}, "evaluation_never_ends_against_a_rule"),
        ({"initiator": "user", "risk_self": 0.9}, "evaluation_never_ends_against_a_rule"),
        ({"warnings": 0}, "evaluation_for_abuse_ends_after_a_warning"),
        ({"warnings": None}, "evaluation_for_abuse_ends_after_a_warning"),
    ],
)
def test_no_evaluation_that_breaks_a_rule_is_kept(
    source: Source, changes: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        evaluation(source, **changes)
    if "severity" not in changes and "refusals" not in changes:
        assert evaluation(source, decision="never", **changes)


def test_what_was_told_is_never_changed(source: Source) -> None:
    asked = evaluation(source)
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        AskedEvaluation.objects.filter(pk=asked.pk).update(decision="never")
