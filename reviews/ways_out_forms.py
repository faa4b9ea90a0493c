"""The forms of the ways out of a case, and what each is called on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.vocabulary import Category
from reviews.vocabulary import Area, Doubt, SkipReason
from reviews.ways_out_models import LONGEST_NOTE

#: The hours for which the page offers to put a case off.
HOURS: Final = {
    "1": _("An hour"),
    "4": _("Four hours"),
    "24": _("A day"),
    "72": _("Three days"),
    "168": _("A week"),
    "336": _("Two weeks"),
}


def _words(label: Any, *, required: bool = True, help_text: Any = "") -> Any:
    """A text of some lines. What is missing or too long is for the service to say."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST_NOTE,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


class SkipForm(forms.Form):
    """Passing a case on."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[("", _("I would rather not say")), *SkipReason.choices],
        required=False,
        widget=forms.RadioSelect,
        help_text=_("Nobody has to say, and it counts for nothing."),
    )


class DeferForm(forms.Form):
    """Putting a case off."""

    hours = forms.ChoiceField(
        label=_("For how long?"), choices=list(HOURS.items()), widget=forms.RadioSelect, initial="1"
    )
    note = _words(_("Note"), required=False, help_text=_("Shown when the case comes back."))

    @property
    def until(self) -> timedelta:
        """The time for which it is put off."""
        return timedelta(hours=int(self.cleaned_data["hours"]))


class UnclearForm(forms.Form):
    """Saying that the policy leaves a case hard to judge."""

    doubt = forms.ChoiceField(
        label=_("What is unclear?"), choices=Doubt.choices, widget=forms.RadioSelect
    )
    note = _words(
        _("Note"),
        required=False,
        help_text=_("Policy admins read it. Quote nothing that the user said."),
    )
    pass_on = forms.ChoiceField(
        label=_("And the case?"),
        choices=[("", _("I go on deciding it")), ("yes", _("Somebody else decides it"))],
        required=False,
        widget=forms.RadioSelect,
    )


class ReclassifyForm(forms.Form):
    """Choosing another category."""

    category = forms.ChoiceField(
        label=_("Category"),
        choices=Category.choices,
        help_text=_("What was reported is kept beside it. Child safety leaves your sight at once."),
    )


class EscalateForm(forms.Form):
    """A question to a team."""

    team = forms.ChoiceField(label=_("Team"), choices=Area.choices, widget=forms.RadioSelect)
    question = _words(_("Your question"))


class TakeOverForm(forms.Form):
    """Why a senior takes a case over."""

    reason = _words(_("Why?"), help_text=_("Whoever holds the case reads it at once."))


class AnswerForm(forms.Form):
    """A team's answer."""

    answer = _words(_("Your answer"))


class ReturnForm(forms.Form):
    """A question comes back unanswered."""

    answer = _words(_("Why does it come back?"))


@dataclass(frozen=True)
class Way:
    """One way out as the screen offers it. ``key`` is its shortcut."""

    slug: str
    label: Promise
    title: Promise
    says: Promise
    submit: Promise
    form: type[forms.Form]
    key: str = ""


SKIP = Way(
    "skip",
    _("Skip"),
    _("Pass this case on?"),
    _("Somebody else decides it. You are not dealt it again; by hand you may still claim it."),
    _("Skip"),
    SkipForm,
    "s",
)
DEFER = Way(
    "defer",
    _("Defer"),
    _("Put this case off?"),
    _("Nobody is dealt it meanwhile. Then you are dealt it first, and after an hour anybody."),
    _("Defer"),
    DeferForm,
    "d",
)
UNCLEAR = Way(
    "unclear",
    _("Hard to judge"),
    _("What makes it hard to judge?"),
    _("This tells the policy admins that the policy is unclear. It is no verdict."),
    _("Tell them"),
    UnclearForm,
    "h",
)
RECLASSIFY = Way(
    "reclassify",
    _("Reclassify"),
    _("Another category"),
    _("The case goes to the queue of its new category. It stays yours where you may decide it."),
    _("Reclassify"),
    ReclassifyForm,
    "g",
)
ESCALATE = Way(
    "escalate",
    _("Escalate"),
    _("Ask a team"),
    _("The case waits for their answer, and then first for you. Child safety keeps it."),
    _("Ask"),
    EscalateForm,
    "e",
)
TAKE_OVER = Way(
    "take-over",
    _("Take over"),
    _("Take this case over?"),
    _("Its holder is told at once, by whom and why. What they wrote stays their draft."),
    _("Take over"),
    TakeOverForm,
)
ANSWER = Way(
    "answer",
    _("Answer"),
    _("Answer the question"),
    _("The case waits again, first for whoever asked."),
    _("Send the answer"),
    AnswerForm,
)
RETURN = Way(
    "return",
    _("Return"),
    _("Return the question"),
    _("The case is back in its queue, with your word and without an answer."),
    _("Return it"),
    ReturnForm,
)

#: What whoever holds a case may do with it, in the order of the page.
FOR_THE_HOLDER: Final = (SKIP, DEFER, UNCLEAR, RECLASSIFY, ESCALATE)
WAYS: Final = {way.slug: way for way in (*FOR_THE_HOLDER, TAKE_OVER, ANSWER, RETURN)}
