"""Alarms, and the people on call."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0009_outcomes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(choices=[('breach', 'A rule without a switch was broken'), ('cue', 'The conversation reads like a crisis'), ('feedback', 'What the user wrote to us reads like a crisis'), ('drill', 'Drill')], max_length=8)),
                ('raised_at', models.DateTimeField()),
                ('reopened', models.BooleanField(default=False, help_text='Whether raising it reopened the conversation.')),
                ('step', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('answered', models.CharField(blank=True, choices=[('button', 'on the page'), ('claim', 'by claiming the case')], default='', max_length=6)),
                ('acknowledged_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='reviews.case')),
                ('drill_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='1 is called first.')),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(choices=[(1, 'Mon'), (2, 'Tue'), (3, 'Wed'), (4, 'Thu'), (5, 'Fri'), (6, 'Sat'), (7, 'Sun')]), size=None)),
                ('starts', models.TimeField()),
                ('ends', models.TimeField()),
                ('time_zone', models.CharField(max_length=64)),
                ('added_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Pager',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('secret', models.CharField(max_length=80)),
                ('added_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('removed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveIntegerField()),
                ('called_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('spared', 'No longer needed')], default='waiting', max_length=7)),
                ('due_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('failure', models.CharField(blank=True, default='', max_length=120)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='reviews.alarm')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pager', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.pager')),
            ],
            options={
                'ordering': ['step', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(condition=models.Q(('acknowledged_at__isnull', True)), fields=['due_at'], name='alarm_live'),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(condition=models.Q(('acknowledged_at__isnull', False), ('why', 'drill')), fields=['-acknowledged_at'], name='alarm_drills'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.UniqueConstraint(condition=models.Q(('acknowledged_at', None)), fields=('case',), name='alarm_one_live_a_case'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('case', None), ('drill_by__isnull', False), ('why', 'drill')), models.Q(models.Q(('why', 'drill'), _negated=True), ('case__isnull', False), ('drill_by', None)), _connector='OR'), name='alarm_without_a_case_is_a_drill'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at', None), ('acknowledged_by', None), ('answered', '')), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False), models.Q(('answered', ''), _negated=True)), _connector='OR'), name='alarm_acknowledged_by_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."why" IS DISTINCT FROM (NEW."why") OR OLD."drill_by_id" IS DISTINCT FROM (NEW."drill_by_id") OR OLD."raised_at" IS DISTINCT FROM (NEW."raised_at") OR OLD."reopened" IS DISTINCT FROM (NEW."reopened"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9d5a72ca33da00dcd5f54c70edc1de80e69b0904', operation='UPDATE', pgid='pgtrigger_alarm_read_only_ecfa5', table='reviews_alarm', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='315833e50c02c59d6e4b0d43a66fd23580300820', operation='DELETE', pgid='pgtrigger_alarm_not_deleted_f6c0c', table='reviews_alarm', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'alarm is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='8f770365acca96af2bc1a9c6a1d6a443e45d3b64', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_alarm_no_truncate_87f2f', table='reviews_alarm', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alarm',
            trigger=pgtrigger.compiler.Trigger(name='alarm_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."acknowledged_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='1f301bb8fb305d5c6721e211a6d2cd9ed5c7e3d9', operation='UPDATE', pgid='pgtrigger_alarm_final_4de3a', table='reviews_alarm', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__contained_by', [1, 2, 3, 4, 5, 6, 7]), ('weekdays__len__gt', 0)), name='duty_on_days_of_the_week'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1)), name='duty_position_from_1'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='duty_ended_by_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duty',
            trigger=pgtrigger.compiler.Trigger(name='duty_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."weekdays" IS DISTINCT FROM (NEW."weekdays") OR OLD."starts" IS DISTINCT FROM (NEW."starts") OR OLD."ends" IS DISTINCT FROM (NEW."ends") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."added_by_id" IS DISTINCT FROM (NEW."added_by_id") OR OLD."added_at" IS DISTINCT FROM (NEW."added_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='6af68dc8422760ecde14001cf5c7ab534d87ccc8', operation='UPDATE', pgid='pgtrigger_duty_read_only_a764e', table='reviews_duty', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duty',
            trigger=pgtrigger.compiler.Trigger(name='duty_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='de2c951031e31f27d305a92fce367593b4ca0b94', operation='DELETE', pgid='pgtrigger_duty_not_deleted_bb64e', table='reviews_duty', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duty',
            trigger=pgtrigger.compiler.Trigger(name='duty_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'duty is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='048045a81f3f42fb2412d5bcf86123cba5530f1d', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_duty_no_truncate_c48ee', table='reviews_duty', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duty',
            trigger=pgtrigger.compiler.Trigger(name='duty_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ended_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='2b2eba424da5da474d68023f600da467221de299', operation='UPDATE', pgid='pgtrigger_duty_final_2e7d1', table='reviews_duty', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='pager',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('url',), name='pager_once_an_address'),
        ),
        migrations.AddConstraint(
            model_name='pager',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('removed_at__isnull', True), ('removed_by__isnull', True)), models.Q(('removed_at__isnull', False), ('removed_by__isnull', False)), _connector='OR'), name='pager_removed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='pager',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('removed_at', None), models.Q(('secret', ''), _negated=True)), models.Q(('removed_at__isnull', False), ('secret', '')), _connector='OR'), name='pager_secret_forgotten_when_removed'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(models.F('due_at'), condition=models.Q(('state', 'waiting')), name='call_waiting'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state', 'sent')), fields=['person', 'pager', '-sent_at'], name='call_last_sent'),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.UniqueConstraint(fields=('alarm', 'step', 'person', 'pager'), name='call_once_a_step', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('pager__isnull', False), ('person', None)), models.Q(('pager', None), ('person__isnull', False)), _connector='OR'), name='call_of_a_person_or_a_pager'),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at', None)), _connector='OR'), name='call_sent_at_a_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='call',
            trigger=pgtrigger.compiler.Trigger(name='call_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."alarm_id" IS DISTINCT FROM (NEW."alarm_id") OR OLD."step" IS DISTINCT FROM (NEW."step") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."pager_id" IS DISTINCT FROM (NEW."pager_id") OR OLD."called_at" IS DISTINCT FROM (NEW."called_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b6c97571cf13aaed12ce80fd5685e8d9efe09da1', operation='UPDATE', pgid='pgtrigger_call_read_only_33e2c', table='reviews_call', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='call',
            trigger=pgtrigger.compiler.Trigger(name='call_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='01ba6c59a8d25c3a82daf727759225cabe33cc11', operation='DELETE', pgid='pgtrigger_call_not_deleted_d412c', table='reviews_call', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='call',
            trigger=pgtrigger.compiler.Trigger(name='call_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'call is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='7fc44546a32ddc250ac6da6f853c6eee6b203002', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_call_no_truncate_afb77', table='reviews_call', when='BEFORE')),
        ),
    ]
