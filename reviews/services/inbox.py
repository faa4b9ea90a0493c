"""The inbox of what users said: whom it shows what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.ledger import Actor, record_each
from accounts.models import User
from reviews.models import Case, Feedback
from reviews.permissions import facts_of_each, viewer_of
from reviews.phrases import STANDINGS, within
from reviews.services.care import excerpts_hidden
from reviews.services.seen import as_seen, gold_of
from reviews.visibility import Text, visible


@dataclass(frozen=True)
class Line:
    """One feedback as one person is to see it.

    ``verdict`` is what its case settled with, empty where there is none or they are not to know;
    ``warning`` is what its words may be like; ``readable`` is whether they may ask for them.
    """

    said: Feedback
    case: Case
    verdict: str
    warning: str
    readable: bool


def listed_for(user: User, wanted: dict[str, str], *, words: bool = False) -> QuerySet[Feedback]:
    """The feedback that *user* may know of, as the filters of the inbox narrow it.

    With *words* for :func:`read`.
    """
    found = Feedback.objects.filter(case__in=Case.objects.listed_for(user))
    # When somebody wrote about a gold case would tell how old it is.
    if gold := gold_of(user, timezone.now()):
        found = found.exclude(case__in=list(gold))
    if read := wanted.get("read"):
        found = found.filter(read_at__isnull=read == "no")
    if reason := wanted.get("reason"):
        found = found.filter(reason=reason)
    if channel := wanted.get("channel"):
        found = found.filter(channel=channel)
    match wanted.get("said"):
        case "surprised":
            found = found.filter(surprised=True)
        case "not_surprised":
            found = found.filter(surprised=False)
        case "appeal":
            found = found.filter(appeal=True)
        case "open_appeal":
            found = found.filter(appeal=True, closed_at=None)
        case "not_assessed":
            found = found.not_assessed()
    beside = ("case__cutoff", "case__source", "read_by", "words")
    found = found.select_related(*beside)
    return found if words else found.defer("words__comment")


def lines(found: Sequence[Feedback], user: User) -> list[Line]:
    """*found* as *user* is to see it: states masked, verdicts only where they may know them."""
    cases = as_seen({one.case_id: one.case for one in found}.values(), user=user)
    by_key = {case.pk: case for case in cases}
    viewer, facts = viewer_of(user), facts_of_each(cases)
    shows = {case.pk: visible(viewer, facts[case.pk]) for case in cases}
    hidden = excerpts_hidden(cases, user=user)
    made = []
    for one in found:
        case, hiding = by_key[one.case_id], hidden[one.case_id]
        told = Text.VERDICTS in shows[case.pk] and bool(case.cutoff.standing)
        has_words = getattr(one, "words", None) is not None
        made.append(
            Line(
                said=one,
                case=case,
                verdict=within(STANDINGS, case.cutoff.standing) if told else "",
                warning=hiding.warning if hiding else "",
                readable=has_words and Text.FEEDBACK in shows[case.pk],
            )
        )
    return made


def read(found: Iterable[Line], *, user: User, now: datetime) -> None:
    """Note that *user* was given the words of *found*, a line in the ledger for each case."""
    readable = [line.said for line in found if line.readable]
    if not readable:
        return
    with transaction.atomic():
        keys = sorted(one.pk for one in readable)
        locked = Feedback.objects.select_for_update(no_key=True).filter(pk__in=keys)
        unread = locked.filter(read_at=None).order_by("pk").values_list("pk", flat=True)
        Feedback.objects.filter(pk__in=list(unread)).update(read_at=now, read_by=user)
        record_each(
            actor=Actor(user=user),
            action="feedback.opened",
            obj="case",
            details={key: {} for key in sorted({one.case_id for one in readable})},
            at=now,
        )
    for one in readable:
        if one.read_at is None:
            one.read_at, one.read_by = now, user
