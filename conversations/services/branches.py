"""The tree of branches in which a conversation stands, up to a bound, in one query.

A source may send anything as a parent: a thread that never comes, the thread itself, a loop. No
conversation stands twice on one way down, so that no loop is walked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from conversations.models import Conversation
from conversations.services.lineage import Family

#: How many conversations are looked for from the top down, and how many levels above the one at
#: hand, and below the top.
MOST: Final = 50
LEVELS: Final = 10

#: Up by the unique external id, down by ``conversation_branches``. A recursive query gives its rows
#: as they are found, level by level, so that the limit bounds what is read, too.
_WAYS: Final = """
WITH RECURSIVE up AS (
    SELECT id, external_id, parent_external_id, 0 AS level, ARRAY[id] AS way
    FROM conversations_conversation WHERE id = %(own)s
    UNION ALL
    SELECT above.id, above.external_id, above.parent_external_id, level + 1, way || above.id
    FROM up JOIN conversations_conversation above
        ON above.source_id = %(source)s AND above.external_id = up.parent_external_id
    WHERE up.parent_external_id <> '' AND above.id <> ALL (way) AND level < %(levels)s
), down AS (
    (
        SELECT id, external_id, NULL::uuid AS above, 0 AS level, ARRAY[id] AS way
        FROM up ORDER BY up.level DESC LIMIT 1
    )
    UNION ALL
    SELECT below.id, below.external_id, down.id, level + 1, way || below.id
    FROM down CROSS JOIN LATERAL (
        SELECT id, external_id FROM conversations_conversation
        WHERE source_id = %(source)s AND parent_external_id = down.external_id
            AND parent_external_id <> '' AND id <> ALL (way)
        ORDER BY id LIMIT %(most)s
    ) below
    WHERE level < %(levels)s
), found AS (
    (SELECT id, external_id, above, way, NULL::int AS height FROM down LIMIT %(most)s)
    UNION ALL
    SELECT id, external_id, NULL, way, level FROM up
)
SELECT conversation.*, found.above, found.height, (
    SELECT count(*) FROM (
        SELECT FROM conversations_conversation below
        WHERE below.source_id = %(source)s AND below.parent_external_id = found.external_id
            AND below.parent_external_id <> '' AND below.id <> ALL (found.way)
        LIMIT %(most)s
    ) counted
) AS branches
FROM found JOIN conversations_conversation conversation USING (id)
"""


@dataclass(frozen=True)
class Branch:
    """A conversation of the tree, with what branched off it, oldest first.

    ``more`` branches of it are known and not there; ``many``: so many or more, not counted on.
    """

    conversation: Conversation
    branches: list[Branch]
    more: int
    many: bool = False


@dataclass(frozen=True)
class Tree:
    """The conversations at its top: one, or all that branched off a parent not received.

    ``missing`` is that parent's external id; ``cut_above``: what the top branched off was not
    looked for.
    """

    tops: list[Branch]
    missing: str
    cut_above: bool

    @property
    def is_cut(self) -> bool:
        """Whether there is more of it than is there."""
        return self.cut_above or any(branch.more for branch in self.walk())

    def walk(self) -> Iterator[Branch]:
        """Every conversation of it."""
        waiting = list(self.tops)
        while waiting:
            branch = waiting.pop()
            yield branch
            waiting += branch.branches


def tree_of(conversation: Conversation, family: Family) -> Tree:
    """The tree in which *conversation* stands, whose nearest are *family*: these are always there.

    So are all conversations on the way up. One query; none where it has no family.
    """
    if not (family.parent or family.siblings.threads or family.children.threads):
        return Tree([Branch(conversation, [], 0)], family.parent_external_id, cut_above=False)
    return _Grower(conversation, family).tree()


class _Grower:
    def __init__(self, conversation: Conversation, family: Family) -> None:
        self._own = conversation.pk
        found = list(
            Conversation.objects.raw(
                _WAYS,
                {
                    "own": conversation.pk,
                    "source": conversation.source_id,
                    "levels": LEVELS,
                    "most": MOST,
                },
            )
        )
        self._all: dict[UUID, Conversation] = {one.pk: one for one in found}
        self._counts: dict[UUID, int] = {one.pk: vars(one)["branches"] for one in reversed(found)}
        up = [one for one in found if vars(one)["height"] is not None]
        self._up = sorted(up, key=lambda one: int(vars(one)["height"]))
        above = {one.pk: vars(one)["above"] for one in found if vars(one)["height"] is None}
        for one, its_parent in zip(self._up, [*self._up[1:], None], strict=True):
            above.setdefault(one.pk, its_parent and its_parent.pk)
        self._above: dict[UUID, UUID | None] = above
        self._add(family.siblings.threads, family.parent)
        self._add(family.children.threads, conversation)

    def _add(self, near: list[Conversation], above: Conversation | None) -> None:
        for one in near:
            if one.pk not in self._all:
                self._all[one.pk] = one
                self._above[one.pk] = above.pk if above else None

    def tree(self) -> Tree:
        below: dict[UUID | None, list[UUID]] = defaultdict(list)
        # The one at hand comes first among those beside it.
        for key in sorted(self._all, key=lambda key: (key != self._own, key)):
            below[self._above[key]].append(key)

        def branch(key: UUID) -> Branch:
            count = self._counts.get(key, 0)
            more = max(0, count - len(below[key]))
            branches = [branch(one) for one in below[key]]
            return Branch(self._all[key], branches, more, more > 0 and count >= MOST)

        tops = [branch(key) for key in below[None]]
        return Tree(tops, *self._above_the_top())

    def _above_the_top(self) -> tuple[str, bool]:
        top = self._up[-1]
        wanted = top.parent_external_id
        if not wanted or wanted in {one.external_id for one in self._up}:
            return "", False
        return ("", True) if len(self._up) > LEVELS else (wanted, False)
