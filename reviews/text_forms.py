"""What staff send of words for notices: for whom, what they say, what somebody says of them."""

from __future__ import annotations

from typing import Final

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conversations.models import Source
from conversations.vocabulary import Category
from reviews.text_models import NoticeDraft, NoticeText
from reviews.texts import LONGEST, NoticeKind, Scope, Words

_CATEGORIES: Final = [
    (value, label) for value, label in Category.choices if value != Category.OTHER
]


class ScopeForm(forms.Form):
    """For which notices a text is to be."""

    kind = forms.ChoiceField(label=_("Notice"), choices=NoticeKind.choices)
    category = forms.ChoiceField(
        label=_("Category"),
        choices=[("", _("Every category")), *_CATEGORIES],
        required=False,
        help_text=_("For what the assistant ended. Other notices name no category."),
    )
    source = forms.ModelChoiceField(
        label=_("Source"),
        queryset=Source.objects.order_by("name"),
        required=False,
        empty_label=_("Every source"),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("Who reads another language is told by the product's own words in theirs."),
    )
    based_on = forms.ModelChoiceField(
        queryset=NoticeText.objects.all(), required=False, widget=forms.HiddenInput
    )

    @property
    def scope(self) -> Scope:
        """What was chosen, once it is valid."""
        sent = self.cleaned_data
        source: Source | None = sent["source"]
        return Scope(
            sent["kind"], sent["category"], source.pk if source else None, sent["language"]
        )


class TextFilter(forms.Form):
    """Which versions the page of texts lists."""

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("In force")), ("all", _("All versions"))], required=False
    )
    kind = forms.ChoiceField(
        label=_("Notice"), choices=[("", _("Any notice")), *NoticeKind.choices], required=False
    )
    category = forms.ChoiceField(
        label=_("Category"), choices=[("", _("Any category")), *_CATEGORIES], required=False
    )
    source = forms.ModelChoiceField(
        label=_("Source"),
        queryset=Source.objects.order_by("name"),
        required=False,
        empty_label=_("Any source"),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("Any language")), *settings.LANGUAGES], required=False
    )


class WordsForm(forms.Form):
    """What stands in the slots. How long it may be is not told to browsers: they would cut it."""

    heading = forms.CharField(
        label=_("Heading"),
        required=False,
        help_text=_("One line of at most %(most)d characters.") % {"most": LONGEST["heading"]},
    )
    what_happened = forms.CharField(
        label=_("What happened"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("At most %(most)d characters.") % {"most": LONGEST["what_happened"]},
    )
    not_meant = forms.CharField(
        label=_("What it does not mean"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("At most %(most)d characters. Where a conversation is open again, it says so.")
        % {"most": LONGEST["not_meant"]},
    )
    can_do = forms.CharField(
        label=_("What else one can do"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "At most %(most)d characters, below the ways that are always there: start anew, edit an"
            " earlier message, tell us."
        )
        % {"most": LONGEST["can_do"]},
    )
    note = forms.CharField(
        label=_("Why"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For who approves it. Users never read it."),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, draft: NoticeDraft) -> None:
        shown = {**draft.words._asdict(), "note": draft.note, "revision": draft.revision}
        super().__init__(data, initial=shown)
        for slot in Words._fields:
            self.fields[slot].widget.attrs |= {"lang": draft.language, "dir": "auto"}
        if draft.category:
            del self.fields["heading"]

    @property
    def words(self) -> Words:
        """What was written, once it is valid."""
        return Words(*(self.cleaned_data.get(slot, "") for slot in Words._fields))


class DecisionForm(forms.Form):
    """Why a version is refused, or taken out of force."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For those who wrote it. Users never read it."),
    )
