"""Audit shares by harm category. The table has a row for each change of the shares: a few dozen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0016_parked_enrichments")]

    operations = [
        migrations.AddField(
            model_name="auditsettings",
            name="category_shares",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="Audit shares of the harm categories that have one of their own.",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        models.F("category_shares"),
                        output_field=models.BooleanField(),
                        template=(
                            "jsonb_path_exists(%(expressions)s,"
                            """ '$.* ? (@.type() != "number" || @ <= 0 || @ > 1)')"""
                        ),
                    ),
                    _negated=True,
                ),
                name="audit_category_shares_are_probabilities",
            ),
        ),
    ]
