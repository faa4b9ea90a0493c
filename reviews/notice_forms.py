"""What staff send of notices: why one is restricted, and of which days statements are wanted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conversations.vocabulary import Kind
from reviews.hold_forms import DateInput
from reviews.models import Case
from reviews.notice_models import LONGEST_REASON


class RestrictionForm(forms.Form):
    """Why a notice is restricted, or no longer is."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For those who look at it later. Users and sources never read it."),
    )


class RevokeForm(forms.Form):
    """Of which case the link is revoked. After validation ``found`` is that case."""

    case = forms.CharField(
        label=_("Case"), max_length=20, help_text=_("Its number, such as CO-1042.")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.found: Case | None = None

    def clean_case(self) -> str:
        """The number as it was typed; there must be a cutoff of it that the user may know of."""
        typed: str = self.cleaned_data["case"]
        number = typed.upper().removeprefix("CO-")
        cases = Case.objects.listed_for(self._user).filter(kind=Kind.CUTOFF)
        if number.isascii() and number.isdecimal() and len(number) <= 12:
            self.found = cases.filter(number=number).first()
        if self.found is None:
            raise ValidationError(gettext("There is no such case."))
        return typed


class PeriodForm(forms.Form):
    """The days of which statements are wanted, both included; days are those of UTC."""

    since = forms.DateField(label=_("From"), widget=DateInput)
    until = forms.DateField(label=_("To"), widget=DateInput)
    form = forms.ChoiceField(label=_("As"), choices=[("json", "JSON"), ("csv", "CSV")])

    def clean(self) -> dict[str, Any]:
        """The first moment of the first day, and the one after the last."""
        sent: dict[str, Any] = super().clean() or {}
        since, until = sent.get("since"), sent.get("until")
        if not since or not until:
            return sent
        if until < since:
            raise ValidationError(gettext("The first day lies after the last one."))
        try:
            return sent | {"since": _midnight(since), "until": _midnight(until + timedelta(days=1))}
        except OverflowError:
            raise ValidationError(gettext("Choose days in this century.")) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
