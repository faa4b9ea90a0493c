"""Who may do what, and who did what."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Users, roles, personal tokens and the ledger."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Recreate the roles whenever the database was migrated or flushed."""
        from accounts.services import create_roles

        post_migrate.connect(create_roles, dispatch_uid="accounts.roles")
