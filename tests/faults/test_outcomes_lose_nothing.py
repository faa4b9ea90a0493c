"""A worker killed while it sends: every outcome arrives, in order within its conversation."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

import psycopg
import pytest

from tests.factories import ended_event
from tests.faults.installation import Installation, until
from tests.faults.senders import body_of, post
from tests.receiver import Received, Receiver, Reply, receiving

DELIVER = "reviews.tasks.deliver"

_MAKE_ENDPOINT = """
from django.utils import timezone
from accounts.roles import Role
from accounts.services import create_user
from conversations.models import Source
from reviews.outcome_vocabulary import SUBSCRIBABLE
from reviews.services import endpoints
user = create_user(email="outcomes@example.com", name="Ida", password="correct horse battery",
                   roles=[Role.ADMINISTRATOR])
_, secret = endpoints.create(source=Source.objects.get(slug="faults"), url="{url}",
                             types=SUBSCRIBABLE, user=user, now=timezone.now())
print(secret)
"""

#: Three outcomes of each conversation, as settling and answering would write them.
_THREE_EACH = """
from django.db import transaction
from django.utils import timezone
from conversations.models import Cutoff
from reviews.services import outcomes
cutoffs = Cutoff.objects.filter(conversation__external_id__startswith="told-").order_by("pk")
for _ in range(3):
    for cutoff in cutoffs:
        with transaction.atomic():
            outcomes.settled(cutoff_id=cutoff.pk, now=timezone.now())
"""

CONVERSATIONS = 20


@pytest.fixture
def receiver(installation: Installation) -> Iterator[Receiver]:
    with receiving() as found:
        hosts = {"RECOURSE_WEBHOOK_HOSTS": found.host}
        secret = installation.shell(_MAKE_ENDPOINT.format(url=found.url), **hosts)
        found.secrets.append(secret.splitlines()[-1])
        yield found
        with psycopg.connect(installation.address, autocommit=True) as connection:
            connection.execute("UPDATE reviews_endpoint SET disabled_at = now()")


def waiting(installation: Installation) -> int:
    query = "SELECT count(*) FROM reviews_delivery WHERE state <> 'delivered'"
    return int(installation.rows(query)[0][0])


def sent_again_until_all_is_delivered(installation: Installation) -> None:
    """What the dead worker held is sent at once: its lease is over, and so is every pause."""
    with psycopg.connect(installation.address, autocommit=True) as connection:
        connection.execute(
            "UPDATE reviews_delivery SET leased_until = now() WHERE lease IS NOT NULL"
        )

    def done() -> bool:
        installation.call(DELIVER)
        return waiting(installation) == 0

    until(done, seconds=90, what="every outcome is delivered")


def test_a_worker_killed_while_it_sends(installation: Installation, receiver: Receiver) -> None:
    hosts = {"RECOURSE_WEBHOOK_HOSTS": receiver.host}
    flagged = [
        ended_event(id=f"told-{n}", conversation={"id": f"told-{n}"}, signals={"warnings": 0})
        for n in range(CONVERSATIONS)
    ]
    status, _, answer = post(installation.port, installation.key, body_of(flagged))
    assert status == 202, json.loads(answer)
    installation.shell(_THREE_EACH, **hosts)
    assert waiting(installation) == 4 * CONVERSATIONS

    receiver.answer = lambda _got: Reply(delay=1.0)
    installation.start_worker(**hosts)
    installation.call(DELIVER)
    until(lambda: receiver.busy > 2, seconds=30, what="outcomes are being sent")
    installation.kill_worker()
    killed_at = len(receiver.received)
    assert waiting(installation) > 0

    receiver.answer = lambda _got: Reply()
    installation.start_worker(**hosts)
    sent_again_until_all_is_delivered(installation)
    installation.kill_worker()

    assert receiver.refused == []
    wanted = installation.rows(
        "SELECT outcome.data ->> 'conversation_id', outcome.id::text FROM reviews_delivery delivery"
        " JOIN reviews_outcome outcome ON outcome.id = delivery.outcome_id ORDER BY delivery.id"
    )
    assert by_conversation(receiver.received) == in_order(wanted)
    again = len(receiver.received) - len(wanted)
    assert 0 <= again <= killed_at, "Only what was on its way is sent twice."


def by_conversation(received: list[Received]) -> dict[str, list[str]]:
    """The ids of each conversation in the order in which they came, repetitions left out."""
    return in_order([(one.data["conversation_id"], one.id) for one in received])


def in_order(pairs: list[tuple[str, ...]]) -> dict[str, list[str]]:
    """Second members by the first, each once."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        if value not in found[key]:
            found[key].append(value)
    return found
