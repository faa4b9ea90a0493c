"""Beginning a draft, and the editor."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from policies import documents, editor
from policies.editor import Flat
from policies.forms import LONGEST_REASON, NewDraftForm
from policies.models import Draft, PolicyVersion
from policies.services import drafts, reading
from policies.services.drafts import StaleRevision
from policies.services.versions import NotPossible
from policies.thresholds import InvalidPolicy, Thresholds, read
from policies.views.asked import beside
from policies.views.fields import clash_rows, fields
from policies.views.people import may_change, user_of
from policies.views.shown import changes

_GET_AND_POST = ["GET", "HEAD", "POST"]


@require_http_methods(_GET_AND_POST)
@may_change
def new_draft(request: HttpRequest) -> HttpResponse:
    """Begin a draft from a version, or from a policy as YAML."""
    given = request.GET.get("from", "")
    numbers, in_force = reading.numbers(), reading.default_version().number
    known = given.isdecimal() and len(given) < 10 and int(given) in numbers
    posted = request.method == "POST"
    form = NewDraftForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        numbers=numbers,
        in_force=int(given) if known else in_force,
    )
    faults: list[Any] = []
    if form.is_bound and form.is_valid():
        try:
            draft = _begin(request, form)
        except InvalidPolicy as refused:
            faults = refused.faults
            _keep_the_file(form)
        except NotPossible as refused:
            form.add_error("based_on", str(refused))
        else:
            return redirect("policy-edit", number=draft.number)
    status = 422 if faults or form.errors else 200
    context = {"form": form, "faults": faults}
    return render(request, "policies/new_draft.html", context, status=status)


def _begin(request: HttpRequest, form: NewDraftForm) -> Draft:
    said = form.cleaned_data
    document = said["file"] or said["yaml"].encode()
    content = msgspec.to_builtins(documents.load(document)) if document.strip() else None
    return drafts.create_draft(
        user=user_of(request),
        now=timezone.now(),
        content=content,
        based_on=PolicyVersion.objects.get(number=said["based_on"]),
        note=said["note"],
    )


def _keep_the_file(form: NewDraftForm) -> None:
    """Show a refused file as text, so that it can be mended in its place."""
    if document := form.cleaned_data["file"]:
        text = document[: documents.LARGEST].decode("utf-8", "replace")
        form.data = {**dict(form.data.items()), "yaml": text}


@require_http_methods(_GET_AND_POST)
@may_change
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """The editor of a draft."""
    if request.method == "POST":
        return _save(request, number)
    draft = Draft.objects.select_related("updated_by").filter(number=number).first()
    if draft is None:
        get_object_or_404(PolicyVersion, number=number)
        return redirect("policy-version", number=number)
    policy = reading.readable(draft)
    if policy is None:
        messages.warning(request, _("This draft can no longer be read: begin another one."))
        return redirect("policy-version", number=number)
    return _page(request, draft, editor.flat(policy, draft.note))


def _save(request: HttpRequest, number: int) -> HttpResponse:
    """Save what was typed; show it again, with the reason, where it cannot be saved."""
    typed = editor.typed(request.POST)
    user, now, content = user_of(request), timezone.now(), editor.content(typed)
    draft = Draft.objects.select_related("updated_by").filter(number=number).first()
    if len(typed[editor.NOTE]) > LONGEST_REASON:
        errors = {editor.NOTE: _("At most %(most)d characters.") % {"most": LONGEST_REASON}}
        return _page(request, draft, typed, number=number, errors=errors)
    note = typed[editor.NOTE]
    try:
        if request.POST.get("then") == "new":
            based_on = PolicyVersion.objects.filter(number=number).first()
            saved = drafts.create_draft(
                user=user, now=now, content=content, based_on=based_on, note=note
            )
        else:
            revision = _revision(request)
            saved = drafts.edit_draft(
                number=number, revision=revision, user=user, now=now, content=content, note=note
            )
    except InvalidPolicy as refused:
        return _page(request, draft, typed, number=number, errors=editor.errors(refused.faults))
    except StaleRevision as stale:
        return _conflict(request, stale.current, typed)
    except NotPossible as refused:
        get_object_or_404(PolicyVersion, number=number)
        return _page(request, None, typed, number=number, gone=str(refused))
    messages.success(request, _("The draft is saved."))
    if request.POST.get("then") == "submit":
        return redirect(f"{reverse('policy-submit', args=[number])}?revision={saved.revision}")
    return redirect("policy-edit", number=saved.number)


def previewed(
    request: HttpRequest, number: int, preview: dict[str, Any], errors: dict[str, str]
) -> HttpResponse:
    """The editor with what was typed and its *preview*, nothing saved.

    Where somebody saved meanwhile, what they made of it comes first.
    """
    typed = editor.typed(request.POST)
    draft = get_object_or_404(Draft.objects.select_related("updated_by"), number=number)
    if _revision(request) != draft.revision:
        return _conflict(request, draft, typed)
    return _page(request, draft, typed, errors=errors, preview=preview)


def _revision(request: HttpRequest) -> int:
    given = request.POST.get("revision", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def _conflict(request: HttpRequest, current: Draft, typed: Flat) -> HttpResponse:
    """Somebody saved meanwhile: what was typed, on top of what they made of it."""
    theirs_policy = reading.readable(current) or Thresholds()
    theirs = editor.flat(theirs_policy, current.note)
    on_top, clashes = editor.merged(_as_read(request, theirs), theirs, typed)
    return _page(request, current, on_top, clashes=clash_rows(clashes))


def _as_read(request: HttpRequest, theirs: Flat) -> Flat:
    """What the draft said when the editor was opened, as the form kept it."""
    try:
        kept = msgspec.json.decode(request.POST.get("read", ""))
        return editor.flat(read(kept["content"]), str(kept["note"]).strip())
    except (msgspec.DecodeError, InvalidPolicy, KeyError, TypeError):
        return theirs


def _page(
    request: HttpRequest,
    draft: Draft | None,
    values: Flat,
    *,
    number: int = 0,
    errors: dict[str, str] | None = None,
    clashes: list[Any] | None = None,
    gone: str = "",
    preview: dict[str, Any] | None = None,
) -> HttpResponse:
    """The editor with *values*; without a *draft*, where that is none any more."""
    base = reading.default_version()
    standing = reading.readable(base)
    saved = reading.readable(draft) if draft else None
    kept = {"content": draft.content, "note": draft.note} if draft else {}
    context = {
        "number": draft.number if draft else number,
        "draft": draft,
        "base": base,
        "fields": fields(values, editor.flat(standing or Thresholds()), errors or {}),
        "note": values[editor.NOTE],
        "note_error": (errors or {}).get(editor.NOTE, ""),
        "wrong": len(errors or {}),
        "clashes": clashes,
        "gone": gone,
        "read": msgspec.json.encode(kept).decode(),
        "changes": changes(standing, saved) if standing and saved else [],
        **(preview or beside(request)),
    }
    status = 409 if gone or clashes is not None else 422 if errors else 200
    return render(request, "policies/editor.html", context, status=status)
