"""Searching the words of transcripts."""

from __future__ import annotations

from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.services.search import with_all
from conversations.words import query_terms
from reviews.models import CaseQuerySet
from reviews.permissions import check_search


def search(*, cases: CaseQuerySet, user: User, query: str) -> CaseQuerySet:
    """Those of *cases* whose transcripts have all words of *query*; each asking is in the ledger.

    The ledger holds how many words were asked for, and none of them: they may be somebody's.
    Raises ``PermissionDenied`` where the viewer's role does not include transcripts.
    """
    check_search(user)
    with transaction.atomic():
        record(
            actor=Actor(user=user),
            action="transcripts.searched",
            obj="search",
            object_id="",
            details={"words": len(query_terms(query))},
        )
    found = with_all(query)
    for cutoff_ids in found:
        cases = cases.filter(pk__in=cutoff_ids)
    return cases if found else cases.none()
