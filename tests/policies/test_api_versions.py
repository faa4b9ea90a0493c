"""The life of a policy version over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from policies import documents
from policies.models import Activation, Draft, Pause, PlannedActivation, PolicyVersion
from policies.services import drafts
from policies.thresholds import BUILT_IN
from tests.factories import NOW, make_token, make_user
from tests.policies.lifecycle import STRICTER, approved, submitted

pytestmark = pytest.mark.django_db

VERSIONS = "/api/v1/policy-versions"
POLICIES = "/api/v1/policies"


class Caller:
    """A program that acts for a member of the staff."""

    def __init__(self, role: Role = Role.POLICY_ADMIN) -> None:
        self.user: User = make_user(role)
        token = make_token(self.user)
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        return self.client.post(path, json.dumps(data or {}), "application/json", **more)

    def patch(self, number: int, data: Any, etag: str | None = None) -> Any:
        headers = {} if etag is None else {"If-Match": etag}
        path = f"{VERSIONS}/{number}"
        return self.client.patch(path, json.dumps(data), "application/json", headers=headers)


@pytest.fixture
def ida() -> Caller:
    """A policy admin."""
    return Caller()


@pytest.fixture
def omar() -> Caller:
    """Another one."""
    return Caller()


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of *answer*, which has that status and code."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["type"] == f"urn:recourse:problem:{code}"
    return said


def test_the_whole_life_of_a_version(ida: Caller, omar: Caller) -> None:
    begun = ida.post(VERSIONS, {"content": STRICTER, "note": "A lower ceiling."})
    assert begun.status_code == 201
    assert begun.headers["ETag"] == '"2-1"'
    assert begun.json()["state"] == "draft"
    assert begun.json()["content"]["default"]["severity"] == 0.6
    edited = ida.patch(2, {"note": "A lower ceiling, since it errs."}, '"2-1"')
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2-2"')
    assert ida.post(f"{VERSIONS}/2/submit").json()["state"] == "submitted"
    problem(ida.post(f"{VERSIONS}/2/approve"), 403, "permission_denied")
    agreed = omar.post(f"{VERSIONS}/2/approve", {"reason": "Yes."})
    assert agreed.json()["state"] == "approved"
    assert agreed.json()["submission"]["decided_by"] == omar.user.name
    active = ida.post(f"{VERSIONS}/2/activate", {"percent": 20, "reason": "Slowly."})
    assert (active.status_code, active.json()["beside"]) == (200, 1)
    whole = ida.get(f"{VERSIONS}/2").json()
    assert (whole["state"], whole["activations"][0]["percent"]) == ("active", 20)
    assert ida.get(f"{VERSIONS}/1").json()["state"] == "active"
    back = ida.post(f"{POLICIES}/rollback", {"scope": "default", "reason": "Too strict."})
    assert back.json()["activation"]["version"] == 1
    assert ida.get(f"{VERSIONS}/2").json()["state"] == "retired"


def test_the_second_of_two_who_edit_gets_what_the_first_made_of_it(
    ida: Caller, omar: Caller
) -> None:
    ida.post(VERSIONS, {})
    omar.patch(2, {"note": "Mine."}, '"2-1"')
    refused = ida.patch(2, {"note": "No, mine."}, '"2-1"')
    current = problem(refused, 412, "stale_revision")["current"]
    assert (current["note"], current["updated_by"]) == ("Mine.", omar.user.name)
    assert refused.headers["ETag"] == '"2-2"'
    assert ida.patch(2, {"note": "Ours."}, refused.headers["ETag"]).status_code == 200
    stale = ida.post(f"{VERSIONS}/2/submit", headers={"If-Match": '"2-2"'})
    problem(stale, 412, "stale_revision")
    alone = {"break_glass": True, "reason": "It ends what it must not."}
    stale = ida.post(f"{VERSIONS}/2/activate", alone, headers={"If-Match": '"2-2"'})
    problem(stale, 412, "stale_revision")
    assert Draft.objects.get().revision == 3


@pytest.mark.parametrize("etag", ['"3-1"', "*", "nonsense", '"2-²"', '"2-' + "9" * 5000 + '"'])
def test_an_edit_names_the_revision_that_was_read(ida: Caller, etag: str) -> None:
    ida.post(VERSIONS, {})
    problem(ida.patch(2, {"note": "x"}), 428, "if_match_missing")
    problem(ida.patch(2, {"note": "x"}, etag), 412, "stale_revision")
    assert Draft.objects.get().revision == 1
    assert ida.patch(2, {"note": "x"}, 'W/"2-1"').status_code == 200


def test_what_is_out_of_bounds_is_told_with_its_place(ida: Caller) -> None:
    content = {"default": {"warnings": 0}, "categories": {"hate": {"severity": "high"}}}
    for answer in (
        ida.post(VERSIONS, {"content": content}),
        ida.post(VERSIONS) and ida.patch(2, {"content": content}, '"2-1"'),
    ):
        errors = problem(answer, 400, "invalid")["errors"]
        assert [error["pointer"] for error in errors] == [
            "/content/default/warnings",
            "/content/categories/hate/severity",
        ]
    problem(ida.post(VERSIONS, {"based_on": 99}), 400, "invalid")
    problem(ida.patch(2, {}, '"2-1"'), 400, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"content":' * 20_000,
        '{"content": {"\\ud800": 1}}',
        '{"content": {"\\u0000": 1}}',
        '{"content": {"default": {"severity": 1e400}}}',
        '{"content": NaN}',
        '{"note": "\\ud800"}',
        '{"based_on": 1e30}',
        "null",
    ],
    ids=lambda body: body[:36],
)
def test_what_no_policy_can_be_is_refused(ida: Caller, body: str) -> None:
    answer = ida.client.post(VERSIONS, body, "application/json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Draft.objects.exists()


def test_a_policy_lives_in_a_file(ida: Caller) -> None:
    exported = ida.get(f"{VERSIONS}/1/document")
    assert exported.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert documents.load(exported.content) == BUILT_IN
    changed = exported.content.replace(b"imminent_risk_ceiling: 0.2", b"imminent_risk_ceiling: 0.1")
    imported = ida.client.post(VERSIONS, changed, "application/yaml")
    assert imported.status_code == 201
    assert imported.json()["content"]["imminent_risk_ceiling"] == 0.1
    refused = ida.client.post(VERSIONS, b"default: {warnings: 0}", "application/yaml")
    assert problem(refused, 400, "invalid")["errors"][0]["pointer"] == "/default/warnings"
    problem(
        ida.client.post(VERSIONS, b"<policy/>", "application/xml"), 415, "unsupported_media_type"
    )
    problem(ida.get(f"{VERSIONS}/9/document"), 404, "not_found")


def test_the_schema_of_the_file_is_public(client: Client) -> None:
    answer = client.get("/api/policy.schema.json")
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.json() == documents.json_schema()


def test_two_policies_are_compared(ida: Caller) -> None:
    ida.post(VERSIONS, {"based_on": 1})
    content = ida.get(f"{VERSIONS}/2").json()["content"] | STRICTER
    ida.patch(2, {"content": content}, '"2-1"')
    said = ida.get(f"{VERSIONS}/1/differences?to=2").json()
    assert said["stricter_in_every_threshold"] is True
    assert said["differences"] == [
        {
            "pointer": "/imminent_risk_ceiling",
            "label": "Ceiling of imminent risk",
            "before": 0.2,
            "after": 0.1,
            "effect": "stricter",
        }
    ]
    for to in ("", "x", "²", "99999999999"):
        problem(ida.get(f"{VERSIONS}/1/differences?to={to}"), 400, "invalid")
    problem(ida.get(f"{VERSIONS}/1/differences?to=9"), 404, "not_found")


def test_the_list_merges_drafts_and_versions_and_misses_none(ida: Caller) -> None:
    for number in range(2, 9):
        draft = drafts.create_draft(user=ida.user, now=NOW)
        if number % 3:
            drafts.submit(number=draft.number, user=ida.user, now=NOW)
    seen, pages, path = [], [], f"{VERSIONS}?page_size=3"
    while path:
        page = ida.get(path).json()
        pages.append([row["number"] for row in page["results"]])
        seen += page["results"]
        path = page["next"]
    assert pages == [[8, 7, 6], [5, 4, 3], [2, 1]]
    drafted = [row["number"] for row in seen if row["state"] == "draft"]
    assert drafted == [6, 3]
    assert {row["state"] for row in seen} == {"draft", "submitted", "active"}
    back = ida.get(page["previous"]).json()
    assert [row["number"] for row in back["results"]] == [5, 4, 3]
    only = ida.get(f"{VERSIONS}?state=draft").json()["results"]
    assert [row["number"] for row in only] == [6, 3]
    problem(ida.get(f"{VERSIONS}?state=nonsense"), 400, "invalid")
    cursor = ida.get(f"{VERSIONS}?page_size=3").json()["next"]
    problem(ida.get(cursor + "&state=draft"), 400, "cursor_mismatch")


def test_a_plan_is_answered_as_one_and_can_be_cancelled(ida: Caller) -> None:
    number = approved(user=ida.user).number
    at = (timezone.now() + timedelta(days=1)).isoformat()
    planned = ida.post(f"{VERSIONS}/{number}/activate", {"at": at, "scope": "surface=web"})
    assert planned.status_code == 202
    assert ida.get(f"{VERSIONS}/{number}").json()["state"] == "scheduled"
    said = ida.get(f"{POLICIES}/in-force").json()
    assert [one["scope"] for one in said["planned"]] == ["surface=web"]
    cancel = {"scope": "surface=web", "reason": "Not now."}
    assert ida.post(f"{POLICIES}/cancel-plan", cancel).json()["cancel_reason"] == "Not now."
    problem(ida.post(f"{POLICIES}/cancel-plan", cancel), 409, "not_possible")
    assert PlannedActivation.objects.get().cancelled_by == ida.user


def test_every_state_follows_from_what_happened(ida: Caller, omar: Caller) -> None:
    def state(number: int) -> str:
        found: str = ida.get(f"{VERSIONS}/{number}").json()["state"]
        (listed,) = (row for row in ida.get(VERSIONS).json()["results"] if row["number"] == number)
        assert listed["state"] == found
        return found

    assert state(1) == "active"  # nobody activated anything: it is the built-in one
    for number, call in ((2, "approve"), (3, "reject")):
        ida.post(VERSIONS, {"content": STRICTER})
        assert state(number) == "draft"
        ida.post(f"{VERSIONS}/{number}/submit")
        assert state(number) == "submitted"
        omar.post(f"{VERSIONS}/{number}/{call}", {"reason": "So be it."})
    assert (state(2), state(3)) == ("approved", "rejected")
    ida.post(f"{VERSIONS}/2/activate")
    assert (state(1), state(2)) == ("approved", "active")
    ida.post(f"{VERSIONS}/1/activate", {"percent": 10})
    assert (state(1), state(2)) == ("active", "active")
    ida.post(f"{VERSIONS}/1/activate")
    assert (state(1), state(2)) == ("active", "retired")
    at = (timezone.now() + timedelta(days=1)).isoformat()
    ida.post(f"{VERSIONS}/2/activate", {"at": at})
    assert state(2) == "scheduled"


def test_one_person_alone_activates_something_stricter(ida: Caller, omar: Caller) -> None:
    content = PolicyVersion.objects.get(number=1).content
    ida.post(VERSIONS, {"content": content | STRICTER})
    ida.post(VERSIONS, {"content": content | {"confirm_user_request": False}})
    alone = {"break_glass": True, "reason": "It ends what it must not."}
    problem(ida.post(f"{VERSIONS}/3/activate", alone), 409, "not_stricter")
    for wrong in ({"reason": ""}, {"percent": 50}, {"at": "2030-01-01T00:00:00Z"}):
        problem(ida.post(f"{VERSIONS}/2/activate", alone | wrong), 400, "invalid")
    assert ida.post(f"{VERSIONS}/2/activate", alone).json()["kind"] == "break_glass"
    (waiting,) = ida.get(f"{POLICIES}/in-force").json()["unreviewed"]
    assert (waiting["version"], waiting["overdue"]) == (2, False)
    assert omar.post(f"{VERSIONS}/2/reject", {"reason": "Not needed."}).status_code == 200
    said = ida.get(f"{POLICIES}/in-force").json()
    assert said["unreviewed"] == []
    assert [one["version"] for one in said["activations"]] == [1]


def test_one_person_pauses_and_two_resume(ida: Caller, omar: Caller) -> None:
    everything = {"scope": "everything", "reason": "It errs."}
    assert ida.post(f"{POLICIES}/pause", everything).json()["ended_at"] is None
    again = omar.post(f"{POLICIES}/pause", everything | {"reason": "It still does."}).json()[
        "again"
    ]
    assert [(one["name"], one["reason"]) for one in again] == [(omar.user.name, "It still does.")]
    (paused,) = ida.get(f"{POLICIES}/in-force").json()["pauses"]
    assert (paused["reason"], paused["again"]) == ("It errs.", again)
    assert ida.post(f"{POLICIES}/resume", everything).json()["ended_at"] is None
    problem(ida.post(f"{POLICIES}/resume", everything), 403, "permission_denied")
    assert omar.post(f"{POLICIES}/resume", everything).json()["ended_by"] == omar.user.name
    problem(omar.post(f"{POLICIES}/resume", everything), 409, "not_possible")


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        ("pause", {"scope": "nonsense", "reason": "x"}),
        ("pause", {"scope": "everything"}),
        ("pause", {"scope": "everything", "reason": ""}),
        ("rollback", {"scope": "default"}),
        ("rollback", {"scope": "default", "reason": "x", "to": 0}),
        ("end-override", {"reason": "x"}),
    ],
)
def test_what_is_said_wrongly_is_told(ida: Caller, call: str, sent: dict[str, Any]) -> None:
    assert problem(ida.post(f"{POLICIES}/{call}", sent), 400, "invalid")["errors"]
    assert not Pause.objects.exists()


def test_an_override_is_taken_away(ida: Caller) -> None:
    web = {"scope": "surface=web", "reason": "Not needed."}
    ida.post(f"{VERSIONS}/1/activate", {"scope": "surface=web"})
    assert ida.post(f"{POLICIES}/end-override", web).json()["end_reason"] == "Not needed."
    problem(ida.post(f"{POLICIES}/end-override", web), 409, "not_possible")
    problem(ida.post(f"{POLICIES}/rollback", web), 409, "not_possible")


def test_what_is_no_draft_is_not_edited_and_no_draft_is_activated(ida: Caller) -> None:
    problem(ida.patch(1, {"note": "x"}, '"1-1"'), 409, "not_possible")
    problem(ida.post(f"{VERSIONS}/1/submit"), 409, "not_possible")
    ida.post(VERSIONS, {})
    problem(ida.post(f"{VERSIONS}/2/activate"), 409, "not_possible")
    problem(ida.post(f"{VERSIONS}/2/approve"), 409, "not_possible")
    problem(ida.patch(9, {"note": "x"}, '"9-1"'), 404, "not_found")
    for call in ("submit", "approve", "reject", "activate"):
        problem(ida.post(f"{VERSIONS}/99999999999/{call}", {"reason": "x"}), 404, "not_found")


def test_a_version_that_can_no_longer_be_read_is_shown_as_it_is(ida: Caller) -> None:
    old = PolicyVersion.objects.create(number=7, content={"severity_of_old": 3}, note="Old.")
    shown = ida.get(f"{VERSIONS}/7").json()
    assert (shown["readable"], shown["content"]) == (False, old.content)
    problem(ida.get(f"{VERSIONS}/7/document"), 409, "not_possible")
    problem(ida.get(f"{VERSIONS}/7/differences?to=1"), 409, "not_possible")
    problem(ida.post(f"{VERSIONS}/7/activate"), 409, "not_possible")
    assert [row["number"] for row in ida.get(VERSIONS).json()["results"]] == [7, 1]


def test_a_draft_from_other_bounds_is_neither_written_nor_compared(ida: Caller) -> None:
    number = drafts.create_draft(user=ida.user, now=NOW).number
    Draft.objects.update(content={"default": {"warnings": 0}})
    assert ida.get(f"{VERSIONS}/{number}").json()["content"] == {"default": {"warnings": 0}}
    problem(ida.get(f"{VERSIONS}/{number}/document"), 409, "not_possible")
    problem(ida.get(f"{VERSIONS}/1/differences?to={number}"), 409, "not_possible")


def test_auditors_read_and_change_nothing() -> None:
    auditor = Caller(Role.AUDITOR)
    number = submitted().number
    assert auditor.get(VERSIONS).status_code == 200
    assert auditor.get(f"{POLICIES}/in-force").status_code == 200
    everything = {"scope": "everything", "reason": "x"}
    for answer in (
        auditor.post(VERSIONS, {}),
        auditor.post(f"{VERSIONS}/{number}/approve"),
        auditor.post(f"{VERSIONS}/1/activate"),
        auditor.post(f"{VERSIONS}/1/activate", {"at": "2099-01-01T00:00:00Z"}),
        auditor.post(f"{POLICIES}/rollback", {"scope": "default", "reason": "x"}),
        auditor.post(f"{POLICIES}/end-override", {"scope": "surface=web", "reason": "x"}),
        auditor.post(f"{POLICIES}/cancel-plan", everything),
        auditor.post(f"{POLICIES}/pause", everything),
        auditor.post(f"{POLICIES}/resume", everything),
    ):
        problem(answer, 403, "permission_denied")
    assert not Activation.objects.exists()


def test_reviewers_and_strangers_see_nothing(client: Client) -> None:
    reviewer = Caller(Role.REVIEWER)
    for path in (VERSIONS, f"{VERSIONS}/1", f"{VERSIONS}/1/document", f"{POLICIES}/in-force"):
        problem(reviewer.get(path), 403, "permission_denied")
        problem(client.get(path), 401, "not_authenticated")


def test_the_list_asks_as_often_for_many_as_for_one(
    ida: Caller, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        submitted()
        drafts.create_draft(user=ida.user, now=NOW)
    # One of them notes, once a minute, that the token was used.
    with django_assert_max_num_queries(6):
        assert len(ida.get(VERSIONS).json()["results"]) == 17
