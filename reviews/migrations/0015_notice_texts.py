"""Words of an installation's own in its notices: drafts and versions."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0015_crisis_cue"),
        ("reviews", "0014_beside_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("by_assistant", "Ended by the assistant"),
                            ("to_minor", "Ended by the assistant, read by a minor"),
                            ("by_user", "Ended at the user's request"),
                            ("by_staff", "Ended by staff"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("violent_crimes", "Violent crimes"),
                            ("nonviolent_crimes", "Nonviolent crimes"),
                            ("sex_related_crimes", "Sex-related crimes"),
                            ("child_sexual_exploitation", "Child sexual exploitation"),
                            ("indiscriminate_weapons", "Indiscriminate weapons"),
                            ("suicide_self_harm", "Suicide and self-harm"),
                            ("hate", "Hate"),
                            ("privacy", "Privacy"),
                            ("intellectual_property", "Intellectual property"),
                            ("defamation", "Defamation"),
                            ("sexual_content", "Sexual content"),
                            ("specialized_advice", "Specialized advice"),
                            ("elections", "Elections"),
                            ("code_interpreter_abuse", "Code interpreter abuse"),
                            ("harassment_of_model", "Harassment of the model"),
                            ("other", "Other"),
                        ],
                        default="",
                        max_length=32,
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("heading", models.CharField(blank=True, default="", max_length=80)),
                ("what_happened", models.CharField(blank=True, default="", max_length=800)),
                ("not_meant", models.CharField(blank=True, default="", max_length=400)),
                ("can_do", models.CharField(blank=True, default="", max_length=400)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                (
                    "contributors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.source",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at", "pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category", ""),
                            models.Q(
                                ("kind__in", ["by_assistant", "to_minor"]),
                                models.Q(("category", "other"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="noticedraft_category_where_it_is_told",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("heading", ""), ("category", ""), _connector="OR"),
                        name="noticedraft_heading_names_no_category",
                    ),
                    models.UniqueConstraint(
                        fields=("kind", "category", "source", "language"),
                        name="notice_draft_one_a_scope",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("revision__gte", 1)),
                        name="notice_draft_revision_from_1",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("by_assistant", "Ended by the assistant"),
                            ("to_minor", "Ended by the assistant, read by a minor"),
                            ("by_user", "Ended at the user's request"),
                            ("by_staff", "Ended by staff"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("violent_crimes", "Violent crimes"),
                            ("nonviolent_crimes", "Nonviolent crimes"),
                            ("sex_related_crimes", "Sex-related crimes"),
                            ("child_sexual_exploitation", "Child sexual exploitation"),
                            ("indiscriminate_weapons", "Indiscriminate weapons"),
                            ("suicide_self_harm", "Suicide and self-harm"),
                            ("hate", "Hate"),
                            ("privacy", "Privacy"),
                            ("intellectual_property", "Intellectual property"),
                            ("defamation", "Defamation"),
                            ("sexual_content", "Sexual content"),
                            ("specialized_advice", "Specialized advice"),
                            ("elections", "Elections"),
                            ("code_interpreter_abuse", "Code interpreter abuse"),
                            ("harassment_of_model", "Harassment of the model"),
                            ("other", "Other"),
                        ],
                        default="",
                        max_length=32,
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("heading", models.CharField(blank=True, default="", max_length=80)),
                ("what_happened", models.CharField(blank=True, default="", max_length=800)),
                ("not_meant", models.CharField(blank=True, default="", max_length=400)),
                ("can_do", models.CharField(blank=True, default="", max_length=400)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("number", models.PositiveIntegerField(help_text="Counted in its scope.")),
                (
                    "contributors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("submitted_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Waits for approval"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=500)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.source",
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category", ""),
                            models.Q(
                                ("kind__in", ["by_assistant", "to_minor"]),
                                models.Q(("category", "other"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="noticetext_category_where_it_is_told",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("heading", ""), ("category", ""), _connector="OR"),
                        name="noticetext_heading_names_no_category",
                    ),
                    models.UniqueConstraint(
                        fields=("kind", "category", "source", "language", "number"),
                        name="notice_text_number_of_a_scope",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("decision", "approved"), ("until", None)),
                        fields=("kind", "category", "source", "language"),
                        name="notice_text_one_in_force_a_scope",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("decision", "")),
                        fields=("kind", "category", "source", "language"),
                        name="notice_text_one_waiting_a_scope",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("can_do", ""),
                            ("heading", ""),
                            ("not_meant", ""),
                            ("what_happened", ""),
                            _negated=True,
                        ),
                        name="notice_text_says_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("contributors__contains", [models.F("submitted_by")])),
                        name="notice_text_counts_its_submitter",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(
                                    ("decided_at__isnull", True), ("decided_by__isnull", True)
                                ),
                                models.Q(
                                    ("decided_at__isnull", False), ("decided_by__isnull", False)
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(("decided_by", None), ("decision", "")),
                                models.Q(
                                    ("decided_by__isnull", False),
                                    ("decision__in", ["approved", "rejected"]),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="notice_text_decided_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(
                                ("contributors__contains", [models.F("decided_by")]), _negated=True
                            ),
                            _connector="OR",
                        ),
                        name="notice_text_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", "rejected"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="notice_text_rejected_with_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None),
                            models.Q(
                                ("decision", "approved"), ("until__gte", models.F("decided_at"))
                            ),
                            _connector="OR",
                        ),
                        name="notice_text_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("ended_by__isnull", True), ("until__isnull", True)),
                                models.Q(("ended_by__isnull", False), ("until__isnull", False)),
                                _connector="OR",
                            ),
                            models.Q(("until__isnull", False), ("end_reason", ""), _connector="OR"),
                        ),
                        name="notice_text_ended_by_somebody",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticetext",
            trigger=pgtrigger.compiler.Trigger(
                name="notice_text_read_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."category" IS DISTINCT FROM (NEW."category") OR OLD."source_id" IS DISTINCT FROM (NEW."source_id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."heading" IS DISTINCT FROM (NEW."heading") OR OLD."what_happened" IS DISTINCT FROM (NEW."what_happened") OR OLD."not_meant" IS DISTINCT FROM (NEW."not_meant") OR OLD."can_do" IS DISTINCT FROM (NEW."can_do") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."contributors" IS DISTINCT FROM (NEW."contributors") OR OLD."submitted_by_id" IS DISTINCT FROM (NEW."submitted_by_id") OR OLD."submitted_at" IS DISTINCT FROM (NEW."submitted_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="43c8c05f8942469205bf75d687aa2aec51cda79c",
                    operation="UPDATE",
                    pgid="pgtrigger_notice_text_read_only_c11ee",
                    table="reviews_noticetext",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticetext",
            trigger=pgtrigger.compiler.Trigger(
                name="notice_text_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="00d94a10a2c5d80d5d3293124e345abcdfbe7bbd",
                    operation="DELETE",
                    pgid="pgtrigger_notice_text_not_deleted_3ab9f",
                    table="reviews_noticetext",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticetext",
            trigger=pgtrigger.compiler.Trigger(
                name="notice_text_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'notice_text is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ",
                    hash="227e882ddfb2fa83d6f4b6c076d4e7bf50331f86",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_notice_text_no_truncate_ad6d4",
                    table="reviews_noticetext",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticetext",
            trigger=pgtrigger.compiler.Trigger(
                name="notice_text_decided_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."decided_at" IS NOT NULL AND (OLD."decision" IS DISTINCT FROM (NEW."decision") OR OLD."decided_by_id" IS DISTINCT FROM (NEW."decided_by_id") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at") OR OLD."reason" IS DISTINCT FROM (NEW."reason")))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="2f8316b456a7cb19127ca920192f2ed2015a73d3",
                    operation="UPDATE",
                    pgid="pgtrigger_notice_text_decided_once_4718d",
                    table="reviews_noticetext",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticetext",
            trigger=pgtrigger.compiler.Trigger(
                name="notice_text_final",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."until" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="99e45b8a67089e40038903dc2d2b10513a2cbfc4",
                    operation="UPDATE",
                    pgid="pgtrigger_notice_text_final_ab388",
                    table="reviews_noticetext",
                    when="BEFORE",
                ),
            ),
        ),
    ]
