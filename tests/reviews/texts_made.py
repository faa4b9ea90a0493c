"""Words for notices, made by the services as two people would."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from accounts.roles import Role
from reviews.services import text_decisions, text_drafts
from reviews.text_models import NoticeDraft, NoticeText
from reviews.texts import NoticeKind, Scope, Words
from tests.factories import NOW, make_user

EVERYBODY = Scope(NoticeKind.BY_ASSISTANT, "", None, "en")
NOTHING = Words("", "", "", "")


def make_draft(
    scope: Scope = EVERYBODY,
    *,
    by: User | None = None,
    why: str = "Why not.",
    now: datetime = NOW,
    **words: str,
) -> NoticeDraft:
    """A draft for *scope* that says *words*."""
    author = by or make_user(Role.ADMINISTRATOR)
    draft, _new = text_drafts.begin(scope=scope, user=author, now=now)
    return text_drafts.save(
        draft_id=draft.pk,
        revision=draft.revision,
        words=NOTHING._replace(**words),
        why=why,
        user=author,
        now=now,
    )


def make_waiting(
    scope: Scope = EVERYBODY, *, by: User | None = None, now: datetime = NOW, **words: str
) -> NoticeText:
    """A version for *scope* that waits for approval."""
    draft = make_draft(scope, by=by, now=now, **words)
    return text_drafts.submit(
        draft_id=draft.pk, revision=draft.revision, user=draft.author, now=now
    )


def put_in_force(scope: Scope = EVERYBODY, *, now: datetime = NOW, **words: str) -> NoticeText:
    """A version for *scope* that somebody else approved."""
    text = make_waiting(scope, by=None, now=now, **words)
    return text_decisions.approve(text_id=text.pk, user=make_user(Role.ADMINISTRATOR), now=now)
