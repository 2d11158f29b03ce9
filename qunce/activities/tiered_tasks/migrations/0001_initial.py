import django.db.models.deletion
import qunce.core.timestamps
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
        ('prizes', '0002_staff_tasks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('text', models.CharField(max_length=80)),
                ('rule', models.JSONField()),
                ('points', models.PositiveIntegerField(default=0)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tiers', to='activities.activity')),
                ('stock', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.prizestock')),
            ],
            options={
                'db_table': 'activities_tier',
                'constraints': [models.UniqueConstraint(fields=('activity', 'number'), name='one_tier_per_number')],
            },
        ),
        migrations.CreateModel(
            name='ReachedTier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('time', models.PositiveSmallIntegerField(default=1)),
                ('reached_at', qunce.core.timestamps.TimestampField()),
                ('lost_at', qunce.core.timestamps.TimestampField(null=True)),
                ('points_entry', models.BigIntegerField(null=True)),
                ('problem', models.CharField(blank=True, choices=[('', ''), ('budget', 'the budget is used up'), ('stock', 'no prize is left')], default='', max_length=10)),
                ('award', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.award')),
                ('tier', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reached', to='tiered_tasks.tier')),
            ],
            options={
                'db_table': 'activities_reached_tier',
                'indexes': [models.Index(fields=['account_id'], name='tiers_of_account')],
                'constraints': [models.UniqueConstraint(fields=('tier', 'account_id', 'time'), name='one_row_per_reached_tier')],
            },
        ),
    ]
