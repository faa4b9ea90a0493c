"""Submitting a draft, and what a second person says of it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from policies.forms import CommentForm, ReasonForm, SubmitForm
from policies.models import Backtest, Draft, Submission, SubmissionDecision
from policies.permissions import can_decide, check_decide
from policies.services import approvals, drafts
from policies.services.backtests import finished_of
from policies.views.acting import Act, revision_of, run, sent
from policies.views.people import may_change, user_of

#: How many finished backtests a submission may choose from.
MOST_OFFERED: Final = 20
_GET_AND_POST = ["GET", "HEAD", "POST"]


def submit_act(draft: Draft, data: Any = None) -> Act:
    """Lay *draft* before a second person."""
    return Act(
        name="submit",
        label=_("Submit…"),
        title=_("Submit draft %(number)d for approval?") % {"number": draft.number},
        words=_(
            "It becomes an immutable version. Somebody who had no hand in it approves or rejects"
            " it; until then nothing changes for any conversation."
        ),
        # The revision that was read: what somebody saves meanwhile is not submitted unseen.
        url=f"{reverse('policy-submit', args=[draft.number])}?revision={draft.revision}",
        form=SubmitForm(data, finished=_finished(draft), auto_id="submit_%s"),
        submit=_("Submit"),
        primary=True,
    )


def _finished(draft: Draft) -> list[tuple[UUID, str]]:
    """The finished backtests of what *draft* says, the newest first, each in words."""
    found = finished_of(draft.content).select_related("requested_by").defer("figures")
    return [(one.pk, _in_words(one)) for one in found[:MOST_OFFERED]]


def _in_words(backtest: Backtest) -> str:
    against = (
        _("against each cutoff’s own version")
        if backtest.baseline_id is None
        else _("against policy %(number)d") % {"number": backtest.baseline_id}
    )
    return _("%(since)s – %(until)s, %(against)s; asked for %(asked)s") % {
        "since": date_format(timezone.localtime(backtest.since), "DATE_FORMAT"),
        "until": date_format(timezone.localtime(backtest.until), "DATE_FORMAT"),
        "against": against,
        "asked": date_format(timezone.localtime(backtest.requested_at), "DATETIME_FORMAT"),
    }


def approve_act(submission: Submission, user: User, data: Any = None) -> Act:
    """Approve what was submitted."""
    return Act(
        name="approve",
        label=_("Approve…"),
        title=_("Approve policy %(number)d?") % {"number": submission.version_id},
        words=_("It may then be activated, by anybody who may change policies."),
        url=reverse("policy-approve", args=[submission.version_id]),
        form=CommentForm(data, auto_id="approve_%s"),
        submit=_("Approve"),
        primary=True,
        refused=_own(submission, user),
    )


def reject_act(submission: Submission, user: User, data: Any = None) -> Act:
    """Reject what was submitted."""
    return Act(
        name="reject",
        label=_("Reject…"),
        title=_("Reject policy %(number)d?") % {"number": submission.version_id},
        words=_(
            "It can never be activated; a new draft can begin from it. Where one person alone put"
            " it in force, those conversations go back to what they had."
        ),
        url=reverse("policy-reject", args=[submission.version_id]),
        form=ReasonForm(data, auto_id="reject_%s"),
        submit=_("Reject"),
        danger=True,
        red=True,
        refused=_own(submission, user),
    )


def _own(submission: Submission, user: User) -> str:
    if can_decide(user, submission):
        return ""
    return _("You had a hand in this version: somebody else approves or rejects it.")


@require_http_methods(_GET_AND_POST)
@may_change
def submit(request: HttpRequest, number: int) -> HttpResponse:
    """Lay a draft before a second person."""
    draft = get_object_or_404(Draft, number=number)

    def do(said: dict[str, Any]) -> str:
        drafts.submit(
            number=number,
            user=user_of(request),
            now=timezone.now(),
            revision=revision_of(request, draft),
            backtest_id=said.get("backtest"),
        )
        return _("It is submitted. Somebody else decides on it.")

    back = reverse("policy-version", args=[number])
    return run(request, submit_act(draft, sent(request)), back=back, do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def approve(request: HttpRequest, number: int) -> HttpResponse:
    """Approve a version."""

    def do(said: dict[str, Any]) -> str:
        user, now = user_of(request), timezone.now()
        approvals.approve(number=number, user=user, now=now, reason=said["reason"])
        return _("It is approved and can be activated.")

    submission = _submission(request, number)
    act = approve_act(submission, user_of(request), sent(request))
    return run(request, act, back=reverse("policy-version", args=[number]), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def reject(request: HttpRequest, number: int) -> HttpResponse:
    """Reject a version, with a reason."""

    def do(said: dict[str, Any]) -> str:
        user, now = user_of(request), timezone.now()
        approvals.reject(number=number, user=user, now=now, reason=said["reason"])
        return _("It is rejected.")

    submission = _submission(request, number)
    act = reject_act(submission, user_of(request), sent(request))
    return run(request, act, back=reverse("policy-version", args=[number]), do=do)


def _submission(request: HttpRequest, number: int) -> Submission:
    """What was submitted. Raises ``PermissionDenied`` where it waits, and not for the reader."""
    submission = get_object_or_404(Submission, version=number)
    if submission.decision == SubmissionDecision.PENDING:
        check_decide(user_of(request), submission)
    return submission
