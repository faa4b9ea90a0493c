"""Which cases a list shows: the filters of the queue page and of the API (docs/reference/api.md,
"Staff").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.forms import TextInput
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField
from django_filters.widgets import BooleanWidget

from conversations.vocabulary import Category, Kind
from reviews.models import Case, CaseLabel, CaseQuerySet, Claim, Label
from reviews.permissions import can_decide
from reviews.services import queues, seen
from reviews.services.search import Search
from reviews.transitions import CLAIMABLE
from reviews.vocabulary import CaseState

#: The page's own words for the state: what waits to be claimed, and everything.
WAITING = "waiting"
ALL = "all"

#: What a gold case is asked of what is shown of it, which the database does not hold.
_BY_WHAT_IS_SHOWN = frozenset({"state", "ended_after", "ended_before"})

LARGEST_VERSION = 2**31 - 1
LONGEST_QUERY = 200


class AnyYesNo(BooleanWidget):  # type: ignore[misc]  # the library has no types
    """A choice of yes and no that need not be made."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.choices = [("", _("Any")), ("true", _("Yes")), ("false", _("No"))]


class MomentField(IsoDateTimeField):  # type: ignore[misc]  # the library has no types
    """A time in UTC: PostgreSQL takes no offset of sixteen hours, ISO 8601 does."""

    def clean(self, value: Any) -> datetime | None:
        """The time; ``ValidationError`` where it lies outside the years 1 to 9999."""
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(_("This time is out of range.")) from None


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]  # as above
    """A filter by a time of any offset."""

    field_class = MomentField


class CaseFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Filters over cases, each by equality but for the words, the times and the holder.

    Needs the ``request``, by which it knows who searches.
    """

    q = filters.CharFilter(
        method="with_words",
        label=_("Words in transcripts and rationales"),
        max_length=LONGEST_QUERY,
        widget=TextInput(
            attrs={
                "type": "search",
                "placeholder": _("Transcripts and rationales"),
                "size": 22,
                "data-key": "/",
                "data-key-label": _("Search"),
            }
        ),
    )
    queue = filters.ChoiceFilter(
        choices=queues.choices, label=_("Queue"), empty_label=_("All queues")
    )
    state = filters.ChoiceFilter(
        choices=CaseState.choices,
        method="in_state",
        label=_("State"),
        empty_label=_("Any state"),
    )
    category = filters.ChoiceFilter(
        choices=Category.choices, label=_("Category"), empty_label=_("Any category")
    )
    kind = filters.ChoiceFilter(choices=Kind.choices, label=_("Kind"), empty_label=_("Any kind"))
    selected = filters.BooleanFilter(label=_("Selected"), widget=AnyYesNo())
    source = filters.CharFilter(field_name="source__slug", label=_("Source"))
    model = filters.CharFilter(
        label=_("Model"), widget=TextInput(attrs={"placeholder": _("Any model"), "size": 14})
    )
    prompt_version = filters.CharFilter(
        field_name="cutoff__prompt_version", label=_("Prompt version")
    )
    locale = filters.CharFilter(label=_("Locale"))
    policy_version = filters.NumberFilter(
        label=_("Policy version"), min_value=0, max_value=LARGEST_VERSION
    )
    surprised = filters.BooleanFilter(label=_("User surprised"), widget=AnyYesNo())
    crisis = filters.BooleanFilter(label=_("Crisis cue"), widget=AnyYesNo())
    breach = filters.BooleanFilter(label=_("Breach"), widget=AnyYesNo())
    assigned_to = filters.CharFilter(method="held_by", label=_("Held by (e-mail address)"))
    ended_after = MomentFilter(
        field_name="at",
        lookup_expr="gte",
        label=_("Ended after"),
        widget=TextInput(attrs={"placeholder": "2026-11-20"}),
    )
    ended_before = MomentFilter(
        field_name="at",
        lookup_expr="lt",
        label=_("Ended before"),
        widget=TextInput(attrs={"placeholder": "2026-11-20"}),
    )

    #: What ``q`` asked for.
    _search: Search | None = None

    class Meta:
        model = Case
        fields: list[str] = []

    @cached_property
    def gold(self) -> seen.Gold:
        """The gold cases of whoever asks."""
        user = self.request.user
        return seen.gold_of(user, timezone.now()) if can_decide(user) else {}

    def filter_queryset(self, queryset: CaseQuerySet) -> CaseQuerySet:
        """Those that all filters leave, without the gold cases, which stand elsewhere."""
        found: CaseQuerySet = super().filter_queryset(queryset)
        return found.exclude(pk__in=list(self.gold)) if self.gold else found

    def gold_beside(
        self, joined: Callable[[CaseQuerySet], CaseQuerySet] = lambda cases: cases
    ) -> list[Case]:
        """The gold cases that whoever asks finds among the others, as they are to see them.

        Apart from :attr:`qs`: where they stand is known by what is shown of them alone.
        """
        if not self.gold:
            return []
        asked = self.form.cleaned_data
        found = self.queryset.filter(pk__in=list(self.gold))
        for name, value in asked.items():
            if name not in _BY_WHAT_IS_SHOWN:
                found = self.filters[name].filter(found, value)
        shown = seen.as_seen(joined(found), user=self.request.user, gold=self.gold)
        after, before = asked["ended_after"], asked["ended_before"]
        return [
            case
            for case in shown
            if self.shows(case)
            and (after is None or case.at >= after)
            and (before is None or case.at < before)
        ]

    def shows(self, case: Case) -> bool:
        """Whether a gold case shows in the state that is asked for."""
        wanted = self.form.cleaned_data["state"]
        return not wanted or case.state == wanted

    def with_words(self, cases: CaseQuerySet, _name: str, query: str) -> CaseQuerySet:
        """Those that have these words. Asked for once, however many lists it is asked of."""
        if self._search is None:
            self._search = Search.by(self.request.user, query)
        return self._search.among(cases)

    def in_state(self, cases: CaseQuerySet, name: str, state: str) -> CaseQuerySet:
        """Those that show in *state* to whoever asks."""
        return seen.in_state(cases, state, user=self.request.user)

    def held_by(self, cases: CaseQuerySet, _name: str, email: str) -> CaseQuerySet:
        """Those that somebody, named by their address, holds now."""
        live = Claim.objects.live().filter(case=OuterRef("pk"), reviewer__email__iexact=email)
        # Somebody's gold case is settled, and theirs alone to know of: it waits for their answer.
        others = Q(state__in=CLAIMABLE) & ~Q(pk__in=list(self.gold))
        return cases.filter(Q(pk__in=seen.unanswered(self.gold)) | others, Exists(live))


def _label_names() -> list[tuple[str, str]]:
    return [(name, name) for name in Label.objects.values_list("name", flat=True)]


class QueueFilter(CaseFilter):
    """The queue page's filters: what waits for somebody, unless the address says otherwise."""

    state = filters.ChoiceFilter(
        choices=[
            (WAITING, _("Waiting")),
            (ALL, _("All, also not selected")),
            *CaseState.choices,
        ],
        method="in_state",
        label=_("State"),
        empty_label=None,
    )

    language = filters.CharFilter(label=_("Language"), method="in_language")
    label = filters.ChoiceFilter(
        choices=_label_names, method="with_label", label=_("Label"), empty_label=_("Any label")
    )
    assigned = filters.ChoiceFilter(
        choices=[("me", _("To me")), ("somebody", _("To somebody")), ("nobody", _("To nobody"))],
        method="assigned_as",
        label=_("Assigned"),
        empty_label=_("To anybody"),
    )

    #: Always shown; the others are shown when one of them is set.
    MAIN = ("q", "queue", "state", "category", "assigned", "label")

    def __init__(self, data: Any, *args: Any, **kwargs: Any) -> None:
        chosen = data.copy()
        chosen["state"] = chosen.get("state") or WAITING
        super().__init__(chosen, *args, **kwargs)

    def in_state(self, cases: CaseQuerySet, name: str, state: str) -> CaseQuerySet:
        """Those that wait, all, or those in one state."""
        if state == ALL:
            return cases
        if state == WAITING:
            return seen.waiting(cases, user=self.request.user)
        return super().in_state(cases, name, state)

    def in_language(self, cases: CaseQuerySet, _name: str, language: str) -> CaseQuerySet:
        """Those read to be in a language, by its primary subtag."""
        return cases.filter(language=language.strip().lower())

    def with_label(self, cases: CaseQuerySet, _name: str, label: str) -> CaseQuerySet:
        """Those that bear a label."""
        return cases.filter(
            Exists(CaseLabel.objects.filter(case=OuterRef("pk"), label__name=label))
        )

    def assigned_as(self, cases: CaseQuerySet, _name: str, whom: str) -> CaseQuerySet:
        """Those kept for whoever asks, for somebody, or for nobody."""
        if whom == "me":
            return cases.filter(assignee=self.request.user)
        return cases.filter(assignee__isnull=whom == "nobody")

    @property
    def form(self) -> Any:
        """The form, with the choices that stand in the database read once."""
        if not hasattr(self, "_form"):
            for name in ("queue", "label"):
                field = super().form.fields[name]
                # The library puts the choice of none before whatever it is given.
                field.choices = [choice for choice in field.choices if choice[0]]
        return super().form

    @property
    def waiting_only(self) -> bool:
        """Whether what waits is listed, and nothing else."""
        return bool(self.data["state"] == WAITING)

    def shows(self, case: Case) -> bool:
        """Likewise, by the page's own words too."""
        if self.waiting_only:
            return case.exercise == "to_answer"
        return self.data["state"] == ALL or super().shows(case)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the default is chosen."""
        return any(
            value and (name, value) != ("state", WAITING)
            for name, value in self.data.items()
            if name in self.filters
        )

    @classmethod
    def kept(cls, data: Mapping[str, Any]) -> str:
        """What a saved view keeps of an address: filters that are set, and no searched words."""
        names = sorted(cls.base_filters.keys() - {"q"})
        return urlencode({name: str(data[name]) for name in names if data.get(name)})
