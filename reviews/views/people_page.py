"""Who works here: their roles and areas, given and taken with a reason."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import personal_tokens
from accounts.keyset import CursorMismatch, page
from accounts.models import User
from accounts.requests import user_of
from reviews.access_forms import ChangeForm, InviteForm
from reviews.models import AccessChange, Qualification
from reviews.permissions import check_manage_people
from reviews.services import access
from reviews.vocabulary import Access

PAGE_SIZE = 50
#: The latest changes of one person; the ledger has the rest.
MOST_CHANGES = 50

_GET_AND_POST = ["GET", "HEAD", "POST"]


def _administrator(request: HttpRequest) -> User:
    """Who is signed in. Raises ``PermissionDenied`` where people are not theirs to manage."""
    user = user_of(request)
    check_manage_people(user)
    return user


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, by name."""
    _administrator(request)
    live = Qualification.objects.filter(revoked_at=None).order_by("area")
    listed = User.objects.prefetch_related(
        "groups", Prefetch("qualifications", queryset=live, to_attr="areas")
    )
    try:
        found = page(
            listed,
            ordering=["name"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="people",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("people")
    context = {
        "people": found.items,
        "newer_url": _link(found.previous_cursor),
        "older_url": _link(found.next_cursor),
    }
    return render(request, "reviews/people.html", context)


def _link(cursor: str | None) -> str:
    return f"{reverse('people')}?{urlencode({'cursor': cursor})}" if cursor else ""


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what they may do, since when and by whom."""
    user = _administrator(request)
    somebody = get_object_or_404(User, pk=pk)
    held = access.everything(somebody)
    changes = AccessChange.objects.filter(user=somebody).select_related("by")[:MOST_CHANGES]
    context = {
        "person": somebody,
        "is_oneself": somebody.pk == user.pk,
        "held": held,
        "changes": changes,
        "may_have_link": _may_have_link(somebody, user),
        "live_tokens": personal_tokens.live(somebody, now=timezone.now()).count(),
    }
    return render(request, "reviews/person.html", context)


def _may_have_link(somebody: User, user: User) -> bool:
    try:
        access.check_link(user=somebody, by=user)
    except PermissionDenied:
        return False
    return True


@require_http_methods(_GET_AND_POST)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then give what ``?what=`` names, or take it from whoever has it."""
    user = _administrator(request)
    somebody = get_object_or_404(User, pk=pk)
    if somebody.pk == user.pk:
        raise PermissionDenied(_("Nobody changes what they may do themselves."))
    held = access.named(somebody, request.GET.get("what", ""))
    if held is None:
        raise Http404
    form = ChangeForm(request.POST if request.method == "POST" else None, held=held)
    # What is taken was there when the page was made: two at once must not undo one another.
    given = request.POST.get("given", "no" if held.has else "yes") == "yes"
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if access.change(
            user=somebody, held=held, given=given, by=user, reason=reason, at=timezone.now()
        ):
            messages.success(request, _("It is done, and noted."))
        else:
            messages.info(request, _("Somebody else had done it already."))
        return redirect("person", pk=pk)
    context = {
        "person": somebody,
        "held": held,
        "form": form,
        "given": given,
        "is_account": held.access == Access.ACCOUNT,
    }
    return render(
        request, "reviews/change_access.html", context, status=422 if form.errors else 200
    )


@require_http_methods(_GET_AND_POST)
def invite(request: HttpRequest) -> HttpResponse:
    """An account for somebody new; the link by which they choose a password comes next."""
    user = _administrator(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            new = access.invite(email=sent["email"], name=sent["name"], by=user, at=timezone.now())
        except ValidationError as refused:
            form.add_error("email", refused.message_dict["email"])
        else:
            messages.success(request, _("The account is made. Give roles, then the link."))
            return redirect("person", pk=new.pk)
    return render(
        request, "reviews/invite.html", {"form": form}, status=422 if form.errors else 200
    )


@never_cache
@require_POST
def new_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the link by which somebody chooses their first password. It is kept nowhere."""
    user = _administrator(request)
    somebody = get_object_or_404(User, pk=pk)
    access.note_link(user=somebody, by=user)
    path = reverse(
        "welcome",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(somebody.pk)),
            "token": default_token_generator.make_token(somebody),
        },
    )
    context = {
        "person": somebody,
        "link": settings.RECOURSE_PUBLIC_URL.rstrip("/") + path,
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 3600),
    }
    return render(request, "reviews/invited.html", context)


@require_http_methods(_GET_AND_POST)
def revoke_tokens(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether, then revoke every personal token of somebody."""
    user = _administrator(request)
    somebody = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        ended = access.revoke_tokens(user=somebody, by=user, at=timezone.now())
        said = ngettext("%(ended)d token is revoked.", "%(ended)d tokens are revoked.", ended)
        messages.success(request, said % {"ended": ended})
        return redirect("person", pk=pk)
    count = personal_tokens.live(somebody, now=timezone.now()).count()
    context = {"person": somebody, "count": count}
    return render(request, "reviews/revoke_tokens.html", context)
