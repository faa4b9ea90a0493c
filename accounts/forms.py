"""Forms about oneself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.token_scopes import LONGEST_DAYS, TokenScope

THEMES = [("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]


class SignInForm(AuthenticationForm):
    """Address and password."""

    error_messages = {
        "invalid_login": _("No account has this address and password."),
        "inactive": _("This account is switched off."),
    }


def offer(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    """Let the field *name* of *form* offer *choices*. Raises ``TypeError`` where it offers none."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no field of choices.")
    field.choices = list(choices)


class ProfileForm(forms.ModelForm[User]):
    """What one may change about oneself. Theme and keys belong to the browser, not the account."""

    time_zone = forms.ChoiceField(label=_("Time zone"))
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)
    shortcuts = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_("Press ? on a page to see its keys. In this browser only, as the theme is."),
    )

    class Meta:
        model = User
        fields = ["name", "time_zone"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        zones = sorted(available_timezones())
        offer(self, "time_zone", [(zone, zone.replace("_", " ")) for zone in zones])


class TokenForm(forms.Form):
    """A new personal token."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What uses it, such as “weekly report”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("And never more than you may yourself at that moment."),
    )
    days = forms.IntegerField(
        label=_("Days until it expires"), min_value=1, max_value=LONGEST_DAYS, initial=90
    )

    def __init__(self, *args: Any, scopes: Iterable[TokenScope], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "scopes", [(scope.value, f"{scope.label} ({scope.value})") for scope in scopes])
