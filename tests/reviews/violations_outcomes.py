"""What the constraints on outcomes forbid; tests/test_constraints.py does it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from conversations import keys
from reviews.models import Attempt, Delivery, Endpoint, EndpointSecret, Outcome
from reviews.outcome_vocabulary import DeliveryState, OutcomeType
from tests.factories import NOW, make_cutoff, make_source, make_user
from tests.reviews.outcomes import make_endpoint
from tests.violating import guarded, violates


def _endpoint(**changes: Any) -> Endpoint:
    row = {"source": make_source(), "url": "https://a.example.com", "types": ["t"]}
    return Endpoint.objects.create(**{**row, "created_at": NOW, **changes})


def _secret(**changes: Any) -> EndpointSecret:
    endpoint = changes.pop("endpoint", None) or _endpoint()
    row = {"endpoint": endpoint, "slot": 1, "secret": "s", "created_at": NOW}
    return EndpointSecret.objects.create(**row | changes)


def _outcome(**changes: Any) -> Outcome:
    row = {"id": keys.mint(NOW), "source": make_source(), "type": OutcomeType.TEST}
    return Outcome.objects.create(**{**row, "at": NOW, "data": {}, **changes})


def _delivery(**changes: Any) -> Delivery:
    endpoint = changes.pop("endpoint", None) or make_endpoint()[0]
    row = {
        "outcome": changes.pop("outcome", None) or _outcome(),
        "endpoint": endpoint,
        "source": endpoint.source,
        "type": OutcomeType.TEST,
        "lane": uuid.uuid4(),
        "flag": False,
        "created_at": NOW,
        "due_at": NOW,
    }
    return Delivery.objects.create(**row | changes)


def _attempt(**changes: Any) -> Attempt:
    delivery = changes.pop("delivery", None) or _delivery()
    row = {"delivery": delivery, "number": 1, "at": NOW, "milliseconds": 1, "status": 200}
    return Attempt.objects.create(**row | changes)


@violates("endpoint_once_a_source")
def _twice_the_same_address() -> None:
    first = _endpoint()
    _endpoint(source=first.source)


@violates("endpoint_subscribes_to_something")
def _subscribes_to_nothing() -> None:
    _endpoint(types=[])


@violates("endpoint_paused_by_somebody")
def _paused_by_nobody() -> None:
    _endpoint(paused_at=NOW)


@violates("endpoint_removed_by_somebody")
def _removed_by_nobody() -> None:
    _endpoint(removed_by=make_user())


@violates("endpoint_secret_two_live")
def _two_in_one_slot() -> None:
    first = _secret()
    _secret(endpoint=first.endpoint)


@violates("endpoint_secret_slot_is_1_or_2")
def _a_third_slot() -> None:
    _secret(slot=3)


@violates("endpoint_secret_forgotten_when_revoked")
def _revoked_and_kept() -> None:
    _secret(revoked_at=NOW)


@violates("outcome_conversation_with_cutoff")
def _a_conversation_without_cutoff() -> None:
    _outcome(conversation=make_cutoff().conversation)


@guarded("outcome_read_only")
def _another_result() -> None:
    Outcome.objects.filter(pk=_outcome().pk).update(data={"standing": "upheld"})


@violates("delivery_once_an_endpoint")
def _two_deliveries() -> None:
    first = _delivery()
    _delivery(outcome=first.outcome, endpoint=first.endpoint)


@violates("delivery_state_has_its_time")
def _delivered_at_no_time() -> None:
    _delivery(state=DeliveryState.DELIVERED)


@violates("delivery_leased_by_somebody")
def _leased_without_end() -> None:
    _delivery(lease=uuid.uuid4())


@violates("delivery_only_a_waiting_one_is_leased")
def _dead_and_leased() -> None:
    _delivery(
        state=DeliveryState.DEAD,
        dead_at=NOW,
        lease=uuid.uuid4(),
        leased_until=NOW + timedelta(seconds=1),
    )


@violates("attempt_once_a_number")
def _two_first_attempts() -> None:
    first = _attempt()
    _attempt(delivery=first.delivery)


@violates("attempt_answered_or_failed")
def _neither_answered_nor_failed() -> None:
    _attempt(status=None)
