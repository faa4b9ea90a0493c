"""Texts kept for rationales: one's own, and those for all."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import CannedText
from reviews.services import canned, claims
from reviews.services.erasure import ERASED, erase_words
from tests.factories import NOW, make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def keep(user: User, **changes: Any) -> CannedText:
    """A text that *user* keeps."""
    whole: dict[str, Any] = {
        "title": "No warning",
        "text": "None came.",
        "reason_code": "",
        "shared": False,
    }
    return canned.keep(user=user, now=NOW, **whole | changes)


def test_one_is_kept_changed_and_deleted_on_its_page(client: Client, ana: User) -> None:
    sent = {"title": "No warning", "text": "None came.", "reason_code": "no_prior_warning"}
    assert "None came." in client.post("/review/texts", sent, follow=True).text
    kept = CannedText.objects.get()
    assert (kept.owner, kept.reason_code) == (ana, "no_prior_warning")
    changed = client.post(f"/review/texts/{kept.pk}", sent | {"text": "None at all."}, follow=True)
    assert "None at all." in changed.text
    client.post(f"/review/texts/{kept.pk}/delete")
    assert not CannedText.objects.exists()


def test_what_is_missing_is_said_and_nothing_is_lost(client: Client, ana: User) -> None:
    response = client.post("/review/texts", {"title": "", "text": "None came."})
    assert response.status_code == 422
    assert "None came." in response.text
    keep(ana)
    response = client.post("/review/texts", {"title": "No warning", "text": "Twice."})
    assert "There is a text of this name already." in response.text
    assert CannedText.objects.count() == 1


def test_those_for_all_are_kept_by_seniors(client: Client, ana: User) -> None:
    with pytest.raises(PermissionDenied):
        keep(ana, shared=True)
    senior = make_user(Role.SENIOR)
    shared = keep(senior, shared=True)
    assert "None came." in client.get("/review/texts").text
    assert client.get(f"/review/texts/{shared.pk}").status_code == 404
    assert client.post(f"/review/texts/{shared.pk}/delete").status_code == 404
    with pytest.raises(PermissionDenied):
        keep(ana, replacing=shared)
    with pytest.raises(PermissionDenied):
        canned.forget(kept=shared, user=ana, now=NOW)
    client.post("/review/texts", {"title": "Mine", "text": "Mine.", "shared": "on"})
    assert CannedText.objects.get(title="Mine").owner == ana


def test_anothers_own_are_nobodys(client: Client, ana: User) -> None:
    other = keep(make_user(Role.REVIEWER), text="Theirs alone.")
    assert "Theirs alone." not in client.get("/review/texts").text
    assert client.get(f"/review/texts/{other.pk}").status_code == 404


def test_the_form_offers_own_and_shared_with_their_reasons(client: Client, ana: User) -> None:
    keep(ana, text="Mine.", reason_code="no_prior_warning")
    keep(make_user(Role.SENIOR), text="For all.", shared=True)
    keep(make_user(Role.REVIEWER), text="Theirs alone.")
    case = case_of()
    claims.claim(case=case, user=ana)
    text = client.get(f"/cases/{case.number}").text
    assert '<option value="Mine." data-code="no_prior_warning">' in text
    assert '<option value="For all." data-code="">' in text
    assert "Theirs alone." not in text


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"title": "x" * 81}, {"text": ""}, {"text": "x" * 2001}, {"reason_code": "y"}],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        keep(make_user(Role.REVIEWER), **wrong)
    assert not CannedText.objects.exists()


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canned, "MOST_TEXTS", 1)
    ana = make_user(Role.REVIEWER)
    keep(ana)
    with pytest.raises(ValidationError):
        keep(ana, title="Another")


def test_an_auditor_keeps_none(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))
    assert client.get("/review/texts").status_code == 403


def test_one_that_quotes_somebody_is_erased_with_them_by_its_title_too(ana: User) -> None:
    words = "my name is Zelda from Utrecht"
    for change in ({"title": f"Said: {words}"}, {"title": f"{words}!"}, {"text": words}):
        keep(ana, **change)
    counts = erase_words(cutoff_ids=[], all_cutoffs=Cutoff.objects.none(), said=[words], unread=[])
    assert counts["canned_texts"] == 3
    assert not CannedText.objects.filter(Q(title__icontains="Zelda") | Q(text__contains="Zelda"))
    assert CannedText.objects.filter(title="No warning", text=ERASED).exists()
    assert CannedText.objects.filter(title__startswith=ERASED, text="None came.").count() == 2
