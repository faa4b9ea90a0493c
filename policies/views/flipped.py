"""The list of the cases that one number of a backtest counts, each with what flipped it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from conversations.models import Cutoff
from conversations.vocabulary import Category, FirstReview
from policies.backtest import (
    ANSWERS,
    END,
    MODEL,
    NOT,
    OPERATOR,
    UNKNOWN,
    USER,
    Answer,
    Question,
)
from policies.models import Backtest
from policies.services.preview import Chosen, Flipped, Page
from policies.services.preview import cases as cases_of
from policies.views.figured import TEST_LABELS, test_label
from policies.views.people import user_of

#: How each number is called, of cutoffs and of near misses.
_NAMES: Final = {
    "made": gettext_noop("Cutoffs by the model"),
    "kept": gettext_noop("Kept: both would have ended it"),
    "ended": gettext_noop("Kept: the candidate would have ended it, whatever it is held against"),
    "spared": gettext_noop("Spared: would not have been made then"),
    "allowed": gettext_noop("Only now allowed"),
    "refused": gettext_noop("Allowed by neither"),
    "cannot_tell": gettext_noop("Cannot tell: an unknown signal decides"),
    "may_be_ended": gettext_noop("Cannot tell: the candidate may have ended it"),
}
_NEAR_NAMES: Final = {
    "allowed": gettext_noop("Near misses that would have been ended"),
    "kept": gettext_noop("Near misses that both would have ended"),
    "not_ended": gettext_noop("Near misses that would have gone on"),
    "may_be_ended": gettext_noop("Near misses of which nobody can tell"),
}
_BY: Final = {
    USER: gettext_noop("Ended at the user’s request"),
    OPERATOR: gettext_noop("Ended by staff"),
}
_BY_NAMES: Final = {
    "made": "",
    "not_ended": gettext_noop("not allowed by the candidate"),
    "unknown": gettext_noop("an unknown signal decides"),
}
_REVIEWS: Final = {
    0: gettext_noop("Undecided"),
    FirstReview.UPHELD.value: gettext_noop("Upheld"),
    FirstReview.OVERTURNED.value: gettext_noop("Overturned"),
    FirstReview.OVERTURNED_FOR_PROCEDURE.value: gettext_noop("Overturned for procedure alone"),
    FirstReview.RIGHT_TO_CONTINUE.value: gettext_noop("Right to continue"),
    FirstReview.SHOULD_HAVE_ENDED.value: gettext_noop("Should have ended"),
}
assert {*_REVIEWS} == {0, *FirstReview.values}  # noqa: S101 - each has its words
_SAID: Final = {
    Answer.SURPRISED: gettext_noop("The user was surprised"),
    Answer.UNSURPRISED: gettext_noop("The user was not surprised"),
    Answer.SILENT: gettext_noop("The user did not answer"),
    Answer.OPEN: gettext_noop("The user may still answer"),
}
_DECISIONS: Final = {
    NOT: gettext_noop("goes on"),
    UNKNOWN: gettext_noop("cannot tell"),
    END: gettext_noop("ends"),
}
assert len(_DECISIONS) == ANSWERS  # noqa: S101 - each has its words


@dataclass(frozen=True)
class Row:
    """One case. ``url`` is empty where it cannot be opened; ``closed`` says why."""

    cutoff: Cutoff
    candidate: str
    baseline: str
    tests: list[str]
    url: str
    closed: str

    @property
    def short(self) -> str:
        """The end of its id, by which rows can be told apart."""
        return f"…{self.cutoff.pk.hex[-8:]}"


def cases_page(request: HttpRequest, question: Question, *, back: Backtest | None) -> HttpResponse:
    """One page of the cases of *question* that the address chooses; 404 for what is no number.

    *back* is the backtest whose number it is, if it is one's.
    """
    chosen, after = _chosen(request)
    blind = _blind(user_of(request), chosen)
    found = Page((), None) if blind else cases_of(question, chosen, after=after)
    plain = {key: value for key, value in request.GET.items() if key != "after"}
    context = {
        "title": _title(chosen),
        "narrower": _narrower(chosen),
        "blind": blind,
        "rows": _rows(request, found.cases),
        "question": question,
        "backtest": back,
        "first_url": f"?{urlencode(plain)}" if after else "",
        "older_url": f"?{urlencode({**plain, 'after': found.after})}" if found.after else "",
    }
    return render(request, "policies/flipped.html", context)


def _chosen(request: HttpRequest) -> tuple[Chosen, UUID | None]:
    said: dict[str, Any] = dict(request.GET.items())
    name, near, by = said.get("name", ""), bool(said.get("near")), said.get("by", MODEL)
    if by not in {MODEL, *_BY} or name not in _names(near=near, by=by):
        raise Http404
    test = said.get("test", "")
    if test and test not in TEST_LABELS:
        raise Http404
    try:
        chosen = Chosen(
            name=name,
            near_miss=near,
            by=by,
            segment=_segment(said),
            audited=bool(said.get("audited")),
            decided=bool(said.get("decided")),
            review=int(said["review"]) if said.get("review") else None,
            test=test,
            answer=Answer(said["answer"]) if said.get("answer") else None,
            later={"0": False, "1": True}[said["later"]] if said.get("later") else None,
        )
        after = UUID(said["after"]) if said.get("after") else None
    except (ValueError, KeyError):
        raise Http404 from None
    if chosen.review is not None and chosen.review not in _REVIEWS:
        raise Http404
    return chosen, after


def _names(*, near: bool, by: str) -> dict[str, str]:
    """The numbers that there are, and how the list of each is called."""
    return _NEAR_NAMES if near else _NAMES if by == MODEL else _BY_NAMES


def _segment(said: dict[str, Any]) -> tuple[int, str, str] | None:
    """The version, model and prompt version that the address names, if it does."""
    if "version" not in said:
        return None
    version, names = said["version"], (said.get("model", ""), said.get("prompt", ""))
    if not (version.isdecimal() and len(version) < 10) or any("\0" in name for name in names):
        raise Http404
    return int(version), *names


def _blind(user: User, chosen: Chosen) -> bool:
    """Whether the list would tell somebody who decides cases what others said of single ones, or
    which of them were drawn for the audit.

    Verdicts are given blind, and feedback is folded until then (docs/explanation/estimation.md,
    "Overturn rate").
    """
    told = chosen.review is not None or chosen.answer is not None
    told = told or chosen.audited or chosen.decided
    return told and user.has_perm("reviews.decide_case")


def _title(chosen: Chosen) -> str:
    name = _names(near=chosen.near_miss, by=chosen.by)[chosen.name]
    return ": ".join(_(part) for part in (_BY.get(chosen.by, ""), name) if part)


def _narrower(chosen: Chosen) -> list[str]:
    """What narrows the number down, in words."""
    said = []
    if chosen.segment:
        version, model, prompt = chosen.segment
        said.append(_("Version %(version)d") % {"version": version})
        said += [model or _("no model"), prompt or _("no prompt version")]
    if chosen.decided:
        said.append(_("audited, and decided"))
    elif chosen.audited:
        said.append(_("audited"))
    if chosen.review is not None:
        said.append(_("First review: %(review)s") % {"review": _(_REVIEWS[chosen.review])})
    if chosen.answer:
        said.append(_(_SAID[chosen.answer]))
    if chosen.test:
        said.append(_("Flipped by: %(test)s") % {"test": test_label(chosen.test)})
    if chosen.later is not None:
        said.append(_("ended later anyhow") if chosen.later else _("not ended later"))
    return said


def _rows(request: HttpRequest, flipped: tuple[Flipped, ...]) -> list[Row]:
    by_key = Cutoff.objects.only("id", "at", "category", "model", "initiator", "in_audit").in_bulk(
        [one.cutoff_id for one in flipped]
    )
    user = user_of(request)
    return [_row(one, by_key[one.cutoff_id], user) for one in flipped if one.cutoff_id in by_key]


def _row(one: Flipped, cutoff: Cutoff, user: User) -> Row:
    shut = closed(cutoff, user)
    return Row(
        cutoff=cutoff,
        candidate=_(_DECISIONS[one.candidate]),
        baseline=_(_DECISIONS[one.baseline]),
        tests=[test_label(test) for test in one.tests],
        url="" if shut else reverse("case-of", args=[cutoff.pk]),
        closed=shut,
    )


def closed(cutoff: Cutoff, user: User) -> str:
    """Why *user* cannot open its case; empty where they can."""
    if not cutoff.initiator and not cutoff.in_audit:
        return _("not drawn for review, so there is no case")
    restricted = cutoff.category == Category.CHILD_SEXUAL_EXPLOITATION
    if not user.has_perm("reviews.view_case") or (
        restricted and not user.has_perm("reviews.view_restricted_case")
    ):
        return _("only the qualified may open it")
    return ""
