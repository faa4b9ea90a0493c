"""The fields of the editor of a draft, group by group, with what they were and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from conversations.vocabulary import Category
from policies import editor
from policies.differences import criterion_of
from policies.editor import Bounds, Clash, Flat
from policies.evaluation import CRITERIA
from policies.views.shown import DUE_LABELS, REVIEW_LABELS


@dataclass(frozen=True)
class Number:
    """A slider with a number beside it. *was* is what it is compared with.

    *otherwise* is what holds where the number is empty, for one that may be.
    """

    name: str
    label: str
    value: str
    was: str
    error: str
    bounds: Bounds
    step: str
    top: float
    unit: str = ""
    otherwise: str = ""

    @property
    def id(self) -> str:
        """Its id in the page."""
        return _id(self.name)

    @property
    def changed(self) -> bool:
        """Whether it differs from what it was."""
        return self.value != self.was


@dataclass(frozen=True)
class Choice:
    """One of two, in words."""

    name: str
    label: str
    value: str
    was: str
    error: str
    options: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        """Its id in the page."""
        return _id(self.name)

    @property
    def changed(self) -> bool:
        """Whether it differs from what it was."""
        return self.value != self.was

    @property
    def was_words(self) -> str:
        """What it was, in words."""
        return dict(self.options).get(self.was, "")


@dataclass(frozen=True)
class Group:
    """Some fields under a title. ``own``: whether the category has thresholds of its own, for a
    category; ``ending``: whether anything is ended there at all.
    """

    id: str
    title: str
    numbers: list[Number] = field(default_factory=list)
    own: Choice | None = None
    ending: Choice | None = None

    @property
    def changed(self) -> int:
        """How many of its fields that count differ from what they were."""
        said = sum(choice.changed for choice in (self.own, self.ending) if choice)
        if self.own and self.own.value == editor.AS_DEFAULT:
            return int(self.own.changed)
        return said + sum(number.changed for number in self.numbers)

    @property
    def wrong(self) -> bool:
        """Whether any of its fields was refused."""
        choices = [choice for choice in (self.own, self.ending) if choice]
        return any(number.error for number in self.numbers) or any(one.error for one in choices)

    @property
    def summary(self) -> str:
        """What it asks for, in a line."""
        if self.own and self.own.value == editor.AS_DEFAULT:
            return gettext("as the default")
        if self.ending and self.ending.value == editor.NO:
            return gettext("never ended")
        return " · ".join(number.value for number in self.numbers)


@dataclass(frozen=True)
class Fields:
    """All groups, in the order of the page."""

    default: Group
    categories: list[Group]
    confirm: Choice
    ceiling: Number
    review: Group
    strata: Group
    changed: int


ENDING = ((editor.YES, _("Allowed")), (editor.NO, _("Never")))
OWNERSHIP = ((editor.AS_DEFAULT, _("As the default")), (editor.OWN, _("Thresholds of its own")))
CONFIRMING = ((editor.YES, _("Confirmed first")), (editor.NO, _("Followed at once")))


def fields(values: Flat, was: Flat, errors: dict[str, str]) -> Fields:
    """The editor's fields with *values*, compared with *was*."""
    make = _Maker(values, was, errors)
    ceiling = make.number(editor.CEILING, _("Ceiling of imminent risk"), "0.01")
    confirm = make.choice(editor.CONFIRM, _("A user’s request to end"), CONFIRMING)
    default = make.asking(editor.DEFAULT, gettext("Default"))
    categories = [
        make.asking(editor.category_pointer(category.value), category.label)
        for category in Category
    ]
    review, strata = make.review(), make.strata()
    groups = [default, *categories, review, strata]
    changed = ceiling.changed + confirm.changed + sum(group.changed for group in groups)
    return Fields(default, categories, confirm, ceiling, review, strata, changed)


class _Maker:
    def __init__(self, values: Flat, was: Flat, errors: dict[str, str]) -> None:
        self.values, self.was, self.errors = values, was, errors

    def number(self, name: str, label: str, step: str, top: float = 0, unit: str = "") -> Number:
        bounds = editor.NUMBERS[name]
        return Number(
            name=name,
            label=gettext(label),
            value=self.values[name],
            was=self.was[name],
            error=self.errors.get(name, ""),
            bounds=bounds,
            step=step,
            top=top or bounds.high,
            unit=unit,
        )

    def choice(self, name: str, label: str, options: tuple[tuple[str, str], ...]) -> Choice:
        error = self.errors.get(name, "")
        said = tuple((value, gettext(words)) for value, words in options)
        return Choice(name, gettext(label), self.values[name], self.was[name], error, said)

    def asking(self, pointer: str, title: str) -> Group:
        numbers = [
            self.number(
                f"{pointer}/{one.name}",
                one.label,
                "1" if one.whole else "0.01",
                editor.SLIDER_TOP if one.whole else 0,
            )
            for one in CRITERIA
        ]
        own = (
            None if pointer == editor.DEFAULT else self.choice(pointer, _("Thresholds"), OWNERSHIP)
        )
        ending = self.choice(f"{pointer}/enabled", _("Ending"), ENDING)
        return Group(_id(pointer), title, numbers, own, ending)

    def review(self) -> Group:
        shares = [
            self.number(f"{editor.REVIEW}/{name}", label, "1", unit="%")
            for name, label in REVIEW_LABELS.items()
        ]
        hours = [
            self.number(f"{editor.HOURS}/{name}", label, "1", unit="h")
            for name, label in DUE_LABELS.items()
        ]
        return Group("review", gettext("Review"), shares + hours)

    def strata(self) -> Group:
        all_others = self.values[f"{editor.REVIEW}/audit_share"]
        shares = [
            replace(
                self.number(f"{editor.STRATA}/{category.value}", category.label, "1", unit="%"),
                otherwise=all_others,
            )
            for category in Category
        ]
        return Group("strata", gettext("Audited by category"), shares)


def label(name: str) -> str:
    """What a field is about, in words, for a table of differences."""
    parts = name.strip("/").split("/")
    category = Category(parts[1]).label if parts[0] == "categories" else ""
    if name == editor.NOTE:
        return gettext("Note")
    if name == editor.CEILING:
        return gettext("Ceiling of imminent risk")
    if name == editor.CONFIRM:
        return gettext("A user’s request to end")
    if name.startswith(f"{editor.STRATA}/"):
        return gettext("Audited of %(category)s") % {"category": Category(parts[-1]).label}
    if parts[0] == "review":
        return gettext((REVIEW_LABELS | DUE_LABELS)[parts[-1]])
    if len(parts) == 2 and category:
        return gettext("%(category)s: thresholds") % {"category": category}
    whose = category or gettext("Default")
    if parts[-1] == "enabled":
        return gettext("%(category)s: ending") % {"category": whose}
    return criterion_of(whose, parts[-1])


def words(name: str, value: str) -> str:
    """A field's value in words."""
    if name.endswith("/enabled"):
        return gettext(dict(ENDING).get(value, value))
    if name == editor.CONFIRM:
        return gettext(dict(CONFIRMING).get(value, value))
    if name.startswith("/categories/") and name.count("/") == 2:
        return gettext(dict(OWNERSHIP).get(value, value))
    if name.startswith(f"{editor.STRATA}/") and not value:
        return gettext("the share of all")
    return f"{value} %" if editor.is_share(name) else value


@dataclass(frozen=True)
class ClashRow:
    """One value that two people, or one of them, changed, in words."""

    label: str
    read: str
    theirs: str
    yours: str
    both: bool


def clash_rows(clashes: list[Clash]) -> list[ClashRow]:
    """*clashes* in words."""
    return [
        ClashRow(
            label(one.pointer),
            words(one.pointer, one.read),
            words(one.pointer, one.theirs),
            words(one.pointer, one.yours),
            one.both,
        )
        for one in clashes
    ]


def _id(name: str) -> str:
    return name.strip("/").replace("/", "-").replace("_", "-")
