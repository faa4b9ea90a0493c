"""What one sets about oneself: what is hidden, what one is dealt, when a pause is suggested."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.vocabulary import Category
from reviews.hazards import ALWAYS_HIDDEN, CUE, KINDS, RATED, UNRATED, Form, usual_form
from reviews.models import CareSettings
from reviews.services.care import cap_of

FORM_WORDS: Final = {
    Form.SHOWN: _("shown"),
    Form.BLURRED: _("blurred"),
    Form.FOLDED: _("folded"),
}
_KIND_WORDS: Final = {
    RATED: _("Rated severe by the service"),
    UNRATED: _("Rated by nobody"),
    CUE: _("A turn that reads like a crisis"),
}
#: From which reported severity on the rating alone hides.
_FROM: Final = [
    ("0.7", _("0.7 of 1, as everybody")),
    ("0.4", _("0.4 of 1")),
    ("0.0", _("Whatever was rated at all")),
]
_CODES: Final = [
    "ar",
    "de",
    "el",
    "en",
    "es",
    "fr",
    "he",
    "hi",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "th",
    "tr",
    "zh",
]


def languages() -> list[tuple[str, str]]:
    """The languages that are told apart, each in its own words."""
    named = {"zh": "zh-hans"}
    return [(code, LANG_INFO[named.get(code, code)]["name_local"].title()) for code in _CODES]


class HiddenForm(forms.ModelForm[CareSettings]):
    """In which form each kind of harmful turn stands, and from which rating on."""

    hidden_from = forms.TypedChoiceField(
        label=_("Hide what was rated this severe, or more"),
        choices=_FROM,
        coerce=float,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = CareSettings
        fields = ["hidden_from"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wishes = self.instance.wishes.forms
        for kind in KINDS:
            self.fields[f"form_{kind}"] = forms.ChoiceField(
                label=_KIND_WORDS.get(kind) or Category(kind).label,
                choices=_choices(kind),
                required=False,
                initial=wishes.get(kind, ""),
            )

    @property
    def kinds(self) -> list[forms.BoundField]:
        """A field for each kind."""
        return [self[f"form_{kind}"] for kind in KINDS]

    def clean(self) -> dict[str, Any]:
        """Sort the kinds by their forms, as they are kept."""
        sent: dict[str, Any] = super().clean() or {}
        for form, kept in (
            (Form.FOLDED, "folded"),
            (Form.BLURRED, "blurred"),
            (Form.SHOWN, "shown"),
        ):
            wished = [kind for kind in KINDS if sent.get(f"form_{kind}") == form]
            setattr(self.instance, kept, wished)
        return sent


def _choices(kind: str) -> list[tuple[str, Any]]:
    """What one may choose for a kind: what is always hidden cannot be shown."""
    usual = FORM_WORDS[usual_form(kind)]
    allowed = [form for form in Form if form != Form.SHOWN or kind not in ALWAYS_HIDDEN]
    return [
        ("", format_lazy("{}: {}", _("As everybody"), usual)),
        *((form.value, FORM_WORDS[form]) for form in allowed),
    ]


class DealtForm(forms.ModelForm[CareSettings]):
    """What one is never dealt."""

    opted_out = forms.MultipleChoiceField(
        label=_("Never deal me"),
        choices=Category.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("No reason is asked for, and nobody else sees this."),
    )
    languages = forms.MultipleChoiceField(
        label=_("I read"),
        choices=languages,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a mark: cases in every language."),
    )

    class Meta:
        model = CareSettings
        fields = ["opted_out", "languages", "severe_per_shift"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = cap_of(CareSettings())
        self.fields["severe_per_shift"] = forms.IntegerField(
            label=_("Severe cases in a shift, at most"),
            min_value=0,
            max_value=most,
            required=False,
            help_text=_("Empty for %(most)d, the limit for everybody. You can only lower it.")
            % {"most": most},
        )


class PauseForm(forms.ModelForm[CareSettings]):
    """When a pause is suggested."""

    class Meta:
        model = CareSettings
        fields = ["pause_after_minutes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pause_after_minutes"] = forms.IntegerField(
            label=_("Suggest a pause after so many minutes"),
            min_value=15,
            max_value=240,
            required=False,
            help_text=_("Empty for %(usual)d. A suggestion can be put off, and nobody counts that.")
            % {"usual": settings.PAUSE_AFTER_MINUTES},
        )


#: The sections of the page, by the name under which each is posted.
SECTIONS: Final[dict[str, type[forms.ModelForm[CareSettings]]]] = {
    "hidden": HiddenForm,
    "dealt": DealtForm,
    "pauses": PauseForm,
}
