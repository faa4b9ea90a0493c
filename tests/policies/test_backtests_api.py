"""Backtests as records: asked for over HTTP, run by a worker, cancelled, taken up again."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from accounts.roles import Role
from policies import tasks
from policies.backtest import Filters
from policies.models import Backtest, PolicyVersion
from policies.services import backtests
from tests.factories import NOW, make_user
from tests.policies.backtests import AT, LAX, asking, make_cutoff

pytestmark = pytest.mark.django_db

WINDOW = {"since": "2026-10-21T00:00:00Z", "until": "2026-11-21T00:00:00Z"}
TASK = Actor.task("test")


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Messages to workers, kept here: nobody listens to the tests' broker."""
    sent: list[str] = []
    monkeypatch.setattr(
        "policies.api_backtests.current_app.send_task",
        lambda _name, args, **_options: sent.append(args[0]),
    )
    monkeypatch.setattr("policies.tasks.run_backtest.delay", sent.append)
    return sent


@pytest.fixture
def _long(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were so many cutoffs that a window is read month by month."""
    monkeypatch.setattr("policies.services.backtest_scan.LONG", -1)


def _signed_in(client: Client, *roles: Role) -> Client:
    client.force_login(make_user(*roles))
    return client


def _post(client: Client, body: dict[str, Any], path: str = "/api/v1/backtests") -> Any:
    return client.post(path, body, content_type="application/json")


def _requested(**changes: Any) -> Backtest:
    given: dict[str, Any] = {
        "candidate": asking(0.8),
        "since": NOW - timedelta(days=90),
        "until": NOW,
        "now": NOW,
        "actor": TASK,
    }
    return backtests.request(**given | changes)


def _run(backtest: Backtest, clock: Callable[[], datetime] = lambda: NOW) -> Backtest:
    backtests.run(backtest_id=backtest.pk, clock=clock)
    backtest.refresh_from_db()
    return backtest


def test_one_is_asked_for_run_and_read(client: Client, told: list[str]) -> None:
    make_cutoff(0.6)
    admin = _signed_in(client, Role.POLICY_ADMIN)
    answer = _post(admin, {"content": {"default": {"severity": 0.9}}, "baseline": 1, **WINDOW})
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert told == [answer.json()["id"]]
    tasks.run_backtest(told[0])
    done = admin.get(f"/api/v1/backtests/{told[0]}").json()
    assert (done["state"], done["progress"], done["error"]) == ("done", 100, "")
    assert done["figures"]["cutoffs"]["made"]["count"] == 1
    assert done["cannot_tell"]
    assert re.fullmatch(r"\d+\.\d+\.\d+/1/[0-9a-f]{12}", done["code_version"])
    table = admin.get(f"/api/v1/backtests/{told[0]}/figures.csv")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert "cutoffs.made.count,1" in table.content.decode()
    assert f"code_version,{done['code_version']}" in table.content.decode()
    assert LedgerEntry.objects.filter(action="backtest.requested").count() == 1


def test_a_version_by_its_number_is_kept_as_it_was(client: Client) -> None:
    answer = _post(_signed_in(client, Role.POLICY_ADMIN), {"candidate": 1, **WINDOW})
    assert answer.status_code == 202
    assert answer.json()["candidate"] == 1
    assert answer.json()["content"]["default"]["severity"] == 0.6


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/candidate"),
        ({"candidate": 1, "content": {}}, "/candidate"),
        ({"candidate": 999}, "/candidate"),
        ({"candidate": 1, "baseline": 999}, "/baseline"),
        ({"content": {"imminent_risk_ceiling": 0.9}}, "/content/imminent_risk_ceiling"),
        ({"candidate": 1, "until": "2026-10-01T00:00:00Z"}, "/until"),
        ({"candidate": 1, "since": "2001-10-01T00:00:00Z"}, "/since"),
        ({"candidate": 1, "since": "yesterday"}, "/since"),
        (
            {"candidate": 1, "since": "0001-01-01T00:00:00Z", "until": "0001-02-01T00:00:00Z"},
            "/until",
        ),
        (
            {"candidate": 1, "since": "9999-11-01T00:00:00Z", "until": "9999-12-31T00:00:00Z"},
            "/until",
        ),
        ({"candidate": 1, "filters": {"category": ["weather"]}}, "/filters/category/0"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    client: Client, body: dict[str, Any], pointer: str
) -> None:
    admin = _signed_in(client, Role.POLICY_ADMIN)
    for path in ("/api/v1/backtests", "/api/v1/backtests/preview"):
        answer = _post(admin, WINDOW | body, path)
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Backtest.objects.exists()


def test_a_baseline_that_can_no_longer_be_read_is_refused_in_words(client: Client) -> None:
    PolicyVersion.objects.create(number=50, content={"default": {"warnings": 0}})
    admin = _signed_in(client, Role.POLICY_ADMIN)
    body = {"candidate": 1, "baseline": 50, **WINDOW}
    answer = _post(admin, body, "/api/v1/backtests/preview")
    assert answer.status_code == 409
    assert "can no longer be read" in answer.json()["detail"]


def test_reading_is_for_who_may_see_policies_and_asking_for_who_may_change_them(
    client: Client,
) -> None:
    backtest = _requested()
    auditor = _signed_in(client, Role.AUDITOR)
    assert auditor.get(f"/api/v1/backtests/{backtest.pk}").status_code == 200
    assert _post(auditor, {"candidate": 1, **WINDOW}).status_code == 403
    assert _post(auditor, {}, f"/api/v1/backtests/{backtest.pk}/cancel").status_code == 403
    reviewer = _signed_in(client, Role.REVIEWER)
    assert reviewer.get(f"/api/v1/backtests/{backtest.pk}").status_code == 403


def test_without_a_broker_it_is_noted_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise BrokerError

    monkeypatch.setattr("policies.api_backtests.current_app.send_task", away)
    answer = _post(_signed_in(client, Role.POLICY_ADMIN), {"candidate": 1, **WINDOW})
    assert answer.status_code == 202


def test_a_finished_one_has_figures_and_cannot_be_cancelled(client: Client) -> None:
    backtest = _requested()
    admin = _signed_in(client, Role.POLICY_ADMIN)
    path = f"/api/v1/backtests/{backtest.pk}"
    assert admin.get(f"{path}/figures.csv").json()["type"].endswith("no_figures")
    _run(backtest)
    assert _post(admin, {}, f"{path}/cancel").status_code == 409


def test_run_twice_it_is_computed_once() -> None:
    backtest = _run(_requested())
    before = backtest.finished_at
    _run(backtest, lambda: NOW + timedelta(hours=1))
    assert (backtest.state, backtest.attempts, backtest.finished_at) == ("done", 1, before)


@pytest.mark.usefixtures("_long")
def test_cancelled_while_it_runs_it_stops_and_writes_nothing(client: Client) -> None:
    backtest = _requested()
    admin = _signed_in(client, Role.POLICY_ADMIN)
    moments: list[int] = []

    def clock() -> datetime:
        """Time passes at each piece of the window; after the second, somebody cancels."""
        moments.append(1)
        if len(moments) == 4:
            answer = _post(admin, {}, f"/api/v1/backtests/{backtest.pk}/cancel")
            assert answer.status_code == 202
        return NOW

    _run(backtest, clock)
    assert (backtest.state, backtest.figures) == ("cancelled", None)
    assert 0 < backtest.progress < 100
    assert LedgerEntry.objects.filter(action="backtest.cancelled").count() == 1


@pytest.mark.usefixtures("_long")
def test_progress_is_told_piece_by_piece() -> None:
    backtest = _requested()
    seen: list[int] = []

    def clock() -> datetime:
        seen.append(Backtest.objects.get(pk=backtest.pk).progress)
        return NOW

    _run(backtest, clock)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2


def test_what_the_broker_lost_is_begun_and_what_is_new_is_left() -> None:
    lost = _requested(now=NOW - timedelta(minutes=5))
    _requested()
    assert backtests.left_behind(now=NOW) == [lost.pk]


def test_what_a_dead_worker_held_is_begun_again_and_fails_in_the_end(told: list[str]) -> None:
    backtest = _requested(now=NOW - timedelta(hours=1))
    later = NOW
    for attempt in range(1, backtests.MOST_ATTEMPTS + 1):
        Backtest.objects.filter(pk=backtest.pk).update(
            state="running", attempts=attempt, started_at=later, beat_at=later
        )
        assert backtests.left_behind(now=later + timedelta(minutes=4)) == []
        later += timedelta(minutes=6)
        again = backtests.left_behind(now=later)
        assert again == ([backtest.pk] if attempt < backtests.MOST_ATTEMPTS else [])
    backtest.refresh_from_db()
    assert backtest.state == "failed"
    assert "died each time" in backtest.error


@pytest.mark.usefixtures("_long")
def test_a_worker_that_was_thought_dead_writes_nothing() -> None:
    backtest = _requested()
    taken: list[int] = []

    def clock() -> datetime:
        taken.append(1)
        if len(taken) == 3:
            Backtest.objects.filter(pk=backtest.pk).update(attempts=2)
        return NOW

    _run(backtest, clock)
    assert (backtest.state, backtest.attempts, backtest.figures) == ("running", 2, None)


def test_one_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    backtest = _requested()

    def slow(*_args: Any, **_options: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(backtests, "scan", slow)
    tasks.run_backtest(str(backtest.pk))
    backtest.refresh_from_db()
    assert (backtest.state, backtest.finished_at is not None) == ("failed", True)
    assert "shorter window" in backtest.error


def test_a_policy_that_cannot_be_read_any_more_fails_in_words() -> None:
    backtest = _requested()
    Backtest.objects.filter(pk=backtest.pk).update(candidate={"gone": True})
    assert "no longer be read" in _run(backtest).error


def test_the_sweep_sends_what_waits(told: list[str]) -> None:
    lost = _requested(now=NOW - timedelta(days=400))
    tasks.sweep_backtests()
    assert told == [str(lost.pk)]


def test_what_was_asked_is_kept(told: list[str]) -> None:
    make_cutoff(0.6, model="m-1")
    make_cutoff(0.6, model="m-2", at=AT)
    done = _run(_requested(candidate=LAX, filters=Filters(model=("m-1",))))
    figures = backtests.figures_of(done)
    assert figures is not None
    assert figures.cutoffs.made.count == 1
    assert done.filters["model"] == ["m-1"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_compute_it_once() -> None:
    backtest = _requested()

    def work() -> None:
        backtests.run(backtest_id=backtest.pk, clock=lambda: NOW)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    backtest.refresh_from_db()
    assert (backtest.state, backtest.attempts) == ("done", 1)
