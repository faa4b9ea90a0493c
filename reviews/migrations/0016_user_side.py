"""What a program found in what users said, when they opened their notice, and the all-clear of pagers."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0015_crisis_cue"),
        ("reviews", "0015_notice_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name='NoticeOpening',
            fields=[
                ('cutoff', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='notice_opening', serialize=False, to='conversations.cutoff')),
                ('at', models.DateTimeField()),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='call',
            name='call_read_only',
        ),
        migrations.RemoveConstraint(
            model_name='call',
            name='call_once_a_step',
        ),
        migrations.AddField(
            model_name='call',
            name='tells',
            field=models.CharField(choices=[('raised', 'it waits'), ('acknowledged', 'somebody has it')], db_default='raised', default='raised', max_length=12),
        ),
        migrations.AddField(
            model_name='feedback',
            name='heard',
            field=models.CharField(blank=True, choices=[('cue', 'cue'), ('none', 'none'), ('not_assessed', 'not_assessed')], db_default='', default='', max_length=12),
        ),
        migrations.AddField(
            model_name='answeraddress',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='call',
            trigger=pgtrigger.compiler.Trigger(name='call_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."alarm_id" IS DISTINCT FROM (NEW."alarm_id") OR OLD."step" IS DISTINCT FROM (NEW."step") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."pager_id" IS DISTINCT FROM (NEW."pager_id") OR OLD."tells" IS DISTINCT FROM (NEW."tells") OR OLD."called_at" IS DISTINCT FROM (NEW."called_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d0f3f69d0c7ccd9fa935e63a8231e88614d0ca25', operation='UPDATE', pgid='pgtrigger_call_read_only_33e2c', table='reviews_call', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.UniqueConstraint(fields=('alarm', 'step', 'person', 'pager', 'tells'), name='call_once_a_step', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.CheckConstraint(condition=models.Q(('tells', 'raised'), ('pager__isnull', False), _connector='OR'), name='call_tells_a_person_what_waits'),
        ),
        # The only step that is not done in a moment: last, beside work.
        AddIndexConcurrently(
            model_name='feedback',
            index=models.Index(condition=models.Q(('heard', 'not_assessed'), ('read_at', None)), fields=['-at', '-id'], name='feedback_not_assessed'),
        ),
    ]
