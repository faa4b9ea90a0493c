"""Who is logged in, with all that they may do, in one query."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.db import connection

from accounts.models import User
from accounts.plans import kept_plans

_FIELDS: Final = [field.attname for field in User._meta.concrete_fields]

_WITH_PERMISSIONS: Final = f"""
SELECT {", ".join(f"someone.{name}" for name in _FIELDS)}, ARRAY(
    SELECT kind.app_label || '.' || may.codename
    FROM auth_permission may
    JOIN django_content_type kind ON kind.id = may.content_type_id
    WHERE may.id IN (
        SELECT permission_id FROM accounts_user_user_permissions WHERE user_id = someone.id
        UNION ALL
        SELECT given.permission_id
        FROM accounts_user_groups member
        JOIN auth_group_permissions given ON given.group_id = member.group_id
        WHERE member.user_id = someone.id
    )
)
FROM accounts_user someone
WHERE someone.id = %s
"""  # noqa: S608 - columns of the model, never of a request


class OneQueryBackend(ModelBackend):
    """Django's own, which else asks three times on nearly every page."""

    def get_user(self, user_id: Any) -> User | None:
        """Who has a session, if they may still sign in."""
        with kept_plans(), connection.cursor() as cursor:
            cursor.execute(_WITH_PERMISSIONS, [user_id])
            row = cursor.fetchone()
        if row is None:
            return None
        *fields, permissions = row
        user = User.from_db(connection.alias, _FIELDS, fields)
        if not self.user_can_authenticate(user):
            return None
        if not user.is_superuser:
            # As ModelBackend.get_all_permissions keeps it for the life of the object.
            user._perm_cache = set(permissions)  # type: ignore[attr-defined]
        return user
