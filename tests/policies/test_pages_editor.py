"""Beginning a draft and the editor: nothing that was typed is lost."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from policies import documents
from policies.models import Draft, PolicyVersion
from policies.services import drafts
from policies.thresholds import BUILT_IN, Thresholds
from tests.factories import NOW, make_user
from tests.policies.lifecycle import STRICTER, later, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

#: Queries of the editor.
PAGE = 10


@pytest.fixture
def draft(ida: User) -> Draft:
    """A draft that says what the built-in policy says."""
    return drafts.create_draft(
        user=ida, now=NOW, based_on=PolicyVersion.objects.get(number=1), note="First."
    )


class _Fields(HTMLParser):
    """What a browser would send of the editor's form, with no script running."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name = said.get("name") or ""
        if tag == "textarea":
            self._area = name
            self.sent[name] = ""
        if tag != "input" or not name or name == "csrfmiddlewaretoken":
            return
        if said.get("type") != "radio" or "checked" in said:
            self.sent[name] = said.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.sent[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def fields(response: Any) -> dict[str, str]:
    """The form of a page as it would be sent."""
    parser = _Fields()
    parser.feed(response.text.split('id="editor"')[1].split("</form>")[0])
    return parser.sent


def save(client: Client, draft: Draft, sent: dict[str, str], **changes: str) -> Any:
    """Send the form with *changes*, named as in ``default__severity``."""
    named = {f"/{name.replace('__', '/')}": value for name, value in changes.items()}
    return client.post(f"/policies/{draft.number}/edit", sent | named)


def test_what_is_opened_and_saved_is_the_same(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    assert save(client, draft, sent).status_code == 302
    draft.refresh_from_db()
    assert msgspec.convert(draft.content, Thresholds) == BUILT_IN
    assert (draft.note, draft.revision) == ("First.", 2)


def test_a_change_is_saved_and_marked_with_what_it_was(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    response = save(
        client,
        draft,
        sent,
        default__severity="0.75",
        categories__hate="own",
        categories__hate__refusals="5",
        confirm_user_request="no",
        review__audit_share="25",
    )
    assert response.status_code == 302
    draft.refresh_from_db()
    saved = msgspec.convert(draft.content, Thresholds)
    assert (saved.default.severity, saved.of("hate").refusals) == (0.75, 5)
    assert (saved.confirm_user_request, saved.review.audit_share) == (False, 0.25)
    page = client.get(f"/policies/{draft.number}/edit")
    found = page.context["fields"]
    (severity,) = (one for one in found.default.numbers if one.name == "/default/severity")
    assert (severity.value, severity.was, severity.changed) == ("0.75", "0.6", True)
    assert "was 0.6" in page.text
    assert "was: Confirmed first" in page.text
    assert len(page.context["changes"]) > 3


def test_refused_values_stand_beside_their_fields_with_all_that_was_typed(
    client: Client, draft: Draft
) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    response = save(
        client, draft, sent, default__severity="1.4", default__refusals="many", note="Mine."
    )
    assert response.status_code == 422
    again = fields(response)
    assert (again["/default/severity"], again["/note"]) == ("1.4", "Mine.")
    assert response.text.count('aria-invalid="true"') == 2
    assert "A number from 0 to 1. You wrote “1.4”." in response.text
    assert "A whole number from 0 to 100. You wrote “many”." in response.text
    assert "2 values are refused." in response.text
    draft.refresh_from_db()
    assert draft.revision == 1


def test_a_note_that_is_too_long_is_not_lost(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    response = save(client, draft, sent, note="x" * 2001)
    assert response.status_code == 422
    assert fields(response)["/note"] == "x" * 2001


def test_the_second_of_two_sees_both_and_saves_theirs_on_top(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    tom = make_user(Role.POLICY_ADMIN, name="Tom")
    content = msgspec.to_builtins(BUILT_IN) | STRICTER
    content["default"]["severity"] = 0.9
    drafts.edit_draft(
        number=draft.number, revision=1, user=tom, now=later(minutes=1), content=content
    )
    response = save(client, draft, sent, default__severity="0.7", default__refusals="4")
    assert response.status_code == 409
    assert "Tom saved this draft while you were writing" in response.text
    rows = {row.label: row for row in response.context["clashes"]}
    assert set(rows) == {"Ceiling of imminent risk", "Default: severity", "Default: refusals"}
    assert (rows["Default: severity"].theirs, rows["Default: severity"].both) == ("0.9", True)
    draft.refresh_from_db()
    assert draft.content["default"]["severity"] == 0.9
    assert save(client, draft, fields(response)).status_code == 302
    draft.refresh_from_db()
    saved = msgspec.convert(draft.content, Thresholds)
    assert (saved.default.severity, saved.default.refusals) == (0.7, 4)
    assert saved.imminent_risk_ceiling == STRICTER["imminent_risk_ceiling"]
    assert draft.revision == 3


def test_a_broken_memory_of_what_was_read_loses_nothing(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit")) | {"read": "[1", "revision": "x"}
    response = save(client, draft, sent, default__severity="0.7")
    assert response.status_code == 409
    assert fields(response)["/default/severity"] == "0.7"


def test_what_was_typed_outlives_the_draft(client: Client, ida: User, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    drafts.submit(number=draft.number, user=ida, now=NOW)
    response = save(client, draft, sent, default__severity="0.7")
    assert response.status_code == 409
    assert "It is no draft any more." in response.text
    made = save(client, draft, fields(response) | {"then": "new"})
    other = Draft.objects.get()
    assert made["Location"] == f"/policies/{other.number}/edit"
    assert (other.content["default"]["severity"], other.based_on_id) == (0.7, draft.number)
    assert client.get(f"/policies/{draft.number}/edit").status_code == 302


def test_saving_and_submitting_asks_once_more(client: Client, draft: Draft) -> None:
    sent = fields(client.get(f"/policies/{draft.number}/edit"))
    response = save(client, draft, sent | {"then": "submit"})
    assert response["Location"] == f"/policies/{draft.number}/submit?revision=2"
    assert "Somebody who had no hand in it" in client.get(response["Location"]).text


def test_a_draft_begins_from_a_version(client: Client, ida: User) -> None:
    version = submitted(STRICTER)
    page = client.get(f"/policies/drafts/new?from={version.number}")
    assert page.context["form"].fields["based_on"].initial == version.number
    sent = {"based_on": str(version.number), "note": "Again."}
    response = client.post("/policies/drafts/new", sent)
    made = Draft.objects.get()
    assert response["Location"] == f"/policies/{made.number}/edit"
    assert (made.content, made.note) == (version.content, "Again.")


def test_a_draft_begins_from_yaml(client: Client, ida: User) -> None:
    text = documents.write(BUILT_IN, title="x").replace("severity: 0.8", "severity: 0.85")
    client.post("/policies/drafts/new", {"based_on": "1", "yaml": text})
    assert Draft.objects.get().content["categories"]["other"]["severity"] == 0.85
    Draft.objects.all().delete()
    file = SimpleUploadedFile("policy.yaml", b"imminent_risk_ceiling: 0.07")
    client.post("/policies/drafts/new", {"based_on": "1", "file": file})
    assert Draft.objects.get().content["imminent_risk_ceiling"] == 0.07


@pytest.mark.parametrize("sent", ["text", "file"])
def test_yaml_that_is_refused_says_where_and_is_kept(client: Client, ida: User, sent: str) -> None:
    text = "default:\n  severity: 3\n  tempo: 2\n"
    given: Any = {"yaml": text} if sent == "text" else {}
    if sent == "file":
        given["file"] = SimpleUploadedFile("policy.yaml", text.encode())
    response = client.post("/policies/drafts/new", {"based_on": "1", "note": "Kept."} | given)
    assert response.status_code == 422
    assert [fault.pointer for fault in response.context["faults"]] == [
        "/default/severity",
        "/default/tempo",
    ]
    assert "tempo: 2" in response.text
    assert "Kept." in response.text
    assert not Draft.objects.exists()


def test_a_file_that_is_too_large_is_refused(client: Client, ida: User) -> None:
    file = SimpleUploadedFile("policy.yaml", b"#" * (documents.LARGEST + 1))
    response = client.post("/policies/drafts/new", {"based_on": "1", "file": file})
    assert response.status_code == 422
    assert str(documents.LARGEST) in response.text


def test_a_version_that_cannot_be_read_is_no_beginning(client: Client, ida: User) -> None:
    PolicyVersion.objects.create(number=9, content={"tempo": 1})
    response = client.post("/policies/drafts/new", {"based_on": "9"})
    assert response.status_code == 422
    assert "can no longer be read" in " ".join(response.context["form"].errors["based_on"])


def test_a_draft_that_cannot_be_read_is_not_edited(client: Client, draft: Draft) -> None:
    Draft.objects.update(content={"tempo": 1})
    response = client.get(f"/policies/{draft.number}/edit", follow=True)
    assert "begin another one" in response.text
    assert "Cannot be read any more." in response.text


def test_the_queries_of_the_editor_are_few(
    client: Client, draft: Draft, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(f"/policies/{draft.number}/edit")
    with django_assert_num_queries(PAGE):
        client.get(f"/policies/{draft.number}/edit")
