"""What administrators send from the sources pages."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Source
from conversations.retention import APPEAL_WINDOW_DAYS, LONGEST_DAYS
from conversations.vocabulary import Mode, Scope

MOST_PER_SECOND = 1_000_000

#: Part of the address of the page that makes a source.
_TAKEN_SLUGS = {"new"}


def _mode_choices() -> list[tuple[str, SafeString]]:
    return [
        (
            Mode.ENFORCING.value,
            _explained(
                gettext("Enforcing: asks before it ends"),
                gettext(
                    "The chat service asks Recourse before each end and ends only where the policy"
                    " allows it. If no answer comes, the conversation goes on."
                ),
            ),
        ),
        (
            Mode.ADVISORY.value,
            _explained(
                gettext("Advisory: decides alone and reports"),
                gettext(
                    "The chat service ends by its own rules and tells Recourse afterwards. What"
                    " broke the policy is marked when it comes in."
                ),
            ),
        ),
    ]


def _explained(name: str, explanation: str) -> SafeString:
    return format_html(
        '<span><b>{}</b> <span class="quiet-text small explanation">{}</span></span>',
        name,
        explanation,
    )


class SourceForm(forms.Form):
    """Name and mode, which every source has."""

    name = forms.CharField(label=_("Name"), max_length=120)
    mode = forms.ChoiceField(label=_("Mode"), choices=_mode_choices, widget=forms.RadioSelect)


class NewSourceForm(SourceForm):
    """A new source."""

    slug = forms.SlugField(
        label=_("Short name"),
        max_length=64,
        help_text=_(
            "Letters, digits, hyphens and underscores. It stands in addresses and filters and"
            " cannot be changed later."
        ),
    )
    field_order = ["name", "slug", "mode"]

    def clean_slug(self) -> str:
        """Refuse a slug that is in use."""
        slug: str = self.cleaned_data["slug"]
        if slug in _TAKEN_SLUGS or Source.objects.filter(slug=slug).exists():
            raise ValidationError(gettext("Another source has this short name. Choose another."))
        return slug


class SettingsForm(SourceForm):
    """The settings of a source that can be changed."""

    events_per_second = forms.IntegerField(
        label=_("Events a second"),
        min_value=1,
        max_value=MOST_PER_SECOND,
        help_text=_("What is beyond is answered with 429 and a time to wait."),
    )
    calls_per_second = forms.IntegerField(
        label=_("Calls a second"),
        min_value=1,
        max_value=MOST_PER_SECOND,
        help_text=_("Asking for policies, evaluations and the status of conversations."),
    )


class TermsForm(forms.Form):
    """How long a source's words and signals are kept."""

    transcript_days = forms.IntegerField(
        label=_("Days for transcripts"),
        min_value=APPEAL_WINDOW_DAYS,
        max_value=LONGEST_DAYS,
        help_text=_(
            "With their search index and the fields of events that Recourse does not know."
        ),
    )
    signal_days = forms.IntegerField(
        label=_("Days for signals"),
        min_value=APPEAL_WINDOW_DAYS,
        max_value=LONGEST_DAYS,
        help_text=_("With locale, country and age band. Backtests need them."),
    )


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Who uses it, such as “chat backend”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.EVENTS_WRITE.value],
    )


class SecretForm(forms.Form):
    """A new signing secret."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Such as “spring rotation”.")
    )
