"""What seniors, mentors and trainees send from the pages of quality and training."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from reviews.models import Case
from reviews.services.access import LONGEST_REASON
from reviews.services.gold import LONGEST_EXPLANATION
from reviews.services.quality_shares import MOST_GOLD
from reviews.services.training import LONGEST_COMMENT, PRACTISED
from reviews.vocabulary import (
    CODES_OF,
    CUTOFF_JUDGEMENTS,
    NEAR_MISS_JUDGEMENTS,
    Area,
    Queue,
    ReasonCode,
)


class GoldForm(forms.Form):
    """The reference of a gold case: what is right, and why."""

    decisions = forms.MultipleChoiceField(
        label=_("Right decisions"), widget=forms.CheckboxSelectMultiple
    )
    reason_codes = forms.MultipleChoiceField(
        label=_("Reasons that may be given"),
        choices=ReasonCode.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    explanation = forms.CharField(
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=LONGEST_EXPLANATION,
        help_text=_("Reviewers read it a day after their answer. Quote nobody."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        possible = CUTOFF_JUDGEMENTS if case.is_cutoff else NEAR_MISS_JUDGEMENTS
        codes = dict.fromkeys(code for one in possible for code in CODES_OF[one])
        offer(self, "decisions", [(one.value, one.label) for one in possible])
        offer(self, "reason_codes", [(code.value, code.label) for code in codes])


class SharesForm(forms.Form):
    """How much is looked at for quality's sake, in percent."""

    agreement = forms.IntegerField(
        label=_("Agreements checked, %"),
        min_value=0,
        max_value=100,
        help_text=_("Of two blind verdicts that agree, how many a senior checks."),
    )
    gold = forms.IntegerField(
        label=_("Gold cases, %"),
        min_value=0,
        max_value=round(100 * MOST_GOLD),
        help_text=_("Of what reviewers are dealt. Each needs gold cases that they do not know."),
    )


class PracticeForm(forms.Form):
    """From which queue the next exercise is to come."""

    queue = forms.ChoiceField(
        label=_("Queue"), choices=[(queue.value, queue.label) for queue in PRACTISED]
    )


class CommentForm(forms.Form):
    """What a mentor says of an answer."""

    text = forms.CharField(
        label=_("Your comment"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_COMMENT,
    )


class CertifyForm(forms.Form):
    """Certifying somebody for a queue, or taking it back."""

    queue = forms.ChoiceField(
        label=_("Queue"),
        choices=[
            (Queue.GENERAL.value, _("General and appeals")),
            (Area.CRISIS.value, Area.CRISIS.label),
            (Area.CHILD_SAFETY.value, Area.CHILD_SAFETY.label),
        ],
    )
    reason = forms.CharField(label=_("Why"), max_length=LONGEST_REASON)
