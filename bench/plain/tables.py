"""Makes the plain view's table."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper


def create(connection: BaseDatabaseWrapper) -> None:
    """Create the table of the plain view; the app is in no INSTALLED_APPS of this process."""

    from bench.plain.models import PlainEvent

    with connection.schema_editor() as editor:
        editor.create_model(PlainEvent)
