"""People: cases, claims, verdicts, feedback, notices."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ReviewsConfig(AppConfig):
    """The review of what was ended."""

    name = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Recreate the built-in queues after a flush, open cases with their cutoffs, and erase
        words with those that they are about.
        """
        from conversations.signals import (
            case_held,
            cutoffs_recorded,
            kept_like_signals,
            signals_expired,
            words_erased,
        )
        from policies.signals import policy_activated, policy_paused, policy_resumed
        from reviews.services import outcomes
        from reviews.services.deliveries import offer_outcomes
        from reviews.services.erasure import erase_words, forget_signals
        from reviews.services.opening import open_cases
        from reviews.services.queues import create_built_in
        from reviews.services.selection import select_held

        post_migrate.connect(create_built_in, sender=self, dispatch_uid="reviews.queues")
        cutoffs_recorded.connect(open_cases, dispatch_uid="reviews.open_cases")
        words_erased.connect(erase_words, dispatch_uid="reviews.erase_words")
        case_held.connect(select_held, dispatch_uid="reviews.select_held")
        signals_expired.connect(forget_signals, dispatch_uid="reviews.forget_signals")
        policy_activated.connect(outcomes.policy_activated, dispatch_uid="reviews.told_activated")
        policy_paused.connect(outcomes.policy_paused, dispatch_uid="reviews.told_paused")
        policy_resumed.connect(outcomes.policy_resumed, dispatch_uid="reviews.told_resumed")
        kept_like_signals.connect(offer_outcomes, dispatch_uid="reviews.offer_outcomes")
