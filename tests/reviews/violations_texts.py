"""What the rules of an installation's own words in notices forbid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import User
from accounts.roles import Role
from conversations.vocabulary import Category
from reviews.text_models import NoticeDraft, NoticeText, TextDecision
from reviews.texts import NoticeKind
from tests.factories import NOW, make_user
from tests.violating import guarded, violates


def _author() -> User:
    return make_user(Role.ADMINISTRATOR)


def _draft(**changes: Any) -> NoticeDraft:
    author = _author()
    values = {
        "kind": NoticeKind.BY_ASSISTANT,
        "language": "en",
        "author": author,
        "contributors": [author.pk],
        "created_at": NOW,
        "updated_at": NOW,
        "updated_by": author,
    }
    return NoticeDraft.objects.create(**values | changes)


def _text(**changes: Any) -> NoticeText:
    author = _author()
    values = {
        "kind": NoticeKind.BY_ASSISTANT,
        "language": "en",
        "what_happened": "It was ended.",
        "number": 1,
        "author": author,
        "contributors": [author.pk],
        "submitted_by": author,
        "submitted_at": NOW,
    }
    return NoticeText.objects.create(**values | changes)


def _decided(**changes: Any) -> NoticeText:
    values = {"decision": TextDecision.APPROVED, "decided_by": _author(), "decided_at": NOW}
    return _text(**values | changes)


@violates("noticedraft_category_where_it_is_told")
def draft_for_what_is_not_told() -> object:
    """Words for a category, on a notice that names none."""
    return _draft(kind=NoticeKind.BY_USER, category=Category.HATE)


@violates("noticetext_category_where_it_is_told")
def words_for_restricted_notices_alone() -> object:
    """Words for cases without a category, which restricted notices would be told by."""
    return _text(category=Category.OTHER)


@violates("noticedraft_heading_names_no_category")
def draft_with_a_heading_of_a_category() -> object:
    """A heading on a draft for one category."""
    return _draft(category=Category.HATE, heading="Ended")


@violates("noticetext_heading_names_no_category")
def heading_of_a_category() -> object:
    """A heading that only those of one category are told."""
    return _text(category=Category.HATE, heading="Ended")


@violates("notice_draft_one_a_scope")
def two_drafts() -> object:
    """Two drafts for the same notices, of no source in particular."""
    return [_draft(), _draft()]


@violates("notice_draft_revision_from_1")
def no_revision() -> object:
    """A draft that nobody has begun."""
    return _draft(revision=0)


@violates("notice_text_number_of_a_scope")
def one_number_twice() -> object:
    """Two versions of one number."""
    rejected = {"decision": TextDecision.REJECTED, "reason": "Unclear."}
    return [_decided(**rejected), _decided(**rejected)]


@violates("notice_text_one_in_force_a_scope")
def two_in_force() -> object:
    """Two versions in force for the same notices."""
    return [_decided(), _decided(number=2)]


@violates("notice_text_one_waiting_a_scope")
def two_waiting() -> object:
    """Two versions that wait, for the same notices."""
    return [_text(), _text(number=2)]


@violates("notice_text_says_something")
def nothing_said() -> object:
    """A version without a word."""
    return _text(what_happened="")


@violates("notice_text_counts_its_submitter")
def submitted_without_a_hand() -> object:
    """Somebody who submits, and could approve."""
    return _text(submitted_by=_author())


@violates("notice_text_decided_by_somebody")
def decided_by_nobody() -> object:
    """A decision of nobody."""
    return _text(decision=TextDecision.APPROVED)


@violates("notice_text_decided_by_another")
def approved_by_its_author() -> object:
    """An author who approves."""
    author = _author()
    return _decided(author=author, contributors=[author.pk], submitted_by=author, decided_by=author)


@violates("notice_text_rejected_with_reason")
def rejected_for_nothing() -> object:
    """A refusal, nobody knows why."""
    return _decided(decision=TextDecision.REJECTED)


@violates("notice_text_ends_after_it_begins")
def ended_before() -> object:
    """A version that ended before it was in force."""
    return _decided(until=NOW - timedelta(seconds=1), ended_by=_author())


@violates("notice_text_ended_by_somebody")
def ended_by_nobody() -> object:
    """A version that nobody took out of force."""
    return _decided(until=NOW)


@guarded("notice_text_read_only")
def other_words() -> object:
    """Words that are changed afterwards."""
    made = _text()
    made.what_happened = "Something else."
    made.save()
    return made


@guarded("notice_text_not_deleted")
def forgotten() -> object:
    """A version that never was."""
    return _text().delete()


@guarded("notice_text_decided_once")
def decided_anew() -> object:
    """A refusal that becomes an approval."""
    made = _decided(decision=TextDecision.REJECTED, reason="Unclear.")
    made.decision = TextDecision.APPROVED
    made.save()
    return made


@guarded("notice_text_final")
def ended_once_more() -> object:
    """A version that ends later than it did."""
    made = _decided(until=NOW, ended_by=_author())
    made.until = NOW + timedelta(days=1)
    made.save()
    return made
