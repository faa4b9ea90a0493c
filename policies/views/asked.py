"""What a preview is asked beside the editor, and in what words it is refused."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest

from policies.views.fields import label
from policies.window_forms import PreviewForm

#: The form of the editor, which sends what the fields beside it say.
EDITOR: Final = "editor"


def preview_form(request: HttpRequest) -> PreviewForm:
    """What is asked; of what was sent, where something was."""
    sent = request.POST if "days" in request.POST else None
    return PreviewForm(sent, auto_id="asked_%s", belongs_to=EDITOR)


def beside(request: HttpRequest) -> dict[str, Any]:
    """What the template beside the editor needs before any figures are there."""
    return {"asked": preview_form(request), "told": None, "faults": [], "alone": False}


def faults_in_words(reasons: dict[str, str]) -> list[str]:
    """What is wrong with the policy, each reason with the name of its value."""
    return [f"{label(pointer)}: {reason}" for pointer, reason in reasons.items()]


def refused_in_words(form: forms.Form) -> list[str]:
    """What is wrong with the question itself."""
    return [
        f"{form[name].label}: {reason}" if name in form.fields else str(reason)
        for name, reasons in form.errors.items()
        for reason in reasons
    ]
