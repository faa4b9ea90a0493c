"""What administrators send of queues and of the rules that lead there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.models import Source
from conversations.vocabulary import Category
from reviews.care_forms import languages
from reviews.models import CaseQueue, RoutingRule
from reviews.services.routing import FLAGS
from reviews.services.routing_rules import NewRule
from reviews.vocabulary import Area


class RenameForm(forms.Form):
    """Another name for a queue."""

    name = forms.CharField(label=_("Name"), max_length=64)


class QueueForm(RenameForm):
    """A new queue."""

    area = forms.ChoiceField(
        label=_("For people qualified for"),
        required=False,
        choices=[
            ("", _("nothing in particular: everybody who reviews")),
            *[(area.value, area.label) for area in Area if area != Area.CHILD_SAFETY],
        ],
        help_text=_("It cannot be changed later. Child safety has one queue, which is there."),
    )


class RuleForm(forms.Form):
    """A rule. A case must meet each condition that is not empty, by any of its values."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Shown to reviewers: why a case is where.")
    )
    queue: forms.ModelChoiceField[CaseQueue] = forms.ModelChoiceField(
        label=_("Send to"), queryset=CaseQueue.objects.open(), empty_label=None
    )
    categories = forms.MultipleChoiceField(
        label=_("Category"),
        required=False,
        choices=Category.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    flags = forms.MultipleChoiceField(
        label=_("Flag"),
        required=False,
        choices=list(FLAGS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    languages = forms.MultipleChoiceField(
        label=_("Language"),
        required=False,
        choices=languages,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As detected in the transcript, some seconds after a case comes in."),
    )
    source: forms.ModelChoiceField[Source] = forms.ModelChoiceField(
        label=_("Source"),
        required=False,
        queryset=Source.objects.order_by("name"),
        empty_label=_("Any source"),
    )

    @classmethod
    def of(cls, rule: RoutingRule) -> RuleForm:
        """The form with what a rule says now."""
        said = {name: getattr(rule, name) for name in cls.base_fields}
        return cls(initial=said)

    @property
    def rule(self) -> NewRule:
        """What was sent, once it is valid."""
        sent = self.cleaned_data
        return NewRule(
            name=sent["name"],
            queue=sent["queue"],
            categories=tuple(sent["categories"]),
            flags=tuple(sent["flags"]),
            languages=tuple(sent["languages"]),
            source=sent["source"],
        )

    def clean(self) -> dict[str, Any]:
        """Refuses a rule that would meet every case."""
        sent = super().clean() or self.cleaned_data
        if not any(sent.get(name) for name in ("categories", "flags", "languages", "source")):
            raise forms.ValidationError(_("Name at least one thing that a case must have."))
        return sent
