"""Words of an installation's own: who writes them, who approves, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.db.models import CharField

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.vocabulary import Category
from reviews import texts as rules
from reviews.services import text_decisions, text_drafts
from reviews.services.text_drafts import StaleRevision
from reviews.services.texts import NotPossible, built_in, compared, told_in
from reviews.text_models import NoticeDraft, NoticeText, TextState
from reviews.texts import NoticeKind, Words, differences, faults
from tests.concurrency import at_once
from tests.factories import NOW, make_source, make_user
from tests.reviews.texts_made import (
    EVERYBODY,
    NOTHING,
    make_draft,
    make_waiting,
    put_in_force,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)


@pytest.fixture
def ada() -> User:
    return make_user(Role.ADMINISTRATOR, name="Ada")


@pytest.fixture
def ben() -> User:
    return make_user(Role.ADMINISTRATOR, name="Ben")


def said(draft: NoticeDraft, by: User, text: str, revision: int | None = None) -> NoticeDraft:
    """Save *text* as what happened."""
    return text_drafts.save(
        draft_id=draft.pk,
        revision=draft.revision if revision is None else revision,
        words=NOTHING._replace(what_happened=text),
        why="",
        user=by,
        now=LATER,
    )


def test_it_goes_from_a_draft_to_words_in_force_and_out_again(ada: User, ben: User) -> None:
    draft = make_draft(by=ada, what_happened="It was ended.")
    text = text_drafts.submit(draft_id=draft.pk, revision=draft.revision, user=ada, now=NOW)
    assert (text.number, text.state, text.words.what_happened) == (
        1,
        TextState.WAITING,
        "It was ended.",
    )
    assert not NoticeDraft.objects.exists()
    assert told_in(EVERYBODY) is None
    text_decisions.approve(text_id=text.pk, user=ben, now=NOW)
    assert told_in(EVERYBODY) == text
    text_decisions.withdraw(text_id=text.pk, reason="Unclear.", user=ada, now=LATER)
    assert told_in(EVERYBODY) is None
    text.refresh_from_db()
    assert (text.state, text.decided_at, text.until) == (TextState.RETIRED, NOW, LATER)


def test_each_step_is_in_the_ledger_without_its_words(ada: User, ben: User) -> None:
    first = make_waiting(by=ada, what_happened="Mild words.")
    text_decisions.approve(text_id=first.pk, user=ben, now=NOW)
    second = make_waiting(by=ada, what_happened="Milder words.")
    text_decisions.reject(text_id=second.pk, reason="Too mild.", user=ben, now=NOW)
    third = make_waiting(by=ada, what_happened="The mildest words.")
    text_decisions.approve(text_id=third.pk, user=ben, now=NOW)
    text_decisions.withdraw(text_id=third.pk, reason="Enough.", user=ben, now=NOW)
    draft = make_draft(by=ada, can_do="Wait.")
    text_drafts.discard(draft_id=draft.pk, revision=draft.revision, user=ben, now=NOW)
    lines = LedgerEntry.objects.filter(action__startswith="notice_text.").order_by("id")
    written = ["drafted", "edited", "submitted"]
    assert [line.action.removeprefix("notice_text.") for line in lines] == [
        *(*written, "approved"),
        *(*written, "rejected"),
        *(*written, "approved", "withdrawn"),
        *("drafted", "edited", "discarded"),
    ]
    assert not any("ild" in str(line.details) for line in lines)
    approved = lines.filter(action="notice_text.approved").last()
    assert approved is not None
    assert (approved.actor, approved.at) == (ben, NOW)
    assert approved.details == {
        "kind": "by_assistant",
        "category": "",
        "source_id": None,
        "language": "en",
        "number": 3,
        "in_place_of": 1,
    }


def test_nothing_is_kept_of_what_the_ledger_cannot_note(
    ada: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = make_waiting(by=ada, what_happened="It was ended.")

    def broken(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("reviews.services.texts.record", broken)
    with pytest.raises(DatabaseError):
        text_decisions.approve(text_id=text.pk, user=ben, now=NOW)
    with pytest.raises(DatabaseError):
        make_draft(by=ada)
    text.refresh_from_db()
    assert text.state == TextState.WAITING
    assert not NoticeDraft.objects.exists()


def test_nobody_approves_what_they_had_a_hand_in(ada: User, ben: User) -> None:
    eve = make_user(Role.ADMINISTRATOR, name="Eve")
    draft = said(make_draft(by=ada), ben, "It was ended.")
    text = text_drafts.submit(draft_id=draft.pk, revision=draft.revision, user=ada, now=NOW)
    for who in (ada, ben):
        with pytest.raises(PermissionDenied, match="a hand in this"):
            text_decisions.approve(text_id=text.pk, user=who, now=NOW)
        with pytest.raises(PermissionDenied, match="a hand in this"):
            text_decisions.reject(text_id=text.pk, reason="No.", user=who, now=NOW)
    assert text_decisions.approve(text_id=text.pk, user=eve, now=NOW).state == TextState.IN_FORCE


def test_who_only_looked_had_no_hand_in_it(ada: User, ben: User) -> None:
    draft = make_draft(by=ada, what_happened="It was ended.", why="")
    same = said(draft, ben, " It was ended.\r\n")
    assert (same.revision, same.contributors) == (draft.revision, [ada.pk])


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_it_is_for_administrators(role: Role) -> None:
    user, draft, text = make_user(role), make_draft(can_do="Wait."), put_in_force(can_do="Wait.")
    drafted = {"draft_id": draft.pk, "revision": draft.revision}
    for act, asked in (
        (text_drafts.begin, {"scope": EVERYBODY}),
        (text_drafts.save, drafted | {"words": NOTHING, "why": ""}),
        (text_drafts.submit, drafted),
        (text_drafts.discard, drafted),
        (text_decisions.approve, {"text_id": text.pk}),
        (text_decisions.reject, {"text_id": text.pk, "reason": "No."}),
        (text_decisions.withdraw, {"text_id": text.pk, "reason": "No."}),
    ):
        with pytest.raises(PermissionDenied, match="Your role"):
            act(user=user, now=NOW, **asked)


def test_the_second_who_saves_a_draft_is_told_and_overwrites_nothing(ada: User, ben: User) -> None:
    draft = make_draft(by=ada)
    said(draft, ada, "What Ada wrote.")
    with pytest.raises(StaleRevision) as stale:
        said(draft, ben, "What Ben wrote.", revision=draft.revision)
    assert stale.value.current.words.what_happened == "What Ada wrote."
    for act in (text_drafts.submit, text_drafts.discard):
        with pytest.raises(StaleRevision):
            act(draft_id=draft.pk, revision=draft.revision, user=ben, now=NOW)


def test_there_is_one_draft_for_the_same_notices(ada: User, ben: User) -> None:
    first, new = text_drafts.begin(scope=EVERYBODY, user=ada, now=NOW)
    assert new
    assert text_drafts.begin(scope=EVERYBODY, user=ben, now=NOW) == (first, False)
    other, new = text_drafts.begin(
        scope=EVERYBODY._replace(source_id=make_source().pk), user=ben, now=NOW
    )
    assert new
    assert other != first


def test_a_draft_begins_with_the_words_in_force_or_with_older_ones(ada: User) -> None:
    old = put_in_force(heading="Ended", what_happened="Old words.")
    put_in_force(what_happened="New words.")
    draft, _new = text_drafts.begin(scope=EVERYBODY, user=ada, now=NOW)
    assert draft.words == NOTHING._replace(what_happened="New words.")
    text_drafts.discard(draft_id=draft.pk, revision=1, user=ada, now=NOW)
    draft, _new = text_drafts.begin(scope=EVERYBODY, user=ada, now=NOW, based_on=old)
    assert draft.words == old.words
    of_category, _new = text_drafts.begin(
        scope=EVERYBODY._replace(category="hate"), user=ada, now=NOW, based_on=old
    )
    assert of_category.words == NOTHING._replace(what_happened="Old words.")


def test_versions_are_counted_for_the_same_notices_and_follow_each_other(ada: User) -> None:
    first = put_in_force(can_do="Wait.")
    german = put_in_force(EVERYBODY._replace(language="de"), can_do="Warten.")
    second = put_in_force(can_do="Wait a little.", now=LATER)
    first.refresh_from_db()
    assert (first.number, german.number, second.number) == (1, 1, 2)
    assert (first.until, first.ended_by) == (second.decided_at, second.decided_by)
    german.refresh_from_db()
    assert german.until is None


def test_what_cannot_be_done_is_said(ada: User, ben: User) -> None:
    empty = make_draft(by=ada)
    with pytest.raises(NotPossible, match="Nothing is written"):
        text_drafts.submit(draft_id=empty.pk, revision=empty.revision, user=ada, now=NOW)
    waiting = make_waiting(by=ada, can_do="Wait.")
    another = make_draft(by=ada, can_do="Wait a little.")
    with pytest.raises(NotPossible, match="Version 1 waits"):
        text_drafts.submit(draft_id=another.pk, revision=another.revision, user=ada, now=NOW)
    with pytest.raises(NotPossible, match="not in force"):
        text_decisions.withdraw(text_id=waiting.pk, reason="No.", user=ben, now=NOW)
    for reason in ("", " ", "x" * 501):
        with pytest.raises(ValidationError):
            text_decisions.reject(text_id=waiting.pk, reason=reason, user=ben, now=NOW)
    text_decisions.reject(text_id=waiting.pk, reason="No.", user=ben, now=NOW)
    with pytest.raises(NotPossible, match="does not wait"):
        text_decisions.approve(text_id=waiting.pk, user=ben, now=NOW)
    text_drafts.discard(draft_id=another.pk, revision=another.revision, user=ada, now=NOW)
    with pytest.raises(NotPossible, match="no draft any more"):
        said(another, ada, "Words.")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told(ada: User) -> None:
    text = make_waiting(by=ada, can_do="Wait.")
    people = [make_user(Role.ADMINISTRATOR) for _ in range(4)]

    def approve(user: User) -> str:
        try:
            text_decisions.approve(text_id=text.pk, user=user, now=NOW)
        except NotPossible:
            return "told"
        return "approved"

    answers = at_once(*(partial(approve, user) for user in people))
    assert sorted(map(str, answers)) == ["approved", "told", "told", "told"]
    assert LedgerEntry.objects.filter(action="notice_text.approved").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": NoticeKind.BY_USER, "category": Category.HATE}, "category"),
        ({"kind": NoticeKind.BY_STAFF, "category": Category.HATE}, "category"),
        ({"category": Category.OTHER}, "category"),
        ({"category": Category.SUICIDE_SELF_HARM, "language": "de"}, "language"),
    ],
)
def test_there_is_no_text_where_it_would_tell_or_endanger(
    ada: User, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        text_drafts.begin(scope=EVERYBODY._replace(**changes), user=ada, now=NOW)
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 801, "At most 800"),
        ("Hello <script>alert(1)</script>", "Plain text only"),
        ("</p>", "Plain text only"),
        ("See https://example.com", "No addresses"),
        ("See example.com for more", "No addresses"),
        ("See WWW.EXAMPLE", "No addresses"),
        ("Write to help@example", "No addresses"),
        ("Call 0800 111 0 111", "No phone numbers"),
        ("Call ٠٨٠٠١١١", "No phone numbers"),
        ("Read \u202egnorw", "nobody sees"),
        ("Read \u2067this", "nobody sees"),
        ("NUL \x00", "nobody sees"),
        ("Bell \x07", "nobody sees"),
        ("Half \ud800", "nobody sees"),
    ],
)
def test_what_cannot_stand_in_a_notice_is_said(text: str, said: str) -> None:
    found = faults(NOTHING._replace(what_happened=text), category="")
    assert list(found) == ["what_happened"]
    assert said in found["what_happened"][0]


@pytest.mark.parametrize(
    "text",
    [
        "It ended. You did nothing wrong.\n\nStart again, e.g. tomorrow at 10 a.m.",
        "انتهت هذه المحادثة.\u200f يمكنك البدء من جديد.",
        "Es endete, z. B. weil … („so“).",
        "A family \U0001f468\u200d\U0001f469\u200d\U0001f467 of < 5 > 3.",
        "x" * 800,
    ],
)
def test_what_people_write_can_stand_there(text: str) -> None:
    assert faults(NOTHING._replace(what_happened=text), category="") == {}


def test_a_heading_is_a_line_and_names_no_category() -> None:
    assert faults(NOTHING._replace(heading="Two\nlines"), category="")["heading"]
    assert faults(NOTHING._replace(heading="Ended"), category="") == {}
    assert faults(NOTHING._replace(heading="Ended"), category="hate")["heading"]


def test_what_is_refused_is_not_saved(ada: User) -> None:
    draft = make_draft(by=ada, what_happened="It was ended.")
    with pytest.raises(ValidationError) as refused:
        said(draft, ada, "<b>Ended</b>")
    assert list(refused.value.message_dict) == ["what_happened"]
    draft.refresh_from_db()
    assert draft.words.what_happened == "It was ended."


def test_a_difference_is_shown_by_whole_words() -> None:
    found = differences("It was ended by us today.", "It was stopped by us all.")
    assert [tuple(piece) for piece in found] == [
        ("", "It was "),
        ("removed", "ended"),
        ("added", "stopped"),
        ("", " by us "),
        ("removed", "today."),
        ("added", "all."),
    ]
    assert differences("", "") == []
    assert [piece.change for piece in differences("Old words.", "Quite another text.")] == [
        "removed",
        "",
        "added",
    ]


def test_a_version_is_compared_with_what_stands_in_its_place() -> None:
    draft = make_draft(what_happened="Our words.")
    own = built_in(EVERYBODY)
    assert [(one.before, one.after) for one in compared(draft)] == [
        (own.heading, own.heading),
        (own.what_happened, "Our words."),
        (own.not_meant, own.not_meant),
        ("", ""),
    ]


def test_the_products_own_words_are_those_of_the_language() -> None:
    german = built_in(EVERYBODY._replace(language="de", category="hate"))
    assert len({*german, *built_in(EVERYBODY)}) == 7  # both add nothing to what one can do
    minor = built_in(EVERYBODY._replace(kind=NoticeKind.TO_MINOR))
    assert "not in trouble" in minor.what_happened


def test_the_limits_are_those_of_the_columns() -> None:
    for slot in Words._fields:
        column = NoticeText._meta.get_field(slot)
        assert isinstance(column, CharField)
        assert column.max_length == rules.LONGEST[slot]
