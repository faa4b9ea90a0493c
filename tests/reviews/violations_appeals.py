"""What each constraint on feedback, replies and addresses forbids."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.roles import Role
from reviews.appeal_models import AnswerAddress, Reply
from reviews.models import Case, Feedback
from reviews.vocabulary import Channel
from tests.factories import NOW, give_verdict, make_case, make_user
from tests.violating import violates


def _said(case: Case | None = None, **changes: Any) -> None:
    row = {"surprised": True, "channel": Channel.API, "at": NOW}
    Feedback.objects.create(case=case or make_case(), **row | changes)


@violates("feedback_one_open_appeal")
def _two_open_appeals() -> None:
    case = make_case()
    _said(case, appeal=True)
    _said(case, appeal=True)


@violates("feedback_changed_after_it_came")
def _changed_before_it_came() -> None:
    _said(changed_at=NOW - timedelta(seconds=1))


@violates("feedback_read_by_somebody")
def _read_by_nobody() -> None:
    _said(read_at=NOW)


def _reply(**changes: Any) -> None:
    Reply.objects.create(case=make_case(), author=make_user(), written_at=NOW, **changes)


@violates("reply_published_after_it_was_written")
def _published_before_it_was_written() -> None:
    _reply(published_at=NOW - timedelta(seconds=1))


@violates("reply_mailed_once_published")
def _mailed_in_secret() -> None:
    _reply(mailed_at=NOW)


def _address(**changes: Any) -> None:
    AnswerAddress.objects.create(
        case=make_case(), address="somebody@example.com", asked_at=NOW, **changes
    )


@violates("answer_address_link_expires")
def _a_link_for_ever() -> None:
    _address(digest=b"x" * 32)


@violates("answer_address_verified_once")
def _a_link_that_works_again() -> None:
    _address(digest=b"x" * 32, expires_at=NOW, verified_at=NOW)


@violates("reviews_answeraddress.digest")
def _two_addresses_with_one_link() -> None:
    _address(digest=b"x" * 32, expires_at=NOW)
    _address(digest=b"x" * 32, expires_at=NOW)


@violates("reviews_reply.verdict_id")
def _two_replies_with_one_verdict() -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    given = give_verdict(case, ana)
    for _ in range(2):
        Reply.objects.create(case=case, verdict=given, author=ana, written_at=NOW)
