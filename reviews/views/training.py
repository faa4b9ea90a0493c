"""Training: what a trainee practises on, and what mentors say of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.roles import Role
from reviews.forms import VerdictForm
from reviews.models import Exercise
from reviews.permissions import can_mentor, can_train, check_mentor
from reviews.quality_forms import CertifyForm, CommentForm, PracticeForm
from reviews.services import certification, training
from reviews.services.page import page_of
from reviews.services.reading import open_case, reveal
from reviews.transitions import Forbidden
from reviews.views.refusals import explain
from reviews.views.shown import show_turns, shown

MOST_LISTED = 200


def _person(request: HttpRequest) -> User:
    """A trainee or a mentor; ``PermissionDenied`` for anybody else."""
    user = request.user
    if not isinstance(user, User) or not (can_train(user) or can_mentor(user)):
        raise PermissionDenied(_("Your role does not include training."))
    return user


def _exercise(user: User, pk: UUID) -> Exercise:
    found = training.exercise_for(user, pk)
    if found is None:
        raise Http404
    return found


@require_safe
def exercises_page(request: HttpRequest) -> HttpResponse:
    """A trainee's exercises, and the way to the next one. Mentors come to the answers."""
    user = _person(request)
    if not can_train(user):
        return redirect("training-answers")
    rows = training.own(user).order_by("-dealt_at", "pk")[:MOST_LISTED]
    context = {"rows": rows, "form": PracticeForm()}
    return render(request, "reviews/training.html", context)


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """On to the exercise that is open, else to a new one."""
    user = _person(request)
    try:
        found = training.next_exercise(
            user=user, queue=request.POST.get("queue", ""), now=timezone.now()
        )
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
        return redirect("training")
    if found is None:
        messages.info(request, _("No decided case of this queue is left for you. Try another."))
        return redirect("training")
    return redirect("exercise", pk=found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def exercise(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One exercise: the case without its outcome, and the answer; afterwards both."""
    user = _person(request)
    found = _exercise(user, pk)
    opened = open_case(case=found.case, user=user)
    opened.folded = opened.undecided = found.answered_at is None
    asked = shown(request, found.case.number)
    page = page_of(opened, user=user, revealed=asked.among(opened.hidden))
    form = None
    if found.answered_at is None:
        form = VerdictForm(request.POST or None, case=found.case, messages=opened.messages)
        if form.is_bound and form.is_valid():
            try:
                training.answer(
                    exercise=found, user=user, verdict=form.verdict(), now=timezone.now()
                )
            except Forbidden as refused:
                messages.warning(request, str(refused))
                return redirect("training")
            messages.success(request, _("Your answer is in. Below it is what was decided."))
            return redirect("exercise", pk=pk)
    context: dict[str, Any] = {
        "exercise": found,
        "case": found.case,
        "opened": opened,
        "page": page,
        "stretches": page.reading.stretches(everything=True) if page.reading else [],
        "form": form,
        "outcome": training.outcome_of(found),
        "comment_form": CommentForm() if can_mentor(user) and found.answered_at else None,
        "may_see_transcript": True,
        "may_cite": False,
        "cited": set(),
        "open_turns": set(range(1, len(opened.messages or ()) + 1)),
        "case_url": request.path,
    }
    status = 422 if form and form.errors else 200
    return render(request, "reviews/training_exercise.html", context, status=status)


@require_POST
def reveal_turn(request: HttpRequest, pk: UUID, turn: int) -> HttpResponse:
    """Show one hidden turn of an exercise; the ledger notes it."""
    user = _person(request)
    found = _exercise(user, pk)
    if not reveal(case=found.case, user=user, turns=[turn]):
        raise Http404
    show_turns(request, found.case.number, [turn])
    response = redirect("exercise", pk=pk)
    response["Location"] += f"#turn-{turn}"
    return response


@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    """What trainees answered, for mentors, and the people to certify."""
    user = _person(request)
    check_mentor(user)
    rows = training.answered(user).order_by("-dealt_at", "pk")[:MOST_LISTED]
    trainees = User.objects.filter(groups__name=Role.TRAINEE, is_active=True)
    context = {
        "rows": rows,
        "trainees": trainees.order_by("name", "pk"),
    }
    return render(request, "reviews/training_answers.html", context)


@require_POST
def comment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say something of an answer."""
    user = _person(request)
    found = _exercise(user, pk)
    try:
        training.comment(
            exercise=found, by=user, text=request.POST.get("text", ""), now=timezone.now()
        )
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
    except Forbidden as early:
        messages.warning(request, str(early))
    else:
        messages.success(request, _("Your comment stands below the answer."))
    return redirect("exercise", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def certify(request: HttpRequest, pk: int) -> HttpResponse:
    """Certify somebody for a queue, or take the certificate back."""
    user = _person(request)
    check_mentor(user)
    person = get_object_or_404(User, pk=pk, is_active=True)
    form = CertifyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        sent, taking = form.cleaned_data, "withdraw" in request.POST
        act = certification.withdraw if taking else certification.certify
        try:
            changed = act(
                user=person, queue=sent["queue"], by=user, reason=sent["reason"], at=timezone.now()
            )
        except ValidationError as refused:
            explain(form, refused)
        else:
            told = _("That is so from now on.") if changed else _("It was so already.")
            messages.success(request, told)
            return redirect("training-answers")
    status = 422 if form.errors else 200
    done = training.own(person).filter(answered_at__isnull=False).count()
    context = {"form": form, "person": person, "done": done}
    return render(request, "reviews/training_certify.html", context, status=status)
