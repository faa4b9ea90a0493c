"""The pages of the guard and of shadows."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from policies.models import Shadow
from policies.services import drafts, guarding, shadows
from policies.services.activations import Guard
from policies.thresholds import BUILT_IN
from tests.factories import NOW, make_user
from tests.policies.backtests import asking, make_cutoff, make_near_miss
from tests.policies.lifecycle import WEB, admin, approved, put
from tests.policies.violations import guard_reading
from tests.policies.watching import HOUR, LAXER, START, audited, pairs, rollout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

DAY = timedelta(days=1)
#: Queries of the pages, however much there is; those of the frame are eight.
GUARD, SHADOWS, SHADOW = 10, 7, 12


def shadow_of(user: User, *, scope: str = "default", days: int = 7) -> Shadow:
    """A draft that runs since three days ago."""
    content = msgspec.to_builtins(asking(0.8))
    started = NOW - 3 * DAY
    put(approved(msgspec.to_builtins(asking(0.5)), user=user), now=started - DAY)
    draft = drafts.create_draft(user=user, now=started, content=content)
    return shadows.start(
        number=draft.number, length=days * DAY, user=user, now=started, scope=scope
    )


def test_a_guard_that_watches_nothing_says_how_it_would(client: Client, ida: User) -> None:
    put(approved(), now=START)
    text = client.get("/policies/guard").text
    assert "The guard watches nothing" in text
    assert "its activation named no highest overturn rate" in text


def test_before_its_first_reading_the_guard_says_so(client: Client, ida: User) -> None:
    rollout()
    assert "Not read yet" in client.get("/policies/guard").text


def test_silence_is_not_safety(client: Client, ida: User) -> None:
    live = rollout(percent=50)
    guarding.watch(activation_id=live.pk, now=NOW)
    text = client.get("/policies/guard").text
    assert "Silence is not safety." in text
    assert "a rate that doubles from 5 % to 10 % takes about 990 to show" in text
    assert "No audit counts yet." in text
    assert "nothing shows" in text


def test_evidence_is_shown_with_what_follows_from_it(client: Client, ida: User) -> None:
    live = rollout(guard=Guard())
    audited(pairs(20), live, surprised=True)
    guarding.watch(activation_id=live.pk, now=NOW)

    text = client.get("/policies/guard").text

    assert "It errs more, the audits say." in text
    assert "Nobody asked for a rollback: people are told, and no more." in text
    assert "feedback alone takes nothing back" in text
    assert "Told people" in text
    overview = client.get("/policies").text
    assert "Audits say that it errs more: evidence of" in overview
    assert "Users say more often that it surprised them." in overview


def test_a_paused_guard_says_what_to_do(client: Client, ida: User) -> None:
    live = rollout()
    audited(pairs(10), live, decided=False)
    (read, _) = guarding.watch(activation_id=live.pk, now=NOW)
    assert read.state == "paused"
    assert "Finish audits before they are due." in client.get("/policies/guard").text
    assert "The guard is paused there" in client.get("/policies").text


def test_a_rollback_stays_to_be_read(client: Client, ida: User) -> None:
    live = rollout()
    audited(pairs(20), live)
    guarding.watch(activation_id=live.pk, now=NOW)
    text = client.get("/policies/guard").text
    assert "Rolled it back" in text
    assert "The guard watches nothing" in text
    history = client.get(f"/policies/{live.version_id}").text
    assert "rolled it back, on audited overturns" in history
    assert "The guard: after 40 audits" in client.get("/policies/1").text


def test_a_ceiling_is_said_and_one_that_cannot_be_doubled_too(client: Client, ida: User) -> None:
    full = put(approved(LAXER), now=START, guard=Guard(ceiling=0.6))
    web = put(approved(LAXER), now=START, scope=WEB, guard=Guard(ceiling=0.02))
    for live in (full, web):
        guarding.watch(activation_id=live.pk, now=NOW)
    text = client.get("/policies/guard").text
    assert "a highest overturn rate of 60 %" in text
    assert "twice the highest rate cannot be" in text
    assert "from 2 % to 4 %" in text


def test_the_queries_of_the_guard_do_not_grow(
    client: Client, ida: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    live = rollout()
    guarding.watch(activation_id=live.pk, now=NOW)
    with django_assert_num_queries(GUARD):
        client.get("/policies/guard")
    put(approved(LAXER), now=START, scope=WEB, guard=Guard(ceiling=0.1))
    for hour in range(1, 40):
        guard_reading(activation=live, hour=NOW + hour * HOUR, act="alerted", peak=50)
    with django_assert_num_queries(GUARD):
        response = client.get("/policies/guard")
    (_, (one, _)) = sorted(
        response.context["guarded"], key=lambda pair: pair[0].activation.scope, reverse=True
    )
    assert len(one.audits) == 24


def test_shadows_begin_with_what_to_do(client: Client, ida: User) -> None:
    assert "choose “Run as a shadow”" in client.get("/policies/shadows").text
    client.force_login(make_user(Role.AUDITOR))
    assert "A policy admin can run a draft" in client.get("/policies/shadows").text


def test_a_draft_is_started_from_its_page(client: Client, ida: User) -> None:
    draft = drafts.create_draft(user=ida, now=NOW, content=msgspec.to_builtins(BUILT_IN))
    assert f"/policies/{draft.number}/shadow" in client.get(f"/policies/{draft.number}").text
    url = f"/policies/{draft.number}/shadow"
    assert client.get(url).status_code == 200
    sent = {"hours": "24", "model": "m", "surface": "", "locale": ""}
    response = client.post(url, sent, follow=True)
    assert "It runs." in response.text
    shadow = Shadow.objects.get()
    assert (shadow.scope, shadow.until - shadow.started_at) == ("model=m", DAY)
    again = client.post(url, sent)
    assert again.status_code == 422
    assert "runs as a shadow already" in again.text


@pytest.mark.parametrize("hours", ["0", "2161", "x", ""])
def test_another_length_is_refused(client: Client, ida: User, hours: str) -> None:
    assert client.post("/policies/1/shadow", {"hours": hours}).status_code == 422
    assert not Shadow.objects.exists()


def test_a_policy_that_does_not_exist_is_not_found(client: Client, ida: User) -> None:
    assert client.get("/policies/77/shadow").status_code == 404
    assert client.get("/policies/shadows/77").status_code == 404
    assert client.get("/policies/shadows/77/end").status_code == 404


def test_disagreements_stand_with_their_cases(client: Client, ida: User) -> None:
    shadow = shadow_of(ida)
    cutoff = make_cutoff(0.6, at=NOW - DAY)
    near_miss = make_near_miss(0.7, at=NOW - DAY / 2)
    Cutoff.objects.filter(pk=near_miss.pk).update(in_audit=False)

    response = client.get(f"/policies/shadows/{shadow.pk}")

    assert [row.kind for row in response.context["rows"]] == ["near miss", "cutoff"]
    assert "Severity" in response.text
    assert "would go on" in response.text
    assert 'hx-trigger="live"' in response.text
    assert f"/cases/of/{cutoff.pk}" in response.text
    # It was not drawn, so there is no case.
    assert f"/cases/of/{near_miss.pk}" not in response.text


def test_the_list_alone_is_the_answer_to_polling(client: Client, ida: User) -> None:
    shadow = shadow_of(ida)
    url = f"/policies/shadows/{shadow.pk}"
    part = client.get(url, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "Nothing has happened yet" in part.text
    assert 'hx-trigger="live"' in part.text
    with time_machine.travel(shadow.until, tick=False):
        assert "live" not in client.get(url, headers={"HX-Request": "true"}).text


def test_older_pages_do_not_move(client: Client, ida: User) -> None:
    shadow = shadow_of(ida)
    cutoffs = [make_cutoff(0.6, at=NOW - DAY + place * HOUR / 10) for place in range(52)]
    url = f"/policies/shadows/{shadow.pk}"
    first = client.get(url)
    before = first.context["look"].before
    assert len(first.context["rows"]) == 50
    older = client.get(url, {"before": str(before)})
    assert [row.one.key for row in older.context["rows"]] == [cutoffs[1].pk, cutoffs[0].pk]
    assert 'hx-trigger="live"' not in older.text
    assert client.get(url, {"before": "x"}).status_code == 404


def test_it_is_ended_from_its_page(client: Client, ida: User) -> None:
    shadow = shadow_of(ida)
    url = f"/policies/shadows/{shadow.pk}/end"
    assert "stay to be read" in client.get(url).text
    assert "It is ended." in client.post(url, follow=True).text
    assert client.post(url).status_code == 422
    assert "ended by Ida" in client.get(f"/policies/shadows/{shadow.pk}").text


def test_the_page_of_a_draft_leads_to_its_shadow(client: Client, ida: User) -> None:
    shadow = shadow_of(ida)
    text = client.get(f"/policies/{shadow.number}").text
    assert f"/policies/shadows/{shadow.pk}" in text
    assert "It runs as a shadow until" in text
    shadows.end(shadow_id=shadow.pk, user=ida, now=NOW)
    assert "It ran as a shadow until" in client.get(f"/policies/{shadow.number}").text
    assert "as a shadow until" not in client.get("/policies/1").text


def test_a_shadow_that_can_no_longer_be_read_is_shown(client: Client, ida: User) -> None:
    shadow = Shadow.objects.create(
        number=1,
        content={"default": {"severity": 7}},
        scope="default",
        started_at=NOW - DAY,
        started_by=ida,
        until=NOW + DAY,
    )
    assert "Cannot be read any more." in client.get(f"/policies/shadows/{shadow.pk}").text


def test_the_queries_of_shadows_do_not_grow(
    client: Client, ida: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shadow = shadow_of(ida)
    make_cutoff(0.6, at=NOW - DAY)
    with django_assert_num_queries(SHADOWS):
        client.get("/policies/shadows")
    with django_assert_num_queries(SHADOW):
        client.get(f"/policies/shadows/{shadow.pk}")
    for place in range(5):
        make_cutoff(0.6, at=NOW - DAY + place * HOUR)
        draft = drafts.create_draft(user=admin(), now=NOW)
        shadows.start(number=draft.number, length=DAY, user=admin(), now=NOW)
    with django_assert_num_queries(SHADOWS):
        client.get("/policies/shadows")
    with django_assert_num_queries(SHADOW):
        client.get(f"/policies/shadows/{shadow.pk}")


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [(Role.AUDITOR, 200, 403), (Role.POLICY_ADMIN, 200, 200), (Role.REVIEWER, 403, 403)],
)
def test_who_sees_and_who_changes(client: Client, role: Role, sees: int, changes: int) -> None:
    shadow = shadow_of(admin())
    client.force_login(make_user(role))
    for path in ("/policies/guard", "/policies/shadows", f"/policies/shadows/{shadow.pk}"):
        assert client.get(path).status_code == sees
    for path in (f"/policies/shadows/{shadow.pk}/end", "/policies/1/shadow"):
        assert client.get(path).status_code == changes
    if role == Role.AUDITOR:
        assert "End it" not in client.get(f"/policies/shadows/{shadow.pk}").text
