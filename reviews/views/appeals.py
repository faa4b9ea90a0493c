"""What a user says of a cutoff, and what came of it: form, receipt and status. No login."""

from __future__ import annotations

import math
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations.models import Cutoff
from conversations.rate_limits import take_share
from reviews.appeal_models import AnswerAddress
from reviews.cues import Heard, heard_in
from reviews.feedback_forms import FeedbackForm
from reviews.models import Feedback
from reviews.notices import Review
from reviews.services import addresses, feedback, replies
from reviews.views.notices import about, private
from reviews.vocabulary import Channel

#: What one link and one network address may send in :data:`SECONDS`.
MOST_A_LINK: Final = 20
MOST_AN_ADDRESS: Final = 120
SECONDS: Final = 600
#: Links that are mailed to one address in a day, from whatever notice.
MOST_MAILS: Final = 3
DAY_SECONDS: Final = 24 * 3600


@private
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_form(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """Say that it surprised one, and ask for another look. What was typed is never lost."""
    told = about(cutoff)
    earlier = feedback.changeable(case=cutoff.case, channel=Channel.NOTICE)
    asked = _has_asked(cutoff, withheld=told["face"].withheld)
    in_time = feedback.may_appeal(cutoff, timezone.now())
    form = FeedbackForm(
        request.POST if request.method == "POST" else None,
        initial=_initial(earlier),
        appeals=in_time and not asked,
        asks_address=addresses.may_be_asked(cutoff),
    )
    waiting = 0.0
    if request.method == "POST":
        waiting = _wait(request, cutoff)
        if waiting:
            minutes = math.ceil(waiting / 60)
            form.add_error(None, _too_often(minutes))
        elif form.is_valid() and _kept(cutoff, form):
            return redirect("notice-thanks", token=str(cutoff.notice_token))
    response = render(
        request,
        "reviews/notice_feedback.html",
        told
        | {"form": form, "earlier": earlier, "asked": asked, "too_late": not in_time and not asked},
        status=429 if waiting else 422 if form.errors else 200,
    )
    if waiting:
        response["Retry-After"] = str(math.ceil(waiting))
    return response


def _has_asked(cutoff: Cutoff, *, withheld: bool) -> bool:
    """Whether the user waits for another look; of a restricted case, ever after they asked."""
    appeals = cutoff.case.feedback.filter(appeal=True)
    return (appeals if withheld else appeals.filter(closed_at=None)).exists()


def _initial(earlier: Feedback | None) -> dict[str, Any]:
    if earlier is None:
        return {}
    return {
        "surprised": "yes" if earlier.surprised else "no",
        "reason": earlier.reason,
        "comment": feedback.comment_of(earlier),
    }


def _wait(request: HttpRequest, cutoff: Cutoff) -> float:
    """The seconds until this link, and whoever sends from this network address, may write."""
    waiting = take_share(of=f"notice:{cutoff.pk}", most=MOST_A_LINK, seconds=SECONDS)
    if (sender := _sender(request)) and not waiting:
        waiting = take_share(of=f"sender:{sender}", most=MOST_AN_ADDRESS, seconds=SECONDS)
    return waiting


def _sender(request: HttpRequest) -> str:
    """The network address of whoever asks; behind a proxy what that says, or nothing."""
    if not settings.RECOURSE_TRUSTED_PROXY:
        return str(request.META.get("REMOTE_ADDR", ""))
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()


def _too_often(minutes: int) -> str:
    return _(
        "That was very often. Nothing of what you typed is lost: please send it again in"
        " %(minutes)d minutes."
    ) % {"minutes": minutes}


def _kept(cutoff: Cutoff, form: FeedbackForm) -> bool:
    """Keep what was sent; whether all of it could be. What could not is said in the form."""
    sent, now = form.cleaned_data, timezone.now()
    # A program that fills every field is thanked like anybody, and nothing is kept; but a browser
    # may have filled that field too, and nobody in danger is taken for a program.
    if form.from_a_program and heard_in(sent["comment"], locale=cutoff.locale) != Heard.CUE:
        return True
    try:
        feedback.submit(
            cutoff=cutoff,
            surprised=sent["surprised"],
            reason=sent["reason"],
            comment=sent["comment"],
            appeal=sent.get("appeal", False),
            channel=Channel.NOTICE,
            now=now,
        )
        if address := sent.get("address"):
            _check_mails(address)
            addresses.ask(cutoff=cutoff, address=address, now=now)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _check_mails(address: str) -> None:
    if take_share(of=f"mail:{address.casefold()}", most=MOST_MAILS, seconds=DAY_SECONDS):
        raise ValidationError(
            {"address": _("We have sent several links there today. Please use the last one.")}
        )


@private
@require_safe
def thanks(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """It was received."""
    return render(request, "reviews/notice_thanks.html", about(cutoff) | _address(cutoff))


@private
@require_safe
def status(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """What came of it, and what was answered."""
    first = cutoff.case.feedback.order_by("at").first()
    told = about(cutoff)
    shown = told["face"]
    return render(
        request,
        "reviews/notice_status.html",
        told
        | _address(cutoff)
        | {
            "told_at": first.at if first else None,
            "appealed": _has_asked(cutoff, withheld=shown.withheld),
            "pending": shown.review == Review.PENDING,
            "overturned": shown.review == Review.OVERTURNED,
            "upheld": shown.review == Review.UPHELD,
            "decided_at": shown.decided_at,
            "replies": replies.published(cutoff.case),
        },
    )


def _address(cutoff: Cutoff) -> dict[str, Any]:
    """Whether answers go to an address, or a link waits to be followed; never which address."""
    kept = AnswerAddress.objects.filter(pk=cutoff.pk).first()
    return {
        "mailed": kept is not None and kept.verified_at is not None,
        "link_sent": kept is not None and kept.verified_at is None,
    }


@private
@require_POST
def forget_address(_request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """No longer send answers by mail."""
    addresses.forget(case_id=cutoff.pk, now=timezone.now())
    return redirect("notice-status", token=str(cutoff.notice_token))
