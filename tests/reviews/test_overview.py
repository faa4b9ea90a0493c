"""The overview: what needs somebody, for whom it says so, and that it says nothing otherwise."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations import payloads
from conversations.models import (
    Enrichment,
    ErasureRequest,
    ParkedEvent,
)
from conversations.services import holds
from conversations.vocabulary import Scope
from policies.models import PolicyVersion
from policies.services import pauses
from policies.services.break_glass import break_glass
from policies.services.drafts import create_draft, submit
from reviews.models import Case, Endpoint
from reviews.outcome_vocabulary import DeliveryState
from reviews.services import attention, danger
from reviews.services.attention import Need, overview
from reviews.support import Line
from reviews.views.overview import _SAID
from reviews.vocabulary import Area
from tests.factories import (
    ended_event,
    hear,
    make_case,
    make_cutoff,
    make_key,
    make_source,
    make_user,
    record,
)
from tests.policies.violations import guard_reading
from tests.reviews.alarms import BREACH, call_people
from tests.reviews.texts_made import EVERYBODY, make_waiting
from tests.reviews.violations_outcomes import _delivery

pytestmark = pytest.mark.django_db

#: Queries of the page of an administrator, whatever there is.
PAGE = 19


@pytest.fixture(autouse=True)
def _mail_is_set_up() -> Iterator[None]:
    with override_settings(EMAIL_HOST="mail.example.com"):
        yield


@pytest.fixture(autouse=True)
def _looked_after() -> Iterator[None]:
    """Lines that somebody looks after: those of the product need somebody by themselves."""
    today = timezone.now().date()
    line = Line("US", "988", "988", ("English",), "Ana", "https://988.example", today)
    with (
        patch.object(attention, "lines", lambda: (line,)),
        patch.object(attention, "translations", dict),
    ):
        yield


def proven(days: float = 1) -> None:
    """A drill that reached a senior, who acknowledged it, so many days ago."""
    at = timezone.now() - timedelta(days=days)
    senior = make_user(Role.SENIOR, name="Sara")
    drill = danger.drill(user=senior, now=at)
    call_people(at)
    danger.answer(alarm=drill, user=senior, now=at)


def needs(user: User) -> dict[Need, int]:
    return overview(user=user, now=timezone.now()).needs


def text(client: Client, user: User, url: str = "/overview") -> str:
    client.force_login(user)
    answer = client.get(url)
    assert answer.status_code == 200, answer
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


# What makes each need.


def _alarm() -> None:
    make_case(**BREACH)


def _paused() -> None:
    admin = make_user(Role.POLICY_ADMIN)
    pauses.pause(scope="everything", reason="It errs.", user=admin, now=timezone.now())


def _alone() -> None:
    admin, now = make_user(Role.POLICY_ADMIN), timezone.now()
    content = PolicyVersion.objects.get(number=1).content | {"imminent_risk_ceiling": 0.1}
    number = create_draft(user=admin, now=now, content=content).number
    break_glass(number=number, user=admin, now=now, reason="It ends what it must not.")


def _submitted() -> None:
    admin, now = make_user(Role.POLICY_ADMIN), timezone.now()
    submit(number=create_draft(user=admin, now=now, content={}).number, user=admin, now=now)


def _guard() -> None:
    guard_reading(state="alert")


def _slow() -> None:
    later = timezone.now() - timedelta(minutes=11)
    Enrichment.objects.filter(pk=make_cutoff().pk).update(due_at=later)


def _not_read() -> None:
    found = Enrichment.objects.filter(pk=make_cutoff().pk)
    found.update(parked_at=timezone.now(), failure="ValueError")


def _parked() -> None:
    row = {"ce_source": "/chat", "ce_id": uuid.uuid4().hex, "raw": b"{}", "failure": "KeyError"}
    ParkedEvent.objects.create(source=make_source(), **row)


def _dead() -> None:
    _delivery(state=DeliveryState.DEAD, dead_at=timezone.now(), failures=1, first_at=timezone.now())


def _disabled() -> None:
    Endpoint.objects.filter(pk=_delivery().endpoint_id).update(disabled_at=timezone.now())


def _silent() -> None:
    source, ago = make_source(), timezone.now() - timedelta(hours=25)
    make_key(source, Scope.EVENTS_WRITE)
    record(source, ended_event(time=ago.isoformat()), now=ago)


def _erasure() -> None:
    asked = ErasureRequest.objects.create(source=make_source(), subject="s", requested_by="api")
    ago = timezone.now() - timedelta(days=1, minutes=1)
    ErasureRequest.objects.filter(pk=asked.pk).update(requested_at=ago)


def _hold() -> None:
    now = timezone.now()
    holds.place_on_case(
        cutoff=make_cutoff(),
        matter="M-7",
        reason="Asked for.",
        expires_at=now + timedelta(days=13),
        user=make_user(Role.ADMINISTRATOR),
        now=now,
    )


def _text() -> None:
    make_waiting(EVERYBODY._replace(source_id=make_source().pk), heading="It ended.")


def _not_assessed() -> None:
    case = make_case(conversation={"locale": "ar"})
    hear(case, comment="أريد أن أعرف لماذا انتهت المحادثة", now=timezone.now())


def _unlinked() -> None:
    ago = timezone.now() - timedelta(minutes=2)
    said = {"conversation_id": "unknown", "surprised": True, "comment": "I want to kill myself"}
    event = ended_event(type=payloads.FEEDBACK, time=ago.isoformat(), data=said)
    record(make_source(), event, now=ago)
    cache.clear()


MADE: dict[Need, tuple[Callable[[], None], Role]] = {
    Need.ALARMS: (_alarm, Role.ADMINISTRATOR),
    Need.PAUSED: (_paused, Role.AUDITOR),
    Need.LOOKS: (_alone, Role.POLICY_ADMIN),
    Need.APPROVALS: (_submitted, Role.POLICY_ADMIN),
    Need.GUARD: (_guard, Role.POLICY_ADMIN),
    Need.WAITS_TO_BE_READ: (_slow, Role.ADMINISTRATOR),
    Need.NOT_READ: (_not_read, Role.ADMINISTRATOR),
    Need.PARKED: (_parked, Role.ADMINISTRATOR),
    Need.DEAD: (_dead, Role.ADMINISTRATOR),
    Need.DISABLED: (_disabled, Role.ADMINISTRATOR),
    Need.SILENT: (_silent, Role.ADMINISTRATOR),
    Need.ERASURES: (_erasure, Role.ADMINISTRATOR),
    Need.HOLDS: (_hold, Role.SENIOR),
    Need.TEXTS: (_text, Role.ADMINISTRATOR),
    Need.NOT_ASSESSED: (_not_assessed, Role.SENIOR),
    Need.UNLINKED: (_unlinked, Role.SENIOR),
}


@pytest.mark.parametrize("need", MADE, ids=str)
def test_each_need_is_counted_and_told(client: Client, need: Need) -> None:
    make, role = MADE[need]
    proven()
    user = make_user(role)
    assert need not in needs(user)
    make()
    assert needs(user).get(need) == 1
    _icon, sentence, _name, link = _SAID[need]
    assert f"1 {sentence} {link}" in text(client, user)
    # Whoever has nothing to do with it is not told.
    others = {Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR, Role.SENIOR} - MAY_KNOW[need]
    for other in sorted(others):
        assert need not in needs(make_user(other))


_POLICIES = {Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR}
#: Who is told of each need of :data:`MADE`, by the roles that have an overview.
MAY_KNOW: dict[Need, set[Role]] = {
    **{need: {Role.ADMINISTRATOR} for need in MADE},
    **{need: {Role.ADMINISTRATOR, Role.SENIOR} for need in (Need.ALARMS, Need.HOLDS)},
    **dict.fromkeys((Need.PAUSED, Need.LOOKS, Need.APPROVALS, Need.GUARD), _POLICIES),
    Need.NOT_ASSESSED: {Role.SENIOR},
    Need.UNLINKED: {Role.SENIOR},
}


def test_every_need_has_its_words() -> None:
    assert set(_SAID) == set(Need)


def test_where_nothing_needs_anybody_it_says_so(client: Client) -> None:
    proven()
    said = text(client, make_user(Role.SENIOR))
    assert "Nothing needs you" in said
    assert "last proven by a drill which Sara acknowledged" in said


@override_settings(EMAIL_HOST="")
def test_alarms_that_would_reach_nobody_are_said_first(client: Client) -> None:
    user = make_user(Role.ADMINISTRATOR)
    assert list(needs(user)) == [Need.NOBODY_REACHED, Need.NEVER_PROVEN]
    said = text(client, user)
    assert "Neither e-mail nor a pager is set up" in said
    assert "never been proven" in said


@pytest.mark.parametrize(("days", "wanted"), [(29, {}), (31, {Need.PROVEN_LONG_AGO: 1})])
def test_a_drill_is_good_for_thirty_days(days: float, wanted: dict[Need, int]) -> None:
    proven(days)
    assert needs(make_user(Role.SENIOR)) == wanted


def test_what_came_with_the_product_is_not_looked_after() -> None:
    proven()
    user = make_user(Role.ADMINISTRATOR)
    line = Line("US", "988", "988", ("English",), "Trust and safety lead", "https://988.example")
    with patch.object(attention, "lines", lambda: (line, line)):
        assert needs(user) == {Need.LINES: 2, Need.LINES_WITHOUT_OWNER: 2}


def test_cases_for_which_there_is_nobody() -> None:
    proven()
    user, case = make_user(Role.ADMINISTRATOR), make_case()
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - timedelta(hours=1))
    hear(case, appeal=True)
    User.objects.filter(groups__name=Role.SENIOR).update(is_active=False)
    cache.clear()
    assert needs(user) == {Need.STUCK: 1, Need.APPEALS_ALONE: 1}


def test_a_hundred_are_not_counted_any_further(client: Client) -> None:
    source = make_source()
    row = {"source": source, "ce_source": "/chat", "raw": b"{}", "failure": "KeyError"}
    ParkedEvent.objects.bulk_create(ParkedEvent(ce_id=str(one), **row) for one in range(130))
    user = make_user(Role.ADMINISTRATOR)
    assert needs(user)[Need.PARKED] == 100
    assert "100+ Parked events" in text(client, user)


def test_the_page_asks_the_same_queries_however_much_there_is(client: Client) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR, qualified=[Area.CRISIS]))
    once, counted = (_paused, _alone), []
    for number in range(2):
        for make, _role in MADE.values():
            if make != _guard and (not number or make not in once):
                make()
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get("/overview")
        counted.append(len(queries))
    assert counted == [PAGE, PAGE]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.TRAINEE])
def test_it_is_for_those_who_run_the_place(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get("/overview").status_code == 403


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.ADMINISTRATOR, "/overview"),
        (Role.POLICY_ADMIN, "/overview"),
        (Role.AUDITOR, "/overview"),
        (Role.SENIOR, "/review"),
        (Role.REVIEWER, "/review"),
        (Role.TRAINEE, "/training"),
    ],
)
def test_the_first_page_is_where_ones_work_is(client: Client, role: Role, page: str) -> None:
    client.force_login(make_user(role))
    assert client.get("/").headers["Location"] == page
    assert client.get(page).status_code == 200


# Conversations that could not be read.


def test_those_not_read_are_listed_and_tried_again(client: Client) -> None:
    admin = make_user(Role.ADMINISTRATOR)
    _not_read()
    (row,) = Enrichment.objects.filter(parked_at__isnull=False)
    Enrichment.objects.filter(pk=row.pk).update(attempts=5)
    label = Case.objects.get(pk=row.pk).label
    assert f"{label} ValueError" in text(client, admin, "/overview/not-read")
    client.post("/overview/not-read/again")
    row.refresh_from_db()
    assert (row.parked_at, row.attempts) == (None, 0)
    entry = LedgerEntry.objects.get(action="enrichment.tried_again")
    assert (entry.actor, entry.details) == (admin, {"count": 1})
    client.post("/overview/not-read/again")
    assert LedgerEntry.objects.filter(action="enrichment.tried_again").count() == 1
    assert "Every conversation could be read" in text(client, admin, "/overview/not-read")


def test_a_case_of_child_safety_is_not_named_to_others(client: Client) -> None:
    cutoff = make_cutoff(cutoff={"category": "child_sexual_exploitation"})
    Enrichment.objects.filter(pk=cutoff.pk).update(parked_at=timezone.now(), failure="KeyError")
    said = text(client, make_user(Role.ADMINISTRATOR), "/overview/not-read")
    assert "not for you to know KeyError" in said
    assert "CO-" not in said


@pytest.mark.parametrize("role", [Role.SENIOR, Role.POLICY_ADMIN])
def test_those_not_read_are_for_administrators(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get("/overview/not-read").status_code == 403
    assert client.post("/overview/not-read/again").status_code == 403
