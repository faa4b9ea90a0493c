"""What was received."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    """Sources, events, conversations, cutoffs and their transcripts."""

    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Recreate the first audit settings whenever the database was migrated or flushed."""
        from conversations.services.sources import create_audit_settings

        post_migrate.connect(
            create_audit_settings, sender=self, dispatch_uid="conversations.audit_settings"
        )
