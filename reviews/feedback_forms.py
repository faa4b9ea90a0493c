"""What users send of a cutoff, what reviewers answer them, and how the inbox is narrowed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from reviews.reply_texts import LONGEST_REPLY, TEXTS, Canned
from reviews.services.feedback import LONGEST_COMMENT
from reviews.vocabulary import PLAIN_REASONS, Channel


class FeedbackForm(forms.Form):
    """What a user says of a cutoff. The field that nobody sees is left empty by people."""

    surprised = forms.TypedChoiceField(
        label=_("Did the end surprise you?"),
        choices=[("yes", _("Yes, I did not see it coming")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say yes or no.")},
    )
    reason = forms.ChoiceField(label=_("What fits best?"), widget=forms.RadioSelect, required=False)
    comment = forms.CharField(
        label=_("In your words"),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        max_length=LONGEST_COMMENT,
        required=False,
        help_text=_("Please leave out names and numbers of other people."),
    )
    appeal = forms.BooleanField(
        label=_("Please have somebody look at this again"),
        required=False,
        help_text=_("A person who had no part in it before reads the conversation."),
    )
    address = forms.EmailField(
        label=_("Send me the answer by e-mail"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_(
            "We send one link to it first. Only once you have opened that does anything else go"
            " there. You can read the answer here without it."
        ),
    )
    website = forms.CharField(
        required=False,
        # No browser is to fill it for somebody.
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, appeals: bool, asks_address: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(
            self, "reason", [(code.value, gettext(words)) for code, words in PLAIN_REASONS.items()]
        )
        if not appeals:
            del self.fields["appeal"]
        if not asks_address:
            del self.fields["address"]

    @property
    def from_a_program(self) -> bool:
        """Whether the field that people do not see was filled."""
        return bool(self.cleaned_data.get("website"))


class ReplyForm(forms.Form):
    """What a reviewer answers a user. Whether it is enough is for the service to say."""

    canned = forms.ChoiceField(label=_("Text"), widget=forms.RadioSelect, required=False)
    words = forms.CharField(
        label=_("In your words"),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        max_length=LONGEST_REPLY,
        required=False,
        help_text=_(
            "The user reads this as it stands, perhaps by e-mail: name neither the category nor"
            " what was written."
        ),
    )

    def __init__(self, *args: Any, offered: list[Canned], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = ("", _("None of these: my own words alone"))
        offer(self, "canned", [*((one.value, TEXTS[one]) for one in offered), none])


class InboxFilter(forms.Form):
    """Which feedback the inbox shows."""

    read = forms.ChoiceField(
        label=_("Read"),
        choices=[("", _("Read or not")), ("no", _("Unread")), ("yes", _("Read"))],
        required=False,
    )
    said = forms.ChoiceField(
        label=_("Said"),
        choices=[
            ("", _("Whatever was said")),
            ("surprised", _("Surprised")),
            ("not_surprised", _("Not surprised")),
            ("appeal", _("Appeal")),
            ("open_appeal", _("Open appeal")),
            ("not_assessed", _("Not looked at for signs of a crisis")),
        ],
        required=False,
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[
            ("", _("Any reason")),
            *((code.value, _(words)) for code, words in PLAIN_REASONS.items()),
        ],
        required=False,
    )
    channel = forms.ChoiceField(
        label=_("Came"), choices=[("", _("From anywhere")), *Channel.choices], required=False
    )
