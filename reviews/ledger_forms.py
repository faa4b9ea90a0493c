"""Which lines of the ledger are shown: the filters of its page and of the API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import LedgerEntry, User
from reviews.filters import MomentFilter
from reviews.ledger_words import OBJECTS, REVEALED
from reviews.services.ledger import case_named


class LedgerForm(forms.Form):
    """The filters as they were sent."""

    def clean(self) -> dict[str, Any]:
        """Refuse an id alone: those of different kinds are the same numbers. Refuse reveals of
        anything at once: added up by person they would be a measure.
        """
        said = self.cleaned_data
        if said.get("object_id") and not said.get("object_type") and not self.errors:
            self.add_error("object_id", _("Say of what kind it is, too."))
        if said.get("action") == REVEALED and not said.get("object_id"):
            self.add_error("action", _("What somebody had shown is listed for one case at a time."))
        return said


class LedgerFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Filters over lines: by equality, an action also by how it begins, and a stretch of time.

    Needs the ``request``, by which it knows who asks.
    """

    actor = filters.CharFilter(
        method="done_by",
        label=_("Who: e-mail address, number or agent"),
        max_length=254,
        widget=forms.TextInput(attrs={"placeholder": _("Anybody"), "size": 14}),
    )
    action = filters.CharFilter(
        method="that_is",
        label=_("Action, or how it begins"),
        max_length=64,
        validators=[
            RegexValidator(
                r"^[a-z_]+\.([a-z_]+)?\Z",
                _("An action is two words with a dot between: case.decided, or case. for all."),
            )
        ],
        widget=forms.TextInput(
            attrs={"placeholder": _("Any action"), "size": 14, "list": "ledger-actions"}
        ),
    )
    object_type = filters.ChoiceFilter(
        choices=sorted(OBJECTS.items(), key=lambda pair: pair[0]),
        label=_("Kind of thing"),
        empty_label=_("Any thing"),
    )
    object_id = filters.CharFilter(
        method="about",
        label=_("Its number or id"),
        max_length=64,
        widget=forms.TextInput(attrs={"placeholder": _("Its number or id"), "size": 13}),
    )
    after = MomentFilter(
        field_name="at",
        lookup_expr="gte",
        label=_("From"),
        widget=forms.TextInput(attrs={"placeholder": _("From 2026-11-20"), "size": 14}),
    )
    before = MomentFilter(
        field_name="at",
        lookup_expr="lt",
        label=_("Before"),
        widget=forms.TextInput(attrs={"placeholder": _("Before 2026-11-20"), "size": 15}),
    )

    class Meta:
        model = LedgerEntry
        fields: list[str] = []
        form = LedgerForm

    @property
    def said(self) -> dict[str, str]:
        """The filters that are set, as they were sent."""
        return {name: self.data[name] for name in self.base_filters if self.data.get(name)}

    @property
    def ordering(self) -> list[str]:
        """Newest first: by id, and by time within a stretch of it, each as its index lies."""
        return ["-at", "-id"] if self.said.keys() & {"after", "before"} else ["-id"]

    def filter_queryset(self, queryset: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        """What all filters leave. Who had hidden turns shown is said in the history of a case and
        nowhere else: it is to be answerable, and no measure of anybody.
        """
        found: QuerySet[LedgerEntry] = super().filter_queryset(queryset)
        of_one_thing = self.form.cleaned_data["object_id"]
        return found if of_one_thing else found.exclude(action=REVEALED)

    def done_by(self, found: QuerySet[LedgerEntry], _name: str, who: str) -> QuerySet[LedgerEntry]:
        """What a person or an agent did; nothing where nobody is called so."""
        if who.isascii() and who.isdigit():
            return found.filter(actor=int(who)) if len(who) < 19 else found.none()
        if "@" in who:
            person = User.objects.filter(email__iexact=who).values_list("pk", flat=True).first()
            return found.filter(actor=person) if person else found.none()
        return found.filter(agent=who)

    def that_is(
        self, found: QuerySet[LedgerEntry], _name: str, action: str
    ) -> QuerySet[LedgerEntry]:
        """One action, or all that begin with a word and a dot."""
        if action.endswith("."):
            return found.filter(action__startswith=action)
        return found.filter(action=action)

    def about(self, found: QuerySet[LedgerEntry], _name: str, key: str) -> QuerySet[LedgerEntry]:
        """What happened to one thing; people know a case by its number."""
        if self.form.cleaned_data["object_type"] == "case":
            key = case_named(key, user=self.request.user)
        return found.filter(object_id=key)
