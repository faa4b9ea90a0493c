"""What people send from pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from conversations.transcripts import Message
from conversations.vocabulary import Category, Remedy
from reviews.citations import cited_range, cited_turn
from reviews.models import Case
from reviews.reply_texts import LONGEST_REPLY, Canned
from reviews.services.canned import LONGEST_TEXT
from reviews.services.verdict_problems import LONGEST_RATIONALE, problems
from reviews.services.verdicts import NewVerdict
from reviews.vocabulary import (
    CODES_OF,
    CUTOFF_JUDGEMENTS,
    NEAR_MISS_JUDGEMENTS,
    Judgement,
    PolicyFollowed,
    ReasonCode,
)


class VerdictForm(forms.Form):
    """A verdict on one case. What is required or fits together is for the service to say.

    Choices are called for: a form copies its fields, and lists of choices with them.
    """

    decision = forms.ChoiceField(widget=forms.RadioSelect, required=False)
    remedy = forms.ChoiceField(
        choices=lambda: [(Remedy.REOPEN, _("Reopen")), (Remedy.KEEP_LOCKED, _("Keep locked"))],
        widget=forms.RadioSelect,
        required=False,
    )
    policy_followed = forms.ChoiceField(
        choices=lambda: PolicyFollowed.choices, widget=forms.RadioSelect, required=False
    )
    severity = forms.TypedChoiceField(
        choices=lambda: [(str(grade), str(grade)) for grade in range(5)],
        widget=forms.RadioSelect,
        coerce=int,
        empty_value=None,
        required=False,
    )
    category = forms.ChoiceField(
        choices=lambda: [("", _("As reported")), *Category.choices], required=False
    )
    reason_codes = forms.MultipleChoiceField(
        choices=lambda: ReasonCode.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    rationale = forms.CharField(
        widget=forms.Textarea, max_length=LONGEST_RATIONALE, strip=True, required=False
    )
    reply_canned = forms.ChoiceField(
        choices=lambda: [("", _("No kept text")), *Canned.choices], required=False
    )
    reply_words = forms.CharField(
        widget=forms.Textarea, max_length=LONGEST_REPLY, strip=True, required=False
    )
    evidence = forms.TypedMultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, coerce=int, required=False
    )
    ranges = forms.Field(widget=forms.MultipleHiddenInput, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, case: Case, messages: list[Message] | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        self.messages = messages or []
        self.judgements = CUTOFF_JUDGEMENTS if case.is_cutoff else NEAR_MISS_JUDGEMENTS
        offer(self, "decision", [(one.value, one.label) for one in self.judgements])
        turns = map(str, range(1, len(self.messages) + 1))
        offer(self, "evidence", [(turn, turn) for turn in turns])
        if not case.is_cutoff:
            del self.fields["remedy"], self.fields["reply_canned"], self.fields["reply_words"]

    def clean_ranges(self) -> list[dict[str, Any]]:
        """The parts of turns that were cited."""
        try:
            sent = dict.fromkeys(self.cleaned_data["ranges"] or ())
            return [cited_range(text, self.messages) for text in sent]
        except ValueError:
            raise ValidationError(_("These characters are not in the transcript.")) from None

    def clean(self) -> dict[str, Any]:
        """Ask the service what is missing, so that it is said beside each field."""
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            problems(self.case, self.verdict())
        except ValidationError as error:
            for field, said in error.message_dict.items():
                if field not in self.errors:
                    self.add_error(field if field in self.fields else None, said)
        return cleaned

    def verdict(self) -> NewVerdict:
        """What was sent, as the service takes it.

        Reasons of the other decision are left out: they were ticked, then folded away.
        """
        sent = self.cleaned_data
        decision = sent.get("decision", "")
        codes: tuple[str, ...] = tuple(sent.get("reason_codes", ()))
        if decision in Judgement.values:
            codes = tuple(code for code in codes if code in CODES_OF[Judgement(decision)])
        return NewVerdict(
            decision=decision,
            remedy=sent.get("remedy", ""),
            policy_followed=sent.get("policy_followed", ""),
            severity=sent.get("severity"),
            category=sent.get("category", ""),
            reason_codes=codes,
            rationale=sent.get("rationale", ""),
            reply_canned=sent.get("reply_canned", ""),
            reply_words=sent.get("reply_words", ""),
            evidence=(
                *(cited_turn(turn, self.messages) for turn in sorted(sent.get("evidence", ()))),
                *sent.get("ranges", ()),
            ),
        )

    @property
    def reason_groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """The reasons of each decision, ticked as they were sent."""
        ticked = set(self._written("reason_codes"))
        return [
            (
                judgement.value,
                [
                    {"value": code.value, "label": code.label, "ticked": code.value in ticked}
                    for code in CODES_OF[judgement]
                ],
            )
            for judgement in self.judgements
        ]

    @property
    def codes(self) -> list[str]:
        """Every reason that may be named here."""
        return sorted({code.value for judgement in self.judgements for code in CODES_OF[judgement]})

    @property
    def cited_ranges(self) -> list[str]:
        """The parts of turns that were cited, as they were sent."""
        return self._written("ranges")

    def _written(self, name: str) -> list[str]:
        """The values of a field: as they were sent, else those of the draft that came back."""
        if isinstance(self.data, QueryDict):
            return self.data.getlist(name)
        return [str(value) for value in self.initial.get(name, ())]

    @property
    def missing(self) -> list[tuple[str, str]]:
        """What is wrong, field by field, for the list beside the button."""
        return [
            (self[name].auto_id, str(said))
            for name, errors in self.errors.items()
            if name in self.fields
            for said in errors
        ]

    @property
    def cited(self) -> set[int]:
        """The turns that were cited, for a form that is shown again."""
        return {
            int(turn) for turn in self._written("evidence") if turn.isdecimal() and len(turn) < 7
        }


class CannedTextForm(forms.Form):
    """A text that is kept for rationales."""

    title = forms.CharField(label=_("Name"), max_length=80)
    reason_code = forms.ChoiceField(
        label=_("Offered with"),
        choices=[("", _("every reason")), *ReasonCode.choices],
        required=False,
    )
    text = forms.CharField(
        label=_("Text"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )
    shared = forms.BooleanField(label=_("Offered to all reviewers"), required=False)

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            self.fields["shared"].widget = forms.HiddenInput()
            self.fields["shared"].disabled = True
