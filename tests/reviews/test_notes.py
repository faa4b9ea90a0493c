"""Notes beside a case: who writes, changes, deletes and reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import CaseNote, CaseNoteText
from reviews.services import notes
from reviews.services.erasure import ERASED
from reviews.transitions import Forbidden
from tests.factories import NOW, give_verdict, make_case, make_user
from tests.reviews.pages import actions, case_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def test_a_note_is_written_and_the_ledger_has_none_of_its_words(client: Client, ana: User) -> None:
    case = case_of()
    response = client.post(
        f"/cases/{case.number}/notes", {"text": " Mind the zebra. "}, follow=True
    )
    assert "Mind the zebra." in response.text
    assert actions(case).count("note.written") == 1
    assert not LedgerEntry.objects.filter(details__icontains="zebra").exists()


def test_with_htmx_the_notes_alone_come_back(client: Client, ana: User) -> None:
    case = case_of()
    address = f"/cases/{case.number}/notes"
    answer = client.post(address, {"text": "Mind it."}, headers={"HX-Request": "true"})
    assert "Mind it." in answer.text
    assert "<html" not in answer.text
    refused = client.post(address, {"text": "  "}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Write something first." in refused.text


def test_what_is_too_long_is_refused_and_kept_in_the_field(client: Client, ana: User) -> None:
    case = case_of()
    long = "x" * (notes.LONGEST_NOTE + 1)
    headers = {"HX-Request": "true"}
    refused = client.post(f"/cases/{case.number}/notes", {"text": long}, headers=headers)
    assert refused.status_code == 422
    assert long in refused.text
    assert not CaseNote.objects.exists()


def test_one_changes_ones_own_for_some_minutes() -> None:
    case, ana, tom = make_case(), make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    note = notes.write(case=case, user=ana, text="First", now=NOW)
    notes.change(note=note, user=ana, text="Second", now=NOW + timedelta(minutes=1))
    assert CaseNoteText.objects.get().text == "Second"
    with pytest.raises(Forbidden):
        notes.change(note=note, user=tom, text="Third", now=NOW + timedelta(minutes=2))
    with pytest.raises(Forbidden):
        notes.change(note=note, user=ana, text="Third", now=NOW + notes.CHANGEABLE)
    with pytest.raises(ValidationError):
        notes.change(note=note, user=ana, text=" ", now=NOW)
    assert CaseNoteText.objects.get().text == "Second"


def test_one_deletes_ones_own_and_its_words_are_gone() -> None:
    case, ana, tom = make_case(), make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    note = notes.write(case=case, user=ana, text="First", now=NOW)
    with pytest.raises(Forbidden):
        notes.delete(note=note, user=tom, now=NOW)
    notes.delete(note=note, user=ana, now=NOW + timedelta(days=3))
    assert not CaseNoteText.objects.exists()
    assert CaseNote.objects.get().deleted_at == NOW + timedelta(days=3)
    with pytest.raises(Forbidden):
        notes.delete(note=note, user=ana, now=NOW + timedelta(days=4))


def test_from_the_page(client: Client, ana: User) -> None:
    case = case_of()
    mine = notes.write(case=case, user=ana, text="Mine", now=timezone.now())
    address = f"/cases/{case.number}/notes/{mine.pk}"
    assert "Ours" in client.post(address, {"text": "Ours"}, follow=True).text
    assert "Ours" not in client.post(f"{address}/delete", follow=True).text
    assert client.post(address, {"text": "Again"}).status_code == 404


def test_anothers_is_not_found(client: Client, ana: User) -> None:
    case = case_of()
    note = notes.write(case=case, user=make_user(Role.SENIOR), text="Theirs", now=timezone.now())
    address = f"/cases/{case.number}/notes/{note.pk}"
    assert client.post(address, {"text": "Mine"}).status_code == 404
    assert client.post(f"{address}/delete").status_code == 404
    assert "Theirs" in client.get(f"/cases/{case.number}").text


def test_a_blind_second_reviewer_reads_their_own_alone(client: Client) -> None:
    case = make_case(double=True)
    first, second = make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    notes.write(case=case, user=first, text="I shall overturn it", now=NOW)
    give_verdict(case, first)
    client.force_login(second)
    page = client.post(f"/cases/{case.number}/notes", {"text": "My own"}, follow=True).text
    assert "My own" in page
    assert "I shall overturn it" not in page


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.POLICY_ADMIN, Role.ADMINISTRATOR])
def test_other_roles_neither_read_nor_write(client: Client, role: Role) -> None:
    case = make_case()
    notes.write(case=case, user=make_user(Role.REVIEWER), text="Among us", now=NOW)
    client.force_login(make_user(role))
    assert "Among us" not in client.get(f"/cases/{case.number}").text
    client.post(f"/cases/{case.number}/notes", {"text": "Me too"})
    assert CaseNote.objects.count() == 1


def test_a_note_that_quotes_somebody_is_erased_with_them() -> None:
    from conversations.models import Cutoff
    from reviews.services.erasure import erase_words

    case, ana = make_case(), make_user(Role.REVIEWER)
    notes.write(case=case, user=ana, text="They said: my name is Zelda from Utrecht.", now=NOW)
    notes.write(case=case, user=ana, text="Nothing of theirs.", now=NOW)
    counts = erase_words(
        cutoff_ids=[case.pk],
        all_cutoffs=Cutoff.objects.filter(pk=case.pk),
        said=["my name is Zelda from Utrecht"],
        unread=[],
    )
    assert counts["notes"] == 1
    assert sorted(CaseNoteText.objects.values_list("text", flat=True)) == [
        "Nothing of theirs.",
        ERASED,
    ]
