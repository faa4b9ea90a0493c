"""Queues by rules, and what people arrange by hand."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0013_trials_beside_intake"),
        ("reviews", "0003_qualifications"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkAct',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('assign', 'Assigned'), ('move', 'Moved'), ('label', 'Labelled')], max_length=10)),
                ('at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BulkChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='CaseLabel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('put_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CaseQueue',
            fields=[
                ('slug', models.CharField(max_length=32, primary_key=True, serialize=False, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_-]*$')])),
                ('name', models.CharField(max_length=64)),
                ('area', models.CharField(blank=True, choices=[('crisis', 'Crisis'), ('child_safety', 'Child safety'), ('legal', 'Legal'), ('security', 'Security')], default='', help_text='What one must be qualified for to be dealt its cases.', max_length=12)),
                ('position', models.PositiveSmallIntegerField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['position', 'slug'],
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('position', models.PositiveIntegerField()),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('violent_crimes', 'Violent crimes'), ('nonviolent_crimes', 'Nonviolent crimes'), ('sex_related_crimes', 'Sex-related crimes'), ('child_sexual_exploitation', 'Child sexual exploitation'), ('indiscriminate_weapons', 'Indiscriminate weapons'), ('suicide_self_harm', 'Suicide and self-harm'), ('hate', 'Hate'), ('privacy', 'Privacy'), ('intellectual_property', 'Intellectual property'), ('defamation', 'Defamation'), ('sexual_content', 'Sexual content'), ('specialized_advice', 'Specialized advice'), ('elections', 'Elections'), ('code_interpreter_abuse', 'Code interpreter abuse'), ('harassment_of_model', 'Harassment of the model'), ('other', 'Other')], max_length=32), blank=True, default=list, size=None)),
                ('flags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None)),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), blank=True, default=list, help_text='Primary language subtags, as detected in the transcript.', size=None)),
                ('made_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='case',
            name='assignee',
            field=models.ForeignKey(blank=True, db_index=False, help_text='The one person to whom it is dealt.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assigned_cases', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='case',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', help_text='As detected, once read.', max_length=3),
        ),
        migrations.AddField(
            model_name='case',
            name='trial',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='case',
            name='queue',
            field=models.CharField(help_text="A CaseQueue's slug.", max_length=32),
        ),
        migrations.AddField(
            model_name='bulkact',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='bulkact',
            name='undone_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='bulkchange',
            name='act',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='reviews.bulkact'),
        ),
        migrations.AddField(
            model_name='bulkchange',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.case'),
        ),
        migrations.AddField(
            model_name='caselabel',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='labels', to='reviews.case'),
        ),
        migrations.AddField(
            model_name='caselabel',
            name='put_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='casequeue',
            constraint=models.CheckConstraint(condition=models.Q(('slug__regex', '^[a-z][a-z0-9_-]*$')), name='queue_slug_is_one'),
        ),
        migrations.AddConstraint(
            model_name='casequeue',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('closed_at', None)), name='queue_open_of_a_name'),
        ),
        migrations.AddConstraint(
            model_name='casequeue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('area', 'child_safety'), ('slug', 'child_safety')), models.Q(models.Q(('slug', 'child_safety'), _negated=True), models.Q(('area', 'child_safety'), _negated=True)), _connector='OR'), name='queue_of_child_safety_is_one'),
        ),
        migrations.AddConstraint(
            model_name='casequeue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('slug', 'crisis'), _negated=True), ('area', 'crisis'), _connector='OR'), name='queue_crisis_asks_for_the_qualified'),
        ),
        migrations.AddConstraint(
            model_name='casequeue',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), models.Q(('slug__in', ['general', 'appeals', 'crisis', 'child_safety']), _negated=True), _connector='OR'), name='queue_built_in_stays_open'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casequeue',
            trigger=pgtrigger.compiler.Trigger(name='queue_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."slug" IS DISTINCT FROM (NEW."slug") OR OLD."area" IS DISTINCT FROM (NEW."area"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='511d5cf828c6e7582f898fc325f613063cde8e02', operation='UPDATE', pgid='pgtrigger_queue_read_only_876e5', table='reviews_casequeue', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casequeue',
            trigger=pgtrigger.compiler.Trigger(name='queue_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d51020eea7e382ba0645b72055b2e174acea1368', operation='DELETE', pgid='pgtrigger_queue_not_deleted_83d8d', table='reviews_casequeue', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casequeue',
            trigger=pgtrigger.compiler.Trigger(name='queue_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'queue is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='7ccdb8e4f1597f6c3a751273cc24ddbcd74dd7d4', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_queue_no_truncate_f7272', table='reviews_casequeue', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='label',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='caselabel',
            name='label',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.label'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='queue',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rules', to='reviews.casequeue'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='retired_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='source',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.source'),
        ),
        migrations.AddField(
            model_name='case',
            name='rule',
            field=models.ForeignKey(blank=True, db_index=False, help_text='What sent it there; none where no rule, or somebody by hand, did.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.routingrule'),
        ),
        migrations.AddConstraint(
            model_name='bulkact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by__isnull', True)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='bulk_act_undone_by_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bulkact',
            trigger=pgtrigger.compiler.Trigger(name='bulk_act_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."by_id" IS DISTINCT FROM (NEW."by_id") OR OLD."at" IS DISTINCT FROM (NEW."at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='4ceb05de38eb59cb2ee3cf4946c6f5193c94e0ef', operation='UPDATE', pgid='pgtrigger_bulk_act_read_only_5cf0e', table='reviews_bulkact', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bulkact',
            trigger=pgtrigger.compiler.Trigger(name='bulk_act_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='e28cda37cd16a7ead5961eb6635df851af142cb7', operation='DELETE', pgid='pgtrigger_bulk_act_not_deleted_26b48', table='reviews_bulkact', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bulkact',
            trigger=pgtrigger.compiler.Trigger(name='bulk_act_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'bulk_act is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='fd264b40d9e95979745c36fd102ff7cf033d27f3', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_bulk_act_no_truncate_d5979', table='reviews_bulkact', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='bulkchange',
            constraint=models.UniqueConstraint(fields=('act', 'case'), name='bulk_change_once_a_case'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bulkchange',
            trigger=pgtrigger.compiler.Trigger(name='bulk_change_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='96e77f98c64337fabe609fadba61b7f3b4f943c9', operation='UPDATE OR DELETE', pgid='pgtrigger_bulk_change_append_only_64053', table='reviews_bulkchange', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bulkchange',
            trigger=pgtrigger.compiler.Trigger(name='bulk_change_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'bulk_change is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='86c2006416fdee1c72e96bb71e2ec2589c7708c1', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_bulk_change_no_truncate_e8952', table='reviews_bulkchange', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='label_of_a_name'),
        ),
        migrations.AddConstraint(
            model_name='caselabel',
            constraint=models.UniqueConstraint(fields=('case', 'label'), name='case_label_once_a_case'),
        ),
        migrations.AddIndex(
            model_name='routingrule',
            index=models.Index(condition=models.Q(('retired_at', None)), fields=['position', 'id'], name='routing_rule_live'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(('categories', []), ('flags', []), ('languages', []), ('source', None), _negated=True), name='routing_rule_asks_something'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('retired_at__isnull', True), ('retired_by__isnull', True)), models.Q(('retired_at__isnull', False), ('retired_by__isnull', False)), _connector='OR'), name='routing_rule_retired_by_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='routingrule',
            trigger=pgtrigger.compiler.Trigger(name='routing_rule_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."categories" IS DISTINCT FROM (NEW."categories") OR OLD."flags" IS DISTINCT FROM (NEW."flags") OR OLD."languages" IS DISTINCT FROM (NEW."languages") OR OLD."source_id" IS DISTINCT FROM (NEW."source_id") OR OLD."queue_id" IS DISTINCT FROM (NEW."queue_id") OR OLD."made_by_id" IS DISTINCT FROM (NEW."made_by_id") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d961c8ce6d6ad4002cf6eb89ea7ebf25f67f6843', operation='UPDATE', pgid='pgtrigger_routing_rule_read_only_2a3d5', table='reviews_routingrule', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='routingrule',
            trigger=pgtrigger.compiler.Trigger(name='routing_rule_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='61fb2e8fffaf6a75ca0930690446efc4608e71a1', operation='DELETE', pgid='pgtrigger_routing_rule_not_deleted_0025c', table='reviews_routingrule', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='routingrule',
            trigger=pgtrigger.compiler.Trigger(name='routing_rule_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'routing_rule is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='62cd41c69db77be635cdc4caac9cc84e58526416', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_routing_rule_no_truncate_0ca7c', table='reviews_routingrule', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('filters', models.CharField(blank=True, max_length=1000)),
                ('shared', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='DefaultView',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='default_view', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('view', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='reviews.savedview')),
            ],
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), condition=models.Q(('removed_at', None)), name='saved_view_of_a_name'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='saved_view_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.CheckConstraint(condition=models.Q(('filters__regex', '(^|&)q='), _negated=True), name='saved_view_holds_no_words'),
        ),
        migrations.AddField(
            model_name='verdicttext',
            name='terms',
            field=django.contrib.postgres.search.SearchVectorField(db_default=models.Value(''), help_text='By which the rationale is found (conversations/words.py).'),
        ),
    ]
