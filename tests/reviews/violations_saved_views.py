"""What the rules of saved views forbid."""

from __future__ import annotations

from django.utils import timezone

from accounts.roles import Role
from reviews.models import SavedView
from tests.factories import make_user
from tests.violating import violates


def _view(name: str = "Hate", filters: str = "") -> SavedView:
    owner = make_user(Role.REVIEWER)
    return SavedView.objects.create(owner=owner, name=name, filters=filters, made_at=timezone.now())


@violates("saved_view_has_a_name")
def nameless() -> object:
    """A view that nobody could choose."""
    return _view(name="")


@violates("saved_view_holds_no_words")
def with_words() -> object:
    """A view that keeps somebody's words."""
    return _view(filters="category=hate&q=somebody")


@violates("saved_view_of_a_name")
def twice() -> object:
    """Two views of one name."""
    first = _view()
    return SavedView.objects.create(owner=first.owner, name="hate", made_at=timezone.now())
