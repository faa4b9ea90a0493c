"""What people send to run a draft beside what is in force."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from policies.forms import ScopeForm

#: Hours, and how they are called.
LENGTHS = [
    (1, _("1 hour")),
    (6, _("6 hours")),
    (24, _("1 day")),
    (3 * 24, _("3 days")),
    (7 * 24, _("7 days")),
    (14 * 24, _("14 days")),
    (30 * 24, _("30 days")),
    (90 * 24, _("90 days")),
]


class ShadowForm(ScopeForm):
    """For how long, and for which conversations."""

    hours = forms.TypedChoiceField(label=_("For"), choices=LENGTHS, coerce=int, initial=7 * 24)
