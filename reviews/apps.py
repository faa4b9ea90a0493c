"""People: cases, claims, verdicts, feedback, notices."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """The review of what was ended."""

    name = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Open cases in the transaction that stores their cutoffs."""
        from conversations.signals import cutoffs_recorded
        from reviews.services.opening import open_cases

        cutoffs_recorded.connect(open_cases, dispatch_uid="reviews.open_cases")
