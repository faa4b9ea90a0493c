"""Acts: something that a button does after a question, in a dialog or, without scripts, on a page.

Each act has one address. A link opens its dialog, or the same form as a page; sending it acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from policies.forms import ActForm
from policies.models import Draft
from policies.scopes import MalformedScope
from policies.services.drafts import StaleRevision
from policies.services.versions import NotPossible
from policies.thresholds import InvalidPolicy


@dataclass(frozen=True)
class Act:
    """A button and its question.

    ``name`` is the dialog's id; ``words`` say what will happen. ``danger`` makes the last
    button red, ``red`` the first one too. ``refused`` says why the reader may not, in words, and
    is empty where they may.
    """

    name: str
    label: str
    title: str
    words: str
    url: str
    form: ActForm
    submit: str
    danger: bool = False
    primary: bool = False
    red: bool = False
    refused: str = ""


def run(
    request: HttpRequest, act: Act, *, back: str, do: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    """Ask on GET; on POST call *do* with what was sent, say what it answers, and go *back*.

    What cannot be done is said above the form, with all that was typed.
    """
    form = act.form
    if form.is_bound and form.is_valid():
        try:
            done = do(form.cleaned_data)
        except InvalidPolicy as refused:
            for fault in refused.faults:
                form.add_error(None, f"{fault.pointer}: {fault.detail}")
        except (NotPossible, StaleRevision, MalformedScope) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect(back)
    status = 422 if form.is_bound else 200
    # The same address again: it names what the reader saw, not what is there by now.
    context = {"act": act, "action": request.get_full_path(), "back": back}
    return render(request, "policies/act.html", context, status=status)


def revision_of(request: HttpRequest, draft: Draft | None) -> int | None:
    """The revision of *draft* that the address says was read; 0, which none has, for no such.

    None where neither the address nor the policy is about a draft.
    """
    given = request.GET.get("revision")
    if given is None and draft is None:
        return None
    return int(given) if given and given.isdecimal() and len(given) < 10 else 0


def sent(request: HttpRequest) -> Any:
    """What the form of an act is bound to; None before it is sent."""
    return request.POST if request.method == "POST" else None
