"""The admin of cases, and a plain pair of views that claims and decides."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from bench.plain_admin.models import PlainCase, PlainWork


class Site(admin.AdminSite):
    """Django's admin for users without its own mark of staff."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever may do everything."""
        return bool(getattr(request.user, "is_superuser", False))


class CaseAdmin(admin.ModelAdmin[PlainCase]):
    """The list of cases as most would set it up."""

    list_display = ("number", "kind", "category", "model", "locale", "at", "due_at", "priority")
    list_filter = ("state", "queue", "category", "kind")
    search_fields = ("transcript__messages",)
    list_per_page = 50


site = Site(name="admin")
site.register(PlainCase, CaseAdmin)


@login_required
def claim(request: HttpRequest) -> HttpResponse:
    """Take the first row that waits, as Django's documentation would have it."""
    waiting = PlainWork._default_manager.filter(selected=True, state="open")
    with transaction.atomic():
        work = (
            waiting.order_by("-priority", "due_at", "cutoff_id")
            .select_for_update(skip_locked=True)
            .first()
        )
        if work is None:
            return HttpResponse(status=204)
        PlainWork._default_manager.filter(pk=work.pk).update(
            state="claimed", holder=request.user.pk, claimed_at=timezone.now()
        )
    return redirect(f"/cases/{work.number}")


@login_required
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Write the decision on the row that one holds."""
    written = PlainWork._default_manager.filter(
        number=number, state="claimed", holder=request.user.pk
    ).update(
        state="decided",
        decision=request.POST["decision"],
        rationale=request.POST["rationale"],
        decided_at=timezone.now(),
    )
    return redirect(f"/cases/{number}") if written else HttpResponse(status=409)


urlpatterns = [
    path("admin/", site.urls),
    path("review/claim-next", claim),
    path("cases/<int:number>/verdict", decide),
    path("healthz", lambda _request: HttpResponse("ok")),
]
