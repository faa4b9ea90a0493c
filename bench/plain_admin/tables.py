"""Makes the plain pair's table, with the cases that wait."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_COPY = """
INSERT INTO plain_admin_plainwork (
    cutoff_id, number, selected, state, priority, due_at, decision, rationale
)
SELECT cutoff_id, number, selected, state, priority, due_at, '', ''
FROM reviews_case ORDER BY cutoff_id
"""


def create(connection: BaseDatabaseWrapper) -> None:
    """Create and fill the table; the app is in no INSTALLED_APPS of this process."""
    from bench.plain_admin.models import PlainWork

    with connection.schema_editor() as editor:
        editor.create_model(PlainWork)
    with connection.cursor() as cursor:
        cursor.execute(_COPY)
        cursor.execute("VACUUM (ANALYZE) plain_admin_plainwork")
