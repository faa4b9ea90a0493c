"""Making, changing, reordering and retiring the rules that send cases to queues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.models import Source
from reviews.models import CaseQueue, RoutingRule
from reviews.permissions import check_route
from reviews.routes import Rule


@dataclass(frozen=True)
class NewRule:
    """What a rule is to be; empty conditions ask nothing."""

    name: str
    queue: CaseQueue
    categories: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    source: Source | None = None

    @property
    def asks(self) -> Rule:
        """As the pure module knows it."""
        return Rule(
            queue=self.queue.pk,
            categories=frozenset(self.categories),
            flags=frozenset(self.flags),
            languages=frozenset(self.languages),
            source_id=self.source.pk if self.source else None,
        )


def next_position() -> int:
    """The place after the last rule."""
    return (RoutingRule.objects.live().aggregate(last=Max("position"))["last"] or 0) + 1


@transaction.atomic
def make(*, rule: NewRule, by: User, now: datetime) -> RoutingRule:
    """A new rule, asked after all others. It routes what comes from now on.

    Raises ``ValidationError`` where it asks for nothing or its queue was closed;
    ``PermissionDenied``.
    """
    check_route(by)
    made = _save(rule, next_position(), by, now)
    _record(by, "routing_rule.made", made, _said(rule), now)
    return made


@transaction.atomic
def change(*, old: RoutingRule, rule: NewRule, by: User, now: datetime) -> RoutingRule:
    """Put *rule* in the place of a rule in force, which stays as what placed earlier cases.

    Raises as :func:`make`, and ``ValidationError`` where *old* was changed meanwhile.
    """
    check_route(by)
    retired = _retire(old, by, now)
    made = _save(rule, retired.position, by, now)
    _record(by, "routing_rule.changed", made, _said(rule) | {"instead_of": old.pk}, now)
    return made


@transaction.atomic
def retire(*, rule: RoutingRule, by: User, now: datetime) -> None:
    """Take a rule out of force. The cases that it placed stay where they are. Raises as above."""
    check_route(by)
    _retire(rule, by, now)
    _record(by, "routing_rule.retired", rule, {"name": rule.name}, now)


@transaction.atomic
def move_up(*, rule: RoutingRule, by: User, now: datetime) -> None:
    """Have a rule asked before the one that is now before it."""
    check_route(by)
    live = list(RoutingRule.objects.live().select_for_update(no_key=True))
    place = next((number for number, one in enumerate(live) if one.pk == rule.pk), 0)
    if place == 0:
        return
    live[place - 1], live[place] = live[place], live[place - 1]
    for number, one in enumerate(live, start=1):
        RoutingRule.objects.filter(pk=one.pk).exclude(position=number).update(position=number)
    _record(by, "routing_rule.moved", rule, {"place": place}, now)


def _save(rule: NewRule, position: int, by: User, now: datetime) -> RoutingRule:
    # Locked against being closed until the rule is there.
    queue = CaseQueue.objects.select_for_update(no_key=True).get(pk=rule.queue.pk)
    if queue.closed_at:
        raise ValidationError({"queue": _("This queue was closed.")})
    made = RoutingRule(
        name=rule.name.strip(),
        position=position,
        categories=sorted(rule.categories),
        flags=sorted(rule.flags),
        languages=sorted(rule.languages),
        source=rule.source,
        queue=queue,
        made_by=by,
        made_at=now,
    )
    if not (made.categories or made.flags or made.languages or made.source):
        raise ValidationError(_("Name at least one thing that a case must have."))
    made.full_clean(validate_constraints=False)
    made.save()
    return made


def _retire(rule: RoutingRule, by: User, now: datetime) -> RoutingRule:
    locked = RoutingRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if locked.retired_at:
        raise ValidationError(_("Somebody changed this rule meanwhile. Look at it again."))
    locked.retired_by, locked.retired_at = by, now
    locked.save(update_fields=["retired_by", "retired_at"])
    return locked


def _said(rule: NewRule) -> dict[str, Any]:
    said = {
        "name": rule.name,
        "queue": rule.queue.pk,
        "categories": list(rule.categories),
        "flags": list(rule.flags),
        "languages": list(rule.languages),
        "source": rule.source.slug if rule.source else "",
    }
    return {key: value for key, value in said.items() if value}


def _record(
    by: User, action: str, rule: RoutingRule, details: dict[str, Any], now: datetime
) -> None:
    record(
        actor=Actor(user=by),
        action=action,
        obj="routing_rule",
        object_id=rule.pk,
        details=details,
        at=now,
    )
