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
            name='GroupSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('may_overlap', models.JSONField(default=list)),
                ('keep', models.CharField(choices=[('earliest', 'the group they joined first'), ('latest', 'the group they joined last'), ('chosen', 'the chosen group'), ('most_active', 'the group where they write most')], default='earliest', max_length=12)),
                ('door', models.CharField(choices=[('off', 'lets them in'), ('ask', 'asks staff'), ('refuse', 'refuses them')], default='off', max_length=6)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('chosen', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('groups', models.ManyToManyField(related_name='+', to='groups.group')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('archived_at__isnull', True)), fields=('community', 'name'), name='one_group_set_per_name')],
            },
        ),
        migrations.CreateModel(
            name='CleanUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'waits for a second person'), ('running', 'running'), ('refused', 'refused'), ('undone', 'undone')], max_length=8)),
                ('keep', models.CharField(choices=[('earliest', 'the group they joined first'), ('latest', 'the group they joined last'), ('chosen', 'the chosen group'), ('most_active', 'the group where they write most')], max_length=12)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='overlaps.groupset')),
            ],
        ),
        migrations.CreateModel(
            name='CleanUpItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('role', models.CharField(default='member', max_length=20)),
                ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='moderation.action')),
                ('clean_up', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='overlaps.cleanup')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
                ('kept', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='groups.group')),
                ('undo_action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='moderation.action')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id'], name='clean_up_item_by_account')],
                'constraints': [models.UniqueConstraint(fields=('clean_up', 'account_id', 'group'), name='one_item_per_account_and_group')],
            },
        ),
    ]
