"""What users said of a cutoff that has not come."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from conversations.models import RelayedFeedback
from reviews.danger_models import Alarm
from reviews.permissions import check_read_feedback
from reviews.services import unlinked
from reviews.views.people import reviewer


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """All of it, or what ``?alarm=`` is about, the latest first.

    The words themselves are not in it: asking is recorded.
    """
    user = reviewer(request)
    check_read_feedback(user)
    return _listed(request)


@require_POST
def read(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """The same with the words of one."""
    user = reviewer(request)
    return _listed(request, event_id, _words(event_id, user))


def _words(event_id: UUID, user: User) -> str:
    try:
        return unlinked.read(event_id=event_id, user=user, now=timezone.now())
    except RelayedFeedback.DoesNotExist:
        raise Http404 from None


def _listed(request: HttpRequest, opened: UUID | None = None, words: str = "") -> HttpResponse:
    alarm = _alarm(request.GET.get("alarm", ""))
    rows = unlinked.waiting(now=timezone.now(), alarm=alarm)
    context = {"rows": rows, "opened": opened, "words": words, "alarm": alarm}
    return render(request, "reviews/unlinked.html", context)


def _alarm(number: str) -> Alarm | None:
    """The alarm of that number which is about feedback that waits, or was; else none."""
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    return Alarm.objects.filter(pk=int(number), source__isnull=False).first()
