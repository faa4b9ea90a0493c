"""What differs between two policies, in words, and which of them is the stricter.

Stricter has one meaning: whatever may be ended under the new policy might have been ended under
the old one too.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec
from django.utils.translation import gettext, gettext_noop
from msgspec import Struct

from conversations.vocabulary import Category
from policies.evaluation import CRITERIA
from policies.thresholds import CategoryThresholds, DueHours, ReviewSettings, Thresholds

Value = float | int | bool | str


class Effect(StrEnum):
    """What a change does to ending."""

    STRICTER = "stricter"
    LAXER = "laxer"
    NEITHER = "neither"


class Difference(Struct, frozen=True):
    """One value that changed. ``pointer`` is a JSON Pointer into the content.

    For a category without thresholds of its own the values are those of the default.
    """

    pointer: str
    label: str
    before: Value
    after: Value
    effect: Effect


#: Values that are no numbers: English over the API, and said by ``policies/views/shown.py``.
OWN, AS_DEFAULT = gettext_noop("thresholds of its own"), gettext_noop("as the default")
AS_ALL = gettext_noop("the share of all")

_CRITERIA: Final = {
    "severity": gettext_noop("%(category)s: severity"),
    "refusals": gettext_noop("%(category)s: refusals"),
    "redirects": gettext_noop("%(category)s: redirects"),
    "warnings": gettext_noop("%(category)s: earlier warnings"),
    "turns_after_warning": gettext_noop("%(category)s: user turns after the warning"),
    "distress": gettext_noop("%(category)s: distress of the model"),
}
_REVIEW_LABELS: Final = {
    "audit_share": gettext_noop("Review: share of cutoffs that are audited"),
    "double_share": gettext_noop("Review: share that two people review"),
    "near_miss_share": gettext_noop("Review: share of near misses that are audited"),
}
_DUE_LABELS: Final = {
    "breach": gettext_noop("Review: hours until a breach is due"),
    "cue": gettext_noop("Review: hours until a crisis cue is due"),
    "appeal": gettext_noop("Review: hours until an appeal is due"),
    "feedback": gettext_noop("Review: hours until a surprised user's case is due"),
    "other": gettext_noop("Review: hours until any other case is due"),
}


def criterion_of(category: str, criterion: str) -> str:
    """What a threshold is about: the label of a category, or of the default, and *criterion*."""
    return gettext(_CRITERIA[criterion]) % {"category": category}


def differences(before: Thresholds, after: Thresholds) -> list[Difference]:
    """All that changed from *before* to *after*: rules first, then the default, then categories."""
    return [
        *_rules(before, after),
        *_asked("/default", gettext("Default"), before.default, after.default),
        *_categories(before, after),
        *_review(before.review, after.review),
    ]


def stricter_in_every_threshold(policy: Thresholds, than: Thresholds) -> bool:
    """Whether every signal set that ends under *policy* ends under *than* as well.

    In no threshold is *policy* laxer; the two may be alike. Exact: where it is False, there is
    a signal set that only *policy* would end.
    """
    return (
        policy.imminent_risk_ceiling <= than.imminent_risk_ceiling
        and policy.confirm_user_request >= than.confirm_user_request
        and all(_no_laxer(policy.of(name), than.of(name)) for name in Category.values)
    )


def _no_laxer(asked: CategoryThresholds, than: CategoryThresholds) -> bool:
    return not asked.enabled or (
        than.enabled
        and all(criterion.threshold(asked) >= criterion.threshold(than) for criterion in CRITERIA)
    )


def _rules(before: Thresholds, after: Thresholds) -> Iterator[Difference]:
    was, now = before.imminent_risk_ceiling, after.imminent_risk_ceiling
    if was != now:
        effect = Effect.STRICTER if now < was else Effect.LAXER
        label = gettext("Ceiling of imminent risk")
        yield Difference("/imminent_risk_ceiling", label, was, now, effect)
    confirmed, confirms = before.confirm_user_request, after.confirm_user_request
    if confirmed != confirms:
        effect = Effect.STRICTER if confirms else Effect.LAXER
        label = gettext("A user's request to end needs confirmation")
        yield Difference("/confirm_user_request", label, confirmed, confirms, effect)


def _categories(before: Thresholds, after: Thresholds) -> Iterator[Difference]:
    for category in Category:
        owned, owns = category.value in before.categories, category.value in after.categories
        pointer = f"/categories/{category.value}"
        if owned != owns:
            values = {True: OWN, False: AS_DEFAULT}
            yield Difference(pointer, category.label, values[owned], values[owns], Effect.NEITHER)
        if owned or owns:
            yield from _asked(
                pointer, category.label, before.of(category.value), after.of(category.value)
            )


def _asked(
    pointer: str, label: str, before: CategoryThresholds, after: CategoryThresholds
) -> Iterator[Difference]:
    if before.enabled != after.enabled:
        effect = Effect.LAXER if after.enabled else Effect.STRICTER
        words = gettext("%(category)s: ending allowed") % {"category": label}
        yield Difference(f"{pointer}/enabled", words, before.enabled, after.enabled, effect)
    # Where ending is off on either side, a threshold alone changes nothing.
    counts = before.enabled and after.enabled
    for criterion in CRITERIA:
        was, now = getattr(before, criterion.name), getattr(after, criterion.name)
        if was != now:
            effect = Effect.STRICTER if now > was else Effect.LAXER
            yield Difference(
                f"{pointer}/{criterion.name}",
                criterion_of(label, criterion.name),
                was,
                now,
                effect if counts else Effect.NEITHER,
            )


def _review(before: ReviewSettings, after: ReviewSettings) -> Iterator[Difference]:
    yield from _plain("/review", _REVIEW_LABELS, before, after)
    yield from _strata(before.audit_shares, after.audit_shares)
    yield from _plain("/review/due_hours", _DUE_LABELS, before.due_hours, after.due_hours)


def _strata(before: dict[str, float], after: dict[str, float]) -> Iterator[Difference]:
    for category in Category:
        was = before.get(category.value, AS_ALL)
        now = after.get(category.value, AS_ALL)
        if was != now:
            label = gettext("Review: share of cutoffs that are audited, %(category)s")
            pointer = f"/review/audit_shares/{category.value}"
            words = label % {"category": category.label}
            yield Difference(pointer, words, was, now, Effect.NEITHER)


def _plain(
    pointer: str,
    labels: dict[str, str],
    before: ReviewSettings | DueHours,
    after: ReviewSettings | DueHours,
) -> Iterator[Difference]:
    was, now = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    for name, label in labels.items():
        if was[name] != now[name]:
            about = f"{pointer}/{name}"
            yield Difference(about, gettext(label), was[name], now[name], Effect.NEITHER)
