"""Statements of reasons: what one says, and those of a period as a file."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case
from reviews.services import restricting, statements
from reviews.services.enrichment import enrich
from reviews.vocabulary import Area, CaseState
from tests.factories import NOW, give_verdict, make_case, make_source, make_user, settle

pytestmark = pytest.mark.django_db

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)


def exported() -> list[dict[str, Any]]:
    """The statements of the day on which everything here happens."""
    found = statements.statements_between(since=SINCE, until=UNTIL)
    return [{name: getattr(one, name) for name in one.__struct_fields__} for one in found]


def test_it_is_there_when_the_cutoff_is_made() -> None:
    source = make_source("chat")
    case = make_case(
        source,
        conversation={"locale": "de-AT", "country": "AT"},
        cutoff={"category": "privacy"},
    )
    enrich(cutoff_ids=[case.pk])
    (found,) = exported()
    facts = found.pop("decision_facts")
    assert found == {
        "puid": str(case.pk),
        "decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION",
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": "The rules of this service on when a conversation may be"
        " ended.",
        "incompatible_content_explanation": "The conversation was found not to fit the rules of"
        " this service. It takes no further message; nothing else of the account is touched.",
        "incompatible_content_illegal": "No",
        "category": "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
        "content_type": ["CONTENT_TYPE_TEXT"],
        "content_language": "DE",
        "content_date": "2026-11-20",
        "application_date": "2026-11-20",
        "end_date_service_restriction": None,
        "territorial_scope": ["AT"],
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_FULLY",
        "platform": "Chat",
        "issued_at": "2026-11-20T10:00:00+00:00",
        "amended_at": None,
    }
    assert "other people's private information" in facts
    assert "had declined before" in facts
    assert not any(sign.isdigit() for sign in facts)


def test_it_is_amended_when_the_cutoff_is_settled() -> None:
    case = make_case()
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    settle(case)
    (found,) = exported()
    assert found["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert found["amended_at"] == "2026-11-20T13:00:00+00:00"
    assert found["end_date_service_restriction"] == "2026-11-20"
    assert found["decision_facts"].endswith(
        "A person has looked at it and found that it was wrong. The conversation is open again."
    )


def test_staff_decide_without_a_program_and_users_are_decided_against_by_nobody() -> None:
    make_case(cutoff={"initiator": "operator"})
    make_case(cutoff={"initiator": "user"})
    (found,) = exported()
    assert found["automated_detection"] == "No"
    assert found["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"


def test_restricted_ones_stay_inside_and_so_does_another_day() -> None:
    lawyer = make_user(Role.SENIOR, qualified=[Area.LEGAL])
    restricting.restrict(case=make_case(), reason="An inquiry.", user=lawyer, now=NOW)
    make_case()
    Cutoff.objects.update(at=NOW)
    assert len(exported()) == 1
    assert not list(statements.statements_between(since=UNTIL, until=UNTIL + timedelta(days=1)))


def test_a_long_period_is_read_a_chunk_at_a_time(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(statements, "CHUNK", 2)
    made = sorted(str(make_case().pk) for _ in range(5))
    with django_assert_num_queries(7):  # three chunks with their conformance, and an empty one
        assert [found["puid"] for found in exported()] == made


def test_the_user_reads_it_once_nobody_is_to_look(client: Client) -> None:
    case = make_case()
    address = f"/n/{case.cutoff.notice_token}/statement"
    assert str(case.pk) not in client.get(address).text
    Case.objects.filter(pk=case.pk).update(state=CaseState.UNSELECTED, selected=False)
    text = client.get(address).text
    assert str(case.pk) in text
    assert "Yes, by the assistant alone." in text


def test_administrators_take_it_out_as_json(client: Client) -> None:
    case, _ = make_case(), make_case(cutoff={"initiator": "user"})
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    address = "/notices/statements?since=2026-11-20&until=2026-11-20&form="
    response = client.get(f"{address}json")
    assert response.headers["Content-Type"] == "application/json"
    (found,) = json.loads(b"".join(response.streaming_content))["statements"]  # type: ignore[attr-defined]
    assert found["puid"] == str(case.pk)
    noted = LedgerEntry.objects.get(action="statements.exported")
    assert (noted.actor, noted.details) == (user, {"until": "2026-11-21", "form": "json"})
    empty = client.get(address.replace("2026-11-20", "2026-11-19") + "json")
    assert json.loads(b"".join(empty.streaming_content)) == {"statements": []}  # type: ignore[attr-defined]


def test_administrators_take_it_out_as_csv(client: Client) -> None:
    source = make_source("minus")
    source.name = "=1+1"
    source.save()
    case = make_case(source, conversation={"country": "AT"})
    client.force_login(make_user(Role.ADMINISTRATOR))
    response = client.get("/notices/statements?since=2026-11-20&until=2026-11-20&form=csv")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["puid"] == str(case.pk)
    assert row["territorial_scope"] == '["AT"]'
    assert row["platform"] == "'=1+1"
    assert row["amended_at"] == ""


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "?since=2026-11-20&until=2026-11-19&form=json",
        "?since=2026-11-20&until=9999-12-31&form=json",
        "?since=x&until=2026-11-19&form=json",
        "?since=2026-11-20&until=2026-11-20&form=xml",
    ],
)
def test_a_period_that_is_none_is_explained(client: Client, asked: str) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert client.get(f"/notices/statements{asked}").status_code == 422


def test_it_is_for_administrators(client: Client) -> None:
    client.force_login(make_user(Role.SENIOR))
    for page in ("/notices", "/notices/statements"):
        assert client.get(page).status_code == 403


def test_what_nobody_has_looked_at_is_marked(client: Client) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    text = client.get("/notices").text
    assert text.count("Not reviewed") == 4
    assert "Not verified" in text
    assert "988 Suicide" in text


def test_a_revoked_link_leads_nowhere(client: Client) -> None:
    case = make_case()
    old = case.cutoff.notice_token
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    for wrong in ("CO-999999999", "x", ""):
        assert client.post("/notices/revoke", {"case": wrong}).status_code == 422
    assert client.post("/notices/revoke", {"case": case.label}).status_code == 302
    new = Cutoff.objects.get(pk=case.pk).notice_token
    gone, unknown = client.get(f"/n/{old}"), client.get("/n/unknown")
    assert (gone.status_code, gone.text) == (404, unknown.text)
    assert client.get(f"/n/{new}").status_code == 200
    assert LedgerEntry.objects.get(action="notice.link_revoked").actor == user
