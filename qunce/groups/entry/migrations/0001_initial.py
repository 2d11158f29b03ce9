import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0003_provider_account'),
        ('core', '__first__'),
        ('groups', '0001_initial'),
        ('moderation', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='EntryGate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField(default=False)),
                ('keywords', models.JSONField(default=list)),
                ('questions', models.JSONField(default=list)),
                ('rule', models.JSONField(default=None, null=True)),
                ('needs_approval', models.BooleanField(default=False)),
                ('wait_hours', models.PositiveIntegerField(default=48)),
                ('max_attempts', models.PositiveSmallIntegerField(default=5)),
                ('changed_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('group', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
            ],
        ),
        migrations.CreateModel(
            name='GroupRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('accept_words', models.JSONField(default=list)),
                ('asks_again', models.BooleanField(default=False)),
                ('published_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('group', 'version'), name='one_text_per_version_of_rules')],
            },
        ),
        migrations.CreateModel(
            name='RulesAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('accepted_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rules', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='acceptances', to='entry.grouprules')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id'], name='acceptance_by_account')],
                'constraints': [models.UniqueConstraint(fields=('rules', 'account_id'), name='one_acceptance_per_member')],
            },
        ),
        migrations.CreateModel(
            name='EntryRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('name', models.CharField(blank=True, default='', max_length=200)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('passed', 'let in'), ('refused', 'refused'), ('expired', 'expired')], default='waiting', max_length=8)),
                ('reason', models.CharField(choices=[('blacklist', 'is on the blacklist'), ('other_group', 'is in another group of the set'), ('attempts', 'too many wrong answers'), ('threshold', 'does not meet the entry threshold'), ('staff', 'staff refused'), ('full', 'the group is full')], default='', max_length=12)),
                ('step', models.CharField(blank=True, default='', max_length=20)),
                ('answers', models.JSONField(default=list)),
                ('is_inside', models.BooleanField(default=False)),
                ('asked_at', qunce.core.timestamps.TimestampField()),
                ('expires_at', qunce.core.timestamps.TimestampField()),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='moderation.action')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.community')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id'], name='entry_request_by_account'), models.Index(condition=models.Q(('state', 'waiting')), fields=['expires_at'], name='entry_requests_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('group', 'account_id'), name='one_waiting_entry_request')],
            },
        ),
    ]
