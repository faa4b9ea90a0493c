"""Which policy a conversation would have: looked up by its id, and against which others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Cutoff
from policies.services import activations
from policies.services.versions import person
from tests.factories import NOW
from tests.policies.backtests import AT, make_cutoff
from tests.policies.lifecycle import approved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def hold(user: User, scope: str) -> int:
    """Another version for *scope*; its number."""
    version = approved()
    activations.activate(version=version, actor=person(user), now=NOW, scope=scope)
    return version.number


def ask(client: Client, **asked: str) -> Any:
    """The page with its answer."""
    return client.get("/policies", asked)


def id_of(cutoff: Cutoff) -> str:
    """What its source calls the conversation."""
    return cutoff.conversation.external_id


def test_a_known_conversation_has_the_override_for_what_it_was(client: Client, ida: User) -> None:
    hold(ida, "default")
    number = hold(ida, "model=m1;surface=web")
    cutoff = make_cutoff(0.9, model="m1", surface="web", locale="de-AT")
    page = ask(client, conversation_id=id_of(cutoff), model="", surface="", locale="")
    assert page.context["which_number"] == number
    form = page.context["which"]
    assert [form[name].value() for name in ("model", "surface", "locale")] == ["m1", "web", "de-AT"]
    assert "Filled in from there: model, surface, locale." in page.text
    assert cutoff.source.slug in page.context["which_known"]


def test_the_latest_of_it_counts_and_what_is_typed_goes_first(client: Client, ida: User) -> None:
    newer, other = hold(ida, "model=m2"), hold(ida, "model=m3")
    first = make_cutoff(0.9, model="m1")
    again = make_cutoff(
        0.9, source=first.source, id=id_of(first), model="m2", at=AT + timedelta(days=1)
    )
    assert again.conversation == first.conversation
    assert ask(client, conversation_id=id_of(first)).context["which_number"] == newer
    typed = ask(client, conversation_id=id_of(first), model="m3")
    assert typed.context["which_number"] == other
    assert "model" not in typed.context["which_known"].partition("Filled in")[2]


def test_one_that_several_sources_have_is_the_latest_of_theirs(client: Client, ida: User) -> None:
    number = hold(ida, "model=m2")
    first = make_cutoff(0.9, model="m1")
    make_cutoff(0.9, id=id_of(first), model="m2", at=AT + timedelta(days=1))
    page = ask(client, conversation_id=id_of(first))
    assert page.context["which_number"] == number
    assert "2 sources have a conversation of this id" in page.text


def test_one_that_nobody_told_of_is_said_to_be_unknown(client: Client, ida: User) -> None:
    number = hold(ida, "default")
    hold(ida, "model=m1")
    page = ask(client, conversation_id="nobody-told-of-it")
    assert page.context["which_number"] == number
    assert "No cutoff or near miss of this conversation is known" in page.text
    assert ask(client, model="m1").context["which_known"] == ""


def test_the_scopes_that_lost_are_named_with_why(client: Client, ida: User) -> None:
    scopes = [
        "default",
        "locale=de",
        "locale=de-at",
        "surface=web",
        "model=m1",
        "model=m1;surface=web",
        "model=other",
    ]
    numbers = {scope: hold(ida, scope) for scope in scopes}
    page = ask(client, model="m1", surface="web", locale="de-AT")
    assert page.context["which_number"] == numbers["model=m1;surface=web"]
    fewer = "names fewer of model, surface and locale."
    assert page.context["which_lost"] == [
        f"model m1, policy {numbers['model=m1']}: {fewer}",
        f"surface web, policy {numbers['surface=web']}: {fewer}",
        f"locale de-at, policy {numbers['locale=de-at']}: {fewer}",
        f"locale de, policy {numbers['locale=de']}: {fewer}",
        f"all conversations, policy {numbers['default']}: holds where no override does.",
    ]


@pytest.mark.parametrize(
    ("winner", "loser", "asked", "why"),
    [
        ("model=m1", "surface=web", {"model": "m1", "surface": "web"}, "names no model"),
        ("surface=web", "locale=de", {"surface": "web", "locale": "de"}, "names no surface"),
        ("locale=de-at", "locale=de", {"locale": "de-AT"}, "names a shorter locale"),
    ],
)
def test_among_as_many_parts_the_order_of_them_says_why(
    client: Client, ida: User, winner: str, loser: str, asked: dict[str, str], why: str
) -> None:
    hold(ida, loser)
    number = hold(ida, winner)
    page = ask(client, **asked)
    assert page.context["which_number"] == number
    (lost,) = page.context["which_lost"]
    assert why in lost


def test_an_id_as_long_as_a_source_may_give_is_looked_up(client: Client, ida: User) -> None:
    cutoff = make_cutoff(0.9, id="c" * 256, model="m1")
    page = ask(client, conversation_id=id_of(cutoff))
    assert page.context["which"]["model"].value() == "m1"
