"""What people send to decide on policies, put them in force and stop them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from conversations.models import ID_LENGTH
from policies.documents import LARGEST
from policies.scopes import LONGEST, MalformedScope, Scope
from policies.services.activations import ALL, Guard

LONGEST_REASON = 2000


class DateTimeInput(forms.DateTimeInput):
    """The browser's own calendar and clock."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ActForm(forms.Form):
    """What an act asks for. :attr:`PARTS` are the fields that say for which conversations."""

    PARTS: tuple[str, ...] = ()


class ReasonForm(ActForm):
    """Why something is done."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with it, for whoever asks later."),
    )


class CommentForm(ActForm):
    """What one may say with an approval."""

    reason = forms.CharField(
        label=_("Comment"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class NothingForm(ActForm):
    """A question that needs no more than a yes."""


class SubmitForm(ActForm):
    """Which finished backtest of it the second person sees first; the newest, if not another.

    The field is not there where there is none. After validation, ``backtest`` is its id or None.
    """

    backtest = forms.TypedChoiceField(
        label=_("Backtest that is shown first"), required=False, coerce=UUID, empty_value=None
    )

    def __init__(self, *args: Any, finished: list[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not finished:
            del self.fields["backtest"]
            return
        offer(self, "backtest", [*finished, ("", _("None"))])
        self.fields["backtest"].initial = finished[0][0]


class ScopeForm(ActForm):
    """For which conversations: after validation, ``scope`` is it as it is stored."""

    model = forms.CharField(label=_("Model"), max_length=LONGEST, required=False)
    surface = forms.CharField(label=_("Surface"), max_length=LONGEST, required=False)
    locale = forms.CharField(
        label=_("Locale"),
        max_length=40,
        required=False,
        help_text=_("Such as de, which holds for de-AT too. All three empty: all conversations."),
    )

    PARTS = ("model", "surface", "locale")

    def clean(self) -> dict[str, Any]:
        """Spell the scope."""
        sent = super().clean() or self.cleaned_data
        said = {name: sent.get(name) or "" for name in self.PARTS}
        said["locale"] = said["locale"].replace("_", "-").lower()
        try:
            sent["scope"] = str(Scope.parse(str(Scope(**said))))
        except MalformedScope:
            raise ValidationError(gettext("No conversation can be in such a scope.")) from None
        return sent

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields that say for which conversations."""
        return [self[name] for name in self.PARTS]

    @property
    def narrowed(self) -> bool:
        """Whether any of them says something, or is refused."""
        return any(part.value() or part.errors for part in self.parts)

    @classmethod
    def initial_of(cls, scope: str) -> dict[str, str]:
        """What the fields say for a stored *scope*; empty where there is no such scope."""
        try:
            found = Scope.parse(scope)
        except MalformedScope:
            return {}
        return {name: getattr(found, name) for name in cls.PARTS}


class ShareForm(ReasonForm):
    """Another share of a staged rollout."""

    percent = forms.IntegerField(
        label=_("Share of conversations, in percent"), min_value=1, max_value=ALL
    )
    field_order = ["percent", "reason"]


class ActivateForm(ScopeForm):
    """Putting a version in force."""

    percent = forms.IntegerField(
        label=_("Share of conversations, in percent"),
        min_value=1,
        max_value=ALL,
        initial=ALL,
        help_text=_("Below 100, the others keep what they have now."),
    )
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=DateTimeInput(),
        help_text=_("In your time zone. Empty: now."),
    )
    guard_rolls_back = forms.BooleanField(
        label=_("Roll back by itself when audits say that it errs more"),
        required=False,
        help_text=_("Only on audited overturns, and only to a stricter version."),
    )
    guard_ceiling = forms.IntegerField(
        label=_("Highest overturn rate, in percent"),
        min_value=1,
        max_value=99,
        required=False,
        help_text=_("What the guard holds it against once it is in force for all."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ["percent", "at", "reason", "guard_rolls_back", "guard_ceiling"]

    def clean_at(self) -> datetime | None:
        """A time that is yet to come."""
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at <= timezone.now():
            raise ValidationError(gettext("That time is over. Leave it empty for now."))
        return at

    def clean(self) -> dict[str, Any]:
        """Put together what the guard may do: ``guard``."""
        said = super().clean()
        ceiling = said.get("guard_ceiling")
        share = None if ceiling is None else ceiling / 100
        said["guard"] = Guard(said.get("guard_rolls_back", False), share)
        return said


class BreakGlassForm(ScopeForm, ReasonForm):
    """Putting a stricter version in force alone."""


class PauseForm(ScopeForm, ReasonForm):
    """Stopping all ending, or that of a scope."""


class WhichForm(forms.Form):
    """A conversation, to ask which policy it would have."""

    model = forms.CharField(label=_("Model"), max_length=LONGEST, required=False)
    surface = forms.CharField(label=_("Surface"), max_length=LONGEST, required=False)
    locale = forms.CharField(label=_("Locale"), max_length=LONGEST, required=False)
    conversation_id = forms.CharField(
        label=_("Conversation"),
        max_length=ID_LENGTH,
        required=False,
        help_text=_(
            "Its id at the source: says which side of a rollout it is on, and, where it was ended"
            " or nearly, what is left empty above."
        ),
    )


class NewDraftForm(forms.Form):
    """Where a draft begins: at a version, or at a policy written as YAML."""

    based_on = forms.TypedChoiceField(label=_("Begin from"), coerce=int, empty_value=None)
    yaml = forms.CharField(
        label=_("Or paste a policy as YAML"),
        required=False,
        max_length=LARGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
        help_text=_("What it does not name has the default of the code."),
    )
    file = forms.FileField(label=_("Or a file"), required=False)
    note = forms.CharField(
        label=_("What it is to change"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, numbers: list[int], in_force: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (number, gettext("Policy %(number)d") % {"number": number}) for number in numbers
        ]
        offer(self, "based_on", choices)
        self.fields["based_on"].initial = in_force

    def clean_file(self) -> bytes | None:
        """What is in the file. One byte more than a policy may have is enough to refuse it."""
        sent = self.cleaned_data["file"]
        return sent.read(LARGEST + 1) if sent else None
