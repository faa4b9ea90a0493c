"""One alarm: what it is about, who was told when and how, and acknowledging it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reviews.danger_models import Alarm
from reviews.models import Case
from reviews.permissions import can_answer, can_read_feedback
from reviews.services import danger
from reviews.services.proving import unproven
from reviews.sight import open_to
from reviews.views.people import reviewer

#: Calls on the page, the latest; an alarm that nobody answers has no end of them.
MOST_CALLS = 200


@require_safe
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """One alarm. Its case is linked for whoever may open it."""
    user = reviewer(request)
    beside = ("acknowledged_by", "drill_by", "source")
    found = get_object_or_404(Alarm.objects.select_related(*beside), pk=pk)
    calls = found.calls.select_related("person", "pager").order_by("-step", "-pk")[:MOST_CALLS]
    context = {
        "alarm": found,
        "case": Case.objects.filter(open_to(user), pk=found.case_id).first(),
        "calls": calls,
        "may_answer": can_answer(user),
        "may_read": can_read_feedback(user),
        "unproven": unproven(found) if found.is_drill else None,
    }
    return render(request, "reviews/on_call_alarm.html", context)


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an alarm: nobody is told of it again."""
    user = reviewer(request)
    found = get_object_or_404(Alarm, pk=pk)
    if danger.answer(alarm=found, user=user, now=timezone.now()):
        messages.success(request, _("You have it. Nobody is told of it again."))
    else:
        messages.info(request, _("Somebody had acknowledged it already."))
    return redirect("alarm", pk=pk)
