"""Reading the ledger: which lines somebody may see, and what the page says of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts import ledger
from accounts.models import LedgerEntry, LedgerSeal, User
from policies.permissions import can_view as can_view_policies
from reviews.ledger_words import ACTIONS, OBJECTS, agent_words
from reviews.models import Case
from reviews.permissions import (
    can_decide,
    can_list,
    can_manage_quality,
    can_see_outcomes,
    may_manage_people,
    viewer_of,
)
from reviews.services.seen import gold_of
from reviews.sight import unlisted_for
from reviews.transitions import PENDING
from reviews.visibility import CaseFacts, Text, visible
from reviews.vocabulary import CaseState

#: What gold cases and training write about themselves.
_OF_EXERCISES: Final = ("gold", "exercise")
_KEY: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
#: The key of the case that a line is about; null for every other line.
_CASE_KEY: Final = models.Case(
    models.When(
        object_type="case", object_id__regex=_KEY, then=Cast("object_id", models.UUIDField())
    ),
    output_field=models.UUIDField(),
)
#: The actions that tell something of a kind of text: that it is there, its codes, its outcome.
_TELLS: Final = {
    Text.VERDICTS: (
        *("case.decided", "case.undone", "case.settled", "verdicts.compared"),
        # Which text answers a user goes by the verdict.
        *("reply.written", "reply.published"),
    ),
    Text.NOTES: ("note.written", "note.changed", "note.deleted"),
    Text.FEEDBACK: ("feedback.received", "feedback.changed"),
}
#: So much of a line's details stands on the page; the API has all of it.
LONGEST_DETAILS: Final = 160
_CODE: Final = re.compile(r"[a-z_]+")


def visible_to(user: User) -> QuerySet[LedgerEntry]:
    """The lines that *user* may see, of those who may read the ledger at all.

    Left out, as if there were none, are lines (numbers have gaps anyway, where a transaction was
    rolled back)

    - about legal holds, for whoever may place none;
    - about gold cases and exercises, for whoever does not make gold cases: they could be
      examined by them;
    - that tell of verdicts, notes or feedback, for whoever sees none of the kind on any case;
    - about cases of child safety, for whoever is not qualified for it, and about those of a
      crisis, for whoever would read them and is not;
    - about a case whose last word is not spoken, for whoever gives verdicts: they would tell of
      the first verdict who may yet be asked for the second, and which cases were asked twice.
      One rule for all such cases, one's own work on them included, tells nothing about any. The
      lines appear once the case is settled;
    - about a gold case that still looks to *user* like work.
    """
    entries = ledger.visible_to(user)
    if not can_manage_quality(user):
        entries = entries.exclude(object_type__in=_OF_EXERCISES)
        entries = entries.exclude(action__startswith="exercise.")
    if untold := _untold(user):
        entries = entries.exclude(action__in=untold)
    kept_back = _kept_back(user)
    if not kept_back:
        return entries
    cases = Case.objects.filter(kept_back, pk=OuterRef("case_key"))
    return entries.alias(case_key=_CASE_KEY).exclude(Exists(cases))


def _untold(user: User) -> list[str]:
    """The actions that tell of what the roles of *user* show on no case."""
    seen = visible(viewer_of(user), CaseFacts(restricted=False, state=CaseState.SETTLED))
    return [action for kind, told in _TELLS.items() if kind not in seen for action in told]


def _kept_back(user: User) -> Q:
    """The cases whose lines are not for *user*; nothing at all where there are none."""
    cases = Q()
    if unlisted := unlisted_for(user):
        cases |= Q(queue__in=unlisted)
    if can_decide(user):
        cases |= Q(state__in=PENDING)
        if gold := gold_of(user, timezone.now()):
            cases |= Q(pk__in=sorted(gold))
    return cases


def case_named(name: str, *, user: User) -> str:
    """The key of the case that people call by its number, as ``object_id`` has it.

    What is no number, or no case that *user* may know of, stays as it is.
    """
    number = name.strip().upper().removeprefix("CO-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return name
    found = Case.objects.listed_for(user).filter(number=int(number)).values_list("pk", flat=True)
    return str(found.first() or name)


def last_seal() -> LedgerSeal | None:
    """The latest seal; None where nothing was sealed yet."""
    return LedgerSeal.objects.order_by("-number").first()


@dataclass(frozen=True)
class Line:
    """One line in words: *who* did *did* to *what*, and where one may look at that.

    ``by_them`` and ``about_it`` lead to whatever else they did, and was done to it.
    """

    entry: LedgerEntry
    who: str
    did: str
    kind: str
    what: str
    url: str
    details: str
    by_them: str
    about_it: str


def lines(entries: Sequence[LedgerEntry], *, user: User) -> list[Line]:
    """*entries* in words, their actors read with them; two queries at most."""
    numbers = _numbers(entries, user)
    people = _people(entries)
    return [_line(entry, user, numbers, people) for entry in entries]


def _line(entry: LedgerEntry, user: User, numbers: dict[str, int], people: dict[str, str]) -> Line:
    key, what = entry.object_id, entry.object_id
    if entry.object_type == "case" and entry.object_id in numbers:
        key = str(numbers[entry.object_id])
        what = f"CO-{key}"
    elif entry.object_type == "user":
        what = people.get(entry.object_id, entry.object_id)
    return Line(
        entry=entry,
        who=entry.actor.name if entry.actor else agent_words(entry.agent),
        did=str(ACTIONS.get(entry.action, entry.action)),
        kind=str(OBJECTS.get(entry.object_type, entry.object_type)),
        what=what,
        url=_url(entry.object_type, key, user),
        details=_told(entry.details),
        by_them=_narrowed(actor=entry.actor_id or entry.agent),
        about_it=_narrowed(object_type=entry.object_type, object_id=key) if entry.object_id else "",
    )


def _narrowed(**filters: str | int) -> str:
    return f"{reverse('ledger')}?{urlencode(filters)}"


def _numbers(entries: Sequence[LedgerEntry], user: User) -> dict[str, int]:
    """The numbers of the cases that *entries* are about, by their keys."""
    keys = {one.object_id for one in entries if one.object_type == "case"}
    known = Case.objects.listed_for(user).filter(
        pk__in=[one for one in keys if re.fullmatch(_KEY, one)]
    )
    return {str(key): number for key, number in known.values_list("pk", "number")}


def _people(entries: Sequence[LedgerEntry]) -> dict[str, str]:
    """The names of the people whom *entries* are about, by their keys."""
    keys = {int(one.object_id) for one in entries if _is_person(one)}
    found = User.objects.filter(pk__in=keys).values_list("pk", "name") if keys else ()
    return {str(key): name for key, name in found}


def _is_person(entry: LedgerEntry) -> bool:
    return entry.object_type == "user" and entry.object_id.isdecimal()


def _sees_sources(user: User) -> bool:
    return user.has_perm("conversations.view_source")


#: Where a thing can be looked at, and by whom.
_PAGES: Final[dict[str, tuple[str, Callable[[User], bool]]]] = {
    "case": ("case", can_list),
    "policy_version": ("policy-version", can_view_policies),
    "backtest": ("backtest", can_view_policies),
    "source": ("source", _sees_sources),
    "delivery": ("delivery", can_see_outcomes),
    "user": ("person", may_manage_people),
}


def _url(kind: str, key: str, user: User) -> str:
    name, may_open = _PAGES.get(kind, ("", None))
    if may_open is None or not may_open(user):
        return ""
    try:
        return reverse(name, args=[key])
    except NoReverseMatch:
        # Not the key of anything that has a page: a case that one may not know of, for one.
        return ""


def _told(details: dict[str, Any]) -> str:
    """*details* as one line of codes, ids and numbers."""
    told = " · ".join(
        f"{name.replace('_', ' ')}: {_value(said)}"
        for name, said in details.items()
        if said not in ("", [], {})
    )
    return told if len(told) <= LONGEST_DETAILS else f"{told[:LONGEST_DETAILS].rstrip()}…"


def _value(said: Any) -> str:
    if isinstance(said, str):
        return said.replace("_", " ") if _CODE.fullmatch(said) else said
    if isinstance(said, list) and all(isinstance(one, str | int) for one in said):
        return ", ".join(_value(one) for one in said)
    if isinstance(said, bool) or said is None:
        return {True: "yes", False: "no", None: "none"}[said]
    return json.dumps(said, ensure_ascii=False)
