"""Every surface, opened as every role and as a blind second reviewer: nothing that is forbidden.

Each kind of text holds a marker of its own. Whatever address answers whatever viewer, a marker
in the answer must be of a kind that ``visibility.py`` lets that viewer see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case
from reviews.permissions import visible_texts
from reviews.services import notes
from reviews.services.enrichment import enrich
from reviews.visibility import Text
from reviews.vocabulary import Area
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db

MARKERS: Final = {
    "zqtranscript": Text.TRANSCRIPT,
    "zqexplanation": Text.RATIONALE,
    "zqrationale": Text.RATIONALE,
    "zqfeedback": Text.FEEDBACK,
    "zqverdict": Text.VERDICTS,
    "zqnote": Text.NOTES,
}
#: A word that stands beside the marker, so that a search does not echo the marker itself.
SEARCHED: Final = "pelican"

#: Addresses that are nobody's of the staff: the user's pages, and what signs one out or in.
_NOT_LOOKED_AT: Final = ("n/", "login", "logout", "metrics", "api/schema", "api/docs", "accounts/")

#: What is asked for by posting. Each asking shows text, and changes nothing of the case.
_ASKED: Final = (
    "case-find",
    "reveal-turn",
    "reveal-all",
    "case-feedback",
    "case-severity",
    "case-similar",
    "case-threads",
)


def _case() -> tuple[Case, User]:
    """A case with a marker in every kind of text, which waits for a second verdict."""
    messages = [
        {"id": "m1", "role": "user", "content": f"A {SEARCHED} zqtranscript said so"},
        {"id": "m2", "role": "assistant", "content": f"No {SEARCHED} zqtranscript here."},
    ]
    case = make_case(
        double=True,
        transcript={"messages": messages},
        cutoff={
            "explanation": f"{SEARCHED} zqexplanation",
            "rationale": f"{SEARCHED} zqrationale",
        },
    )
    enrich(cutoff_ids=[case.pk])
    case.refresh_from_db()
    first = make_user(Role.REVIEWER, name="The first")
    notes.write(case=case, user=first, text=f"{SEARCHED} zqnote", now=NOW)
    hear(case, comment=f"{SEARCHED} zqfeedback")
    give_verdict(case, first, rationale=f"{SEARCHED} zqverdict")
    return case, first


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif pattern.name and not (prefix + str(pattern.pattern)).startswith(_NOT_LOOKED_AT):
            yield pattern


def _addresses(case: Case) -> Iterator[str]:
    """Every address of the staff, about *case* where it is about a case; and searches."""
    known: dict[str, object] = {
        "number": case.number,
        "turn": 1,
        "external_id": case.cutoff.conversation.external_id,
    }
    for route in _routes(get_resolver().url_patterns):
        wanted = route.pattern.converters
        values = {
            name: known.get(name, case.pk if "UUID" in type(converter).__name__ else 1)
            for name, converter in wanted.items()
        }
        try:
            yield reverse(str(route.name), kwargs=values)
        except NoReverseMatch:
            continue
    page = reverse("case", args=[case.number])
    yield from (f"{page}?all=1", f"{page}/turns?from=1&to=2")
    yield from (f"/review?q={SEARCHED}", f"/api/v1/cases?q={SEARCHED}", "/review?selected=no")


def _told(client: Client, case: Case) -> Iterator[tuple[str, str]]:
    """Each address with what it answers; what is asked for, by htmx and then on the page."""
    for address in sorted(set(_addresses(case))):
        answer = client.get(address)
        assert answer.status_code < 500, address
        if not answer.streaming:
            yield address, answer.content.decode(errors="replace")
    for name in _ASKED:
        values = {"number": case.number} | ({"turn": 1} if name == "reveal-turn" else {})
        address = reverse(name, kwargs=values)
        answer = client.post(address, {"find": SEARCHED}, headers={"HX-Request": "true"})
        assert answer.status_code < 500, address
        yield f"POST {address}", answer.text
    page = reverse("case", args=[case.number])
    yield f"{page} after asking", client.get(page).text


def _seen(client: Client, viewer: User, case: Case, *, in_ledger: bool = False) -> set[Text]:
    """The kinds of text that *viewer* is shown anywhere; fails at one that they may not see.

    *in_ledger*: that there are verdicts, without their words, stands in their ledger.
    """
    client.force_login(viewer)
    allowed = visible_texts(viewer, Case.objects.get(pk=case.pk))
    seen = set()
    for address, text in _told(client, case):
        for marker, kind in MARKERS.items():
            if marker in text:
                assert kind in allowed, f"{address} shows {kind} to a {viewer.name}"
                seen.add(kind)
        if Text.VERDICTS not in allowed and not (in_ledger and address == "/ledger"):
            assert "gave a verdict" not in text, address
    return seen


@pytest.mark.parametrize("role", Role)
def test_while_a_second_verdict_is_awaited(client: Client, role: Role) -> None:
    case, _ = _case()
    viewer = make_user(role, name=str(role))
    seen = _seen(client, viewer, case)
    assert Text.VERDICTS not in seen or role not in (Role.REVIEWER, Role.SENIOR)
    assert (Text.TRANSCRIPT in seen) == (role in (Role.REVIEWER, Role.SENIOR))


def test_whoever_gave_the_first_verdict_sees_every_kind(client: Client) -> None:
    case, first = _case()
    assert _seen(client, first, case) == set(MARKERS.values())


#: Who reads what of a settled case, somewhere.
_SETTLED: Final[dict[Role, set[Text]]] = {
    Role.TRAINEE: set(),
    Role.REVIEWER: {*MARKERS.values()},
    Role.SENIOR: {*MARKERS.values()},
    Role.POLICY_ADMIN: {Text.VERDICTS},
    Role.AUDITOR: {Text.VERDICTS},
    Role.ADMINISTRATOR: set(),
}


@pytest.mark.parametrize("role", Role)
def test_once_it_is_settled(client: Client, role: Role) -> None:
    case, _ = _case()
    give_verdict(case, make_user(Role.REVIEWER, name="The second"))
    settle(case)
    assert _seen(client, make_user(role, name=str(role)), case) == _SETTLED[role]


@pytest.mark.parametrize("role", Role)
def test_of_child_safety_nobody_unqualified_sees_anything(client: Client, role: Role) -> None:
    case, _ = _case()
    Case.objects.filter(pk=case.pk).update(queue="child_safety")
    assert _seen(client, make_user(role, name=str(role)), case) == set()


@pytest.mark.parametrize("role", Role)
def test_of_a_crisis_nobody_unqualified_sees_anything(client: Client, role: Role) -> None:
    case, _ = _case()
    give_verdict(case, make_user(Role.REVIEWER, name="The second"))
    settle(case)
    Case.objects.filter(pk=case.pk).update(queue="crisis")
    viewer = make_user(role, name=str(role))
    assert _seen(client, viewer, case, in_ledger=role == Role.AUDITOR) == set()
    qualified = make_user(role, name=f"Qualified {role}", qualified=[Area.CRISIS])
    assert _seen(client, qualified, case) == _SETTLED[role]


def test_of_a_crisis_that_is_in_their_hands_they_see_every_kind(client: Client) -> None:
    case, first = _case()
    Case.objects.filter(pk=case.pk).update(queue="crisis")
    client.force_login(first)
    page = client.get(reverse("case", args=[case.number])).text
    assert {marker for marker in MARKERS if marker in page} >= {"zqtranscript", "zqverdict"}


def test_the_addresses_are_found() -> None:
    case, _ = _case()
    found = set(_addresses(case))
    assert {f"/cases/{case.number}", f"/api/v1/cases/{case.pk}", "/feedback", "/review"} <= found
    assert len(found) > 60
