"""Who may do what, and who did what."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Users, roles, personal tokens and the ledger."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Recreate the roles whenever the database was migrated or flushed."""
        from accounts.services import create_roles

        # The signal comes once for each app, with its permissions: with the last, all are there.
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(create_roles, sender=last, dispatch_uid="accounts.roles")
