"""Other ways out of a case than a verdict, and what the page of a case asks meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from reviews.models import Case
from reviews.services import (
    deferring,
    drafting,
    escalating,
    reclassifying,
    skipping,
    takeover,
)
from reviews.services.claims import HeldByAnother, NotHeld, claim
from reviews.services.seen import known_as, seen
from reviews.sight import open_to
from reviews.transitions import Forbidden
from reviews.views.people import case_for, reviewer
from reviews.views.refusals import explain
from reviews.ways_out_forms import WAYS, DeferForm, Way

#: htmx stops asking after this answer.
STOP_POLLING = 286


@dataclass(frozen=True)
class Attempt:
    """Who wants what of which case."""

    case: Case
    user: User
    form: forms.Form
    now: datetime

    @property
    def sent(self) -> dict[str, Any]:
        """What the form said."""
        return self.form.cleaned_data


def _skip(on: Attempt) -> str:
    skipping.skip(case=on.case, user=on.user, reason=on.sent["reason"], now=on.now)
    return _("%(case)s goes to somebody else. To take it back, claim it by hand.")


def _defer(on: Attempt) -> str:
    assert isinstance(on.form, DeferForm)  # noqa: S101 - WAYS says so
    until = on.now + on.form.until
    deferring.defer(case=on.case, user=on.user, until=until, text=on.sent["note"], now=on.now)
    return _("%(case)s is put off. On its page you can bring it back.")


def _unclear(on: Attempt) -> str:
    skipping.signal_unclear(
        case=on.case,
        user=on.user,
        doubt=on.sent["doubt"],
        text=on.sent["note"],
        pass_on=bool(on.sent["pass_on"]),
        now=on.now,
    )
    if on.sent["pass_on"]:
        return _("The policy admins are told. %(case)s goes to somebody else.")
    return _("The policy admins are told. %(case)s is still yours.")


def _reclassify(on: Attempt) -> str:
    stays = reclassifying.reclassify(
        case=on.case, user=on.user, category=on.sent["category"], now=on.now
    )
    if stays:
        return _("%(case)s has its new category and is still yours.")
    return _("%(case)s went to a queue for the qualified, and out of your hands.")


def _escalate(on: Attempt) -> str:
    escalating.escalate(
        case=on.case,
        user=on.user,
        area=on.sent["team"],
        question=on.sent["question"],
        now=on.now,
    )
    return _("Your question about %(case)s is with the team. Until they take it you can withdraw.")


def _take_over(on: Attempt) -> str:
    takeover.take_over(case=on.case, user=on.user, reason=on.sent["reason"], now=on.now)
    return _("%(case)s is yours now.")


def _answer(on: Attempt) -> str:
    escalating.answer(case=on.case, user=on.user, text=on.sent["answer"], now=on.now)
    return _("Your answer is in. %(case)s waits again.")


def _return(on: Attempt) -> str:
    escalating.send_back(case=on.case, user=on.user, text=on.sent["answer"], now=on.now)
    return _("%(case)s is back in its queue.")


_ACTS: dict[str, Callable[[Attempt], str]] = {
    "skip": _skip,
    "defer": _defer,
    "unclear": _unclear,
    "reclassify": _reclassify,
    "escalate": _escalate,
    "take-over": _take_over,
    "answer": _answer,
    "return": _return,
}


@require_http_methods(["GET", "HEAD", "POST"])
def way_out(request: HttpRequest, number: int, slug: str) -> HttpResponse:
    """One way out: its form, and what comes of it. What is wrong is said beside the fields."""
    user = reviewer(request)
    case, way = case_for(user, number), WAYS.get(slug)
    if way is None:
        raise Http404
    if request.method != "POST":
        return _page(request, case, way, way.form())
    form = way.form(request.POST)
    if not form.is_valid():
        return _page(request, case, way, form)
    try:
        said = _ACTS[slug](Attempt(case, user, form, timezone.now()))
    except ValidationError as refused:
        explain(form, refused)
        return _page(request, case, way, form)
    except (HeldByAnother, NotHeld, Forbidden) as refused:
        messages.warning(request, str(refused))
        return redirect("case", number=number)
    messages.success(request, said % {"case": case.label})
    return _on(case, user)


def _page(request: HttpRequest, case: Case, way: Way, form: forms.Form) -> HttpResponse:
    context = {"case": case, "way": way, "form": form}
    return render(request, "reviews/way_out.html", context, status=422 if form.errors else 200)


def _on(case: Case, user: User) -> HttpResponse:
    """Back to the case, where one may still know of it and has it in hand; else to the queue."""
    if takeover.lost(case=case, user=user) is None and _may_know(case, user):
        return redirect("case", number=case.number)
    return redirect("queue")


def _may_know(case: Case, user: User) -> bool:
    return Case.objects.filter(open_to(user), pk=case.pk).exists()


def _at_once(
    request: HttpRequest, number: int, act: Callable[[Case, User], object], said: str | Promise
) -> HttpResponse:
    user = reviewer(request)
    case = case_for(user, number)
    try:
        act(case, user)
    except (HeldByAnother, Forbidden) as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, str(said))
    return redirect("case", number=number)


@require_POST
def resume(request: HttpRequest, number: int) -> HttpResponse:
    """Bring a deferred case back before its time, and claim it."""

    def act(case: Case, user: User) -> None:
        deferring.resume(case=case, user=user, now=timezone.now())
        claim(case=case, user=user)

    return _at_once(request, number, act, _("The case is back, and yours."))


@require_POST
def accept(request: HttpRequest, number: int) -> HttpResponse:
    """Take a question to one's team."""

    def act(case: Case, user: User) -> None:
        escalating.accept(case=case, user=user, now=timezone.now())

    return _at_once(request, number, act, _("The question is yours to answer."))


@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take one's own question back, and the case with it."""

    def act(case: Case, user: User) -> None:
        escalating.withdraw(case=case, user=user, now=timezone.now())
        claim(case=case, user=user)

    return _at_once(request, number, act, _("The question is withdrawn; the case is yours again."))


@require_POST
def save_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Keep what is being typed, for htmx. The same answer tells whoever lost the case."""
    user, now = reviewer(request), timezone.now()
    case = case_for(user, number)
    content = {name: [str(value) for value in values] for name, values in request.POST.lists()}
    kept = drafting.save_draft(case=case, user=user, content=content, now=now)
    whole = kept and drafting.is_whole(case, drafting.kept_of(content))
    context = {"at": now if kept else None, "case": case, "unfolds": whole and "folded" in content}
    answer = render(request, "reviews/_draft_saved.html", context)
    if takeover.lost(case=case, user=user):
        answer.headers["HX-Trigger"] = "lease-lost"
    return answer


@require_safe
def lost(request: HttpRequest, number: int) -> HttpResponse:
    """How one lost the case, for the banner of its page; nothing while one holds it.

    It renews no lease: that is the heartbeat's.
    """
    user = reviewer(request)
    found = Case.objects.filter(Q(number=number) | Q(pk__in=known_as(user, number=number))).first()
    how = takeover.lost(case=found, user=user) if found else None
    if found is None or how is None:
        return HttpResponse(status=204)
    context = {"lost": how, "case": seen(found, user=user), "in_sight": _may_know(found, user)}
    return render(request, "reviews/_lost.html", context, status=STOP_POLLING)
