"""The sources pages: who may see them, the list, settings, and what came."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Refusal, Source
from conversations.services import receipts
from conversations.vocabulary import Mode
from tests.conversations.sources_pages import entries, refuse, said
from tests.factories import make_key, make_source, make_user, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    """A source without anything."""
    return make_source("chat")


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


#: Session, user, rights (2), the sidebar (4: counts, alarms and roles), and the list itself.
LIST_QUERIES = 8
#: Instead of the list: the source, its figures, tail (2), minutes, keys and secrets.
PAGE_QUERIES = 15
#: Session, user, rights (2), the source and the tail (2).
TAIL_QUERIES = 5
