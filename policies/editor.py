"""A policy as the fields of a form, and back: flat texts by JSON Pointer, as they were typed.

What somebody typed is kept as text until it is read, so that a refused value is shown again with
its reason, and so that two people's changes to one draft can be laid on top of each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.inspect import FloatType, IntType, type_info

from conversations.vocabulary import Category
from policies.evaluation import CRITERIA
from policies.thresholds import CategoryThresholds, DueHours, Fault, ReviewSettings, Thresholds

YES, NO = "yes", "no"
OWN, AS_DEFAULT = "own", "default"
NOTE: Final = "/note"
#: How far the slider of a count goes; the number beside it goes as far as the code allows.
SLIDER_TOP: Final = 10

#: Values by pointer, as the form shows and sends them.
Flat = dict[str, str]


@dataclass(frozen=True)
class Bounds:
    """What the code allows, in the unit of the form. *above*: the lowest is not allowed itself."""

    low: float
    high: float
    whole: bool
    above: bool = False

    @property
    def words(self) -> str:
        """The bounds in a sentence."""
        low, high = f"{self.low:g}", f"{self.high:g}"
        if self.above:
            return f"A number above {low}, and at most {high}."
        return f"A {'whole ' if self.whole else ''}number from {low} to {high}."


def _bounds(kind: type[msgspec.Struct], *, percent: bool = False) -> dict[str, Bounds]:
    found = {}
    for field in msgspec.structs.fields(kind):
        said = type_info(field.type)
        if isinstance(said, FloatType | IntType):
            unit = 100 if percent and isinstance(said, FloatType) else 1
            low = said.gt if said.ge is None else said.ge
            if low is None or said.le is None:
                raise TypeError(f"{field.name} has no bounds.")
            found[field.name] = Bounds(
                low * unit, said.le * unit, isinstance(said, IntType), said.ge is None
            )
    return found


_ASKED = _bounds(CategoryThresholds)
_SHARES = _bounds(ReviewSettings, percent=True)
_HOURS = _bounds(DueHours)
_CEILING = _bounds(Thresholds)["imminent_risk_ceiling"]

CEILING: Final = "/imminent_risk_ceiling"
CONFIRM: Final = "/confirm_user_request"
DEFAULT: Final = "/default"
REVIEW: Final = "/review"
#: Shares of audits by category; an empty one is as of all others.
STRATA: Final = "/review/audit_shares"
HOURS: Final = "/review/due_hours"


def category_pointer(category: str) -> str:
    """Where the thresholds of *category* stand."""
    return f"/categories/{category}"


def asking_pointers() -> list[str]:
    """Where thresholds stand: of the default, then of each category."""
    return [DEFAULT, *(category_pointer(category.value) for category in Category)]


def _numbers() -> dict[str, Bounds]:
    found = {CEILING: _CEILING}
    for pointer in asking_pointers():
        found |= {f"{pointer}/{one.name}": _ASKED[one.name] for one in CRITERIA}
    found |= {f"{REVIEW}/{name}": bounds for name, bounds in _SHARES.items()}
    found |= {f"{STRATA}/{category.value}": _SHARES["audit_share"] for category in Category}
    return found | {f"{HOURS}/{name}": bounds for name, bounds in _HOURS.items()}


#: Every number of the form, and what the code allows.
NUMBERS: Final = _numbers()


def is_share(pointer: str) -> bool:
    """Whether the form shows it in percent where the policy has a share of 1."""
    return pointer.startswith(f"{REVIEW}/") and not pointer.startswith(f"{HOURS}/")


def shown(pointer: str, value: float) -> str:
    """A number as the form shows it."""
    return f"{value * 100 if is_share(pointer) else value:.10g}"


def flat(policy: Thresholds, note: str = "") -> Flat:
    """What the form shows for *policy*. A category without its own shows the default's."""
    found = {
        CEILING: shown(CEILING, policy.imminent_risk_ceiling),
        CONFIRM: YES if policy.confirm_user_request else NO,
        NOTE: _plain(note),
    }
    found |= _flat_asked(DEFAULT, policy.default)
    for category in Category:
        pointer = category_pointer(category.value)
        found[pointer] = OWN if category.value in policy.categories else AS_DEFAULT
        found |= _flat_asked(pointer, policy.of(category.value))
    for name in _SHARES:
        found[f"{REVIEW}/{name}"] = shown(f"{REVIEW}/{name}", getattr(policy.review, name))
    for category in Category:
        pointer = f"{STRATA}/{category.value}"
        own = policy.review.audit_shares.get(category.value)
        found[pointer] = "" if own is None else shown(pointer, own)
    for name in _HOURS:
        found[f"{HOURS}/{name}"] = str(getattr(policy.review.due_hours, name))
    return found


def _flat_asked(pointer: str, asked: CategoryThresholds) -> Flat:
    found = {f"{pointer}/enabled": YES if asked.enabled else NO}
    for criterion in CRITERIA:
        name = f"{pointer}/{criterion.name}"
        found[name] = shown(name, getattr(asked, criterion.name))
    return found


def typed(sent: Mapping[str, str]) -> Flat:
    """What a form *sent*, of what it has; a field that is absent is empty."""
    names = [*NUMBERS, CONFIRM, NOTE]
    names += [f"{pointer}/enabled" for pointer in asking_pointers()]
    names += [category_pointer(category.value) for category in Category]
    return {name: _plain(sent.get(name, "")) for name in names}


def _plain(text: str) -> str:
    """*text* as the database can keep it, whatever a browser makes of the ends of lines."""
    return text.replace("\x00", "").replace("\r\n", "\n").strip()


def content(values: Flat) -> dict[str, Any]:
    """The content that *values* spell. What is no number stays the text that it is.

    ``policies.thresholds.read`` then says what is wrong with it, and where.
    """
    return {
        "imminent_risk_ceiling": _number(CEILING, values),
        "confirm_user_request": _flag(values[CONFIRM]),
        "default": _asked(DEFAULT, values),
        "categories": {
            category.value: _asked(category_pointer(category.value), values)
            for category in Category
            if values[category_pointer(category.value)] != AS_DEFAULT
        },
        "review": {
            **{name: _number(f"{REVIEW}/{name}", values) for name in _SHARES},
            "audit_shares": {
                category.value: _number(f"{STRATA}/{category.value}", values)
                for category in Category
                if values[f"{STRATA}/{category.value}"]
            },
            "due_hours": {name: _number(f"{HOURS}/{name}", values) for name in _HOURS},
        },
    }


def _asked(pointer: str, values: Flat) -> dict[str, Any]:
    numbers = {one.name: _number(f"{pointer}/{one.name}", values) for one in CRITERIA}
    return {"enabled": _flag(values[f"{pointer}/enabled"]), **numbers}


def _flag(value: str) -> bool | str:
    return {YES: True, NO: False}.get(value, value)


def _number(pointer: str, values: Flat) -> float | int | str:
    text = values[pointer].replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    if NUMBERS[pointer].whole and number.is_integer():
        return int(number)
    return number / 100 if is_share(pointer) else number


def errors(faults: list[Fault]) -> dict[str, str]:
    """A reason for each field that *faults* are about, by its pointer."""
    return {
        fault.pointer: NUMBERS[fault.pointer].words
        if fault.pointer in NUMBERS
        else "Choose one of the two."
        for fault in faults
    }


@dataclass(frozen=True)
class Clash:
    """One value that somebody changed since both read it."""

    pointer: str
    read: str
    theirs: str
    yours: str

    @property
    def both(self) -> bool:
        """Whether both changed it, and not to the same."""
        return self.read not in (self.theirs, self.yours) and self.theirs != self.yours


def merged(read: Flat, theirs: Flat, yours: Flat) -> tuple[Flat, list[Clash]]:
    """*yours* on top of *theirs*, and all that either changed since both had *read* it.

    Where both changed the same, yours stands.
    """
    mine = set(_changed(read, yours))
    on_top = {name: yours[name] if name in mine else value for name, value in theirs.items()}
    named = [name for name in theirs if name in mine or theirs[name] != read[name]]
    rows = [
        Clash(name, read[name], theirs[name], on_top[name] if name in mine else read[name])
        for name in named
        if not _hidden(name, on_top)
    ]
    return on_top, rows


def _changed(read: Flat, yours: Flat) -> Iterator[str]:
    for name in read:
        category = _category_of(name)
        taken = category and read[category] == AS_DEFAULT and yours[category] == OWN
        if taken or read[name] != yours[name]:
            yield name


def _hidden(name: str, values: Flat) -> bool:
    """Whether it is a threshold of a category that has none of its own."""
    category = _category_of(name)
    return bool(category) and category != name and values[category] == AS_DEFAULT


def _category_of(name: str) -> str:
    """The pointer of the category that *name* is about; empty where it is about none."""
    parts = name.split("/")
    return "/".join(parts[:3]) if parts[1] == "categories" else ""
