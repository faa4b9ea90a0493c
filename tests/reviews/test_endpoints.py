"""Endpoints: made, rotated, paused, enabled, removed; by administrators alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import override_settings
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Source
from reviews.models import Delivery, Endpoint, EndpointSecret
from reviews.outcome_vocabulary import DeliveryState, OutcomeType
from reviews.services import endpoints, outcomes
from reviews.services.endpoints import NotPossible
from tests.factories import make_cutoff, make_user
from tests.receiver import receiving
from tests.reviews.outcomes import deliver, listening, make_endpoint, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMINISTRATOR)


def entries(endpoint: Endpoint) -> list[str]:
    found = LedgerEntry.objects.filter(object_type="endpoint", object_id=str(endpoint.pk))
    return list(found.order_by("id").values_list("action", flat=True))


def test_a_new_endpoint_has_a_secret_that_the_ledger_does_not_know(
    source: Source, admin: User
) -> None:
    endpoint, secret = make_endpoint(source, user=admin)
    assert Webhook(secret)
    assert entries(endpoint) == ["endpoint.created", "endpoint_secret.created"]
    assert not [one for one in LedgerEntry.objects.all() if secret in str(one.details)]


@pytest.mark.parametrize(
    ("url", "types", "field"),
    [
        ("http://chat.example.com", [OutcomeType.SETTLED], "url"),
        ("https://10.0.0.1/", [OutcomeType.SETTLED], "url"),
        ("https://chat.example.com", [], "types"),
    ],
)
def test_what_no_endpoint_is(
    source: Source, url: str, types: list[OutcomeType], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        make_endpoint(source, url=url, types=types)
    assert list(refused.value.message_dict) == [field]
    assert not Endpoint.objects.exists()


def test_an_address_once_a_source_but_again_once_it_is_removed(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    make_endpoint()
    with pytest.raises(ValidationError):
        make_endpoint(source)
    endpoints.remove(endpoint=endpoint, user=admin, now=timezone.now())
    make_endpoint(source)


def test_a_source_has_a_bounded_number(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 1)
    make_endpoint(source)
    with pytest.raises(ValidationError):
        make_endpoint(source, url="https://other.example.com")


def test_what_the_setting_names_may_be_http(source: Source) -> None:
    with override_settings(WEBHOOK_HOSTS=["chat.internal"]):
        make_endpoint(source, url="http://chat.internal/")
    assert Endpoint.objects.get().url == "http://chat.internal/"


def test_both_secrets_sign_until_the_old_one_is_revoked(source: Source, admin: User) -> None:
    now = timezone.now()
    with receiving() as receiver:
        endpoint = listening(receiver, source)
        old = EndpointSecret.objects.get()
        new = endpoints.rotate(endpoint=endpoint, user=admin, now=now)
        for known in ([old.secret], [new]):
            receiver.secrets = known
            endpoints.send_test(endpoint=endpoint, user=admin, now=now)
            deliver(receiver)
        assert len(receiver.received) == 2

        endpoints.revoke(secret=old, user=admin, now=now)
        receiver.secrets = [old.secret]
        endpoints.send_test(endpoint=endpoint, user=admin, now=now)
        deliver(receiver)
        assert (len(receiver.received), len(receiver.refused)) == (2, 1)
    old.refresh_from_db()
    assert old.secret == ""


def test_a_third_secret_and_the_last_one(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    now = timezone.now()
    with pytest.raises(NotPossible, match="only secret"):
        endpoints.revoke(secret=EndpointSecret.objects.get(), user=admin, now=now)
    endpoints.rotate(endpoint=endpoint, user=admin, now=now)
    with pytest.raises(NotPossible, match="two secrets"):
        endpoints.rotate(endpoint=endpoint, user=admin, now=now)


def test_pausing_twice_is_pausing_once(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    for _ in range(2):
        endpoints.pause(endpoint=endpoint, user=admin, now=timezone.now())
    for _ in range(2):
        endpoints.resume(endpoint=endpoint, user=admin, now=timezone.now())
    assert entries(endpoint)[2:] == ["endpoint.paused", "endpoint.resumed"]


def test_nothing_is_tested_at_an_endpoint_that_is_off(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    endpoints.pause(endpoint=endpoint, user=admin, now=timezone.now())
    with pytest.raises(NotPossible):
        endpoints.send_test(endpoint=endpoint, user=admin, now=timezone.now())
    assert not Delivery.objects.exists()


def test_a_test_waits_for_nothing(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    outcomes.policy_paused(scope="everything", now=timezone.now())
    delivery = endpoints.send_test(endpoint=endpoint, user=admin, now=timezone.now())
    assert Delivery.objects.filter(lane=delivery.lane).count() == 1
    assert delivery.type == OutcomeType.TEST


def test_other_types_from_now_on(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    wanted = [OutcomeType.PAUSED]
    endpoints.subscribe(endpoint=endpoint, types=wanted, user=admin, now=timezone.now())
    make_cutoff(source, signals={"warnings": 0})
    assert not Delivery.objects.exists()
    outcomes.policy_paused(scope="everything", now=timezone.now())
    assert Delivery.objects.get().type == OutcomeType.PAUSED


def test_what_waits_for_an_endpoint_that_is_removed_has_failed(source: Source, admin: User) -> None:
    endpoint, _ = make_endpoint(source)
    outcomes.policy_paused(scope="everything", now=timezone.now())
    endpoints.remove(endpoint=endpoint, user=admin, now=timezone.now())
    assert states() == [(DeliveryState.DEAD, "endpoint_off", 0)]
    assert EndpointSecret.objects.get().secret == ""
    outcomes.policy_paused(scope="everything", now=timezone.now())
    assert len(states()) == 1
    with pytest.raises(NotPossible, match="removed"):
        endpoints.pause(endpoint=endpoint, user=admin, now=timezone.now())


ACTS: dict[str, Callable[[Endpoint, dict[str, Any]], object]] = {
    "subscribe": lambda one, by: endpoints.subscribe(
        endpoint=one, types=[OutcomeType.PAUSED], **by
    ),
    "pause": lambda one, by: endpoints.pause(endpoint=one, **by),
    "resume": lambda one, by: endpoints.resume(endpoint=one, **by),
    "rotate": lambda one, by: endpoints.rotate(endpoint=one, **by),
    "revoke": lambda one, by: endpoints.revoke(secret=one.secrets.get(), **by),
    "test": lambda one, by: endpoints.send_test(endpoint=one, **by),
    "remove": lambda one, by: endpoints.remove(endpoint=one, **by),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_administrators_alone(act: str, role: Role) -> None:
    endpoint, _ = make_endpoint()
    by = {"user": make_user(role), "now": timezone.now()}
    with pytest.raises(PermissionDenied):
        ACTS[act](endpoint, by)
