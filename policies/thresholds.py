"""The content of a policy version: what must be there before a conversation may be ended.

The bounds below are part of the code, not of any policy. A policy may be stricter; one that is
laxer cannot be constructed (docs/explanation/ending.md, "Rules without a switch").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from conversations.vocabulary import Category

#: No policy may set the ceiling of imminent risk above this: 0 to 1.
HIGHEST_RISK_CEILING = 0.2
#: No policy may ask for fewer explicit earlier warnings than this.
FEWEST_WARNINGS = 1

Unit = Annotated[float, Meta(ge=0, le=1)]
#: No threshold asks for more refusals, redirects, warnings or user turns.
HIGHEST_COUNT = 100
Count = Annotated[int, Meta(ge=0, le=HIGHEST_COUNT)]
Warnings = Annotated[int, Meta(ge=FEWEST_WARNINGS, le=HIGHEST_COUNT)]
Ceiling = Annotated[float, Meta(ge=0, le=HIGHEST_RISK_CEILING)]
#: What is never drawn cannot be estimated (docs/explanation/estimation.md, "The draw").
AuditShare = Annotated[float, Meta(gt=0, le=1)]
UrgentHours = Annotated[int, Meta(ge=1, le=24)]
Hours = Annotated[int, Meta(ge=1, le=720)]


class CategoryThresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """The thresholds of one harm category; each signal must reach its own.

    ``severity`` and ``distress`` are 0 to 1, the others counts. A threshold of 0 asks for
    nothing, so that an unknown signal does no harm there.
    """

    enabled: bool = True
    severity: Unit = 0.6
    refusals: Count = 2
    redirects: Count = 1
    warnings: Warnings = FEWEST_WARNINGS
    turns_after_warning: Count = 1
    distress: Unit = 0.0


class DueHours(Struct, frozen=True, forbid_unknown_fields=True):
    """How soon somebody should have looked: whole hours from the opening of a case, by reason."""

    breach: UrgentHours = 1
    cue: UrgentHours = 1
    appeal: Hours = 24
    feedback: Hours = 48
    other: Hours = 72


class ReviewSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What people look at: probabilities with which a cutoff or near miss is drawn, and due times.

    ``near_miss_share`` stands for ``audit_share`` where it is a near miss. ``audit_shares`` has
    the strata: harm categories that are audited by another share than all others.
    Only the version in force by default has a say; those of overrides are not heard.
    """

    audit_share: AuditShare = 0.10
    audit_shares: dict[str, AuditShare] = {}
    double_share: Unit = 0.10
    near_miss_share: Unit = 0.05
    due_hours: DueHours = DueHours()

    def audited(self, category: str) -> float:
        """The share of cutoffs of *category* that are audited."""
        return self.audit_shares.get(category, self.audit_share)


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """All thresholds of a policy version. A category that is not named has the default ones."""

    imminent_risk_ceiling: Ceiling = HIGHEST_RISK_CEILING
    confirm_user_request: bool = True
    default: CategoryThresholds = CategoryThresholds()
    categories: dict[str, CategoryThresholds] = {}
    review: ReviewSettings = ReviewSettings()

    def __post_init__(self) -> None:
        named = self.categories.keys() | self.review.audit_shares.keys()
        if unknown := named - set(Category.values):
            raise ValueError(f"Unknown categories: {', '.join(sorted(unknown))}.")

    def of(self, category: str) -> CategoryThresholds:
        """The thresholds that hold for *category*."""
        return self.categories.get(category, self.default)


def parse(content: Any) -> Thresholds:
    """The thresholds that *content*, plain JSON objects, spells.

    Raises ``msgspec.ValidationError`` with the place where it is out of bounds.
    """
    return msgspec.convert(content, Thresholds)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a content: a JSON Pointer, a code and a sentence."""

    pointer: str
    code: str
    detail: str


class InvalidPolicy(ValueError):
    """A content that no policy version may have."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


def read(content: Any) -> Thresholds:
    """As :func:`parse`, but told of everything that is wrong: raises :class:`InvalidPolicy`."""
    if faults := list(_faults(content, Thresholds, "")):
        raise InvalidPolicy(faults)
    return parse(content)


def _faults(content: Any, kind: type[Struct], pointer: str) -> Iterator[Fault]:
    if not isinstance(content, Mapping):
        yield Fault(pointer, "wrong_type", "Expected an object with named values.")
        return
    kinds = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for name, value in content.items():
        inner = f"{pointer}/{_escaped(name)}"
        if name not in kinds:
            yield Fault(inner, "unknown", "There is no setting of this name.")
        elif get_origin(kinds[name]) is dict:
            yield from _category_faults(value, get_args(kinds[name])[1], inner)
        else:
            yield from _faults_of(value, kinds[name], inner)


def _faults_of(value: Any, kind: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield from _faults(value, kind, pointer)
    else:
        yield from _value_fault(value, kind, pointer)


def _category_faults(content: Any, kind: Any, pointer: str) -> Iterator[Fault]:
    if not isinstance(content, Mapping):
        yield Fault(pointer, "wrong_type", "Expected an object with a category in each name.")
        return
    for name, value in content.items():
        inner = f"{pointer}/{_escaped(name)}"
        if name in Category.values:
            yield from _faults_of(value, kind, inner)
        else:
            yield Fault(inner, "unknown", "There is no category of this name.")


def _value_fault(value: Any, kind: Any, pointer: str) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield Fault(pointer, "out_of_bounds", f"{error}.".replace("`", ""))


def _escaped(name: Any) -> str:
    """A name as JSON Pointers write it (RFC 6901), without lone surrogates."""
    text = str(name)[:80].encode(errors="replace").decode()
    return text.replace("~", "~0").replace("/", "~1")


BUILT_IN = Thresholds(
    default=CategoryThresholds(),
    categories={
        Category.HARASSMENT_OF_MODEL: CategoryThresholds(severity=0.5, redirects=2),
        Category.SUICIDE_SELF_HARM: CategoryThresholds(enabled=False),
        Category.SPECIALIZED_ADVICE: CategoryThresholds(severity=0.8, refusals=3, redirects=2),
        Category.OTHER: CategoryThresholds(severity=0.8, refusals=3, redirects=2),
        Category.CHILD_SEXUAL_EXPLOITATION: CategoryThresholds(
            severity=0.5, refusals=1, redirects=0, turns_after_warning=0
        ),
        Category.INDISCRIMINATE_WEAPONS: CategoryThresholds(
            severity=0.7, refusals=2, redirects=0, turns_after_warning=1
        ),
    },
)
