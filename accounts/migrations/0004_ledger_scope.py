"""The scope of a personal token that reads the ledger."""

import django.contrib.postgres.fields
from django.db import migrations, models

_SCOPES = [
    "cases:read",
    "cases:write",
    "feedback:read",
    "policies:read",
    "policies:write",
    "deliveries:read",
    "deliveries:write",
    "ledger:read",
]


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_token_scopes"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="personaltoken", name="token_scopes_known"),
        migrations.AlterField(
            model_name="personaltoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('cases:read', 'List and read cases, and ask for the status of conversations'), ('cases:write', 'Claim cases, decide them or pass them on; it reads what it claims'), ('feedback:read', 'List and read what users said'), ('policies:read', 'Read policies and backtests, and preview'), ('policies:write', 'Change, decide on, activate and pause policies; backtest'), ('deliveries:read', 'See what became of outcomes'), ('deliveries:write', 'Send outcomes again'), ('ledger:read', 'Read who did and saw what')], max_length=32), db_default=[], size=None),
        ),
        migrations.AddConstraint(
            model_name="personaltoken",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", _SCOPES)), name="token_scopes_known"
            ),
        ),
    ]
