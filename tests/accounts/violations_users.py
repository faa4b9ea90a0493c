"""What the constraints of users and their tokens forbid."""

from __future__ import annotations

from accounts.models import PersonalToken, User
from tests.factories import NOW, make_user
from tests.violating import violates


@violates("user_email_unique_without_case")
def _user_email() -> None:
    user = make_user()
    User(email=user.email.upper(), name="Another").save()


@violates("accounts_user.email")
def _user_email_as_it_is() -> None:
    User(email=make_user().email, name="Another").save()


@violates("accounts_personaltoken.public_id")
def _token_id() -> None:
    row = {
        "user": make_user(),
        "name": "t",
        "public_id": "a" * 16,
        "digest": b"",
        "expires_at": NOW,
    }
    PersonalToken.objects.create(**row)
    PersonalToken.objects.create(**row)
