"""The pages of outcomes: endpoints of a source, the list of deliveries, one of them, replay."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Source
from reviews.models import Attempt, Delivery, Endpoint, EndpointSecret
from reviews.outcome_vocabulary import DeliveryState, OutcomeType
from reviews.services import deliveries, outcomes
from tests.factories import make_cutoff, make_source, make_user
from tests.receiver import Reply, receiving
from tests.reviews.outcomes import deliver, listening, make_endpoint, states

pytestmark = pytest.mark.django_db

#: The most queries of the list and of one, however much there is, with what every page asks.
LIST = 14
ONE = 13


@pytest.fixture
def admin(client: Client) -> User:
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    return user


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def breach(source: Source) -> Delivery:
    """A flag on its way."""
    make_cutoff(source, signals={"warnings": 0})
    return Delivery.objects.latest("id")


def die(*rows: Delivery) -> None:
    keys = [row.pk for row in rows]
    Delivery.objects.filter(pk__in=keys).update(
        state=DeliveryState.DEAD, dead_at=timezone.now(), failure="status", failures=9
    )


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- Endpoints ----------------------------------------------------------------------------------


def test_the_page_of_a_source_leads_there(client: Client, admin: User, source: Source) -> None:
    assert 'href="/sources/chat/outcomes"' in text(client.get("/sources/chat"))
    assert "Nothing is sent to this source" in text(client.get("/sources/chat/outcomes"))


def test_making_an_endpoint_shows_its_secret_once(
    client: Client, admin: User, source: Source
) -> None:
    said = {"endpoint-url": "https://chat.example.com/o", "endpoint-types": [OutcomeType.SETTLED]}
    answer = client.post("/sources/chat/outcomes/new", said)
    secret = EndpointSecret.objects.get().secret

    assert secret in text(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/sources/chat/outcomes/new").headers["Location"] == "/sources/chat/outcomes"
    shown = text(client.get("/sources/chat/outcomes"))
    assert "https://chat.example.com/o" in shown
    assert secret not in shown


def test_a_bad_address_is_explained_beside_the_field(
    client: Client, admin: User, source: Source
) -> None:
    said = {"endpoint-url": "http://chat.example.com/", "endpoint-types": [OutcomeType.SETTLED]}
    answer = client.post("/sources/chat/outcomes/new", said)
    assert answer.status_code == 422
    assert "https addresses only" in text(answer)
    assert 'value="http://chat.example.com/"' in text(answer)


def test_the_same_address_twice_is_explained(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source, url="https://chat.example.com/")
    said = {"endpoint-url": "https://chat.example.com/", "endpoint-types": [OutcomeType.SETTLED]}
    answer = client.post("/sources/chat/outcomes/new", said)
    assert (answer.status_code, Endpoint.objects.count()) == (422, 1)


def test_what_can_be_done_with_an_endpoint(client: Client, admin: User, source: Source) -> None:
    endpoint, _ = make_endpoint(source)
    path = f"/endpoints/{endpoint.pk}"

    def act(name: str, **said: Any) -> Endpoint:
        assert client.post(f"{path}/{name}", said).status_code in (200, 302)
        endpoint.refresh_from_db()
        return endpoint

    assert act("pause").state == "paused"
    assert "Resume" in text(client.get("/sources/chat/outcomes"))
    assert act("resume").state == "live"
    assert act("types", **{f"e{endpoint.pk}-types": [OutcomeType.PAUSED]}).types == [
        OutcomeType.PAUSED
    ]
    old = EndpointSecret.objects.get()
    assert client.post(f"{path}/secrets").headers["Cache-Control"] == "no-store"
    assert "cannot be undone" in text(client.get(f"{path}/secrets/{old.pk}/revoke"))
    act(f"secrets/{old.pk}/revoke")
    assert EndpointSecret.objects.filter(revoked_at=None).count() == 1
    assert "fails for good" in text(client.get(f"{path}/remove"))
    assert act("remove").state == "removed"
    assert client.post(f"{path}/pause").status_code == 404


def test_types_that_are_none_are_refused(client: Client, admin: User, source: Source) -> None:
    endpoint, _ = make_endpoint(source)
    assert client.post(f"/endpoints/{endpoint.pk}/types").status_code == 422


def test_a_disabled_endpoint_is_shown_with_its_way_back(
    client: Client, admin: User, source: Source
) -> None:
    make_endpoint(source)
    Endpoint.objects.update(disabled_at=timezone.now())
    shown = text(client.get("/sources/chat/outcomes"))
    assert "answered 410" in shown
    assert "Enable again" in shown
    listed = text(client.get("/deliveries"))
    assert "An endpoint of Chat is disabled" in listed
    assert '<span class="count bad">1</span>' in listed


def test_a_test_is_sent_and_its_delivery_shown(client: Client, admin: User, source: Source) -> None:
    with receiving() as receiver:
        endpoint = listening(receiver, source)
        answer = client.post(f"/endpoints/{endpoint.pk}/test", follow=True)
        assert "recourse.test.v1" in text(answer)
        assert "Waiting" in text(answer)
        deliver(receiver)
        (got,) = receiver.received
        assert got.payload["type"] == "recourse.test.v1"
        assert "The receiver took it" in text(client.get(answer.redirect_chain[-1][0]))


# --- Deliveries ---------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(client: Client, admin: User) -> None:
    assert "Nothing was sent yet" in text(client.get("/deliveries"))


def test_the_list_is_filtered(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    make_endpoint(make_source("other"))
    die(breach(source))
    outcomes.policy_paused(scope="everything", now=timezone.now())

    def count(query: str) -> int:
        return len(client.get(f"/deliveries?{query}").context["rows"])

    assert [count(one) for one in ("", "state=dead", "source=other")] == [3, 1, 1]
    assert count(f"type={OutcomeType.PAUSED}&source=chat") == 1
    assert count("state=delivered") == 0
    assert "Nothing fits" in text(client.get("/deliveries?state=delivered"))
    assert count("source=nobody") == 0


def test_the_list_is_paged(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    for _ in range(60):
        outcomes.policy_paused(scope="everything", now=timezone.now())
    first = client.get("/deliveries")
    second = client.get(first.context["older_url"])
    seen = [row.pk for page in (first, second) for row in page.context["rows"]]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 60
    other = client.get(first.context["older_url"] + "&state=dead")
    assert other.status_code == 302


def test_what_failed_for_good_raises_an_alarm(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    row = breach(source)
    assert "failed for good." not in text(client.get("/deliveries"))
    die(row)
    shown = text(client.get("/deliveries"))
    assert "1 outcome failed for good." in shown
    assert '<span class="count bad">1</span>' in text(client.get("/sources"))


def test_queries_of_the_list_and_of_one(
    client: Client,
    admin: User,
    source: Source,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_endpoint(source)
    row = breach(source)
    client.get("/deliveries")
    with django_assert_max_num_queries(LIST):
        client.get("/deliveries")
    with django_assert_max_num_queries(ONE):
        client.get(f"/deliveries/{row.pk}")
    with CaptureQueriesContext(connection) as few:
        client.get("/deliveries")
    for _ in range(9):
        breach(source)
    with CaptureQueriesContext(connection) as many:
        client.get("/deliveries")
    assert len(many) == len(few)


def test_one_delivery_with_request_response_and_next_attempt(
    client: Client, admin: User, source: Source
) -> None:
    with receiving() as receiver:
        listening(receiver, source)
        row = breach(source)
        receiver.answer = lambda _got: Reply(503, {"Retry-After": "60"}, b"<script>busy</script>")
        deliver(receiver)
        shown = text(client.get(f"/deliveries/{row.pk}"))
        assert receiver.url in shown
    assert str(row.outcome_id) in shown
    assert "recourse.cutoff.flagged.v1" in shown
    assert "&lt;script&gt;busy&lt;/script&gt;" in shown
    assert "<b>503</b>" in shown
    assert "Next attempt" in shown
    assert EndpointSecret.objects.get().secret not in shown


def test_the_page_follows_what_becomes_of_it(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    row = breach(source)
    page = client.get(f"/deliveries/{row.pk}")
    path = f"/deliveries/{row.pk}?mark={page.context['mark']}"
    assert path in text(page)
    assert client.get(path).status_code == 204

    die(row)
    fragment = text(client.get(path))
    assert fragment.lstrip().startswith("<section")
    assert "It is not tried again" in fragment
    assert "hx-get" not in fragment


# --- Replay -------------------------------------------------------------------------------------


def test_replay_of_one(client: Client, admin: User, source: Source) -> None:
    with receiving() as receiver:
        listening(receiver, source)
        row = breach(source)
        die(row)
        asked = text(client.get(f"/deliveries/{row.pk}/replay"))
        assert "under the same webhook-id" in asked
        assert states() == [("dead", "status", 0)]
        client.post(f"/deliveries/{row.pk}/replay")
        deliver(receiver)
        assert receiver.ids() == [str(row.outcome_id)]
    assert states() == [("delivered", "", 1)]
    entry = LedgerEntry.objects.get(action="delivery.replayed")
    assert (entry.actor, entry.details) == (admin, {"state": "dead"})


def test_replay_of_one_that_was_delivered(client: Client, admin: User, source: Source) -> None:
    with receiving() as receiver:
        listening(receiver, source)
        row = breach(source)
        deliver(receiver)
        client.post(f"/deliveries/{row.pk}/replay")
        deliver(receiver)
        assert receiver.ids() == [str(row.outcome_id)] * 2
    assert [one.number for one in Attempt.objects.order_by("id")] == [1, 2]


def test_no_replay_to_an_endpoint_that_is_off(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    row = breach(source)
    die(row)
    Endpoint.objects.update(disabled_at=timezone.now())
    answer = client.post(f"/deliveries/{row.pk}/replay", follow=True)
    assert "Its endpoint is off" in text(answer)
    assert states() == [("dead", "status", 0)]


def test_replay_of_many_is_asked_for_and_follows_the_filters(
    client: Client, admin: User, source: Source
) -> None:
    make_endpoint(source)
    make_endpoint(make_source("other"))
    mine, delivered = breach(source), breach(source)
    theirs = breach(Source.objects.get(slug="other"))
    die(mine, theirs)
    Delivery.objects.filter(pk=delivered.pk).update(
        state=DeliveryState.DELIVERED, delivered_at=timezone.now()
    )
    page = client.get("/deliveries?source=chat")
    path = page.context["replay_url"]
    assert "1 outcome that failed for good is sent again" in text(client.get(path))
    client.post(path)
    assert [state for state, _, _ in states()] == ["waiting", "delivered", "dead"]
    entry = LedgerEntry.objects.get(action="deliveries.replayed")
    assert entry.details == {"state": "dead", "source": "chat", "count": 1}


def test_an_unreadable_filter_replays_nothing(client: Client, admin: User, source: Source) -> None:
    make_endpoint(source)
    die(breach(source))
    assert client.post("/deliveries/replay?source=nobody").status_code == 302
    assert states() == [("dead", "status", 0)]


# --- Who ----------------------------------------------------------------------------------------

PAGES = ["/deliveries", "/deliveries/{0}", "/sources/chat/outcomes"]
ACTS = [
    "/deliveries/{0}/replay",
    "/deliveries/replay",
    "/sources/chat/outcomes/new",
    "/endpoints/{1}/pause",
    "/endpoints/{1}/resume",
    "/endpoints/{1}/types",
    "/endpoints/{1}/test",
    "/endpoints/{1}/secrets",
    "/endpoints/{1}/remove",
]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_administrators_alone(client: Client, source: Source, role: Role) -> None:
    endpoint, _ = make_endpoint(source)
    row = breach(source)
    client.force_login(make_user(role))
    for path in PAGES:
        assert client.get(path.format(row.pk, endpoint.pk)).status_code == 403
    for path in ACTS:
        assert client.post(path.format(row.pk, endpoint.pk)).status_code == 403


def test_without_a_login(client: Client) -> None:
    assert client.get("/deliveries").headers["Location"].startswith("/login")


# --- Figures ------------------------------------------------------------------------------------


def test_the_backlog(source: Source) -> None:
    make_endpoint(source)
    now = timezone.now()
    assert deliveries.backlog(now=now) == deliveries.Backlog(timedelta(), 0, 0, 0, 0)
    first, second, third = breach(source), breach(source), breach(source)
    Delivery.objects.update(due_at=now)
    Delivery.objects.filter(pk=first.pk).update(due_at=now - timedelta(seconds=90))
    Delivery.objects.filter(pk=second.pk).update(failures=2)
    die(third)
    found = deliveries.backlog(now=now)
    assert found == deliveries.Backlog(timedelta(seconds=90), 2, 1, 1, 0)
    Endpoint.objects.update(disabled_at=now)
    assert deliveries.backlog(now=now).lag == timedelta()
    assert deliveries.backlog(now=now).disabled == 1


def test_prometheus_reads_it(client: Client, source: Source) -> None:
    make_endpoint(source)
    die(breach(source))
    told = client.get("/metrics").text
    assert "recourse_outcomes_dead 1.0" in told
    assert "recourse_outcomes_lag_seconds 0.0" in told
