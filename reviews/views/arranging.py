"""Assigning, moving and labelling the cases that were chosen in the list, and undoing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from reviews.models import BulkAct, Case
from reviews.permissions import check_arrange, check_label
from reviews.services import bulk, queues
from reviews.services.arranging import label_named, people_to_assign, told
from reviews.services.bulk import MOST_CASES, Done
from reviews.services.seen import as_seen, known_as
from reviews.views.people import numbered, reviewer


@dataclass(frozen=True)
class _Plan:
    """What is to be done with the chosen cases: in words, and how. ``sent`` says it again."""

    what: str
    act: Callable[[list[UUID]], Done]
    sent: dict[str, str]


@require_POST
def arrange(request: HttpRequest) -> HttpResponse:
    """Say how many cases would change and how; once confirmed, do it and offer to undo it."""
    user = reviewer(request)
    numbers = [found for sent in request.POST.getlist("case") if (found := numbered(sent))]
    numbers = numbers[:MOST_CASES]
    back = f"{reverse('queue')}?{request.POST.get('back', '')}"
    chosen = Q(number__in=numbers) | Q(pk__in=known_as(user, number__in=numbers))
    cases = list(Case.objects.listed_for(user).filter(chosen).order_by("number"))
    if not cases:
        messages.warning(request, _("Choose the cases first: each row begins with a box."))
        return redirect(back)
    try:
        plan = _PLANS[request.POST.get("act", "")](request, user)
    except KeyError:
        raise Http404 from None
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
        return redirect(back)
    if not request.POST.get("confirmed"):
        return _ask(request, plan, as_seen(cases, user=user), back)
    try:
        _say(request, plan.act([case.pk for case in cases]), plan.what)
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
    return redirect(back)


def _ask(request: HttpRequest, plan: _Plan, cases: list[Case], back: str) -> HttpResponse:
    question = ngettext(
        "%(number)d case will be %(what)s.", "%(number)d cases will be %(what)s.", len(cases)
    ) % {"number": len(cases), "what": plan.what}
    context = {
        "question": question,
        "cases": cases,
        "sent": {**plan.sent, "back": request.POST.get("back", "")},
        "back": back,
    }
    return render(request, "reviews/arrange.html", context)


def _say(request: HttpRequest, done: Done, what: str) -> None:
    words = told(done, what)
    if done.act_id is None:
        messages.warning(request, words)
        return
    undo = reverse("undo-arranging", kwargs={"act_id": done.act_id})
    messages.success(request, with_undo(request, words, undo))


def with_undo(request: HttpRequest, words: str, url: str) -> str:
    """A message with a button that takes back what it tells of, for a page without scripts too."""
    return format_html(
        '{} <form class="undo" method="post" action="{}">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="back" value="{}">'
        '<button class="btn small" type="submit">{}</button></form>',
        words,
        url,
        get_token(request),
        request.POST.get("back", ""),
        _("Undo"),
    )


@require_POST
def undo(request: HttpRequest, act_id: UUID) -> HttpResponse:
    """Take back what one did with many cases at once."""
    user = reviewer(request)
    try:
        done = bulk.undo(act_id=act_id, by=user, now=timezone.now())
    except BulkAct.DoesNotExist:
        raise Http404 from None
    messages.info(request, told(done, _("put back as before")))
    return redirect(f"{reverse('queue')}?{request.POST.get('back', '')}")


def _assign(request: HttpRequest, user: User) -> _Plan:
    check_arrange(user)
    chosen = request.POST.get("person", "")
    if not chosen:
        raise ValidationError(_("Choose whom to assign them to."))
    known = {str(key) for key, _name in people_to_assign()}
    if chosen not in known and chosen != "nobody":
        raise ValidationError(_("This person gives no verdicts."))
    to = User.objects.get(pk=chosen) if chosen in known else None
    what = _("assigned to %(name)s") % {"name": to.name} if to else _("given back to all")

    def act(keys: list[UUID]) -> Done:
        return bulk.assign(case_ids=keys, to=to, by=user, now=timezone.now())

    return _Plan(what, act, {"act": "assign", "person": chosen})


def _move(request: HttpRequest, user: User) -> _Plan:
    check_arrange(user)
    to = queues.named(request.POST.get("to", ""), user)
    if to is None:
        raise ValidationError(_("Choose the queue to move them to."))

    def act(keys: list[UUID]) -> Done:
        return bulk.move(case_ids=keys, to=to, by=user, now=timezone.now())

    return _Plan(_("moved to %(queue)s") % {"queue": to.name}, act, {"act": "move", "to": to.slug})


def _label(request: HttpRequest, user: User) -> _Plan:
    return _labelling(request, user, remove=False)


def _unlabel(request: HttpRequest, user: User) -> _Plan:
    return _labelling(request, user, remove=True)


def _labelling(request: HttpRequest, user: User, *, remove: bool) -> _Plan:
    check_label(user)
    name = request.POST.get("label", "").strip()
    if not name:
        raise ValidationError(_("Name the label."))
    words = _("freed of the label “%(name)s”") if remove else _("labelled “%(name)s”")

    def act(keys: list[UUID]) -> Done:
        now = timezone.now()
        found = label_named(name=name, by=user, now=now)
        return bulk.label(case_ids=keys, label=found, by=user, now=now, remove=remove)

    sent = {"act": "unlabel" if remove else "label", "label": name}
    return _Plan(words % {"name": name}, act, sent)


_PLANS: dict[str, Callable[[HttpRequest, User], Any]] = {
    "assign": _assign,
    "move": _move,
    "label": _label,
    "unlabel": _unlabel,
}
