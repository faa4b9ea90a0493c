"""Words of an installation's own for notices: the list of them, and the editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.keyset import CursorMismatch, page
from accounts.models import User
from accounts.requests import user_of
from reviews.permissions import check_manage_notices
from reviews.services import text_drafts
from reviews.services.text_drafts import StaleRevision
from reviews.services.texts import NotPossible, built_in, compared
from reviews.text_forms import ScopeForm, TextFilter, WordsForm
from reviews.text_models import NoticeDraft, NoticeText
from reviews.texts import Piece, Words, cleaned, differences
from reviews.views.people import numbered

PAGE_SIZE = 50


def writer(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where notices are not their business."""
    user = user_of(request)
    check_manage_notices(user)
    return user


@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Drafts, what waits for approval, and the versions in force or all there ever were."""
    writer(request)
    form = TextFilter(request.GET)
    form.is_valid()
    wanted = {name: said for name, said in form.cleaned_data.items() if said}
    kept = urlencode({**wanted, **({"source": wanted["source"].pk} if "source" in wanted else {})})
    shown = NoticeText.objects.select_related("source", "author", "decided_by")
    versions = shown if wanted.pop("state", "") else shown.in_force()
    try:
        found = page(
            versions.filter(**wanted),
            ordering=["-id"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to=f"notice-texts?{kept}",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect(f"{reverse('notice-texts')}?{kept}")
    context = {
        "form": form,
        "clear_url": reverse("notice-texts") if kept else "",
        # At most one each for the same notices.
        "drafts": NoticeDraft.objects.select_related("source", "updated_by"),
        "waiting": shown.waiting().select_related("submitted_by"),
        "versions": found.items,
        "newer_url": _link(found.previous_cursor, kept),
        "older_url": _link(found.next_cursor, kept),
    }
    return render(request, "reviews/texts.html", context)


def _link(cursor: str | None, kept: str) -> str:
    return f"{reverse('notice-texts')}?{kept}&cursor={cursor}" if cursor else ""


@require_http_methods(["GET", "HEAD", "POST"])
def new_text(request: HttpRequest) -> HttpResponse:
    """Begin a draft: for which notices, and from which words."""
    user = writer(request)
    form = ScopeForm(request.POST if request.method == "POST" else None, initial=_asked(request))
    if form.is_bound and form.is_valid():
        try:
            draft, new = text_drafts.begin(
                scope=form.scope,
                user=user,
                now=timezone.now(),
                based_on=form.cleaned_data["based_on"],
            )
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            if not new:
                messages.info(request, _("There is a draft for these notices already: this is it."))
            return redirect("edit-notice-text", pk=draft.pk)
    status = 422 if form.errors else 200
    return render(request, "reviews/text_new.html", {"form": form}, status=status)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The notices, and the words, of the version that was asked for, where there is one."""
    asked = numbered(request.GET.get("from", ""))
    text = NoticeText.objects.filter(pk=asked).first() if asked else None
    if text is None:
        return {}
    return {
        "kind": text.kind,
        "category": text.category,
        "source": text.source_id,
        "language": text.language,
        "based_on": text.pk,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def edit_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor of a draft. What cannot be saved is shown again, with the reason."""
    user = writer(request)
    draft = NoticeDraft.objects.select_related("source", "updated_by").filter(pk=pk).first()
    if draft is None:
        return _gone(request)
    form = WordsForm(request.POST if request.method == "POST" else None, draft=draft)
    if not form.is_bound or not form.is_valid():
        return _editor(request, draft, form)
    now, revision = timezone.now(), form.cleaned_data["revision"] or 0
    try:
        saved = text_drafts.save(
            draft_id=pk,
            revision=revision,
            words=form.words,
            why=form.cleaned_data["note"],
            user=user,
            now=now,
        )
    except StaleRevision as stale:
        return _conflict(request, stale.current, form)
    except ValidationError as refused:
        form.add_error(None, refused)
        return _editor(request, draft, form)
    except NotPossible:
        return _gone(request)
    return _saved(request, saved, user)


def _saved(request: HttpRequest, draft: NoticeDraft, user: User) -> HttpResponse:
    """Where a saved draft leads: to its preview, to its version, or back to the editor."""
    then = request.POST.get("then")
    if then == "preview":
        return redirect("preview-notice-draft", pk=draft.pk)
    if then != "submit":
        messages.success(request, _("The draft is saved."))
        return redirect("edit-notice-text", pk=draft.pk)
    try:
        text = text_drafts.submit(
            draft_id=draft.pk, revision=draft.revision, user=user, now=timezone.now()
        )
    except (NotPossible, StaleRevision, ValidationError) as refused:
        said = refused.messages if isinstance(refused, ValidationError) else [str(refused)]
        for one in said:
            messages.warning(request, one)
        return redirect("edit-notice-text", pk=draft.pk)
    messages.success(request, _("Somebody else can approve it now."))
    return redirect("notice-text", pk=text.pk)


@require_POST
def discard_text(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a draft that is as it was read."""
    user = writer(request)
    revision = numbered(request.POST.get("revision", "")) or 0
    try:
        text_drafts.discard(draft_id=pk, revision=revision, user=user, now=timezone.now())
    except NotPossible:
        return _gone(request)
    except StaleRevision:
        messages.warning(request, _("Somebody saved this draft meanwhile. It is not deleted."))
        return redirect("edit-notice-text", pk=pk)
    messages.success(request, _("The draft is deleted."))
    return redirect("notice-texts")


def _gone(request: HttpRequest) -> HttpResponse:
    """The draft was submitted or deleted: what was typed is shown, so that it can be kept."""
    typed = [text for name in (*Words._fields, "note") if (text := request.POST.get(name, ""))]
    return render(request, "reviews/text_gone.html", {"typed": typed}, status=404)


@dataclass(frozen=True)
class Clash:
    """A field that says something else than what somebody else saved."""

    label: str
    pieces: list[Piece]


def _conflict(request: HttpRequest, current: NoticeDraft, form: WordsForm) -> HttpResponse:
    """Somebody saved meanwhile: what was typed, beside what they made of it. Nothing is saved."""
    theirs = {**current.words._asdict(), "note": current.note}
    typed = form.cleaned_data
    clashes = [
        Clash(str(field.label), differences(theirs[name], cleaned(typed[name])))
        for name, field in form.fields.items()
        if name in theirs and cleaned(typed[name]) != theirs[name]
    ]
    form.data = {**dict(form.data.items()), "revision": str(current.revision)}
    return _editor(request, current, form, clashes=clashes, status=409)


def _editor(
    request: HttpRequest,
    draft: NoticeDraft,
    form: WordsForm,
    *,
    clashes: list[Clash] | None = None,
    status: int = 0,
) -> HttpResponse:
    own = built_in(draft.scope)._asdict()
    context = {
        "draft": draft,
        "form": form,
        "fields": [(field, own.get(field.name, "")) for field in form.visible_fields()],
        "compared": compared(draft),
        "clashes": clashes,
    }
    status = status or (422 if form.errors else 200)
    return render(request, "reviews/text_edit.html", context, status=status)
