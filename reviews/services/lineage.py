"""The family of a case's conversation as one viewer may see it.

A thread that was reopened tells how its case was decided. Whether one was is kept from whoever
may not see the verdicts of that case, and from whoever may still be asked for an independent
verdict on the case at hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.keys import moment_of
from conversations.models import Conversation
from conversations.services.branches import Branch, tree_of
from conversations.services.lineage import Some, family_of, other_threads
from conversations.vocabulary import ConversationState
from reviews.models import Case
from reviews.permissions import facts_of_each, viewer_of
from reviews.services.seen import as_seen
from reviews.visibility import CaseFacts, Text, Viewer, visible

#: How many cases of one thread are named.
MOST_CASES: Final = 3


@dataclass(frozen=True)
class Thread:
    """A related conversation. ``state`` is empty where it is not the viewer's to know.

    ``at`` is when it ended, else when it began; None where nothing of it has been received.
    ``cases`` are the latest of those that the viewer may know of, cutoffs before near misses.
    """

    external_id: str
    state: str = ""
    at: datetime | None = None
    cases: Sequence[Case] = ()

    @property
    def received(self) -> bool:
        """Whether the source has told anything of it yet."""
        return self.at is not None

    @property
    def words(self) -> str:
        """Its state in words; that it was ended, where no more is the viewer's to know."""
        if not self.received:
            return gettext("Not received yet")
        return ConversationState(self.state).label if self.state else gettext("Was ended")


@dataclass(frozen=True)
class Threads:
    """The first of some related conversations; ``more``: there are more than ``count``."""

    shown: list[Thread]
    count: int
    more: bool


@dataclass(frozen=True)
class Node:
    """A conversation in the tree of branches. ``thread`` is None for that of the case itself.

    ``more`` branches of it are not shown; ``many``: so many or more.
    """

    thread: Thread | None
    branches: list[Node]
    more: int
    many: bool


@dataclass(frozen=True)
class Lineage:
    """A case's conversation among its branches. ``parent`` is None where it is not a branch.

    ``branched_from`` is the id of the message that was edited. ``subject`` is the pseudonym.
    ``tops`` are the tree of all branches, up to a bound: below ``missing`` where that is the
    parent which was not received. ``is_cut`` says whether there is more; ``cut_above``, whether
    there is above the top.
    """

    external_id: str
    parent: Thread | None
    branched_from: str
    siblings: Threads
    children: Threads
    subject: str
    tops: list[Node]
    missing: Thread | None
    is_cut: bool
    cut_above: bool

    @property
    def alone(self) -> bool:
        """Whether there is neither a parent nor a branch."""
        return self.parent is None and not self.children.shown


def lineage_of(*, case: Case, user: User, viewer: Viewer, blind: bool) -> Lineage:
    """The branches around *case*, as *viewer*, who is *user*, may see them.

    *blind*: they may still be asked for an independent verdict on it.
    """
    conversation = case.cutoff.conversation
    family = family_of(conversation)
    tree = tree_of(conversation, family)
    known = [one.conversation for one in tree.walk() if one.conversation.pk != conversation.pk]
    shower = _Shower(known, user, viewer, blind=blind)
    parent = None
    if family.parent:
        parent = shower.thread(family.parent)
    elif family.parent_external_id:
        parent = Thread(family.parent_external_id)
    return Lineage(
        external_id=conversation.external_id,
        parent=parent,
        branched_from=conversation.branched_from_message_id,
        siblings=shower.threads(family.siblings),
        children=shower.threads(family.children),
        subject=conversation.subject,
        tops=[shower.node(top, conversation) for top in tree.tops],
        missing=Thread(tree.missing) if tree.missing else None,
        is_cut=tree.is_cut,
        cut_above=tree.cut_above,
    )


def reveal_threads(*, case: Case, user: User) -> Threads | None:
    """The subject's other threads; the asking is in the ledger. None for whom they are not."""
    viewer, facts = viewer_of(user), facts_of_each([case])[case.pk]
    if Text.NUMBERS not in visible(viewer, facts):
        return None
    with transaction.atomic():
        record(actor=Actor(user=user), action="threads.opened", obj="case", object_id=case.pk)
    found = other_threads(case.cutoff.conversation)
    blind = Text.VERDICTS not in visible(viewer, facts)
    return _Shower(found.threads, user, viewer, blind=blind).threads(found)


class _Shower:
    """Related conversations as one viewer may see them, in two queries for all of them."""

    def __init__(
        self, conversations: Sequence[Conversation], user: User, viewer: Viewer, *, blind: bool
    ) -> None:
        self._viewer, self._blind = viewer, blind
        self._cases = _cases_of(conversations, user)
        every = as_seen([case for cases in self._cases.values() for case in cases], user=user)
        self._facts: dict[UUID, CaseFacts] = facts_of_each(every)

    def threads(self, some: Some) -> Threads:
        return Threads([self.thread(one) for one in some.threads], some.count, some.more)

    def node(self, branch: Branch, own: Conversation) -> Node:
        here = branch.conversation.pk == own.pk
        return Node(
            None if here else self.thread(branch.conversation),
            [self.node(one, own) for one in branch.branches],
            branch.more,
            branch.many,
        )

    def thread(self, conversation: Conversation) -> Thread:
        return Thread(
            conversation.external_id,
            self._state(conversation),
            conversation.ended_at or conversation.started_at or moment_of(conversation.pk),
            self._cases[conversation.pk],
        )

    def _state(self, conversation: Conversation) -> str:
        if conversation.state == ConversationState.OPEN:
            return conversation.state
        latest = conversation.latest_cutoff_id
        facts = self._facts.get(latest) if latest and not self._blind else None
        told = facts is not None and Text.VERDICTS in visible(self._viewer, facts)
        return conversation.state if told else ""


def _cases_of(conversations: Sequence[Conversation], user: User) -> dict[UUID, list[Case]]:
    """The latest cases of each; that of its latest cutoff is the first."""
    found: dict[UUID, list[Case]] = defaultdict(list)
    if not conversations:
        return found
    place = Window(
        RowNumber(),
        partition_by=F("cutoff__conversation"),
        order_by=[F("kind").asc(), F("at").desc(), F("pk").desc()],
    )
    cases = (
        Case.objects.listed_for(user)
        .filter(cutoff__conversation__in=[one.pk for one in conversations])
        .select_related("cutoff")
        .annotate(place=place)
        .filter(place__lte=MOST_CASES)
        .order_by("place")
    )
    for case in cases:
        found[case.cutoff.conversation_id].append(case)
    return found
