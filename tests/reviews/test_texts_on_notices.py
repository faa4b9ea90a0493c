"""An installation's own words on the notices that users read."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from conversations.models import Conversation, Cutoff, Source
from conversations.vocabulary import Category, ConversationState
from reviews import languages
from reviews.models import Case
from reviews.services import restricting, text_decisions
from reviews.services.enrichment import enrich
from reviews.services.status import status_of
from reviews.services.texts import told_of
from reviews.texts import NoticeKind, Scope
from reviews.vocabulary import Area
from tests.factories import NOW, make_case, make_source, make_user
from tests.reviews.texts_made import EVERYBODY, make_draft, make_waiting, put_in_force

pytestmark = pytest.mark.django_db


def notice(client: Client, case: Case, language: str = "en") -> str:
    token = Cutoff.objects.get(pk=case.pk).notice_token
    return client.get(f"/n/{token}?lang={language}").text


def case_of(source: Source | None = None, category: str = "hate", **changes: Any) -> Case:
    case = make_case(source, cutoff={"category": category}, **changes)
    enrich(cutoff_ids=[case.pk])
    return case


ALWAYS = (
    "Start a new conversation at any time.",
    "edit an earlier message",
    "Tell us if this surprised you",
    "If things are hard right now",
    "call your emergency number",
    "https://findahelpline.com",
    "/feedback",
    "/status",
    "/statement",
)


def test_its_words_stand_in_their_slots_and_the_rest_stays(client: Client) -> None:
    case = case_of()
    before = notice(client, case)
    put_in_force(
        heading="Your chat was closed",
        what_happened="Our assistant closed it.\n\n\nIt seldom\ndoes.",
        not_meant="Your account stays.",
        can_do="Take a walk.",
    )
    text = notice(client, case)
    assert '<h1 dir="auto">Your chat was closed</h1>' in text
    for paragraph in ("Our assistant closed it.", "It seldom does.", "Your account stays."):
        assert f'<p dir="auto">{paragraph}</p>' in text
    assert '<p class="besides" dir="auto">Take a walk.</p>' in text
    assert "It had to do with hateful language." in text
    for gone in ("by itself", "It is not a ban."):
        assert gone in before
        assert gone not in text
    for said in ALWAYS:
        assert said in text
    assert re.search(r"<title>\s*About a conversation that ended\s*</title>", text)


def test_an_empty_slot_keeps_the_products_words(client: Client) -> None:
    put_in_force(can_do="Take a walk.")
    text = notice(client, case_of())
    for said in ("Take a walk.", "This conversation was ended", "by itself", "It is not a ban."):
        assert said in text
    assert text.count("hateful language") == 1


def test_what_is_open_again_is_said_whatever_is_written(client: Client) -> None:
    put_in_force(not_meant="It stays closed.")
    case = case_of()
    Conversation.objects.filter(pk=case.cutoff.conversation_id).update(
        state=ConversationState.REOPENED
    )
    text = notice(client, case)
    assert "It is open again" in text
    assert "It stays closed." not in text


def test_the_most_specific_one_wins_and_the_category_counts_first(
    client: Client, source: Source
) -> None:
    elsewhere = make_source()
    put_in_force(what_happened="For all.")
    put_in_force(EVERYBODY._replace(source_id=source.pk), what_happened="For one source.")
    assert "For one source." in notice(client, case_of(source))
    assert "For all." in notice(client, case_of(elsewhere))
    put_in_force(EVERYBODY._replace(category="hate"), what_happened="For one category.")
    assert "For one category." in notice(client, case_of(source))
    assert "hateful language" not in notice(client, case_of(source))
    assert "For one source." in notice(client, case_of(source, "privacy"))
    both = EVERYBODY._replace(category="hate", source_id=source.pk)
    put_in_force(both, what_happened="For both.")
    assert "For both." in notice(client, case_of(source))
    assert "For one category." in notice(client, case_of(elsewhere))


def test_only_what_is_approved_is_told_and_only_while_it_is_in_force(client: Client) -> None:
    case = case_of()
    own = notice(client, case)
    make_draft(what_happened="A draft.")
    assert notice(client, case) == own
    make_waiting(what_happened="Waiting.")
    assert notice(client, case) == own
    in_german = EVERYBODY._replace(language="de")
    text = put_in_force(in_german, what_happened="Auf Deutsch.")
    assert notice(client, case) == own
    assert "Auf Deutsch." in notice(client, case, "de")
    text_decisions.withdraw(text_id=text.pk, reason="No.", user=text.author, now=NOW)
    assert "Auf Deutsch." not in notice(client, case, "de")


def test_the_readers_language_comes_before_own_words(client: Client) -> None:
    put_in_force(what_happened="In English.")
    case = case_of()
    assert "In English." in notice(client, case, "en")
    arabic = notice(client, case, "ar")
    assert "In English." not in arabic
    put_in_force(EVERYBODY._replace(language="ar"), what_happened="انتهت المحادثة هنا.")
    arabic = notice(client, case, "ar")
    assert '<p dir="auto">انتهت المحادثة هنا.</p>' in arabic
    assert 'dir="rtl"' in arabic


@pytest.mark.parametrize(
    ("initiator", "age_band", "own"),
    [
        ("model", "adult", "For adults."),
        ("model", "minor", "For minors."),
        ("user", "adult", "As asked."),
        ("operator", "adult", "By staff."),
        ("user", "minor", ""),
        ("operator", "minor", ""),
    ],
)
def test_each_kind_has_its_own(client: Client, initiator: str, age_band: str, own: str) -> None:
    written = {
        NoticeKind.BY_ASSISTANT: "For adults.",
        NoticeKind.TO_MINOR: "For minors.",
        NoticeKind.BY_USER: "As asked.",
        NoticeKind.BY_STAFF: "By staff.",
    }
    for kind, text in written.items():
        put_in_force(EVERYBODY._replace(kind=kind), what_happened=text)
    made = make_case(
        cutoff={"initiator": initiator, "category": "hate"}, conversation={"age_band": age_band}
    )
    text = notice(client, made)
    assert [said for said in written.values() if said in text] == ([own] if own else [])
    assert ("hateful language" in text) == (initiator == "model")


def test_a_text_about_a_crisis_is_told_only_in_a_reviewed_language(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    crisis = Scope(NoticeKind.BY_ASSISTANT, Category.SUICIDE_SELF_HARM, None, "de")
    put_in_force(EVERYBODY._replace(language="de"), what_happened="Für alle.")
    _review(monkeypatch, date(2026, 11, 20))
    put_in_force(crisis, what_happened="In einer Krise.")
    case = case_of(category=Category.SUICIDE_SELF_HARM)
    assert "In einer Krise." in notice(client, case, "de")
    _review(monkeypatch, None)
    text = notice(client, case, "de")
    assert "In einer Krise." not in text
    assert "Für alle." in text


def _review(monkeypatch: pytest.MonkeyPatch, on: date | None) -> None:
    """Have German reviewed on a day, or by nobody."""
    german = languages.Translation("de", "Deutsch", "Somebody" if on else "", on)
    known = languages.translations() | {"de": german}
    monkeypatch.setattr(languages, "translations", lambda: known)


@pytest.mark.parametrize("about", ["", "hate", "privacy"])
def test_a_restricted_notice_is_that_of_a_case_that_waits_whatever_is_written(
    client: Client, source: Source, about: str
) -> None:
    put_in_force(what_happened="For all.", can_do="Take a walk.")
    put_in_force(EVERYBODY._replace(source_id=source.pk), what_happened="For one source.")
    for category in ("hate", "privacy"):
        put_in_force(EVERYBODY._replace(category=category), what_happened=f"Of {category}.")
    restricted = case_of(source, about or "other", conversation={"id": "c1", "user_id": "u1"})
    ordinary = case_of(source, "other", conversation={"id": "c2", "user_id": "u2"})
    lawyer = make_user(Role.SENIOR, qualified=[Area.LEGAL])
    if about:
        assert f"Of {about}." in notice(client, restricted)
    restricting.restrict(case=restricted, reason="An inquiry.", user=lawyer, now=NOW)
    shown = [_without_token(client, case) for case in (restricted, ordinary)]
    assert shown[0] == shown[1]
    assert "For one source." in shown[0]


def _without_token(client: Client, case: Case) -> str:
    token = str(Cutoff.objects.get(pk=case.pk).notice_token)
    return notice(client, case).replace(token, "TOKEN")


def test_the_status_call_and_the_reasons_in_full_keep_the_products_words(
    client: Client, source: Source
) -> None:
    put_in_force(heading="Our heading", what_happened="Our words.")
    case = case_of(source, conversation={"id": "c1"})
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert found["reason"] is not None
    assert "Our" not in found["reason"]["title"] + found["reason"]["text"]
    token = Cutoff.objects.get(pk=case.pk).notice_token
    assert "Our words." not in client.get(f"/n/{token}/statement").text


def test_hostile_words_are_text_even_past_the_rules(client: Client) -> None:
    text = make_waiting(what_happened="It was ended.")
    hostile = '<script>alert(1)</script> {{ token }} "onload="x'
    copied = {name: getattr(text, name) for name in ("kind", "language", "number", "submitted_at")}
    type(text).objects.create(
        **copied | {"number": 2},
        heading="<img src=x>",
        what_happened=hostile,
        author=text.author,
        contributors=text.contributors,
        submitted_by=text.submitted_by,
        decision="approved",
        decided_by=make_user(Role.ADMINISTRATOR),
        decided_at=NOW,
    )
    shown = notice(client, case_of())
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ token }} &quot;onload=&quot;x" in shown


def test_it_costs_one_query_more_however_many_texts_there_are(
    source: Source, django_assert_num_queries: Any
) -> None:
    cutoff = case_of(source).cutoff
    with django_assert_num_queries(1):
        told_of(cutoff, category="hate")
    for category in ("", "hate"):
        for source_id in (None, source.pk):
            scope = EVERYBODY._replace(category=category, source_id=source_id)
            put_in_force(scope, what_happened="Words.")
    with django_assert_num_queries(1):
        assert told_of(cutoff, category="hate").what_happened == ["Words."]
    cutoff.initiator, cutoff.age_band = "user", "minor"
    with django_assert_num_queries(0):
        told_of(cutoff, category="hate")


def test_no_script_is_needed_and_none_is_added(client: Client) -> None:
    put_in_force(heading="Ended", what_happened="Words.", not_meant="Words.", can_do="Words.")
    text = notice(client, case_of())
    assert re.findall(r"<script[^>]*src=\"[^\"]*/(\w+)\.", text) == ["theme"]
