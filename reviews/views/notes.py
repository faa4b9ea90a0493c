"""Notes that reviewers leave each other beside a case."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from reviews.models import Case, CaseNote
from reviews.permissions import facts_of, viewer_of
from reviews.services import notes
from reviews.services.reading import OpenedCase
from reviews.transitions import Forbidden
from reviews.views.people import case_for, reviewer
from reviews.visibility import is_blind, visible


def notes_context(opened: OpenedCase, user: User, now: datetime) -> dict[str, Any]:
    """The notes of an opened case, for its page."""
    return _context(opened.case, user, now, shows=opened.shows, blind=opened.blind)


def _context(
    case: Case, user: User, now: datetime, *, shows: frozenset[Any], blind: bool
) -> dict[str, Any]:
    found = notes.notes_for(case=case, user=user, shows=shows, blind=blind)
    return {
        "notes": [
            {
                "note": note,
                "mine": note.author_id == user.pk,
                "changeable": notes.changeable(note, user=user, now=now),
            }
            for note in found
        ],
        "may_write_notes": notes.may_write(shows, blind=blind),
        "note_error": "",
        "note_text": "",
    }


@require_POST
def write(request: HttpRequest, number: int) -> HttpResponse:
    """Leave a note."""
    user = reviewer(request)
    case = case_for(user, number)
    text, now = request.POST.get("text", ""), timezone.now()
    try:
        notes.write(case=case, user=user, text=text, now=now)
    except (ValidationError, Forbidden) as refused:
        return _refused(request, case, user, refused, text)
    return _answer(request, case, user)


@require_POST
def change(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Replace the words of one's own note while it is new."""
    user = reviewer(request)
    case = case_for(user, number)
    note = get_object_or_404(CaseNote, pk=pk, case=case, author=user, deleted_at=None)
    text = request.POST.get("text", "")
    try:
        notes.change(note=note, user=user, text=text, now=timezone.now())
    except (ValidationError, Forbidden) as refused:
        return _refused(request, case, user, refused, text)
    return _answer(request, case, user)


@require_POST
def delete(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Delete one's own note."""
    user = reviewer(request)
    case = case_for(user, number)
    note = get_object_or_404(CaseNote, pk=pk, case=case, author=user, deleted_at=None)
    notes.delete(note=note, user=user, now=timezone.now())
    return _answer(request, case, user)


def _refused(
    request: HttpRequest, case: Case, user: User, refused: Exception, text: str
) -> HttpResponse:
    """Say what is wrong; with htmx beside the words, which are kept."""
    said = refused.messages[0] if isinstance(refused, ValidationError) else str(refused)
    if not request.headers.get("HX-Request"):
        messages.warning(request, said)
        return redirect(f"{reverse('case', args=[case.number])}#notes")
    return _notes(request, case, user, status=422, note_error=said, note_text=text)


def _answer(request: HttpRequest, case: Case, user: User) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return _notes(request, case, user)
    return redirect(f"{reverse('case', args=[case.number])}#notes")


def _notes(
    request: HttpRequest, case: Case, user: User, *, status: int = 200, **said: str
) -> HttpResponse:
    viewer, facts = viewer_of(user), facts_of(case)
    context = _context(
        case, user, timezone.now(), shows=visible(viewer, facts), blind=is_blind(viewer, facts)
    )
    return render(request, "reviews/_notes.html", {"case": case} | context | said, status=status)
