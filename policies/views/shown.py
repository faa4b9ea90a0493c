"""A policy as a table: each category a line, what differs from another policy marked in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from conversations.vocabulary import Category
from policies.differences import OWN, Difference, Effect, Value, differences
from policies.evaluation import CRITERIA
from policies.thresholds import CategoryThresholds, DueHours, ReviewSettings, Thresholds

#: The shape of the tag that says what a change does to ending.
KINDS = {Effect.STRICTER: "ok", Effect.LAXER: "warn", Effect.NEITHER: ""}


@dataclass(frozen=True)
class Cell:
    """A value in words; *was* is the former one, empty where it is the same."""

    value: str
    was: str = ""


@dataclass(frozen=True)
class Row:
    """The thresholds of the default or of one category. ``new``: it had none of its own before."""

    label: str
    enabled: bool
    enabled_was: str
    cells: tuple[Cell, ...]
    new: bool = False


@dataclass(frozen=True)
class Fact:
    """One rule or review setting."""

    label: str
    cell: Cell


@dataclass(frozen=True)
class Change:
    """One difference in words, for a table of them."""

    label: str
    before: str
    after: str
    effect: str
    kind: str


@dataclass(frozen=True)
class Content:
    """All that a version says. ``as_default``: the categories without thresholds of their own."""

    rules: list[Fact]
    rows: list[Row]
    as_default: list[str]
    review: list[Fact]
    changed: int


def content(shown: Thresholds, base: Thresholds | None) -> Content:
    """*shown* in words, and where it differs from *base*, if there is one."""
    found = {one.pointer: one for one in differences(base, shown)} if base else {}
    rows = [_row(gettext("Default"), "/default", shown.default, found)]
    rows += [
        _row(category.label, f"/categories/{category.value}", shown.of(category.value), found)
        for category in Category
        if category.value in shown.categories
    ]
    as_default = [one.label for one in Category if one.value not in shown.categories]
    return Content(_rules(shown, found), rows, as_default, _review(shown.review, found), len(found))


def changes(before: Thresholds, after: Thresholds) -> list[Change]:
    """All that differs, in words."""
    return [
        Change(
            one.label,
            said(one.pointer, one.before),
            said(one.pointer, one.after),
            one.effect.value,
            KINDS[one.effect],
        )
        for one in differences(before, after)
    ]


def said(pointer: str, value: Value) -> str:
    """A value as a person reads it."""
    if isinstance(value, str):
        return gettext(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if pointer.endswith("_share") or pointer.startswith("/review/audit_shares/"):
        return f"{value * 100:g} %"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def asked(criterion: str, value: float) -> str:
    """A threshold as a table shows it; one of 0 asks for nothing."""
    whole = next(one.whole for one in CRITERIA if one.name == criterion)
    if value <= 0:
        return "–"
    return f"≥ {value:.0f}" if whole else f"≥ {value:.2f}"


def _row(
    label: str, pointer: str, thresholds: CategoryThresholds, found: dict[str, Difference]
) -> Row:
    cells = []
    for criterion in CRITERIA:
        value = asked(criterion.name, criterion.threshold(thresholds))
        change = found.get(f"{pointer}/{criterion.name}")
        was = asked(criterion.name, float(change.before)) if change else ""
        cells.append(Cell(value, was))
    switched = found.get(f"{pointer}/enabled")
    own = found.get(pointer)
    return Row(
        label=label,
        enabled=thresholds.enabled,
        enabled_was=_enabled(switched.before) if switched else "",
        cells=tuple(cells),
        new=own is not None and own.after == OWN,
    )


def _enabled(was: Value) -> str:
    return gettext("allowed") if was else gettext("never")


def _rules(shown: Thresholds, found: dict[str, Difference]) -> list[Fact]:
    return [
        _fact(
            gettext("Ceiling of imminent risk"),
            "/imminent_risk_ceiling",
            shown.imminent_risk_ceiling,
            found,
        ),
        _fact(
            gettext("A user’s request to end is confirmed first"),
            "/confirm_user_request",
            shown.confirm_user_request,
            found,
        ),
    ]


REVIEW_LABELS = {
    "audit_share": _("Cutoffs that are audited"),
    "double_share": _("Reviewed by two people"),
    "near_miss_share": _("Near misses that are audited"),
}
DUE_LABELS = {
    "breach": _("A breach is due within"),
    "cue": _("A crisis cue is due within"),
    "appeal": _("An appeal is due within"),
    "feedback": _("A surprised user’s case is due within"),
    "other": _("Any other case is due within"),
}


def _review(review: ReviewSettings, found: dict[str, Difference]) -> list[Fact]:
    facts = [
        _fact(gettext(label), f"/review/{name}", getattr(review, name), found)
        for name, label in REVIEW_LABELS.items()
    ]
    facts += [
        _fact(
            gettext("Audited of %(category)s") % {"category": category.label},
            f"/review/audit_shares/{category.value}",
            review.audit_shares[category.value],
            found,
        )
        for category in Category
        if category.value in review.audit_shares
    ]
    due: DueHours = review.due_hours
    return facts + [
        _fact(gettext(label), f"/review/due_hours/{name}", getattr(due, name), found, unit=" h")
        for name, label in DUE_LABELS.items()
    ]


def _fact(
    label: str, pointer: str, value: Value, found: dict[str, Difference], unit: str = ""
) -> Fact:
    change = found.get(pointer)
    was = said(pointer, change.before) + unit if change else ""
    return Fact(label, Cell(said(pointer, value) + unit, was))
