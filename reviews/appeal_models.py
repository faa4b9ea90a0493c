"""What users are answered, and where to."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.keeping import staff
from reviews.reply_texts import Canned, paragraphs


class Reply(models.Model):
    """What a reviewer answers the user: a text kept for all, words of their own, or both.

    Written with a verdict it is published when the case settles by that decision; written
    afterwards, at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="replies")
    verdict = models.OneToOneField(
        "reviews.Verdict", null=True, blank=True, on_delete=models.PROTECT, related_name="reply"
    )
    author = staff()
    canned = models.CharField(max_length=24, choices=Canned, blank=True, default="")
    written_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["written_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="reply_published_after_it_was_written",
                condition=Q(published_at=None) | Q(published_at__gte=F("written_at")),
            ),
            models.CheckConstraint(
                name="reply_mailed_once_published",
                condition=Q(mailed_at=None) | Q(published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"reply on {self.case_id}"

    @property
    def own_words(self) -> str:
        """The reviewer's own words; empty where there are none."""
        words: ReplyText | None = getattr(self, "words", None)
        return words.text if words else ""

    @property
    def paragraphs(self) -> list[str]:
        """As the user reads it, in the language that is active."""
        return paragraphs(canned=self.canned, words=self.own_words)


class ReplyText(models.Model):
    """A reply's own words, apart from it: they may quote the person, and erasure replaces them."""

    reply = models.OneToOneField(
        Reply, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    text = models.TextField()

    def __str__(self) -> str:
        return str(self.reply_id)


class AnswerAddress(models.Model):
    """Where the user of a cutoff wants its replies sent, once they have said so by a link.

    ``digest`` is of the token in the newest link, SHA-256; ``due_at`` is when something is to be
    sent there, which after ``attempts`` that failed is over. ``language`` is that of the page on
    which they gave it. Nothing but that link is sent before ``verified_at``.
    """

    case = models.OneToOneField(
        "reviews.Case", primary_key=True, on_delete=models.PROTECT, related_name="answer_address"
    )
    address = models.EmailField()
    language = models.CharField(max_length=8, blank=True, default="", db_default="")
    asked_at = models.DateTimeField()
    links = models.PositiveSmallIntegerField(default=1, help_text="Links asked for, ever.")
    digest = models.BinaryField(null=True, unique=True, max_length=32)
    expires_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="answer_address_link_expires",
                condition=Q(digest=None, expires_at=None)
                | Q(digest__isnull=False, expires_at__isnull=False),
            ),
            models.CheckConstraint(
                name="answer_address_verified_once",
                condition=Q(verified_at=None) | Q(digest=None),
            ),
        ]
        indexes = [
            # The sweep that sends what is due.
            models.Index(
                fields=["due_at"], name="answer_address_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"address for {self.case_id}"
