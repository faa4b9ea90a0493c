"""What administrators send about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reviews.services.access import LONGEST_REASON, Held
from reviews.vocabulary import Access, Area


class InviteForm(forms.ModelForm[User]):
    """Somebody new."""

    class Meta:
        model = User
        fields = ["name", "email"]
        labels = {"name": _("Name"), "email": _("E-mail address")}


class ChangeForm(forms.Form):
    """Why something is given or taken; for child safety, a second line to agree to."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )
    prepared = forms.BooleanField(
        label=_(
            "They know what these cases hold, have agreed to read them, may stop at any time, and "
            "know whom to turn to."
        )
    )

    def __init__(self, *args: Any, held: Held, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        child_safety = (held.access, held.name) == (Access.QUALIFICATION, Area.CHILD_SAFETY)
        if held.has or not child_safety:
            del self.fields["prepared"]
