"""The sources pages: what came, keys and secrets shown once, settings, test and parked events."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from pytest_django.live_server_helper import LiveServer

from accounts import tokens
from accounts.ledger import Actor
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import (
    Cutoff,
    Event,
    ParkedEvent,
    Refusal,
    Source,
    SourceKey,
    SourceSecret,
)
from conversations.services import intake, receipts, sources
from conversations.signals import cutoffs_recorded
from conversations.vocabulary import Mode, Scope
from tests.factories import ended_event, make_key, make_source, make_user, parsed, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def ida(client: Client) -> User:
    """An administrator who is signed in."""
    user = make_user(Role.ADMINISTRATOR, name="Ida")
    client.force_login(user)
    return user


@pytest.fixture
def source() -> Source:
    """A source without anything."""
    return make_source("chat")


def entries(action: str) -> list[LedgerEntry]:
    """The ledger's lines of *action*."""
    return list(LedgerEntry.objects.filter(action=action).select_related("actor"))


def said(**changes: Any) -> dict[str, Any]:
    """An ended conversation without a time: that of receipt counts, whatever the clock says."""
    event = ended_event(**changes)
    del event["time"]
    return event


def refuse(source: Source, event: dict[str, Any] | None = None) -> None:
    """Have one event refused, now."""
    record(source, event or said(transcript={"format": "telepathy"}))


# --- Who may ------------------------------------------------------------------------------------

PAGES = ["", "/new", "/chat", "/chat/tail", "/chat/keys", "/chat/secrets"]
POSTS = ["/new", "/chat/settings", "/chat/test", "/chat/keys", "/chat/secrets", "/chat/parked/1"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.AUDITOR, Role.POLICY_ADMIN])
def test_the_pages_are_for_administrators(
    client: Client, source: Source, page: str, role: Role
) -> None:
    client.force_login(make_user(role))
    assert client.get(f"/sources{page}").status_code == 403
    assert "/sources" not in client.get("/review").text


@pytest.mark.parametrize("page", POSTS)
def test_who_may_only_see_changes_nothing(client: Client, source: Source, page: str) -> None:
    user = make_user(Role.AUDITOR)
    user.user_permissions.add(Permission.objects.get(codename="view_source"))
    client.force_login(user)
    before = LedgerEntry.objects.count()
    assert client.post(f"/sources{page}", {}).status_code == 403
    assert LedgerEntry.objects.count() == before
    shown = client.get("/sources/chat")
    assert shown.status_code == 200
    assert 'method="post" action="/sources' not in shown.text
    assert "New source" not in client.get("/sources").text


@pytest.mark.parametrize("page", POSTS)
def test_a_forged_request_changes_nothing(source: Source, page: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(Role.ADMINISTRATOR))
    assert strict.post(f"/sources{page}", {}).status_code == 403


def test_a_source_that_is_not_there_is_a_404(client: Client, ida: User) -> None:
    for page in ("/nowhere", "/nowhere/tail", "/nowhere/keys"):
        assert client.get(f"/sources{page}").status_code == 404


# --- The list -----------------------------------------------------------------------------------


def test_without_a_source_the_list_says_what_to_do(client: Client, ida: User) -> None:
    page = client.get("/sources").text
    assert "No source yet" in page
    assert 'href="/sources/new"' in page
    assert '<a href="/sources" aria-current="page">' in page


def test_the_list_counts_hours_days_and_refusals(client: Client, ida: User) -> None:
    now = timezone.now()
    busy, quiet = make_source("busy", Mode.ENFORCING), make_source("quiet")
    for age in (timedelta(minutes=1), timedelta(hours=2), timedelta(hours=3), timedelta(days=2)):
        record(busy, said(), now=now - age)
    refuse(busy)
    refuse(busy)
    Refusal.objects.filter(pk=Refusal.objects.latest("id").pk).update(at=now - timedelta(days=2))
    first, second = receipts.overviews(now=now)
    assert (first.hour.value, first.day.value, first.refused.value) == (1, 3, 1)
    assert first.last_received_at == now - timedelta(minutes=1)
    assert (second.slug, second.hour.value, second.last_received_at) == (quiet.slug, 0, None)
    page = client.get("/sources").text
    assert "Enforcing" in page
    assert "nothing yet" in page


def test_counting_ends_somewhere(monkeypatch: pytest.MonkeyPatch, source: Source) -> None:
    monkeypatch.setattr(receipts, "MOST_COUNTED", 2)
    now = timezone.now()
    record(source, *[said() for _ in range(2)], now=now)
    assert str(receipts.overviews(now=now)[0].hour) == "2"
    record(source, *[said() for _ in range(2)], now=now)
    assert str(receipts.overviews(now=now)[0].hour) == "2+"


# --- Making and changing a source ---------------------------------------------------------------


def test_a_source_is_made(client: Client, ida: User) -> None:
    sent = {"name": "Web chat", "slug": "web", "mode": "enforcing"}
    response = client.post("/sources/new", sent)
    assert response.headers["Location"] == "/sources/web"
    made = Source.objects.get()
    assert (made.name, made.mode, made.events_per_second) == ("Web chat", "enforcing", 10_000)
    (entry,) = entries("source.created")
    assert (entry.actor, entry.object_id) == (ida, "web")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "chat"}, "slug"),
        ({"slug": "new"}, "slug"),
        ({"slug": "two words"}, "slug"),
        ({"name": ""}, "name"),
        ({"mode": "sometimes"}, "mode"),
    ],
)
def test_a_source_that_cannot_be_is_refused_beside_its_field(
    client: Client, ida: User, source: Source, changes: dict[str, str], field: str
) -> None:
    sent = {"name": "Web", "slug": "web", "mode": "advisory"} | changes
    response = client.post("/sources/new", sent)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert list(Source.objects.all()) == [source]


def settings_sent(**changes: str) -> dict[str, str]:
    """Complete settings as the form sends them."""
    sent = {
        "name": "Chat",
        "mode": "advisory",
        "events_per_second": "10000",
        "calls_per_second": "2000",
    } | changes
    return {f"settings-{name}": value for name, value in sent.items()}


def test_settings_are_changed_and_the_ledger_says_from_what_to_what(
    client: Client, ida: User, source: Source
) -> None:
    sent = settings_sent(name="Support", mode="enforcing", events_per_second="50")
    assert client.post("/sources/chat/settings", sent).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.mode, source.events_per_second) == ("Support", "enforcing", 50)
    (entry,) = entries("source.changed")
    assert entry.actor == ida
    assert entry.details == {
        "name": True,
        "mode": ["advisory", "enforcing"],
        "events_per_second": [10_000, 50],
    }
    client.post("/sources/chat/settings", sent)
    assert len(entries("source.changed")) == 1


@pytest.mark.parametrize(
    "wrong", [{"events_per_second": "0"}, {"calls_per_second": "-1"}, {"mode": "x"}, {"name": ""}]
)
def test_wrong_settings_change_nothing(
    client: Client, ida: User, source: Source, wrong: dict[str, str]
) -> None:
    response = client.post("/sources/chat/settings", settings_sent(**wrong))
    assert response.status_code == 422
    assert "errorlist" in response.text
    assert entries("source.changed") == []


def test_a_change_without_its_ledger_line_is_no_change(
    client: Client, ida: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("conversations.services.source_settings.record", broken)
    with pytest.raises(RuntimeError):
        client.post("/sources/chat/settings", settings_sent(mode="enforcing"))
    source.refresh_from_db()
    assert source.mode == "advisory"


# --- Keys and secrets ---------------------------------------------------------------------------

_KEY = re.compile(r"rk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


def test_a_key_is_shown_once_and_stands_nowhere_else(
    client: Client, ida: User, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    sent = {"key-name": "backend", "key-scopes": ["events:write", "status:read"]}
    response = client.post("/sources/chat/keys", sent)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    (shown,) = set(_KEY.findall(response.text))
    key = SourceKey.objects.get()
    token = tokens.parse(shown)
    assert token is not None
    assert token.matches(bytes(key.digest))
    assert key.scopes == ["events:write", "status:read"]
    assert key.created_by == ida
    assert entries("key.created")[0].actor == ida
    for address in ("/sources/chat", "/sources", "/review"):
        assert token.secret not in client.get(address).text
    assert str(key) in client.get("/sources/chat").text
    assert token.secret not in str(dict(client.session.items()))
    assert token.secret not in caplog.text
    assert token.secret not in str(list(LedgerEntry.objects.values()))
    again = client.get("/sources/chat/keys")
    assert again.headers["Location"] == "/sources/chat"


def test_the_key_works_until_it_is_revoked(client: Client, ida: User, source: Source) -> None:
    sent = {"key-name": "backend", "key-scopes": ["events:write"]}
    key = _KEY.findall(client.post("/sources/chat/keys", sent).text)[0]

    def send() -> int:
        return (
            Client(headers={"Authorization": f"Bearer {key}"})
            .post("/api/v1/events", said(), content_type="application/cloudevents+json")
            .status_code
        )

    assert send() == 202
    address = f"/sources/chat/keys/{key.split('_')[1]}/revoke"
    assert "cannot be undone" in client.get(address).text
    assert send() == 202
    assert client.post(address).headers["Location"] == "/sources/chat"
    assert send() == 401
    assert client.post(address).status_code == 302
    assert len(entries("key.revoked")) == 1
    assert client.get(address).status_code == 302


@pytest.mark.parametrize(
    "sent",
    [
        {"key-name": "", "key-scopes": ["events:write"]},
        {"key-name": "x", "key-scopes": []},
        {"key-name": "x", "key-scopes": ["everything"]},
    ],
)
def test_a_key_needs_a_name_and_a_scope(
    client: Client, ida: User, source: Source, sent: dict[str, Any]
) -> None:
    response = client.post("/sources/chat/keys", sent)
    assert response.status_code == 422
    assert "errorlist" in response.text
    assert not SourceKey.objects.exists()


def test_two_secrets_count_while_they_are_rotated(
    client: Client, ida: User, source: Source
) -> None:
    shown = set()
    for name in ("old", "new"):
        response = client.post("/sources/chat/secrets", {"secret-name": name})
        assert response.headers["Cache-Control"] == "no-store"
        shown |= set(_SECRET.findall(response.text))
    assert shown == set(SourceSecret.objects.values_list("secret", flat=True))
    assert len(shown) == 2
    page = client.get("/sources/chat").text
    assert not _SECRET.search(page)
    assert "Both are valid" in page
    third = client.post("/sources/chat/secrets", {"secret-name": "third"})
    assert third.status_code == 422
    assert "Revoke one first" in third.text
    old = SourceSecret.objects.get(name="old")
    address = f"/sources/chat/secrets/{old.pk}/revoke"
    assert "cannot be undone" in client.get(address).text
    assert client.post(address).status_code == 302
    old.refresh_from_db()
    assert (old.revoked_at is not None, old.secret) == (True, "")
    assert client.get(address).status_code == 302
    assert len(entries("secret.revoked")) == 1


def test_a_key_or_secret_of_another_source_is_not_there(
    client: Client, ida: User, source: Source
) -> None:
    other = make_source("other")
    make_key(other)
    sources.create_secret(source=other, name="x", actor=Actor.task("test"))
    key, secret = SourceKey.objects.get(), SourceSecret.objects.get()
    assert client.post(f"/sources/chat/keys/{key.public_id}/revoke").status_code == 404
    assert client.post(f"/sources/chat/secrets/{secret.pk}/revoke").status_code == 404


# --- What came ----------------------------------------------------------------------------------


def test_the_tail_tells_what_came_newest_first(client: Client, ida: User, source: Source) -> None:
    now = timezone.now()
    record(source, said(id="older"), now=now - timedelta(minutes=5))
    refuse(source, said(id="bad", transcript={"format": "telepathy"}))
    record(make_source(), said(id="of another"), now=now)
    latest = receipts.tail(source=source)
    assert [line.event_id for line in latest.receipts] == ["bad", "older"]
    page = client.get("/sources/chat").text
    assert "/0/data/transcript/format" in page
    assert "of another" not in page


def test_the_tail_is_fifty_and_asked_again_says_nothing_until_something_comes(
    client: Client, ida: User, source: Source
) -> None:
    record(source, *[said() for _ in range(60)], now=timezone.now())
    page = client.get("/sources/chat/tail")
    assert len(page.context["tail"].receipts) == 50
    (address,) = re.findall(r'hx-get="([^"]+)"', page.text)
    unchanged = client.get(address)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    refuse(source)
    assert client.get(address).status_code == 200


def test_the_tail_never_shows_what_was_said(client: Client, ida: User, source: Source) -> None:
    secret = "the-very-words"
    messages = [{"role": secret, "content": secret}]
    refuse(source, said(transcript={"messages": messages}))
    spoken = said(transcript={"messages": [{"role": "user", "content": secret}]})
    record(source, spoken, now=timezone.now())
    assert secret not in client.get("/sources/chat").text


def test_events_a_minute(client: Client, ida: User, source: Source) -> None:
    now = timezone.now().replace(second=30)
    for age, number in ((0, 1), (1, 4), (59, 2), (60, 8)):
        events = [said() for _ in range(number)]
        record(source, *events, now=now - timedelta(minutes=age))
    refuse(source)
    Refusal.objects.update(at=now - timedelta(minutes=3))
    minutes = receipts.minutes(source=source, now=now)
    assert len(minutes) == 60
    assert [minutes[place].accepted for place in (-1, -2, 0)] == [1, 4, 2]
    assert [minute.refused for minute in minutes].index(1) == 56
    drawn = client.get("/sources/chat").context["figure"]
    assert (len(drawn.bars), drawn.most) == (60, 4)
    assert max(float(bar.height) for bar in drawn.bars) == 100


def test_the_queries_of_the_pages_are_few(
    client: Client,
    ida: User,
    source: Source,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        make_key(source)
        make_source(f"other-{number}")
        refuse(source)
    record(source, *[said() for _ in range(20)], now=timezone.now())
    client.get("/sources")
    with django_assert_num_queries(LIST_QUERIES):
        client.get("/sources")
    with django_assert_num_queries(PAGE_QUERIES):
        client.get("/sources/chat")
    with django_assert_num_queries(TAIL_QUERIES):
        client.get("/sources/chat/tail")


#: Session, user, rights (2), the sidebar (3: counts and roles), and the list itself.
LIST_QUERIES = 9
#: Instead of the list: the source, its figures, tail (2), minutes, keys and secrets.
PAGE_QUERIES = 16
#: Session, user, rights (2), the source and the tail (2).
TAIL_QUERIES = 7


# --- Test events and parked ones ----------------------------------------------------------------


def test_a_test_event_goes_through_intake_and_leads_to_its_case(
    client: Client, ida: User, source: Source
) -> None:
    response = client.post("/sources/chat/test", follow=True)
    cutoff = Cutoff.objects.select_related("conversation", "case").get()
    assert cutoff.conversation.external_id.startswith("recourse-test-")
    assert "The test event was accepted." in response.text
    assert f'href="/cases/{cutoff.case.number}"' in response.text
    assert client.get(f"/cases/{cutoff.case.number}").status_code == 200
    assert not cutoff.case.breach
    (entry,) = entries("source.tested")
    assert (entry.actor, entry.details["status"]) == (ida, "accepted")
    assert client.post("/sources/chat/test").status_code == 302
    assert Event.objects.count() == 2


def test_a_test_event_without_its_ledger_line_is_none(
    client: Client, ida: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("conversations.services.trial.record", broken)
    with pytest.raises(RuntimeError):
        client.post("/sources/chat/test")
    assert not Event.objects.exists()


def test_the_result_of_another_sources_test_is_not_shown(
    client: Client, ida: User, source: Source
) -> None:
    make_source("other")
    client.post("/sources/other/test")
    page = client.get(f"/sources/chat?tested={Cutoff.objects.get().pk}")
    assert "The test event was accepted." not in page.text
    assert client.get("/sources/chat?tested=nonsense").status_code == 200


@pytest.fixture
def fault() -> Any:
    """A receiver behind intake that fails until it is mended."""

    class Fault:
        def __call__(self, **_: object) -> None:
            raise ValueError("the-very-words")

        def mend(self) -> None:
            cutoffs_recorded.disconnect(self)

    broken = Fault()
    cutoffs_recorded.connect(broken, weak=False)
    yield broken
    broken.mend()


def test_a_parked_event_is_shown_without_its_words_and_tried_again(
    client: Client, ida: User, source: Source, fault: Any
) -> None:
    now = timezone.now() - timedelta(minutes=10)
    event = said(
        id="stuck", transcript={"messages": [{"role": "user", "content": "the-very-words"}]}
    )
    (result,) = intake.record(source=source, items=parsed(event, now=now), now=now)
    assert "parked" in result.warnings
    parked = ParkedEvent.objects.get()
    page = client.get("/sources/chat").text
    assert "stuck" in page
    assert "ValueError" in page
    assert "the-very-words" not in page
    assert "1 parked" in client.get("/sources").text

    address = f"/sources/chat/parked/{parked.pk}"
    assert "stays here" in client.post(address, follow=True).text
    assert ParkedEvent.objects.exists()

    fault.mend()
    assert "The event is stored." in client.post(address, follow=True).text
    assert not ParkedEvent.objects.exists()
    stored = Event.objects.get()
    assert (stored.ce_id, stored.time, stored.received_at) == ("stuck", now, now)
    assert [entry.details["stored"] for entry in entries("event.replayed")] == [True, False]
    assert client.post(address).status_code == 404


def test_a_parked_event_whose_id_was_taken_meanwhile_stays(
    client: Client, ida: User, source: Source
) -> None:
    event = said(id="taken")
    other = said(id="taken", conversation={"id": "another"})
    record(source, event, now=timezone.now())
    parked = ParkedEvent.objects.create(
        source=source,
        ce_source=other["source"],
        ce_id="taken",
        raw=msgspec.json.encode(other),
        failure="ValueError",
    )
    page = client.post(f"/sources/chat/parked/{parked.pk}", follow=True)
    assert "id_reused" in page.text
    assert ParkedEvent.objects.exists()


# --- The programs to copy -----------------------------------------------------------------------


def _curl(text: str, folder: Path) -> list[str]:
    (folder / "send.sh").write_text(text)
    return ["sh", "send.sh"]


def _python(text: str, folder: Path) -> list[str]:
    (folder / "send.py").write_text(text)
    return [sys.executable, "send.py"]


def _typescript(text: str, folder: Path) -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("TypeScript needs Node on the PATH to be run.")
    (folder / "send.mjs").write_text(text)
    return ["node", "send.mjs"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("slug", "prepare"), [("curl", _curl), ("python", _python), ("typescript", _typescript)]
)
def test_the_programs_run_as_printed(
    client: Client,
    live_server: LiveServer,
    settings: Settings,
    tmp_path: Path,
    slug: str,
    prepare: Callable[[str, Path], list[str]],
) -> None:
    settings.RECOURSE_PUBLIC_URL = live_server.url
    source = make_source("chat")
    client.force_login(make_user(Role.ADMINISTRATOR))
    page = client.get("/sources/chat").text
    found = re.search(rf'<code id="snippet-{slug}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    program = prepare(html.unescape(found[1]), tmp_path)
    key = make_key(source, Scope.EVENTS_WRITE)

    def run(key: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            program,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "RECOURSE_KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    first, second, refused = run(key), run(key), run("rk_wrong")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "accepted" in first.stdout
    assert "duplicate" in second.stdout
    assert refused.returncode != 0
    assert Event.objects.get().conversation_external_id == f"recourse-test-{slug}"
