"""What people write beside a case: notes among themselves, texts kept for rationales; and when its
words were erased, since nobody goes on then with what they had begun.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.keeping import kept, staff
from reviews.vocabulary import ReasonCode


class CaseNote(models.Model):
    """A note of one reviewer to the others. It stays as a line even without its words."""

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="notes")
    author = staff()
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                name="note_edited_after_it_was_written",
                condition=Q(edited_at=None) | Q(edited_at__gte=F("at")),
            ),
            models.CheckConstraint(
                name="note_deleted_after_it_was_written",
                condition=Q(deleted_at=None) | Q(deleted_at__gte=F("at")),
            ),
        ]
        triggers = kept("note", changing=["edited_at", "deleted_at"])

    def __str__(self) -> str:
        return f"note on {self.case_id}"


class CaseNoteText(models.Model):
    """A note's words, apart from it: they may quote somebody, and erasure can empty them."""

    note = models.OneToOneField(
        CaseNote, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    text = models.TextField()

    def __str__(self) -> str:
        return str(self.note_id)


class CannedText(models.Model):
    """Words for a rationale that somebody keeps: for themselves, or for all without an owner.

    ``reason_code`` is the reason with which it is offered, empty for every reason.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="canned_texts",
    )
    reason_code = models.CharField(max_length=32, choices=ReasonCode, blank=True, default="")
    title = models.CharField(max_length=80)
    text = models.TextField()
    changed_by = staff()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            # Also the index of the case page: what one person is offered.
            models.UniqueConstraint(
                fields=["owner", "title"], nulls_distinct=False, name="canned_text_once_a_title"
            ),
            models.CheckConstraint(
                name="canned_text_has_words", condition=~Q(title="") & ~Q(text="")
            ),
            models.CheckConstraint(
                name="canned_text_is_changed_by_its_owner",
                condition=Q(owner=None) | Q(owner=F("changed_by")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ErasedWords(models.Model):
    """When the words of a case were erased last, by the database's clock.

    Whoever had the case open then may still read them there.
    """

    case = models.OneToOneField(
        "reviews.Case", primary_key=True, on_delete=models.PROTECT, related_name="erased_words"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} at {self.at:%Y-%m-%d %H:%M}"
