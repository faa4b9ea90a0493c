"""Internal notes, and texts kept for rationales."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0005_ways_out"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CannedText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("persistent_abuse", "Persistent abuse"),
                            ("severe_harm", "Severe harm"),
                            ("user_confirmed_request", "User confirmed the request"),
                            ("circumvention_of_safeguards", "Circumvention of safeguards"),
                            ("no_prior_warning", "No prior warning"),
                            ("too_few_redirects", "Too few redirects"),
                            ("imminent_risk_missed", "Imminent risk missed"),
                            ("crisis_mistaken_for_abuse", "Crisis mistaken for abuse"),
                            ("victim_disclosure", "Victim's disclosure"),
                            ("roleplay", "Role play or fiction"),
                            ("emotional_intensity", "Emotional intensity"),
                            ("user_was_right", "User was right"),
                            ("profanity_without_abuse", "Profanity without abuse"),
                            ("model_loop", "Model in a loop"),
                            ("request_misread", "Request misread"),
                            ("wrong_category", "Wrong category"),
                            ("other", "Other"),
                        ],
                        default="",
                        max_length=32,
                    ),
                ),
                ("title", models.CharField(max_length=80)),
                ("text", models.TextField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["title", "id"],
            },
        ),
        migrations.CreateModel(
            name="CaseNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.AddField(
            model_name="cannedtext",
            name="changed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="cannedtext",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="canned_texts",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="CaseNoteText",
            fields=[
                (
                    "note",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="reviews.casenote",
                    ),
                ),
                ("text", models.TextField()),
            ],
        ),
        migrations.AddField(
            model_name="casenote",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="casenote",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="reviews.case"
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedtext",
            constraint=models.UniqueConstraint(
                fields=("owner", "title"), name="canned_text_once_a_title", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedtext",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("title", ""), _negated=True), models.Q(("text", ""), _negated=True)
                ),
                name="canned_text_has_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedtext",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("owner", None), ("owner", models.F("changed_by")), _connector="OR"
                ),
                name="canned_text_is_changed_by_its_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="casenote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("edited_at", None), ("edited_at__gte", models.F("at")), _connector="OR"
                ),
                name="note_edited_after_it_was_written",
            ),
        ),
        migrations.AddConstraint(
            model_name="casenote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("deleted_at", None), ("deleted_at__gte", models.F("at")), _connector="OR"
                ),
                name="note_deleted_after_it_was_written",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="casenote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_read_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."at" IS DISTINCT FROM (NEW."at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e9b50c6de6eb5017857c878e7858a9a5ac459c3b",
                    operation="UPDATE",
                    pgid="pgtrigger_note_read_only_d5ea0",
                    table="reviews_casenote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="casenote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d114f46ada28924f8b195bb431b36003e6811db9",
                    operation="DELETE",
                    pgid="pgtrigger_note_not_deleted_46d6f",
                    table="reviews_casenote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="casenote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'note is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ",
                    hash="d5ff28f13549070d436e28e4e725c60457841730",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_note_no_truncate_22685",
                    table="reviews_casenote",
                    when="BEFORE",
                ),
            ),
        ),
    ]
