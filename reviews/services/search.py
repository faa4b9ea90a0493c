"""Searching the words of transcripts and rationales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.contrib.postgres.aggregates import BoolOr
from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import (
    BooleanField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.services.search import has_all, holds, keys, listed
from conversations.words import query_terms
from reviews.models import CaseQuerySet, Exercise, Verdict, VerdictText
from reviews.permissions import (
    can_decide,
    can_manage_quality,
    check_search,
    own_fresh,
    viewer_of,
)
from reviews.transitions import PENDING
from reviews.visibility import CaseFacts, Text, visible
from reviews.vocabulary import CaseState


@dataclass(frozen=True)
class Search:
    """What somebody asked for: the *terms* of their words, and what they may search beside
    transcripts. ``keys`` are the cases that have them all, parted by commas; None where they are
    too many to list.
    """

    terms: tuple[str, ...]
    rationales: QuerySet[VerdictText]
    keys: str | None

    @classmethod
    def by(cls, user: User, query: str, *, now: datetime | None = None) -> Self:
        """Ask for all words of *query*; each asking is in the ledger.

        The ledger holds how many words were asked for, and none of them: they may be somebody's.
        Raises ``PermissionDenied`` where the viewer's role does not include transcripts.
        """
        check_search(user)
        terms = tuple(query_terms(query))
        with transaction.atomic():
            record(
                actor=Actor(user=user),
                action="transcripts.searched",
                obj="search",
                object_id="",
                details={"words": len(terms)},
            )
        rationales = readable_rationales(user, now or timezone.now())
        return cls(terms, rationales, _keys(terms, rationales))

    def among(self, cases: CaseQuerySet) -> CaseQuerySet:
        """Those of *cases* whose transcript, or a rationale that one may read, has all words.

        Few are taken by their keys and sorted. Many are met soon in any order: each case is
        asked by itself, so that an index in the order of the list ends the work early.
        """
        if not self.terms:
            return cases.none()
        if self.keys is None:
            return cases.filter(has_all(self.terms) | self._has_rationale())
        listed_keys = Cast(Value(f"{{{self.keys}}}"), ArrayField(UUIDField()))
        return cases.filter(
            Func(
                F("pk"),
                listed_keys,
                template="(%(expressions)s))",
                arg_joiner=" = ANY(",
                output_field=BooleanField(),
            )
        )

    def _has_rationale(self) -> Q:
        texts = self.rationales.filter(verdict__case=OuterRef("pk")).values("verdict__case")
        found = texts.annotate(found=BoolOr(holds("terms", _all(self.terms)))).values("found")
        return Q(Subquery(found, output_field=BooleanField()))


def search(*, cases: CaseQuerySet, user: User, query: str) -> CaseQuerySet:
    """Those of *cases* that have all words of *query*. Raises as :meth:`Search.by`."""
    return Search.by(user, query).among(cases)


def readable_rationales(user: User, now: datetime) -> QuerySet[VerdictText]:
    """The reviewers' rationales that *user* may read, as ``visibility.visible`` has it.

    The cases themselves are those that they may know of: ``CaseQuerySet.listed_for``.
    """
    texts = VerdictText.objects.filter(verdict__withdrawal=None)
    ordinary = CaseFacts(restricted=False, state=CaseState.SETTLED)
    if Text.VERDICTS not in visible(viewer_of(user), ordinary):
        return texts.none()
    if can_decide(user):
        same_case = OuterRef("verdict__case")
        own = Verdict.objects.filter(case=same_case, reviewer=user, withdrawal=None)
        texts = texts.filter(~Q(verdict__case__state__in=PENDING) | Exists(own))
        # While one of them can be taken back, one's own alone.
        settling = Q(verdict__case__state=CaseState.SETTLING) | Q(verdict__case__in=own_fresh(user))
        texts = texts.exclude(settling & ~Q(verdict__reviewer=user))
        if not can_manage_quality(user):
            unseen = Exercise.objects.covering(user, now).filter(case=same_case)
            texts = texts.exclude(Exists(unseen))
    return texts


def _keys(terms: Sequence[str], rationales: QuerySet[VerdictText]) -> str | None:
    if not terms:
        return ""
    spoken = listed(terms)
    if spoken is None:
        return None
    written = keys(rationales.filter(holds("terms", _all(terms))), "verdict__case_id")
    return None if written is None else ",".join(filter(None, [spoken, written]))


def _all(terms: Sequence[str]) -> str:
    return " & ".join(terms)
