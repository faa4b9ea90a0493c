"""The guard's alerts reach those who may roll back: above every page, and by e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from config.celery import app
from policies.models import GuardReading
from policies.services import guard_mail
from policies.services.activations import Guard
from policies.services.urgent import urgent
from policies.tasks import mail_of_guard, watch_activation
from tests.factories import NOW, make_user
from tests.policies.lifecycle import back
from tests.policies.violations import guard_reading
from tests.policies.watching import HOUR, audited, pairs, rollout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

#: A page that says nothing of policies by itself.
ELSEWHERE = "/profile"


@pytest.fixture
def at_once() -> Iterator[None]:
    """Tasks run where they are asked for."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def alert(**changes: Any) -> GuardReading:
    """A reading that is an alert."""
    given = {"state": "alert", "act": "alerted", "peak": 50, "evidence": 50}
    reading: GuardReading = guard_reading(**given | changes)
    return reading


def test_an_alert_stands_above_every_page_until_the_activation_ends(
    client: Client, ida: User
) -> None:
    live = rollout(guard=Guard())
    alert(activation=live)
    text = client.get(ELSEWHERE).text
    assert f"The guard alerts on policy {live.version_id}: all conversations." in text
    assert "Audits say that it errs more." in text
    assert 'href="/policies/guard"' in text
    back()
    assert "The guard alerts" not in client.get(ELSEWHERE).text


def test_only_the_latest_reading_of_a_kind_is_told(ida: User) -> None:
    live = rollout(guard=Guard())
    alert(activation=live, hour=NOW - HOUR, at=NOW - HOUR)
    alert(activation=live, hour=NOW, at=NOW)
    alert(activation=live, kind="feedback", hour=NOW - HOUR, at=NOW - HOUR)
    guard_reading(activation=live, kind="feedback", hour=NOW)
    (one,) = urgent(user=ida, now=NOW)
    assert (one.number, one.evidence, one.at) == (live.version_id, "audits", NOW)


@pytest.mark.parametrize("state", ["watching", "paused"])
def test_what_is_no_alert_is_not_told(ida: User, state: str) -> None:
    guard_reading(activation=rollout(guard=Guard()), state=state)
    assert urgent(user=ida, now=NOW) == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR])
def test_who_may_not_roll_back_is_not_told(role: Role) -> None:
    alert(activation=rollout(guard=Guard()))
    assert urgent(user=make_user(role), now=NOW) == []


def test_all_that_is_urgent_is_asked_in_one_query(
    ida: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alert(activation=rollout(guard=Guard()))
    ida.has_perm("policies.change_policyversion")
    with django_assert_num_queries(1):
        assert len(urgent(user=ida, now=NOW)) == 1


@pytest.mark.usefixtures("at_once")
def test_each_policy_admin_is_mailed_once_what_the_guard_did(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    live = rollout(guard=Guard())
    User.objects.all().update(is_active=False)
    admins = [make_user(Role.POLICY_ADMIN), make_user(Role.POLICY_ADMIN, Role.REVIEWER)]
    make_user(Role.REVIEWER)
    audited(pairs(20), live)
    watch_activation(live.pk)
    watch_activation(live.pk)
    assert sorted(one.to[0] for one in mail.outbox) == sorted(user.email for user in admins)
    said = mail.outbox[0]
    assert said.subject == f"Recourse: the guard alerts on policy {live.version_id}"
    assert "What it did: told people." in said.body
    assert f"{settings.RECOURSE_PUBLIC_URL}/policies/guard" in said.body
    assert said.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.usefixtures("at_once")
def test_without_a_mail_server_nothing_is_mailed(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    live = rollout(guard=Guard())
    audited(pairs(20), live)
    watch_activation(live.pk)
    assert GuardReading.objects.filter(act="alerted").exists()
    assert (guard_mail.recipients(), mail.outbox) == ([], [])


def test_a_mail_that_could_not_be_sent_is_tried_again(
    ida: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    reading = alert(activation=rollout(guard=Guard()))

    tried = []

    def gone_at_first(message: EmailMessage) -> int:
        tried.append(message.to)
        if len(tried) < 3:
            raise SMTPServerDisconnected("gone")
        return 1

    monkeypatch.setattr("django.core.mail.EmailMessage.send", gone_at_first)
    mail_of_guard.apply((reading.pk, ida.pk)).get()
    assert tried == [[ida.email]] * 3
