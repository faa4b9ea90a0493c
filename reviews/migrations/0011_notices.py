"""Restricted notices."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("reviews", "0010_danger"),
    ]

    operations = [
        migrations.CreateModel(
            name="Restriction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "review",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("pending", "Pending"),
                            ("upheld", "Upheld"),
                            ("overturned", "Overturned"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "decided_at",
                    models.DateTimeField(help_text="Of the decision that was public.", null=True),
                ),
                ("reason", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_because", models.CharField(blank=True, default="", max_length=500)),
                (
                    "by",
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
                        related_name="restrictions",
                        to="reviews.case",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("case",),
                        name="restriction_one_live_a_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="restriction_for_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                            models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="restriction_lifted_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at", None), ("lifted_because", "")),
                            models.Q(
                                ("lifted_at__isnull", False),
                                models.Q(("lifted_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="restriction_lifted_for_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("review__in", ["none", "pending"])),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("review__in", ["upheld", "overturned"]),
                            ),
                            _connector="OR",
                        ),
                        name="restriction_knows_when_it_was_decided",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="restriction",
            trigger=pgtrigger.compiler.Trigger(
                name="restriction_read_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."review" IS DISTINCT FROM (NEW."review") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."by_id" IS DISTINCT FROM (NEW."by_id") OR OLD."at" IS DISTINCT FROM (NEW."at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="b5ce55aafe6c567855310f7ae7cd2b9aad1cdbd2",
                    operation="UPDATE",
                    pgid="pgtrigger_restriction_read_only_e8df2",
                    table="reviews_restriction",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="restriction",
            trigger=pgtrigger.compiler.Trigger(
                name="restriction_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="64bb4b49a8ecccc58dc1e64440eb399c6c010312",
                    operation="DELETE",
                    pgid="pgtrigger_restriction_not_deleted_cb843",
                    table="reviews_restriction",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="restriction",
            trigger=pgtrigger.compiler.Trigger(
                name="restriction_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'restriction is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ",
                    hash="0312fc00e5d9741dafc0daccb7bdf918b96c1d11",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_restriction_no_truncate_1def9",
                    table="reviews_restriction",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="restriction",
            trigger=pgtrigger.compiler.Trigger(
                name="restriction_final",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."lifted_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="ac4730ecaf7f52427e0551fe8d6ef9110fd0adda",
                    operation="UPDATE",
                    pgid="pgtrigger_restriction_final_a8fc5",
                    table="reviews_restriction",
                    when="BEFORE",
                ),
            ),
        ),
    ]
