"""The pages on which people write words for notices, see them, and approve them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.services import text_decisions, text_drafts
from reviews.text_models import NoticeDraft, NoticeText, TextState
from reviews.texts import NoticeKind
from reviews.views import texts
from tests.factories import NOW, make_source, make_user
from tests.reviews.texts_made import (
    EVERYBODY,
    NOTHING,
    make_draft,
    make_waiting,
    put_in_force,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    """An administrator, signed in."""
    user = make_user(Role.ADMINISTRATOR, name="Ada")
    client.force_login(user)
    return user


def sent(draft: NoticeDraft, **words: Any) -> dict[str, Any]:
    """What the editor of *draft* sends."""
    return {**draft.words._asdict(), "note": draft.note, "revision": draft.revision} | words


def test_a_text_is_begun_written_looked_at_and_submitted(client: Client, ada: User) -> None:
    assert 'href="/notices/texts"' in client.get("/notices").text
    source = make_source()
    begun = client.post(
        "/notices/texts/new",
        {"kind": "by_assistant", "category": "hate", "source": source.pk, "language": "ar"},
    )
    draft = NoticeDraft.objects.get()
    editor = f"/notices/drafts/{draft.pk}"
    assert begun.headers["Location"] == editor
    text = client.get(editor).text
    assert "If it is empty:" in text
    assert 'name="heading"' not in text
    assert 'lang="ar" dir="auto"' in text
    previewed = client.post(
        editor, sent(draft, what_happened="انتهت المحادثة.", note="Kinder.", then="preview")
    )
    assert previewed.headers["Location"] == f"{editor}/preview"
    assert "انتهت المحادثة." in client.get(f"{editor}/preview").text
    draft.refresh_from_db()
    client.post(editor, sent(draft, then="submit"))
    version = NoticeText.objects.get()
    assert (version.state, version.note) == (TextState.WAITING, "Kinder.")
    page = client.get(f"/notices/texts/{version.pk}").text
    assert "You had a hand in this version" in page
    assert "Approve" not in page
    refused = client.post(f"/notices/texts/{version.pk}", {"act": "approve"})
    assert refused.status_code == 403


def test_somebody_else_approves_and_anybody_takes_it_out_of_force(
    client: Client, ada: User
) -> None:
    version = make_waiting(what_happened="It was ended.")
    address = f"/notices/texts/{version.pk}"
    assert "You had a hand" not in client.get(address).text
    without_reason = client.post(address, {"act": "reject"})
    assert without_reason.status_code == 422
    assert "Say why" in without_reason.text
    assert client.post(address, {"act": "approve"}).headers["Location"] == address
    version.refresh_from_db()
    assert (version.state, version.decided_by) == (TextState.IN_FORCE, ada)
    assert client.post(address, {"act": "withdraw", "reason": "Unclear."}).status_code == 302
    text = client.get(address).text
    assert "Taken out of force by Ada" in text
    assert "Unclear." in text
    assert "New draft from it" in text


@pytest.mark.parametrize("act", ["approve", "reject", "withdraw", "", "else"])
def test_what_cannot_be_done_any_more_is_said(client: Client, ada: User, act: str) -> None:
    version = make_waiting(what_happened="It was ended.")
    other = make_user(Role.ADMINISTRATOR)
    text_decisions.reject(text_id=version.pk, reason="No.", user=other, now=NOW)
    address = f"/notices/texts/{version.pk}"
    said = client.post(address, {"act": act, "reason": "Yes."}, follow=True)
    assert re.search("does not wait|not in force|Choose what", said.text)
    version.refresh_from_db()
    assert version.state == TextState.REJECTED


PAGES = (
    "/notices/texts",
    "/notices/texts/new",
    "/notices/texts/{text}",
    "/notices/texts/{text}/preview",
    "/notices/drafts/{draft}",
    "/notices/drafts/{draft}/preview",
)


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_are_for_administrators(client: Client, page: str) -> None:
    text, draft = put_in_force(can_do="Wait."), make_draft(can_do="Wait.")
    address = page.format(draft=draft.pk, text=text.pk)
    assert client.get(address).headers["Location"].startswith("/login")
    for role in Role:
        client.force_login(make_user(role))
        expected = 200 if role == Role.ADMINISTRATOR else 403
        assert client.get(address).status_code == expected
    client.force_login(make_user(Role.SENIOR))
    for acted in (address, f"/notices/drafts/{draft.pk}/discard"):
        assert client.post(acted).status_code in (403, 405)
    assert NoticeDraft.objects.filter(pk=draft.pk).exists()


def test_what_cannot_stand_in_a_notice_is_said_beside_its_field(client: Client, ada: User) -> None:
    draft = make_draft()
    response = client.post(
        f"/notices/drafts/{draft.pk}",
        sent(draft, heading="<b>", what_happened="See example.com", can_do="x" * 401),
    )
    assert response.status_code == 422
    for field, said in (
        ("heading", "Plain text only"),
        ("what_happened", "No addresses"),
        ("can_do", "At most 400 characters; these are 401."),
    ):
        list_of = re.search(rf'id="id_{field}_error">.*?</ul>', response.text, re.DOTALL)
        assert list_of is not None
        assert said in list_of[0]
    assert "See example.com" in response.text
    assert "x" * 401 in response.text


@pytest.mark.parametrize(
    "hostile",
    ["NUL \x00", "<script>alert(1)</script>", "\u202egnorw", "x" * 100_000],
    ids=["nul", "script", "override", "long"],
)
def test_hostile_words_are_refused_and_shown_as_text(
    client: Client, ada: User, hostile: str
) -> None:
    draft = make_draft()
    response = client.post(f"/notices/drafts/{draft.pk}", sent(draft, what_happened=hostile))
    assert response.status_code == 422
    assert "<script>alert" not in response.text
    draft.refresh_from_db()
    assert draft.words == NOTHING


def test_there_is_no_text_for_what_would_tell(client: Client, ada: User) -> None:
    chosen = {"kind": "by_user", "category": "hate", "language": "en"}
    response = client.post("/notices/texts/new", chosen)
    assert response.status_code == 422
    assert "names no category" in response.text
    for changes in ({"kind": "x"}, {"category": "other"}, {"source": "0"}, {"language": "xx"}):
        response = client.post("/notices/texts/new", chosen | {"category": ""} | changes)
        assert response.status_code == 422
    assert not NoticeDraft.objects.exists()


def test_of_two_who_edit_a_draft_the_second_is_told_and_loses_nothing(
    client: Client, ada: User
) -> None:
    draft = make_draft(what_happened="First words.")
    text_drafts.save(
        draft_id=draft.pk,
        revision=draft.revision,
        words=NOTHING._replace(what_happened="Words of Ben."),
        why=draft.note,
        user=make_user(Role.ADMINISTRATOR, name="Ben"),
        now=timezone.now(),
    )
    mine = sent(draft, what_happened="Words of Ada.", then="submit")
    response = client.post(f"/notices/drafts/{draft.pk}", mine)
    assert response.status_code == 409
    assert "Ben saved this draft while you were writing" in response.text
    assert re.search(r"Words of <del>.*?Ben\.</del>", response.text)
    assert "Words of Ada.</textarea>" in response.text
    assert not NoticeText.objects.exists()
    revision = re.search(r'name="revision" value="(\d+)"', response.text)
    assert revision is not None
    again = client.post(f"/notices/drafts/{draft.pk}", mine | {"revision": revision[1]})
    assert again.status_code == 302
    assert NoticeText.objects.get().what_happened == "Words of Ada."


def test_what_was_typed_into_a_draft_that_is_gone_is_shown(client: Client, ada: User) -> None:
    draft = make_draft()
    address = f"/notices/drafts/{draft.pk}"
    stale = client.post(f"{address}/discard", {"revision": draft.revision - 1}, follow=True)
    assert "It is not deleted." in stale.text
    gone = client.post(f"{address}/discard", {"revision": draft.revision})
    assert gone.headers["Location"] == "/notices/texts"
    response = client.post(address, sent(draft, what_happened="My words."))
    assert response.status_code == 404
    assert "My words." in response.text
    assert client.post(f"{address}/discard", {"revision": "1"}).status_code == 404
    assert client.get(f"{address}/preview").status_code == 404


def test_who_begins_what_is_begun_already_comes_to_it(client: Client, ada: User) -> None:
    old = put_in_force(what_happened="Old words.")
    form = client.get(f"/notices/texts/new?from={old.pk}")
    assert f'name="based_on" value="{old.pk}"' in form.text
    assert client.get("/notices/texts/new?from=x").status_code == 200
    chosen = {"kind": "by_assistant", "language": "en", "based_on": old.pk}
    first = client.post("/notices/texts/new", chosen)
    assert NoticeDraft.objects.get().words.what_happened == "Old words."
    second = client.post("/notices/texts/new", chosen, follow=True)
    assert second.redirect_chain == [(first.headers["Location"], 302)]
    assert "There is a draft for these notices already" in second.text


def test_the_preview_is_the_users_page_with_a_mark(client: Client, ada: User) -> None:
    draft = make_draft(
        EVERYBODY._replace(language="ar", kind=NoticeKind.TO_MINOR),
        what_happened="انتهت <المحادثة>.",
    )
    response = client.get(f"/notices/drafts/{draft.pk}/preview")
    assert response.templates[0].name == "reviews/text_preview.html"
    assert "reviews/notice.html" in {template.name for template in response.templates}
    assert response.headers["Content-Language"] == "ar"
    assert '<html lang="ar"\n      dir="rtl"' in response.text
    mark = re.search(r'<aside class="preview".*?</aside>', response.text, re.DOTALL)
    assert mark is not None
    assert 'lang="en" dir="ltr"' in re.sub(r"\s+", " ", mark[0])
    assert "Preview, for staff" in mark[0]
    assert "انتهت &lt;المحادثة&gt;." in response.text
    assert 'class="care"' in response.text
    assert "adult whom you trust" in response.text


@pytest.mark.parametrize("kind", NoticeKind.values)
def test_every_kind_has_a_preview(client: Client, ada: User, kind: str) -> None:
    text = put_in_force(EVERYBODY._replace(kind=kind), heading="Our heading")
    shown = client.get(f"/notices/texts/{text.pk}/preview").text
    assert "Our heading" in shown
    assert ("You confirmed that you wanted it to end." in shown) == (kind == "by_user")


def test_a_version_shows_what_it_changed_and_when_it_was_told(client: Client, ada: User) -> None:
    put_in_force(what_happened="It was ended by us.")
    text = put_in_force(what_happened="It was stopped by us.", now=NOW + timedelta(days=1))
    page = client.get(f"/notices/texts/{text.pk}").text
    changed = re.search(r"It was <del>.*?ended</del><ins>.*?stopped</ins> by us\.", page)
    assert changed is not None
    assert "20 November 2026, 12:00 UTC" in page
    assert "21 November 2026, 12:00 UTC" in page


def test_the_list_is_narrowed_and_paged(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "PAGE_SIZE", 2)
    source = make_source()
    old = put_in_force(can_do="Wait.")
    made = [
        put_in_force(EVERYBODY._replace(**changes), can_do="Wait.")
        for changes in ({}, {"source_id": source.pk}, {"language": "de"}, {"category": "hate"})
    ]
    first = client.get("/notices/texts")
    second = client.get(first.context["older_url"])
    shown = [text.pk for page in (first, second) for text in page.context["versions"]]
    assert shown == sorted((text.pk for text in made), reverse=True)
    for asked, expected in (
        ("state=all", 2),
        (f"source={source.pk}", 1),
        ("language=de", 1),
        ("category=hate", 1),
        ("kind=by_user", 0),
        ("kind=x&source=x", 2),
    ):
        assert len(client.get(f"/notices/texts?{asked}").context["versions"]) == expected
    everything = client.get("/notices/texts?state=all")
    last = client.get(client.get(everything.context["older_url"]).context["older_url"])
    assert [text.pk for text in last.context["versions"]] == [old.pk]
    assert client.get("/notices/texts?cursor=x").headers["Location"] == "/notices/texts?"
    assert "Nothing fits" in client.get("/notices/texts?kind=by_user").text


def test_an_empty_list_says_what_to_do(client: Client, ada: User) -> None:
    text = client.get("/notices/texts").text
    assert "Every notice is told by the product's own words" in text.replace("&#x27;", "'")
    assert 'href="/notices/texts/new"' in text


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("/notices/texts", 11),
        ("/notices/texts/{text}", 10),
        ("/notices/drafts/{draft}", 9),
        ("/notices/drafts/{draft}/preview", 3),
        ("/notices/texts/new", 8),
    ],
)
def test_the_queries_do_not_grow(
    client: Client, ada: User, django_assert_num_queries: Any, page: str, queries: int
) -> None:
    draft, text = (
        make_draft(can_do="Wait."),
        put_in_force(EVERYBODY._replace(source_id=make_source().pk), can_do="Wait."),
    )
    address = page.format(draft=draft.pk, text=text.pk)
    client.get(address)
    with django_assert_num_queries(queries):
        client.get(address)
    for category in ("hate", "privacy", "defamation"):
        scope = EVERYBODY._replace(category=category, source_id=make_source().pk)
        put_in_force(scope, can_do="Wait.")
        make_waiting(scope, can_do="Wait a little.")
        make_draft(scope, can_do="Wait.")
        put_in_force(EVERYBODY._replace(source_id=text.source_id), can_do=f"Wait {category}.")
    with django_assert_num_queries(queries):
        client.get(address)
