"""Replies, verified addresses and what was written about a cutoff."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0011_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reply",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "canned",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reopened", "Wrong, and it is open again"),
                            ("stays_closed", "Wrong, and it stays closed"),
                            ("misread", "Wrong: it was misunderstood"),
                            ("no_warning", "Wrong: there was no clear warning"),
                            ("stands", "The end stands"),
                            ("stands_kindly", "The end stands, for somebody who is upset"),
                            ("stands_as_asked", "It was ended as asked"),
                        ],
                        default="",
                        max_length=24,
                    ),
                ),
                ("written_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replies",
                        to="reviews.case",
                    ),
                ),
                (
                    "verdict",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reply",
                        to="reviews.verdict",
                    ),
                ),
            ],
            options={
                "ordering": ["written_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="feedback",
            name="changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="closed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="read_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="AnswerAddress",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="answer_address",
                        serialize=False,
                        to="reviews.case",
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                (
                    "links",
                    models.PositiveSmallIntegerField(default=1, help_text="Links asked for, ever."),
                ),
                ("digest", models.BinaryField(max_length=32, null=True, unique=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="answer_address_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("digest", None), ("expires_at", None)),
                            models.Q(("digest__isnull", False), ("expires_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="answer_address_link_expires",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_at", None), ("digest", None), _connector="OR"
                        ),
                        name="answer_address_verified_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReplyText",
            fields=[
                (
                    "reply",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="reviews.reply",
                    ),
                ),
                ("text", models.TextField()),
            ],
        ),
        migrations.AddField(
            model_name="feedback",
            name="answer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The first reply that was published after it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="reviews.reply",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("read_at", None)), fields=["-at", "-id"], name="feedback_unread"
            ),
        ),
        # Of several appeals on one case, and of those on settled ones, none is open any more.
        migrations.RunSQL(
            """
            UPDATE reviews_feedback said SET closed_at = said.at
            FROM reviews_case opened
            WHERE opened.cutoff_id = said.case_id AND said.appeal AND (
                opened.state = 'settled' OR EXISTS (
                    SELECT FROM reviews_feedback later
                    WHERE later.case_id = said.case_id AND later.appeal
                      AND (later.at, later.id) > (said.at, said.id)
                )
            )
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("appeal", True), ("closed_at", None)),
                fields=("case",),
                name="feedback_one_open_appeal",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("changed_at", None), ("changed_at__gte", models.F("at")), _connector="OR"
                ),
                name="feedback_changed_after_it_came",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("read_at__isnull", True), ("read_by__isnull", True)),
                    models.Q(("read_at__isnull", False), ("read_by__isnull", False)),
                    _connector="OR",
                ),
                name="feedback_read_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("published_at", None),
                    ("published_at__gte", models.F("written_at")),
                    _connector="OR",
                ),
                name="reply_published_after_it_was_written",
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mailed_at", None), ("published_at__isnull", False), _connector="OR"
                ),
                name="reply_mailed_once_published",
            ),
        ),
    ]
