"""Views of the queue that people keep: making, sharing, removing, and the one to begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import DefaultView, SavedView
from reviews.permissions import check_share_views


class KeptView(NamedTuple):
    """A saved view as one person has it; ``begins`` marks their default."""

    pk: int
    owner_id: int
    name: str
    filters: str
    shared: bool
    begins: bool


def views_of(user: User) -> list[KeptView]:
    """What *user* keeps and what is shared with them, by name."""
    return [KeptView(*row) for row in _KEPT.tuples(user=user.pk)]


def _kept(user: int) -> QuerySet[SavedView, Any]:
    begins = DefaultView.objects.filter(user=user, view=OuterRef("pk"))
    kept = SavedView.objects.filter(Q(owner=user) | Q(shared=True), removed_at=None)
    marked = kept.annotate(begins=Exists(begins)).order_by("name", "pk")
    return marked.values_list(*KeptView._fields)


#: Every page of the list begins with it.
_KEPT: Final = Prepared(_kept, user=int)


@transaction.atomic
def save(*, owner: User, name: str, filters: str, shared: bool, now: datetime) -> SavedView:
    """Keep *filters*, the query of an address without searched words, under *name*.

    Raises ``ValidationError`` for a name that is empty, too long, or in use among one's own, and
    ``PermissionDenied`` where *owner* may not share.
    """
    if shared:
        check_share_views(owner)
    kept = name.replace("\x00", "\ufffd").strip()
    view = SavedView(owner=owner, name=kept, filters=filters, shared=shared, made_at=now)
    view.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise ValidationError({"name": _("You have a view of that name already.")}) from None
    _record(owner, "view.saved", view, now, shared=shared)
    return view


@transaction.atomic
def remove(*, view_id: int, user: User, now: datetime) -> SavedView:
    """Take a view of one's own away; :func:`restore` brings it back. Twice is once."""
    view = _own(view_id, user)
    if view.removed_at is None:
        view.removed_at = now
        view.save(update_fields=["removed_at"])
        _record(user, "view.removed", view, now)
    return view


@transaction.atomic
def restore(*, view_id: int, user: User, now: datetime) -> SavedView:
    """Bring a removed view back. Raises ``ValidationError`` where its name was taken meanwhile."""
    view = _own(view_id, user)
    if view.removed_at is not None:
        view.removed_at = None
        try:
            with transaction.atomic():
                view.save(update_fields=["removed_at"])
        except IntegrityError:
            raise ValidationError(_("You have another view of that name now.")) from None
        _record(user, "view.restored", view, now)
    return view


@transaction.atomic
def begin_with(*, view_id: int | None, user: User, now: datetime) -> None:
    """Begin the queue page with this view, or with None as everybody does.

    Raises ``SavedView.DoesNotExist`` for a view that *user* does not see.
    """
    if view_id is None:
        gone, _models = DefaultView.objects.filter(user=user).delete()
        if gone:
            _record(user, "view.default_dropped", None, now)
        return
    seen = SavedView.objects.filter(Q(owner=user) | Q(shared=True), removed_at=None)
    view = seen.get(pk=view_id)
    DefaultView.objects.update_or_create(user=user, defaults={"view": view})
    _record(user, "view.default_chosen", view, now)


def _own(view_id: int, user: User) -> SavedView:
    view = SavedView.objects.select_for_update(no_key=True).get(pk=view_id)
    if view.owner_id != user.pk:
        raise PermissionDenied(_("Only who saved a view can remove it."))
    return view


def _record(
    user: User, action: str, view: SavedView | None, now: datetime, **details: object
) -> None:
    record(
        actor=Actor(user=user),
        action=action,
        obj="view",
        object_id=view.pk if view else "",
        details=details,
        at=now,
    )
