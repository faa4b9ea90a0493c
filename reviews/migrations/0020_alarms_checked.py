"""Check what alarms were about, and how they ended, beside work: after the step that says it."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0019_alarms_without_a_case")]

    operations = [
        ValidateConstraint(model_name="alarm", name="alarm_about_one_thing"),
        ValidateConstraint(model_name="alarm", name="alarm_ended_by_somebody_or_by_itself"),
    ]
