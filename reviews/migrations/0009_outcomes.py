"""Endpoints, outcomes and their deliveries."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0013_trials_beside_intake'),
        ('reviews', '0008_care'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('recourse.cutoff.flagged.v1', 'Cutoff flagged'), ('recourse.cutoff.settled.v1', 'Cutoff settled'), ('recourse.feedback.answered.v1', 'Feedback answered'), ('recourse.policy.activated.v1', 'Policy activated'), ('recourse.policy.paused.v1', 'Policy paused'), ('recourse.policy.resumed.v1', 'Policy resumed'), ('recourse.test.v1', 'Test')], max_length=40), size=None)),
                ('created_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('resting_until', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('paused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('removed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='endpoints', to='conversations.source')),
            ],
        ),
        migrations.CreateModel(
            name='EndpointSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot', models.PositiveSmallIntegerField()),
                ('secret', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='secrets', to='reviews.endpoint')),
            ],
        ),
        migrations.CreateModel(
            name='Outcome',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(choices=[('recourse.cutoff.flagged.v1', 'Cutoff flagged'), ('recourse.cutoff.settled.v1', 'Cutoff settled'), ('recourse.feedback.answered.v1', 'Feedback answered'), ('recourse.policy.activated.v1', 'Policy activated'), ('recourse.policy.paused.v1', 'Policy paused'), ('recourse.policy.resumed.v1', 'Policy resumed'), ('recourse.test.v1', 'Test')], max_length=40)),
                ('at', models.DateTimeField()),
                ('data', models.JSONField()),
                ('conversation', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.conversation')),
                ('cutoff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outcomes', to='conversations.cutoff')),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.source')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('type', models.CharField(choices=[('recourse.cutoff.flagged.v1', 'Cutoff flagged'), ('recourse.cutoff.settled.v1', 'Cutoff settled'), ('recourse.feedback.answered.v1', 'Feedback answered'), ('recourse.policy.activated.v1', 'Policy activated'), ('recourse.policy.paused.v1', 'Policy paused'), ('recourse.policy.resumed.v1', 'Policy resumed'), ('recourse.test.v1', 'Test')], max_length=40)),
                ('lane', models.UUIDField()),
                ('flag', models.BooleanField()),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('dead', 'Failed for good')], default='waiting', max_length=9)),
                ('due_at', models.DateTimeField()),
                ('lease', models.UUIDField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('attempts_made', models.PositiveIntegerField(default=0)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('first_at', models.DateTimeField(null=True)),
                ('failure', models.CharField(blank=True, choices=[('bad_address', 'The address is not allowed any more'), ('not_resolved', 'The name does not resolve'), ('not_public', 'The name resolves to an address that is not public'), ('not_connected', 'No connection'), ('tls', 'No secure connection: certificate or TLS'), ('timeout', 'No answer in time'), ('dropped', 'The connection broke'), ('redirected', 'Redirected, which is not followed'), ('status', 'Refused'), ('gone', 'Gone: the endpoint is disabled'), ('no_secret', 'No secret to sign with'), ('endpoint_off', 'The endpoint was off for too long, or removed')], default='', max_length=16)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.source')),
                ('endpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='reviews.endpoint')),
                ('outcome', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='reviews.outcome')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('milliseconds', models.PositiveIntegerField()),
                ('address', models.GenericIPAddressField(help_text='That was connected to.', null=True)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('failure', models.CharField(blank=True, choices=[('bad_address', 'The address is not allowed any more'), ('not_resolved', 'The name does not resolve'), ('not_public', 'The name resolves to an address that is not public'), ('not_connected', 'No connection'), ('tls', 'No secure connection: certificate or TLS'), ('timeout', 'No answer in time'), ('dropped', 'The connection broke'), ('redirected', 'Redirected, which is not followed'), ('status', 'Refused'), ('gone', 'Gone: the endpoint is disabled'), ('no_secret', 'No secret to sign with'), ('endpoint_off', 'The endpoint was off for too long, or removed')], default='', max_length=16)),
                ('headers', models.JSONField(default=dict)),
                ('body', models.TextField(blank=True, default='')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='reviews.delivery')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('delivery', 'number'), name='attempt_once_a_number'), models.CheckConstraint(condition=models.Q(('status__isnull', False), models.Q(('failure', ''), _negated=True), _connector='OR'), name='attempt_answered_or_failed')],
            },
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('source', 'url'), name='endpoint_once_a_source'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(('types__len__gt', 0)), name='endpoint_subscribes_to_something'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paused_at__isnull', True), ('paused_by__isnull', True)), models.Q(('paused_at__isnull', False), ('paused_by__isnull', False)), _connector='OR'), name='endpoint_paused_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('removed_at__isnull', True), ('removed_by__isnull', True)), models.Q(('removed_at__isnull', False), ('removed_by__isnull', False)), _connector='OR'), name='endpoint_removed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='endpointsecret',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('endpoint', 'slot'), name='endpoint_secret_two_live'),
        ),
        migrations.AddConstraint(
            model_name='endpointsecret',
            constraint=models.CheckConstraint(condition=models.Q(('slot__in', [1, 2])), name='endpoint_secret_slot_is_1_or_2'),
        ),
        migrations.AddConstraint(
            model_name='endpointsecret',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revoked_at', None), models.Q(('secret', ''), _negated=True)), models.Q(('revoked_at__isnull', False), ('secret', '')), _connector='OR'), name='endpoint_secret_forgotten_when_revoked'),
        ),
        migrations.AddConstraint(
            model_name='outcome',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('conversation__isnull', True), ('cutoff__isnull', True)), models.Q(('conversation__isnull', False), ('cutoff__isnull', False)), _connector='OR'), name='outcome_conversation_with_cutoff'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outcome',
            trigger=pgtrigger.compiler.Trigger(name='outcome_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='30b2e1a396a6978b682bdeaa67043b22a79e3c7f', operation='UPDATE', pgid='pgtrigger_outcome_read_only_42064', table='reviews_outcome', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'flag', 'due_at', 'id'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'lane', 'id'], name='delivery_lane'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('lease__isnull', False)), fields=['endpoint', 'leased_until'], name='delivery_leased'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['source', '-id'], name='delivery_of_source'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['type', '-id'], name='delivery_of_type'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'dead')), fields=['-id'], name='delivery_dead'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('outcome', 'endpoint'), name='delivery_once_an_endpoint'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dead_at', None), ('delivered_at', None), ('state', 'waiting')), models.Q(('dead_at', None), ('delivered_at__isnull', False), ('state', 'delivered')), models.Q(('dead_at__isnull', False), ('delivered_at', None), ('state', 'dead')), _connector='OR'), name='delivery_state_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease__isnull', True), ('leased_until__isnull', True)), models.Q(('lease__isnull', False), ('leased_until__isnull', False)), _connector='OR'), name='delivery_leased_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('lease', None), ('state', 'waiting'), _connector='OR'), name='delivery_only_a_waiting_one_is_leased'),
        ),
    ]
