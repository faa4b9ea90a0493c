"""What the constraints of personal tokens forbid, done past all services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import PersonalToken, User
from tests.factories import NOW, make_user
from tests.violating import violates


def _token(user: User, name: str, **changes: Any) -> None:
    row = {"public_id": name, "created_at": NOW, "expires_at": NOW} | changes
    PersonalToken.objects.create(user=user, name=name, digest=b"", **row)


@violates("token_name_of_person")
def _two_of_a_name() -> None:
    user = make_user()
    _token(user, "Report", revoked_at=NOW)
    _token(user, "report", public_id="b")
    _token(make_user(), "report", public_id="c")
    _token(user, "REPORT")


@violates("token_scopes_known")
def _unknown_scope() -> None:
    _token(make_user(), "t", scopes=["cases:read", "cases:delete"])


@violates("token_expires_within_a_year")
def _more_than_a_year() -> None:
    _token(make_user(), "t", expires_at=NOW + timedelta(days=365, microseconds=1))
