"""What the pages of policies do: decide, activate, roll out and back, pause and resume."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
import time_machine
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from accounts.roles import Role
from policies.models import (
    Activation,
    ActivationKind,
    Draft,
    Pause,
    PlannedActivation,
    Submission,
)
from policies.services import activations, approvals, break_glass, drafts, pauses, plans
from policies.services.versions import person
from policies.thresholds import BUILT_IN
from tests.factories import NOW, make_user
from tests.policies.lifecycle import STRICTER, approved, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

ALONE = msgspec.to_builtins(BUILT_IN) | STRICTER


def live(scope: str = "default") -> Activation:
    """What holds in a scope."""
    return Activation.objects.live().get(scope=scope)


def test_a_draft_is_submitted_as_it_was_read(client: Client, ida: User) -> None:
    draft = drafts.create_draft(user=ida, now=NOW)
    drafts.edit_draft(number=draft.number, revision=1, user=ida, now=NOW, note="Later.")
    stale = client.post(f"/policies/{draft.number}/submit?revision=1")
    assert stale.status_code == 422
    assert "Somebody saved this draft since you read it." in stale.text
    assert Draft.objects.exists()
    assert f'action="/policies/{draft.number}/submit?revision=1"' in stale.text
    assert client.post(f"/policies/{draft.number}/submit").status_code == 422
    done = client.post(f"/policies/{draft.number}/submit?revision=2", follow=True)
    assert "It is submitted." in done.text
    assert Submission.objects.get().submitted_by == ida


def test_a_draft_is_put_in_force_alone_as_it_was_read(client: Client, ida: User) -> None:
    draft = drafts.create_draft(user=ida, now=NOW, content=ALONE)
    acts = client.get(f"/policies/{draft.number}").context["acts"]
    (url,) = (act.url for act in acts if act.name == "break-glass")
    drafts.edit_draft(number=draft.number, revision=1, user=ida, now=NOW, note="Later.")
    for address in (url, url.partition("?")[0]):
        stale = client.post(address, {"reason": "It ends what it must not."})
        assert "Somebody saved this draft since you read it." in stale.text
    drafts.submit(number=draft.number, user=ida, now=NOW)
    gone = client.post(url, {"reason": "It ends what it must not."})
    assert "is no draft any more" in gone.text
    assert not Activation.objects.exists()


def test_a_second_person_approves_or_rejects(client: Client, ida: User) -> None:
    good, bad = submitted(), submitted()
    done = client.post(f"/policies/{good.number}/approve", {"reason": "Yes."}, follow=True)
    assert "It is approved" in done.text
    without = client.post(f"/policies/{bad.number}/reject", {"reason": " "})
    assert (without.status_code, "This field is required." in without.text) == (422, True)
    client.post(f"/policies/{bad.number}/reject", {"reason": "Too lax."})
    decided = Submission.objects.order_by("version_id").values_list("decision", "reason")
    assert list(decided) == [("approved", "Yes."), ("rejected", "Too lax.")]
    twice = client.post(f"/policies/{good.number}/approve", {"reason": ""})
    assert "does not wait for anybody" in twice.text


def test_nobody_decides_on_their_own(client: Client, ida: User) -> None:
    own = submitted(user=ida)
    for act in ("approve", "reject"):
        response = client.post(f"/policies/{own.number}/{act}", {"reason": "Mine."})
        assert response.status_code == 403
    assert Submission.objects.get().decision == ""


def test_it_is_activated_now_for_a_share_of_a_scope(client: Client, ida: User) -> None:
    version = approved(STRICTER)
    sent = {
        "percent": "20",
        "surface": "app",
        "locale": "de_AT",
        "guard_rolls_back": "on",
        "guard_ceiling": "12",
        "reason": "Try it.",
    }
    response = client.post(f"/policies/{version.number}/activate", sent)
    assert response.status_code == 302
    found = live("surface=app;locale=de-at")
    assert (found.percent, found.guard_rolls_back, found.guard_ceiling, found.reason) == (
        20,
        True,
        0.12,
        "Try it.",
    )


def test_it_is_planned_in_the_readers_time_zone(client: Client, ida: User) -> None:
    User.objects.update(time_zone="Asia/Tokyo")
    version = approved(STRICTER)
    url = f"/policies/{version.number}/activate"
    over = client.post(url, {"percent": "100", "at": "2026-11-20T20:59"})
    assert "That time is over." in over.text
    client.post(url, {"percent": "100", "at": "2026-11-20T21:30"})
    assert PlannedActivation.objects.get().at == NOW + timedelta(minutes=30)
    client.post("/policies/cancel-plan?scope=default", {"reason": "Not today."})
    assert PlannedActivation.objects.get().cancel_reason == "Not today."


def test_what_cannot_be_activated_says_why_and_keeps_what_was_typed(
    client: Client, ida: User
) -> None:
    version = submitted()
    sent = {"percent": "100", "reason": "Because I want it."}
    response = client.post(f"/policies/{version.number}/activate", sent)
    assert response.status_code == 422
    assert f"Policy {version.number} is not approved." in response.text
    assert "Because I want it." in response.text
    bad = client.post(f"/policies/{approved().number}/activate", {"percent": "0"})
    assert bad.context["act"].form.errors["percent"]


def test_the_share_grows_and_is_rolled_back_in_one_step(client: Client, ida: User) -> None:
    version = approved(STRICTER)
    activations.activate(version=version, now=NOW, actor=person(ida), percent=10)
    act = client.get("/policies").context["scopes"][0].acts[0]
    assert act.form.initial == {"percent": 10}
    client.post(act.url, {"percent": "60", "reason": "It does well."})
    assert live().percent == 60
    (back,) = (
        act for act in client.get("/policies").context["scopes"][0].acts if "rollback" in act.name
    )
    without = client.post(back.url, {"reason": ""})
    assert without.status_code == 422
    client.post(back.url, {"reason": "It errs."})
    assert (live().version_id, live().kind) == (1, ActivationKind.ROLLBACK)


def test_a_rollback_says_that_what_comes_back_waits_for_a_second_look(
    client: Client, ida: User
) -> None:
    alone = submitted(ALONE)
    break_glass.break_glass(number=alone.number, user=ida, now=NOW, reason="A wave.")
    activations.activate(version=approved(), now=NOW, actor=person(ida))
    (back,) = client.get("/policies").context["scopes"][0].acts
    done = client.post(back.url, {"reason": "It errs."}, follow=True)
    assert live().version_id == alone.number
    assert "It still waits for a second person to look at it." in done.text
    activations.activate(version=approved(), now=NOW, actor=person(ida))
    approvals.approve(number=alone.number, user=make_user(Role.POLICY_ADMIN), now=NOW)
    (back,) = client.get("/policies").context["scopes"][0].acts
    done = client.post(back.url, {"reason": "It errs."}, follow=True)
    assert "is in force again." in done.text
    assert "It still waits" not in done.text


def test_what_was_changed_meanwhile_is_not_rolled_back_unseen(client: Client, ida: User) -> None:
    first, second = approved(STRICTER), approved()
    activations.activate(version=first, now=NOW, actor=person(ida))
    (back,) = client.get("/policies").context["scopes"][0].acts
    activations.activate(version=second, now=NOW, actor=person(ida))
    response = client.post(back.url, {"reason": "The first errs."})
    assert response.status_code == 422
    assert "was changed since you looked" in response.text
    assert live().version == second


def test_an_override_ends(client: Client, ida: User) -> None:
    version = approved(STRICTER)
    activations.activate(version=version, now=NOW, actor=person(ida), scope="model=m;locale=de")
    acts = client.get("/policies").context["scopes"][1].acts
    (end,) = (act for act in acts if act.label == "End override…")
    client.post(end.url, {"reason": "Over."})
    assert not Activation.objects.live().exists()
    assert client.post(end.url, {"reason": "Over."}).status_code == 404


def test_one_person_alone_makes_it_stricter(client: Client, ida: User) -> None:
    laxer = drafts.create_draft(user=ida, now=NOW)
    refused = client.post(f"/policies/{laxer.number}/alone?revision=1", {"reason": "Now."})
    assert "is not stricter in every threshold" in refused.text
    assert Draft.objects.filter(number=laxer.number).exists()
    stricter = drafts.create_draft(user=ida, now=NOW, content=ALONE)
    client.post(f"/policies/{stricter.number}/alone?revision=1", {"reason": "A wave."})
    assert (live().kind, live().activated_by) == (ActivationKind.BREAK_GLASS, ida)
    assert [one.version_id for one in break_glass.unreviewed()] == [stricter.number]


def test_one_pauses_and_two_resume(client: Client, ida: User) -> None:
    tom = make_user(Role.POLICY_ADMIN, name="Tom")
    client.post("/policies/pause", {"reason": "It ends too often."})
    assert Pause.objects.live().get().scope == "everything"
    client.post("/policies/resume", {"reason": "Mended."})
    page = client.get("/policies")
    assert "Ida has asked to resume" in page.text
    assert page.context["resume"].refused
    assert client.post("/policies/resume", {"reason": "Again."}).status_code == 403
    client.force_login(tom)
    client.post("/policies/pause", {"reason": "It goes on."})
    again = client.get("/policies").text
    assert "Tom too" in again
    assert "It goes on." in again
    client.force_login(ida)
    client.post("/policies/resume", {"reason": "Mended."})
    client.force_login(tom)
    assert "With you, the policies hold again" in client.get("/policies/resume").text
    client.post("/policies/resume", {"reason": "I agree."})
    assert not Pause.objects.live().exists()
    assert client.get("/policies/resume").status_code == 404


def test_a_scope_is_paused_by_itself(client: Client, ida: User) -> None:
    client.post("/policies/pause", {"reason": "x", "model": "m=1;x"})
    (row,) = (one.row for one in client.get("/policies").context["scopes"] if one.row.pause)
    assert (row.scope, row.label) == ("model=m%3D1%3Bx", "model m=1;x")
    assert "Ending is paused: model m=1;x." in client.get("/review").text


def test_every_page_says_that_it_is_paused_and_admins_that_a_look_is_due(
    client: Client, ida: User
) -> None:
    tom = make_user(Role.POLICY_ADMIN, name="Tom")
    version = submitted(ALONE, user=tom)
    break_glass.break_glass(number=version.number, user=tom, now=NOW, reason="A wave.")
    words = f"Policy {version.number} needs a second look."
    assert words not in client.get("/review").text
    reviewer = make_user(Role.REVIEWER)
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        client.force_login(ida)
        assert words in client.get("/review").text
        client.force_login(reviewer)
        assert words not in client.get("/review").text
        pauses.pause(scope="everything", reason="Stop.", user=tom, now=NOW)
        assert "Ending is paused: everything." in client.get("/review").text


GUARDED = [
    "/policies/1/activate",
    "/policies/1/alone",
    "/policies/1/approve",
    "/policies/1/reject",
    "/policies/1/submit",
    "/policies/1/edit",
    "/policies/drafts/new",
    "/policies/share?scope=default",
    "/policies/rollback?scope=default",
    "/policies/end-override?scope=default",
    "/policies/cancel-plan?scope=default",
    "/policies/pause",
    "/policies/resume",
]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR])
@pytest.mark.parametrize("url", GUARDED)
def test_nobody_else_may(client: Client, role: Role, url: str) -> None:
    client.force_login(make_user(role))
    assert client.get(url).status_code == 403
    assert client.post(url, {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("name", ["share", "rollback", "end-override", "cancel-plan", "resume"])
@pytest.mark.parametrize("scope", ["default", "nonsense", "locale=xx", "%00"])
def test_where_there_is_nothing_there_is_no_act(
    client: Client, ida: User, name: str, scope: str
) -> None:
    assert client.get(f"/policies/{name}?scope={scope}").status_code == 404


def test_what_people_wrote_is_text(client: Client, ida: User) -> None:
    evil = "<script>1</script>"
    pauses.pause(scope="everything", reason=evil, user=ida, now=NOW)
    drafts.create_draft(user=ida, now=NOW, note=evil)
    plans_of = approved()
    plans.plan(version=plans_of, at=NOW + timedelta(days=1), user=ida, now=NOW, reason=evil)
    text = client.get("/policies").text
    assert evil not in text
    assert escape(evil) in text
