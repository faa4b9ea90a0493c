"""What those who may place legal holds send."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conversations.models import Source
from reviews.models import Case

_NUMBER = re.compile(r"(?:CO-)?([0-9]{1,12})", re.IGNORECASE)


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"


def end_of(day: date) -> datetime:
    """The moment at which *day* is over, in the present time zone."""
    following = datetime.combine(day + timedelta(days=1), time.min)
    return timezone.make_aware(following)


class ExtendForm(forms.Form):
    """A later end of a hold."""

    until = forms.DateField(
        label=_("Until"), widget=DateInput, help_text=_("The last day of the hold.")
    )

    def clean_until(self) -> datetime:
        """The end of that day."""
        try:
            return end_of(self.cleaned_data["until"])
        except (OverflowError, ValueError):
            raise ValidationError(gettext("Choose a day in this century.")) from None


class HoldForm(ExtendForm):
    """A new hold: on one case, on the person of a case, or on a person by their id.

    After validation ``found`` is the case that was named, None where none was.
    """

    CASE, SUBJECT, PERSON = "case", "subject", "person"

    of = forms.ChoiceField(
        label=_("Hold"),
        choices=[
            (CASE, _("One case")),
            (SUBJECT, _("The person of a case: all their cases, and whatever comes of them later")),
            (PERSON, _("A person by their id at the source, likewise")),
        ],
        widget=forms.RadioSelect,
    )
    case = forms.CharField(
        label=_("Case"), max_length=20, help_text=_("Its number, such as CO-1042.")
    )
    source = forms.ModelChoiceField(label=_("Source"), queryset=Source.objects)
    user_id = forms.CharField(
        label=_("User id"),
        max_length=256,
        help_text=_("As the source knows the person. It is not stored: the pseudonym is."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    matter = forms.CharField(
        label=_("Matter"), max_length=80, help_text=_("The number of the legal matter.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    #: Which fields a choice needs; those of the others may be empty.
    _NEEDED = {CASE: ("case",), SUBJECT: ("case",), PERSON: ("source", "user_id")}

    field_order = ["of", "case", "source", "user_id", "matter", "reason", "until"]
    # The browser cannot know which of them are hidden.
    use_required_attribute = False

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.found: Case | None = None

    def full_clean(self) -> None:
        """Ask for the fields that the choice needs."""
        needed = self._NEEDED.get(self.data.get("of", ""), ())
        for name in ("case", "source", "user_id"):
            self.fields[name].required = not self.is_bound or name in needed
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        """Find the case that is meant."""
        sent: dict[str, Any] = super().clean() or {}
        if sent.get("of") in (self.CASE, self.SUBJECT) and sent.get("case"):
            self._find(sent)
        return sent

    def _find(self, sent: dict[str, Any]) -> None:
        number = _NUMBER.fullmatch(sent["case"])
        cases = Case.objects.listed_for(self._user).select_related("cutoff__conversation__source")
        self.found = cases.filter(number=number[1]).first() if number else None
        if self.found is None:
            self.add_error("case", gettext("There is no such case."))
        elif sent["of"] == self.SUBJECT and not self.found.cutoff.conversation.subject:
            self.add_error(
                "case", gettext("The source did not say whose conversation this is. Hold the case.")
            )
