"""Drafts: writing a policy, and laying it before a second person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext

from accounts.ledger import record
from accounts.models import User
from policies.models import Backtest, Draft, PolicyVersion, Submission
from policies.permissions import check_change
from policies.services.backtests import finished_of
from policies.services.versions import NotPossible, lock, next_number, person, thresholds_of
from policies.thresholds import read


class StaleRevision(Exception):
    """Somebody else saved the draft meanwhile: ``current`` is what they made of it."""

    def __init__(self, current: Draft) -> None:
        sentence = gettext(
            "Somebody saved this draft since you read it. Nothing of yours was stored: compare it"
            " with revision %(revision)s, and save again."
        )
        super().__init__(sentence % {"revision": current.revision})
        self.current = current


class OtherBacktest(NotPossible):
    """What was to be attached is no finished backtest of exactly what is submitted."""


def create_draft(
    *,
    user: User,
    now: datetime,
    content: Any = None,
    based_on: PolicyVersion | None = None,
    note: str = "",
) -> Draft:
    """A new draft of *content*, or of what *based_on* says where there is none.

    What the content does not name has its default. Raises ``InvalidPolicy``, and ``NotPossible``
    where *based_on* can no longer be read.
    """
    check_change(user)
    if content is None and based_on is not None:
        content = msgspec.to_builtins(thresholds_of(based_on))
    content = msgspec.to_builtins(read({} if content is None else content))
    with transaction.atomic():
        lock()
        draft = Draft.objects.create(
            number=next_number(),
            content=content,
            note=note,
            based_on=based_on,
            author=user,
            contributors=[user.pk],
            created_at=now,
            updated_at=now,
            updated_by=user,
        )
        _note(draft, user, "policy.drafted", now)
    return draft


def edit_draft(
    *,
    number: int,
    revision: int,
    user: User,
    now: datetime,
    content: Any = None,
    note: str | None = None,
) -> Draft:
    """Save *content*, *note* or both over *revision*, the one that the editor read.

    Raises :class:`StaleRevision` where it is not the current one any more, ``InvalidPolicy``, and
    ``NotPossible`` where the number is no draft.
    """
    check_change(user)
    with transaction.atomic():
        draft = _locked(number, revision)
        if content is not None:
            draft.content = msgspec.to_builtins(read(content))
        if note is not None:
            draft.note = note
        draft.revision += 1
        draft.contributors = sorted({*draft.contributors, user.pk})
        draft.updated_at, draft.updated_by = now, user
        draft.save()
        _note(draft, user, "policy.edited", now)
    return draft


def submit(
    *,
    number: int,
    user: User,
    now: datetime,
    revision: int | None = None,
    backtest_id: UUID | None = None,
) -> PolicyVersion:
    """Make the draft an immutable version that somebody else decides on.

    They see the backtest *backtest_id* first. Raises :class:`StaleRevision` where *revision* is
    given and not the current one, ``InvalidPolicy`` where the draft was written under other
    bounds, ``NotPossible`` where the number is no draft, and :class:`OtherBacktest`.
    """
    check_change(user)
    with transaction.atomic():
        lock()
        draft = _locked(number, revision)
        content = msgspec.to_builtins(read(draft.content))
        version = PolicyVersion.objects.create(
            number=draft.number,
            content=content,
            note=draft.note,
            author=draft.author,
            based_on=draft.based_on,
        )
        Submission.objects.create(
            version=version,
            submitted_by=user,
            submitted_at=now,
            contributors=sorted({*draft.contributors, user.pk}),
            backtest=_attached(backtest_id, content),
        )
        attached = {"backtest": str(backtest_id)} if backtest_id else {}
        _note(draft, user, "policy.submitted", now, attached)
        draft.delete()
    return version


def _locked(number: int, revision: int | None) -> Draft:
    draft = Draft.objects.select_for_update(of=("self",)).filter(number=number).first()
    if draft is None:
        sentence = gettext("Policy %(number)s is no draft any more. Begin another one from it.")
        raise NotPossible(sentence % {"number": number})
    if revision is not None and revision != draft.revision:
        raise StaleRevision(draft)
    return draft


def _attached(backtest_id: UUID | None, content: Any) -> Backtest | None:
    if backtest_id is None:
        return None
    found = finished_of(content).filter(pk=backtest_id).first()
    if found is None:
        raise OtherBacktest(
            gettext(
                "That is no finished backtest of exactly these thresholds. Choose another one,"
                " or none."
            )
        )
    return found


def _note(
    draft: Draft, user: User, action: str, now: datetime, more: dict[str, str] | None = None
) -> None:
    record(
        actor=person(user),
        at=now,
        action=action,
        obj="policy_version",
        object_id=draft.number,
        details={"revision": draft.revision, **(more or {})},
    )
