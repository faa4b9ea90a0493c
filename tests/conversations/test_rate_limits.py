"""How much a source may send and ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from structlog.testing import capture_logs

from conversations import cache_scripts
from conversations.authentication import SourceKeyAuthentication
from conversations.models import Event, Source
from conversations.rate_limits import SourceCallThrottle, take
from tests.factories import ended_event, make_key, make_source

pytestmark = pytest.mark.django_db

BATCH = "application/cloudevents-batch+json"
AWAY = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "unix:///nowhere/valkey.sock",
    }
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cache at rest, and no connection to another test's."""
    monkeypatch.setattr(cache_scripts, "_resting_until", 0.0)
    cache_scripts._known.cache_clear()
    yield
    cache_scripts._known.cache_clear()


@pytest.fixture
def source() -> Source:
    source = make_source()
    source.events_per_second, source.calls_per_second = 10, 4
    source.save()
    return source


def post(source: Source, *events: Any) -> Any:
    return Client(raise_request_exception=False).generic(
        "POST",
        "/api/v1/events",
        json.dumps(events).encode(),
        BATCH,
        HTTP_AUTHORIZATION=f"Bearer {make_key(source)}",
    )


def test_a_batch_goes_in_whole_and_the_next_waits_until_it_is_paid(source: Source) -> None:
    assert take(source=source, kind="events", amount=100) == 0
    waiting = take(source=source, kind="events", amount=1)

    assert 8.5 < waiting < 9.5


def test_a_seconds_worth_may_come_at_once(source: Source) -> None:
    taken = [take(source=source, kind="events") for _ in range(11)]

    assert taken[:10] == [0.0] * 10
    assert 0 < taken[10] <= 0.2


def test_time_pays_and_the_wait_is_enough(source: Source) -> None:
    take(source=source, kind="events", amount=12)
    waiting = take(source=source, kind="events")
    assert waiting > 0
    time.sleep(waiting)

    assert take(source=source, kind="events") == 0


def test_what_is_refused_costs_nothing(source: Source) -> None:
    take(source=source, kind="events", amount=12)
    for _ in range(20):
        waiting = take(source=source, kind="events", amount=1000)

    assert waiting < 0.3


def test_kinds_and_sources_count_apart(source: Source) -> None:
    take(source=source, kind="events", amount=100)

    assert take(source=source, kind="calls") == 0
    assert take(source=make_source(), kind="events") == 0


def test_what_is_paid_is_forgotten(source: Source) -> None:
    take(source=source, kind="events", amount=20)
    client = cache_scripts.client()
    key = cache.make_key(f"rate:events:{source.pk}")

    assert 1500 < client.pttl(key) <= 2002


def test_a_limit_of_nothing_is_one(source: Source) -> None:
    source.calls_per_second = 0

    assert take(source=source, kind="calls") == 0
    assert take(source=source, kind="calls") > 0


def test_many_at_once_get_no_more_than_the_limit(source: Source) -> None:
    with ThreadPoolExecutor(8) as pool:
        started = time.monotonic()
        taken = list(pool.map(lambda _: take(source=source, kind="events"), range(200)))
        took = time.monotonic() - started

    assert 10 <= taken.count(0.0) <= 10 + 10 * took + 1


def test_too_many_events_are_a_429_and_none_is_stored(source: Source) -> None:
    events = [ended_event() for _ in range(25)]
    assert post(source, *events).status_code == 202
    answer = post(source, ended_event())

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) in (1, 2)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:recourse:problem:too_many_events"
    assert Event.objects.count() == 25


class AskedView(APIView):
    """A view that sources ask."""

    authentication_classes = [SourceKeyAuthentication]
    permission_classes: list[Any] = []
    throttle_classes = [SourceCallThrottle]

    def get(self, request: Request) -> Response:
        return Response({})


def ask(key: str | None) -> Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = APIRequestFactory().get("/", headers=headers)
    answer: Response = AskedView.as_view()(request)
    return answer


def test_too_many_calls_are_a_429(source: Source) -> None:
    key = make_key(source)
    answers = [ask(key) for _ in range(6)]

    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"
    assert ask(make_key(make_source())).status_code == 200


def test_who_is_no_source_is_not_counted() -> None:
    assert {ask(None).status_code for _ in range(20)} == {200}


@override_settings(CACHES=AWAY)
def test_without_the_cache_all_go_through_with_one_warning(source: Source) -> None:
    with capture_logs() as logs:
        answers = [post(source, *[ended_event()] * 20).status_code for _ in range(5)]

    assert answers == [202] * 5
    warnings = [line for line in logs if line["event"] == "cache.unreachable"]
    assert len(warnings) == 1


def test_a_cache_that_came_back_counts_again(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with override_settings(CACHES=AWAY):
        assert take(source=source, kind="events", amount=100) == 0
    cache_scripts._known.cache_clear()
    assert take(source=source, kind="events", amount=100) == 0
    monkeypatch.setattr(cache_scripts, "_resting_until", time.monotonic())
    assert take(source=source, kind="events", amount=100) == 0
    assert take(source=source, kind="events") > 8


def test_a_cache_that_forgot_the_script_learns_it_again(source: Source) -> None:
    take(source=source, kind="events", amount=1)
    cache_scripts.client().script_flush()

    assert take(source=source, kind="events", amount=100) == 0
    assert take(source=source, kind="events") > 8
