"""Thresholds: versions, evaluation, conformance."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PoliciesConfig(AppConfig):
    """What must be there before a conversation may be ended."""

    name = "policies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Recreate the built-in policy after a flush; forget signals whose term is over."""
        from conversations.signals import kept_like_signals, signals_expired
        from policies.services.expiry import forget_signals, offer_evaluations
        from policies.services.versions import create_built_in

        post_migrate.connect(create_built_in, sender=self, dispatch_uid="policies.built_in")
        signals_expired.connect(forget_signals, dispatch_uid="policies.forget_signals")
        kept_like_signals.connect(offer_evaluations, dispatch_uid="policies.offer_evaluations")
