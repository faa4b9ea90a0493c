"""Alarms of conversations whose end has not come, and what was heard in feedback that waits for it.

The new columns are empty and added at once; what is checked of old rows follows in the next step.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0017_audit_strata'),
        ('reviews', '0018_shown_gold'),
    ]

    operations = [
        migrations.CreateModel(
            name='Hearing',
            fields=[
                ('relayed', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='hearing', serialize=False, to='conversations.relayedfeedback')),
                ('heard', models.CharField(choices=[('cue', 'cue'), ('none', 'none'), ('not_assessed', 'not_assessed')], max_length=12)),
                ('told', models.BooleanField()),
                ('at', models.DateTimeField()),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='alarm',
            name='alarm_read_only',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='alarm',
            name='alarm_final',
        ),
        migrations.RemoveConstraint(
            model_name='alarm',
            name='alarm_without_a_case_is_a_drill',
        ),
        migrations.RemoveConstraint(
            model_name='alarm',
            name='alarm_acknowledged_by_somebody',
        ),
        migrations.AddField(
            model_name='alarm',
            name='conversation_external_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=256),
        ),
        migrations.AddField(
            model_name='alarm',
            name='source',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.source'),
        ),
        migrations.AlterField(
            model_name='alarm',
            name='answered',
            field=models.CharField(blank=True, choices=[('button', 'on the page'), ('claim', 'by claiming the case'), ('joined', 'The case has another alarm, which went on'), ('erased', 'The words were deleted before anybody acknowledged')], default='', max_length=6),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(condition=models.Q(('source__isnull', False)), fields=['source', 'conversation_external_id'], name='alarm_of_a_conversation'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."why" IS DISTINCT FROM (NEW."why") OR OLD."drill_by_id" IS DISTINCT FROM (NEW."drill_by_id") OR OLD."raised_at" IS DISTINCT FROM (NEW."raised_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='93e3ecfbe4a9ce6d68cd0bef909d0adad4187f15', operation='UPDATE', pgid='pgtrigger_alarm_read_only_ecfa5', table='reviews_alarm', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."acknowledged_at" IS NOT NULL AND (OLD."step" IS DISTINCT FROM (NEW."step") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."acknowledged_by_id" IS DISTINCT FROM (NEW."acknowledged_by_id") OR OLD."acknowledged_at" IS DISTINCT FROM (NEW."acknowledged_at") OR OLD."answered" IS DISTINCT FROM (NEW."answered")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='69cf6293d87c8b2f365876c445c9f30830434c9f', operation='UPDATE', pgid='pgtrigger_alarm_final_4de3a', table='reviews_alarm', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_about_the_same', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN ((OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."source_id" IS DISTINCT FROM (NEW."source_id") OR OLD."conversation_external_id" IS DISTINCT FROM (NEW."conversation_external_id")) AND (OLD."source_id" IS NULL OR NEW."case_id" IS NULL))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='6de6a254b56335c2f95d38ee900cf6a0d79dfc84', operation='UPDATE', pgid='pgtrigger_alarm_about_the_same_ba527', table='reviews_alarm', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.UniqueConstraint(condition=models.Q(('acknowledged_at', None), ('source__isnull', False)), fields=('source', 'conversation_external_id'), name='alarm_one_live_a_conversation'),
        ),
        AddConstraintNotValid(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('conversation_external_id', ''), ('source', None), ('case', None), ('drill_by__isnull', False), ('why', 'drill')), models.Q(('conversation_external_id', ''), ('source', None), models.Q(('why', 'drill'), _negated=True), ('case__isnull', False), ('drill_by', None)), models.Q(('case', None), ('drill_by', None), ('source__isnull', False), ('why', 'feedback'), models.Q(('conversation_external_id', ''), _negated=True)), _connector='OR'), name='alarm_about_one_thing'),
        ),
        AddConstraintNotValid(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at', None), ('acknowledged_by', None), ('answered', '')), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False), ('answered__in', ['button', 'claim'])), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by', None), ('answered__in', ['joined', 'erased'])), _connector='OR'), name='alarm_ended_by_somebody_or_by_itself'),
        ),
        migrations.AddConstraint(
            model_name='hearing',
            constraint=models.CheckConstraint(condition=models.Q(('told', False), ('heard', 'cue'), _connector='OR'), name='hearing_told_of_a_cue'),
        ),
    ]
