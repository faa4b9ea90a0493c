"""Recorded conversations go in through every transcript format and come out word for word.

Nothing of them is ever printed: they are compared by digests, and a failure names ids alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.roles import Role
from conversations import parsing, sending
from conversations.api import limits
from conversations.models import Source, Transcript
from conversations.parsing import Parsed
from conversations.services import intake
from conversations.services.evidence import read_messages
from reviews.models import Case
from reviews.services.enrichment import enrich
from reviews.vocabulary import Area
from tests.factories import make_source, make_user

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = ("redteam", "benign")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGES = int(os.environ.get("REAL_PAGES", "200"))
"""How many conversations of each format are read on the case page."""

BATCH = 500

pytestmark = pytest.mark.skipif(
    not all((DATA / f"{name}.jsonl.gz").exists() for name in FILES),
    reason="The recorded conversations are not on this machine.",
)
formats = pytest.mark.parametrize("form", sorted(sending.FORMATS))


@cache
def recorded() -> list[dict[str, Any]]:
    """All conversations, without the labels that somebody gave them."""
    found = []
    for name in FILES:
        with gzip.open(DATA / f"{name}.jsonl.gz") as file:
            found += [json.loads(line) for line in file]
    return [{"id": f"{number}", "messages": one["messages"]} for number, one in enumerate(found)]


def parsed(lines: list[dict[str, Any]], form: str) -> list[Parsed]:
    """*lines* as intake reads them, sent in the format *form*."""
    sent = [
        sending.encode(sending.event_for(line, source="/recorded", transcript_format=form))
        for line in lines
    ]
    items = parsing.parse_events(sent, limits=limits(), now=NOW, in_batch=True)
    assert all(isinstance(item, Parsed) for item in items)
    return [item for item in items if isinstance(item, Parsed)]


def digest(texts: Iterator[str] | list[str]) -> str:
    """What tells these texts, in this order, from all others; nobody can read it."""
    told = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        told.update(len(encoded).to_bytes(8, "big") + encoded)
    return told.hexdigest()


def expected(line: dict[str, Any]) -> str:
    """Its words, but for what cannot be stored (docs/reference/api.md, "Time and text")."""
    return digest(
        "".join(
            "\ufffd" if character == "\x00" or "\ud800" <= character <= "\udfff" else character
            for character in message["content"]
        )
        for message in line["messages"]
    )


def different(lines: list[dict[str, Any]], digests: list[str]) -> list[str]:
    """The ids of those whose words came out otherwise."""
    return [line["id"] for line, had in zip(lines, digests, strict=True) if had != expected(line)]


@contextmanager
def unquoted() -> Iterator[None]:
    """Whatever fails inside fails by its name alone: pytest prints what functions were given."""
    try:
        yield
    except Exception as failure:  # noqa: BLE001 - whatever it is, it quotes
        pytest.fail(f"{type(failure).__name__}, not shown: it quotes words.", pytrace=False)


@pytest.mark.django_db
@formats
def test_all_of_them_are_stored_word_for_word(form: str) -> None:
    source = make_source()
    with unquoted():
        lines = recorded()
        digests = [
            told
            for begin in range(0, len(lines), BATCH)
            for told in _stored(source, lines[begin : begin + BATCH], form)
        ]
        wrong = different(lines, digests)
    assert len(digests) > 10_000
    assert wrong == []


def _stored(source: Source, lines: list[dict[str, Any]], form: str) -> list[str]:
    """The digests of the words of *lines*, once the database has them."""
    with connection.cursor() as cursor:
        # Within one transaction nobody else sees the tables grow: a plan that is kept from when
        # they were empty would never be made anew, as it is a minute later otherwise.
        cursor.execute("DISCARD PLANS")
    results = intake.record(source=source, items=parsed(lines, form), now=NOW)
    found = Transcript.objects.in_bulk([result.cutoff_id for result in results])
    return [
        digest(message.text for message in read_messages(found[result.cutoff_id]))
        for result in results
    ]


@pytest.mark.django_db
@formats
def test_the_case_page_shows_them_word_for_word(client: Client, form: str) -> None:
    with unquoted():
        some = [line for line in recorded() if len(line["messages"]) <= 100]
        lines = random.Random(form).sample(some, PAGES)
        results = intake.record(source=make_source(), items=parsed(lines, form), now=NOW)
        ids = [result.cutoff_id for result in results if result.cutoff_id]
        enriched = enrich(cutoff_ids=ids)
        numbers = dict(Case.objects.filter(pk__in=ids).values_list("pk", "number"))
        client.force_login(make_user(Role.SENIOR, qualified=[Area.CRISIS, Area.CHILD_SAFETY]))
        digests = [digest(_on_the_page(client, numbers[cutoff_id])) for cutoff_id in ids]
        wrong = different(lines, digests)
    assert (enriched, len(digests)) == (PAGES, PAGES)
    assert wrong == []


def _on_the_page(client: Client, number: int) -> list[str]:
    """The words of each turn on the page of that case, the hidden ones asked for."""
    client.post(f"/cases/{number}/reveal")
    page = client.get(f"/cases/{number}?from=1&to=100")
    assert page.status_code == 200
    turns = _Turns()
    turns.feed(page.text)
    turns.close()
    return turns.texts


class _Turns(HTMLParser):
    """Collects what stands in the elements of class ``text`` within a turn."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._in_turn = self._in_text = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if tag == "article" and "turn" in classes:
            self._in_turn = True
        if self._in_turn and tag == "div" and "text" in classes:
            self._in_text = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._in_turn = False
        if tag == "div":
            self._in_text = False

    def handle_data(self, data: str) -> None:
        if self._in_text:
            self.texts[-1] += data
