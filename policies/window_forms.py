"""Which cutoffs a preview, a backtest or a sweep counts: a window and filters."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import offer
from conversations.models import Source
from conversations.vocabulary import Category
from policies.backtest import Filters, Question
from policies.evaluation import CRITERIA
from policies.thresholds import Thresholds

#: What a window may be, in days; the second is the one to begin with.
WINDOWS: Final = (7, 30, 90)
DAYS: Final = 30
#: Values of one filter.
MOST_VALUES: Final = 20
_LONGEST_TEXT: Final = 1_000


class FiltersForm(forms.Form):
    """Which cutoffs count: those with one of the values."""

    category = forms.ChoiceField(
        label=_("Category"),
        required=False,
        choices=[("", _("All categories")), *Category.choices],
    )
    source = forms.ChoiceField(label=_("Source"), required=False)
    model = forms.CharField(label=_("Model"), required=False, max_length=_LONGEST_TEXT)
    prompt_version = forms.CharField(
        label=_("Prompt version"), required=False, max_length=_LONGEST_TEXT
    )
    surface = forms.CharField(label=_("Surface"), required=False, max_length=_LONGEST_TEXT)
    locale = forms.CharField(
        label=_("Locale"),
        required=False,
        max_length=_LONGEST_TEXT,
        help_text=_("Exactly as the source writes it. Several values: a comma between them."),
    )

    TEXTS = ("model", "prompt_version", "surface", "locale")
    FILTERS = ("category", "source", *TEXTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = Source.objects.order_by("name").values_list("slug", "name")
        offer(self, "source", [("", _("All sources")), *named])

    @property
    def filter_fields(self) -> list[forms.BoundField]:
        """The fields that narrow."""
        return [self[name] for name in self.FILTERS]

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set, or refused."""
        return any(self[name].value() or self[name].errors for name in self.FILTERS)

    @property
    def filters(self) -> Filters:
        """The filters of a valid form."""
        said = {name: _several(self.cleaned_data.get(name, "")) for name in self.TEXTS}
        said |= {name: _one(self.cleaned_data.get(name, "")) for name in ("category", "source")}
        return Filters(**said)

    def clean(self) -> dict[str, Any]:
        """Refuse more values than a filter may have."""
        said = super().clean() or self.cleaned_data
        for name in self.TEXTS:
            if len(_several(said.get(name, ""))) > MOST_VALUES:
                most = {"most": MOST_VALUES}
                self.add_error(name, gettext("At most %(most)d values.") % most)
        return said


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _several(text: str) -> tuple[str, ...]:
    return tuple(part for one in text.replace("\x00", "").split(",") if (part := one.strip()))


def _days(initial: int = DAYS) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Window"),
        choices=[(days, _("Last %(days)d days") % {"days": days}) for days in WINDOWS],
        coerce=int,
        initial=initial,
    )


class PreviewForm(FiltersForm):
    """A window that ends now, for a preview. Its fields may belong to another form of the page."""

    days = _days()

    def __init__(self, *args: Any, belongs_to: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if belongs_to:
            for field in self.fields.values():
                field.widget.attrs["form"] = belongs_to

    def question(self, candidate: Thresholds, now: datetime) -> Question:
        """What a valid form asks of *candidate*."""
        since = now - timedelta(days=self.cleaned_data["days"])
        return Question(candidate, since=since, until=now, now=now, filters=self.filters)


class SweepForm(PreviewForm):
    """One threshold, and a window that ends now."""

    criterion = forms.ChoiceField(
        label=_("Threshold"), choices=[(one.name, one.label) for one in CRITERIA]
    )
    of = forms.ChoiceField(
        label=_("Asked of"),
        required=False,
        choices=[("", _("The default")), *Category.choices],
        help_text=_("The default holds for the categories without thresholds of their own."),
    )


class SuggestForm(forms.Form):
    """A target for the overturn rate, and from which cutoffs to learn."""

    target = forms.DecimalField(
        label=_("Overturn rate below, %"),
        min_value=Decimal("0.1"),
        max_value=Decimal(99),
        max_digits=4,
        decimal_places=1,
        initial=5,
    )
    of = forms.ChoiceField(
        label=_("Thresholds of"),
        required=False,
        choices=[("", _("The default")), *Category.choices],
        help_text=_("The default holds for the categories without thresholds of their own."),
    )
    days = _days(90)

    def question(self, candidate: Thresholds, now: datetime) -> Question:
        """What a valid form asks of *candidate*."""
        since = now - timedelta(days=self.cleaned_data["days"])
        return Question(candidate, since=since, until=now, now=now)


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class BacktestForm(FiltersForm):
    """A backtest to keep: of what, against what, over which days of the reader's calendar."""

    candidate = forms.TypedChoiceField(label=_("Candidate"), coerce=int)
    baseline = forms.TypedChoiceField(
        label=_("Against"), coerce=int, required=False, empty_value=None
    )
    since = forms.DateField(label=_("From"), widget=DateInput())
    until = forms.DateField(
        label=_("To"), widget=DateInput(), help_text=_("The last day counts too.")
    )

    def __init__(self, *args: Any, drafts: list[int], versions: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(number, _("Policy %(number)d") % {"number": number}) for number in versions]
        written = [(number, _("Draft %(number)d") % {"number": number}) for number in drafts]
        offer(self, "candidate", [*written, *named])
        offer(self, "baseline", [("", _("The version that was each cutoff’s own")), *named])

    def clean(self) -> dict[str, Any]:
        """Refuse a window without length; the service refuses what else cannot be."""
        said = super().clean()
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error(
                "until", ValidationError(gettext("The last day comes before the first."))
            )
        return said

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From the beginning of the first day to the end of the last."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return _midnight(since), _midnight(until + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
