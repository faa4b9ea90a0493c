"""Which sources are silent: told by how often each sends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.ledger import Actor
from conversations.models import Event, Source, SourceKey
from conversations.services import receipts, sources
from conversations.vocabulary import Scope
from tests.factories import ended_event, make_key, make_source, record

pytestmark = pytest.mark.django_db


def sent(source: Source, *hours_ago: float) -> None:
    """Events of *source*, received so many hours ago."""
    now = timezone.now()
    record(source, *(ended_event() for _ in hours_ago))
    for event, hours in zip(Event.objects.filter(source=source), hours_ago, strict=True):
        Event.objects.filter(pk=event.pk).update(received_at=now - timedelta(hours=hours))


@pytest.mark.parametrize(
    ("hours_ago", "silent"),
    [
        ((23,), 0),
        ((25,), 1),
        ((25, 26, 27), 1),
        ((60, 100), 0),  # it was as long between two before
        ((90, 130), 1),
    ],
)
def test_silence_is_told_by_how_often_a_source_sends(
    hours_ago: tuple[float, ...], silent: int
) -> None:
    source = make_source()
    make_key(source, Scope.EVENTS_WRITE)
    sent(source, *hours_ago)
    assert receipts.silent(now=timezone.now()) == silent


def test_a_source_that_never_sent_or_may_not_is_not_silent() -> None:
    now = timezone.now()
    make_key(make_source(), Scope.EVENTS_WRITE)
    retired, asks, signs = make_source(), make_source(), make_source()
    make_key(retired, Scope.EVENTS_WRITE)
    make_key(asks, Scope.STATUS_READ)
    key = SourceKey.objects.get(source=retired)
    sources.revoke_key(key=key, now=now, actor=Actor.task("test"))
    for source in (retired, asks, signs):
        sent(source, 30)
    assert receipts.silent(now=now) == 0
    sources.create_secret(source=signs, name="one", actor=Actor.task("test"))
    assert receipts.silent(now=now) == 1
