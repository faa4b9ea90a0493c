"""Views of the queue: kept, shared, begun with, removed and brought back."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import DefaultView, SavedView
from reviews.services import saved_views
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def saved(owner: User, name: str = "Hate", *, shared: bool = False) -> SavedView:
    """A view of *owner*'s."""
    return saved_views.save(
        owner=owner, name=name, filters="category=hate", shared=shared, now=timezone.now()
    )


def names(user: User) -> list[str]:
    """The views that *user* sees."""
    return [view.name for view in saved_views.views_of(user)]


def test_the_filters_are_kept_and_no_words(client: Client, ana: User) -> None:
    sent = {"name": "Hate", "back": "q=somebody&category=hate&cursor=abc&queue=&nothing=1"}
    page = client.post("/review/views", sent, follow=True)
    view = SavedView.objects.get()
    assert (view.filters, view.owner, view.shared) == ("category=hate", ana, False)
    assert "The view “Hate” is saved." in page.text
    page = client.get("/review?category=hate")
    assert re.search(r'href="/review\?category=hate"\s+aria-current="page">Hate', page.text)
    assert LedgerEntry.objects.get(action="view.saved").actor == ana


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "cannot be blank"), ("x" * 61, "at most 60"), ("hate", "of that name already")],
)
def test_a_name_that_cannot_be_one_is_said(client: Client, ana: User, name: str, said: str) -> None:
    saved(ana)
    page = client.post("/review/views", {"name": name, "back": "category=hate"}, follow=True)
    assert said in page.text
    assert SavedView.objects.count() == 1


def test_seniors_share_and_others_see(client: Client, ana: User) -> None:
    sofia = make_user(Role.SENIOR)
    saved(sofia, "Shared", shared=True)
    saved(sofia, "Own")
    assert names(ana) == ["Shared"]
    assert names(sofia) == ["Own", "Shared"]
    fields = {"name": "Mine", "back": "category=hate", "shared": "on"}
    assert client.post("/review/views", fields).status_code == 403


def test_a_removed_view_comes_back(client: Client, ana: User) -> None:
    view = saved(ana)
    page = client.post(f"/review/views/{view.pk}/remove", {"back": ""}, follow=True)
    assert "is removed." in page.text
    assert names(ana) == []
    client.post(f"/review/views/{view.pk}/restore")
    assert names(ana) == ["Hate"]
    actions = LedgerEntry.objects.filter(object_type="view").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "view.saved",
        "view.removed",
        "view.restored",
    ]


def test_a_name_taken_meanwhile_is_said(ana: User) -> None:
    first = saved(ana)
    saved_views.remove(view_id=first.pk, user=ana, now=timezone.now())
    saved(ana)
    with pytest.raises(ValidationError):
        saved_views.restore(view_id=first.pk, user=ana, now=timezone.now())


def test_another_s_view_is_not_removed(client: Client, ana: User) -> None:
    view = saved(make_user(Role.SENIOR), shared=True)
    assert client.post(f"/review/views/{view.pk}/remove").status_code == 403
    assert client.post("/review/views/999999/remove").status_code == 404


def test_the_page_begins_with_the_default(client: Client, ana: User) -> None:
    view = saved(ana)
    client.post("/review/views/default", {"view": view.pk})
    assert client.get("/review").headers["Location"] == "/review?category=hate"
    assert client.get("/review?state=waiting").status_code == 200
    client.post("/review/views/default", {"view": ""})
    assert client.get("/review").status_code == 200


def test_a_default_that_is_no_longer_shared_is_none(client: Client, ana: User) -> None:
    view = saved(make_user(Role.SENIOR), shared=True)
    client.post("/review/views/default", {"view": view.pk})
    SavedView.objects.update(shared=False)
    assert client.get("/review").status_code == 200
    DefaultView.objects.all().delete()
    assert client.post("/review/views/default", {"view": view.pk}).status_code == 404
