"""What administrators send about outcomes: endpoints, and which deliveries to show."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from conversations.models import Source
from reviews import outgoing
from reviews.models import Delivery
from reviews.outcome_vocabulary import SUBSCRIBABLE, DeliveryState, OutcomeType

_TYPES = [(one.value, one.label) for one in SUBSCRIBABLE]


class TypesForm(forms.Form):
    """Which outcomes an endpoint is sent."""

    types = forms.MultipleChoiceField(
        label=_("It is sent"), choices=_TYPES, widget=forms.CheckboxSelectMultiple
    )


class EndpointForm(TypesForm):
    """A new endpoint."""

    url = forms.CharField(
        label=_("Address"),
        max_length=outgoing.LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("https, and reachable on the public Internet."),
    )
    field_order = ["url", "types"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("types", [value for value, _label in _TYPES])

    def clean_url(self) -> str:
        """Refuse what nothing is ever sent to."""
        url: str = self.cleaned_data["url"]
        try:
            outgoing.parsed_url(url, named=settings.WEBHOOK_HOSTS)
        except outgoing.BadUrl as error:
            raise ValidationError(str(error)) from None
        return url


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Filters over deliveries, each by equality."""

    state = filters.ChoiceFilter(
        choices=DeliveryState.choices, label=_("State"), empty_label=_("Any state")
    )
    type = filters.ChoiceFilter(
        choices=OutcomeType.choices, label=_("Type"), empty_label=_("Any type")
    )
    source = filters.ModelChoiceFilter(
        queryset=Source.objects.order_by("slug"),
        to_field_name="slug",
        label=_("Source"),
        empty_label=_("Any source"),
    )

    class Meta:
        model = Delivery
        fields = ["state", "type", "source"]
