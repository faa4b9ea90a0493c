"""Queues, and the rules that send cases there: for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from reviews.models import CaseQueue, RoutingRule
from reviews.permissions import check_route
from reviews.routing_forms import QueueForm, RenameForm, RuleForm
from reviews.services import queues, routing_rules
from reviews.services.queue import waiting_counts
from reviews.services.routing import TRIED_ON, Tried, asked_for, try_rule
from reviews.views.people import reviewer
from reviews.views.refusals import explain

_GET_AND_POST = ["GET", "HEAD", "POST"]


def _administrator(request: HttpRequest) -> User:
    user = reviewer(request)
    check_route(user)
    return user


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The queues in their order with what waits in each, and the rules in theirs."""
    user = _administrator(request)
    waiting = {one.slug: one.waiting for one in waiting_counts(user=user)}
    rules = RoutingRule.objects.live().select_related("queue", "source", "made_by")
    context = {
        "queues": [(queue, waiting.get(queue.slug)) for queue in CaseQueue.objects.open()],
        "rules": [(rule, asked_for(rule)) for rule in rules],
    }
    return render(request, "reviews/routing.html", {"of": context})


@require_http_methods(_GET_AND_POST)
def new_queue(request: HttpRequest) -> HttpResponse:
    """Make a queue."""
    user = _administrator(request)
    form = QueueForm(request.POST or None)
    if form.is_valid():
        name, area = form.cleaned_data["name"], form.cleaned_data["area"]
        try:
            queue = queues.make(
                slug=queues.slug_for(name), name=name, area=area, by=user, now=timezone.now()
            )
        except ValidationError as refused:
            explain(form, refused)
        else:
            told = _("The queue %(queue)s is there. A rule brings cases to it.")
            messages.success(request, told % {"queue": queue.name})
            return redirect("routing")
    return _form(request, form, "reviews/routing_queue.html", queue=None)


@require_http_methods(_GET_AND_POST)
def rename_queue(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a queue another name."""
    user = _administrator(request)
    queue = get_object_or_404(CaseQueue.objects.open(), pk=slug)
    form = RenameForm(request.POST or None, initial={"name": queue.name})
    if form.is_valid():
        try:
            queues.rename(queue=queue, name=form.cleaned_data["name"], by=user, now=timezone.now())
        except ValidationError as refused:
            explain(form, refused)
        else:
            messages.success(request, _("The queue has its new name."))
            return redirect("routing")
    return _form(request, form, "reviews/routing_queue.html", queue=queue)


@require_http_methods(_GET_AND_POST)
def close_queue(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether, then close an empty queue."""
    user = _administrator(request)
    queue = get_object_or_404(CaseQueue.objects.open(), pk=slug)
    if request.method == "POST":
        try:
            queues.close(queue=queue, by=user, now=timezone.now())
        except ValidationError as refused:
            messages.warning(request, " ".join(refused.messages))
        else:
            messages.success(request, _("The queue is closed."))
        return redirect("routing")
    return render(request, "reviews/routing_end.html", {"queue": queue, "rule": None, "asks": ""})


@require_http_methods(_GET_AND_POST)
def new_rule(request: HttpRequest) -> HttpResponse:
    """Try and make a rule, asked after all others."""
    user = _administrator(request)
    form = RuleForm(request.POST or None)
    tried = None
    if form.is_valid():
        if "try" in request.POST:
            tried = _tried(form, None)
        else:
            try:
                routing_rules.make(rule=form.rule, by=user, now=timezone.now())
            except ValidationError as refused:
                explain(form, refused)
            else:
                messages.success(request, _("The rule holds for what comes from now on."))
                return redirect("routing")
    return _form(request, form, "reviews/routing_rule.html", rule=None, tried=tried)


@require_http_methods(_GET_AND_POST)
def change_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Try and change a rule, in its place."""
    user = _administrator(request)
    rule = get_object_or_404(RoutingRule.objects.live(), pk=rule_id)
    form = RuleForm(request.POST) if request.method == "POST" else RuleForm.of(rule)
    tried = None
    if form.is_valid():
        if "try" in request.POST:
            tried = _tried(form, rule)
        else:
            try:
                routing_rules.change(old=rule, rule=form.rule, by=user, now=timezone.now())
            except ValidationError as refused:
                explain(form, refused)
            else:
                messages.success(request, _("The rule is changed for what comes from now on."))
                return redirect("routing")
    return _form(request, form, "reviews/routing_rule.html", rule=rule, tried=tried)


@require_POST
def move_rule_up(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Ask a rule one place earlier."""
    user = _administrator(request)
    rule = get_object_or_404(RoutingRule.objects.live(), pk=rule_id)
    routing_rules.move_up(rule=rule, by=user, now=timezone.now())
    messages.success(request, _("“%(rule)s” is asked earlier now.") % {"rule": rule.name})
    return redirect("routing")


@require_http_methods(_GET_AND_POST)
def retire_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Ask whether, then take a rule out of force."""
    user = _administrator(request)
    rule = get_object_or_404(RoutingRule.objects.live().select_related("queue"), pk=rule_id)
    if request.method == "POST":
        try:
            routing_rules.retire(rule=rule, by=user, now=timezone.now())
        except ValidationError as refused:
            messages.warning(request, " ".join(refused.messages))
        else:
            messages.success(request, _("The rule is retired. What it placed stays there."))
        return redirect("routing")
    context = {"queue": None, "rule": rule, "asks": asked_for(rule)}
    return render(request, "reviews/routing_end.html", context)


def _tried(form: RuleForm, instead_of: RoutingRule | None) -> Tried:
    place = instead_of.position if instead_of else routing_rules.next_position()
    return try_rule(
        rule=form.rule.asks,
        position=place,
        instead_of=instead_of.pk if instead_of else None,
        now=timezone.now(),
    )


def _form(request: HttpRequest, form: Form, template: str, **context: object) -> HttpResponse:
    context |= {"form": form, "days": TRIED_ON.days}
    return render(request, template, context, status=422 if form.errors else 200)
