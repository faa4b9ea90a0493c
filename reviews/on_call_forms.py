"""What those who keep the rota send."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from accounts.models import User
from reviews import outgoing
from reviews.danger_vocabulary import Weekday
from reviews.services.on_call import NewDuty, eligible


class TimeInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"


class PersonField(forms.ModelChoiceField[User]):
    """Somebody, by name."""

    def label_from_instance(self, obj: User) -> str:
        """Their name, and the address that tells two of a name apart."""
        return f"{obj.name} ({obj.email})"


class DutyForm(forms.Form):
    """Hours in the rota."""

    person = PersonField(label=_("Person"), queryset=User.objects.none())
    position = forms.IntegerField(
        label=_("Called as number"),
        min_value=1,
        max_value=99,
        initial=1,
        help_text=_("1 is called first; after 15 minutes 2 as well, and so on."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days on which it starts"),
        coerce=int,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[day.value for day in Weekday],
    )
    starts = forms.TimeField(label=_("From"), widget=TimeInput)
    ends = forms.TimeField(
        label=_("Until"),
        widget=TimeInput,
        help_text=_("At or before the hour of its start it means the next day."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django types what a form holds as fields of any kind.
        self.fields["person"].queryset = eligible()  # type: ignore[attr-defined]
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        offer(self, "time_zone", zones)
        self.initial.setdefault("time_zone", user.time_zone)

    @property
    def duty(self) -> NewDuty:
        """What was sent, once it is valid."""
        sent = self.cleaned_data
        return NewDuty(
            person=sent["person"],
            position=sent["position"],
            weekdays=tuple(sent["weekdays"]),
            starts=sent["starts"],
            ends=sent["ends"],
            time_zone=sent["time_zone"],
        )


class PagerForm(forms.Form):
    """A new pager."""

    url = forms.CharField(
        label=_("Address"),
        max_length=outgoing.LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("https, and reachable on the public Internet."),
    )
