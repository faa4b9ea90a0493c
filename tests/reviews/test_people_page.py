"""Who works here: invited, given roles and qualifications by another, with a reason."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import AccessChange, CareSettings, Qualification
from reviews.services import access, qualifications
from reviews.vocabulary import Area
from tests.factories import NOW, PASSWORD, make_user

pytestmark = pytest.mark.django_db

AGREED = {"reason": "Certified in May", "given": "yes", "prepared": "on"}


@pytest.fixture
def root(client: Client) -> User:
    """An administrator who is signed in."""
    user = make_user(Role.ADMINISTRATOR, name="Ada")
    client.force_login(user)
    return user


def there(person: User, what: str) -> str:
    return f"/people/{person.pk}/change?what={what}"


# --- Who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_people_are_for_administrators(client: Client, role: Role) -> None:
    somebody, user = make_user(Role.REVIEWER), make_user(role)
    client.force_login(user)
    for path in (
        "/people",
        "/people/new",
        f"/people/{somebody.pk}",
        there(somebody, "role:senior"),
    ):
        assert client.get(path).status_code == 403
    for path in ("/people/new", f"/people/{somebody.pk}/link", there(somebody, "role:senior")):
        assert client.post(path, AGREED).status_code == 403
    assert not AccessChange.objects.exists()
    assert 'href="/people"' not in client.get("/profile").text


def test_nobody_gives_themselves_anything(client: Client, root: User) -> None:
    assert client.post(there(root, "role:senior"), AGREED).status_code == 403
    assert "/change?" not in client.get(f"/people/{root.pk}").text
    held = access.named(root, "role:senior")
    assert held is not None
    with pytest.raises(PermissionDenied):
        access.change(user=root, held=held, given=True, by=root, reason="I want it", at=NOW)


# --- Roles and qualifications -------------------------------------------------------------------


def test_a_role_is_given_and_taken_with_a_reason(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER, name="Ben")
    assert "Give" in client.get(there(ben, "role:senior")).text
    answer = client.post(
        there(ben, "role:senior"), AGREED | {"reason": "Two good years"}, follow=True
    )
    for shown in ("It is done, and noted.", "Two good years", "Ada", "Senior reviewer"):
        assert shown in answer.text
    assert User.objects.get(pk=ben.pk).has_role(Role.SENIOR)
    client.post(there(ben, "role:senior"), {"reason": "On leave", "given": "no"})
    assert not User.objects.get(pk=ben.pk).has_role(Role.SENIOR)
    noted = LedgerEntry.objects.filter(object_type="user", object_id=str(ben.pk))
    told = [(entry.action, entry.details) for entry in noted.filter(actor=root).order_by("id")]
    assert told == [("role.given", {"name": "senior"}), ("role.taken", {"name": "senior"})]


def test_a_reason_is_required(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    answer = client.post(there(ben, "role:senior"), {"reason": " ", "given": "yes"})
    assert answer.status_code == 422
    assert not AccessChange.objects.exists()
    held = access.named(ben, "role:senior")
    assert held is not None
    with pytest.raises(ValidationError):
        access.change(user=ben, held=held, given=True, by=root, reason="r" * 501, at=NOW)


def test_child_safety_needs_a_second_line(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    page = there(ben, "qualification:child_safety")
    assert "exploitation of children" in client.get(page).text
    refused = client.post(page, {"reason": "Certified", "given": "yes"})
    assert refused.status_code == 422
    assert not Qualification.objects.exists()
    client.post(page, AGREED)
    assert Qualification.objects.get().area == Area.CHILD_SAFETY
    client.post(page, {"reason": "Asked to stop", "given": "no"})
    assert Qualification.objects.get().revoked_by == root


def test_other_areas_need_none(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    client.post(there(ben, "qualification:crisis"), {"reason": "Trained", "given": "yes"})
    assert Qualification.objects.get().area == Area.CRISIS


def test_what_another_did_meanwhile_is_not_undone(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER, Role.SENIOR)
    answer = client.post(there(ben, "role:senior"), AGREED, follow=True)
    assert "Somebody else had done it already." in answer.text
    assert User.objects.get(pk=ben.pk).has_role(Role.SENIOR)
    assert not AccessChange.objects.exists()


@pytest.mark.parametrize("what", ["", "role:king", "account:x", "senior"])
def test_there_is_nothing_else_to_give(client: Client, root: User, what: str) -> None:
    assert client.get(there(make_user(), what)).status_code == 404


def test_the_page_says_who_gave_what_when(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    client.post(there(ben, "qualification:legal"), {"reason": "A lawyer", "given": "yes"})
    text = client.get(f"/people/{ben.pk}").text
    row = text[text.index("Legal") : text.index("Security")]
    assert "yes" in row
    assert "Ada" in row


def test_who_was_certified_elsewhere_shows_with_whoever_did_it(client: Client, root: User) -> None:
    ben, mentor = make_user(Role.REVIEWER), make_user(Role.SENIOR, name="Mentor Mo")
    qualifications.grant(user=ben, area=Area.CRISIS, by=mentor, at=NOW)
    assert "Mentor Mo" in client.get(f"/people/{ben.pk}").text


# --- Accounts -----------------------------------------------------------------------------------


def test_somebody_new_chooses_a_password_by_a_link(client: Client, root: User) -> None:
    answer = client.post("/people/new", {"name": "Eve", "email": "Eve@Example.com"}, follow=True)
    eve = User.objects.get(email="eve@example.com")
    assert "The account is made." in answer.text
    assert not eve.has_usable_password()
    shown = client.post(f"/people/{eve.pk}/link")
    assert "no-store" in shown["Cache-Control"]
    (path,) = re.findall(r'value="http[^"]*?(/welcome/[^"]+)"', shown.text)
    visitor = Client()
    form = visitor.get(path, follow=True)
    assert "Choose a password" in form.text
    sent = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    done = visitor.post(form.redirect_chain[-1][0], sent, follow=True)
    assert "Your password is set." in done.text
    assert visitor.login(email="eve@example.com", password=PASSWORD)
    assert "no longer works" in Client().get(path, follow=True).text
    assert client.post(f"/people/{eve.pk}/link").status_code == 403
    assert LedgerEntry.objects.filter(action="user.link_made", actor=root).count() == 1


def test_nobody_takes_over_an_account_with_a_link(client: Client, root: User) -> None:
    ben = make_user(Role.SENIOR)
    assert client.post(f"/people/{ben.pk}/link").status_code == 403
    assert "Show a link" not in client.get(f"/people/{ben.pk}").text


def test_an_address_is_taken_whatever_its_case(client: Client, root: User) -> None:
    ben = make_user()
    answer = client.post("/people/new", {"name": "Ben", "email": ben.email.upper()})
    assert answer.status_code == 422
    assert ben.email.upper() in answer.text


def test_an_account_that_is_switched_off_is_signed_out_at_once(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    his = Client()
    his.force_login(ben)
    client.post(there(ben, "account:"), {"reason": "Left", "given": "no"})
    assert his.get("/review").status_code == 302
    assert "switched off" in client.get("/people").text
    client.post(there(ben, "account:"), {"reason": "Came back", "given": "yes"})
    assert User.objects.get(pk=ben.pk).is_active


# --- The list -----------------------------------------------------------------------------------


def test_the_list_is_paged_and_its_queries_are_as_many_for_fifty_as_for_one(
    client: Client, root: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/people")
    with CaptureQueriesContext(connection) as alone:
        client.get("/people")
    for number in range(55):
        make_user(Role.REVIEWER, name=f"Person {number:02}")
    with django_assert_num_queries(len(alone)):
        first = client.get("/people")
    rest = client.get(first.context["older_url"])
    assert (len(first.context["people"]), len(rest.context["people"])) == (50, 6)
    assert client.get("/people?cursor=nonsense").status_code == 302


def test_settings_of_others_are_on_no_page_of_people(client: Client, root: User) -> None:
    ben = make_user(Role.REVIEWER)
    CareSettings.objects.create(user=ben, opted_out=["hate"], severe_per_shift=1)
    for path in ("/people", f"/people/{ben.pk}"):
        text = client.get(path).text
        assert "Hate" not in text
        assert "opted" not in text
