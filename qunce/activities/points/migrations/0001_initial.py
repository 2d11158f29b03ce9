import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0003_provider_account'),
        ('core', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='LeaderboardOptOut',
            fields=[
                ('account_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('community_id', models.IntegerField()),
                ('at', qunce.core.timestamps.TimestampField()),
            ],
            options={
                'db_table': 'point_leaderboard_opt_out',
            },
        ),
        migrations.CreateModel(
            name='PointCap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_id', models.BigIntegerField()),
                ('period', models.CharField(max_length=12)),
                ('used', models.BigIntegerField(default=0)),
                ('cap', models.BigIntegerField()),
            ],
            options={
                'db_table': 'point_cap',
                'constraints': [models.CheckConstraint(condition=models.Q(('used__gte', 0), ('used__lte', models.F('cap'))), name='point_cap_not_exceeded')],
            },
        ),
        migrations.CreateModel(
            name='PointEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('kind', models.SmallIntegerField(choices=[(1, 'earned'), (2, 'spent'), (3, 'given back'), (4, 'taken back'), (5, 'expired'), (6, 'paid what was owed')])),
                ('rule_id', models.BigIntegerField(default=0)),
                ('key', models.CharField(max_length=250)),
                ('amount', models.BigIntegerField()),
                ('owed', models.BigIntegerField(default=0)),
                ('of_id', models.BigIntegerField(default=0)),
                ('day', models.IntegerField()),
                ('at', qunce.core.timestamps.TimestampField()),
                ('by_id', models.IntegerField(null=True)),
            ],
            options={
                'db_table': 'point_entry',
                'indexes': [models.Index(fields=['account_id', 'id'], name='point_entries_of_account'), models.Index(condition=models.Q(('of_id__gt', 0)), fields=['of_id'], name='point_entries_about_entry')],
                'constraints': [models.UniqueConstraint(fields=('rule_id', 'key', 'kind', 'community_id'), name='one_point_entry_per_key'), models.CheckConstraint(condition=models.Q(('amount__gte', 0), ('owed__gte', 0), ('owed__lte', models.F('amount'))), name='point_entry_not_below_zero')],
            },
        ),
        migrations.CreateModel(
            name='PointLiability',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('last_day', models.IntegerField()),
                ('shard', models.SmallIntegerField()),
                ('points', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'point_liability',
                'constraints': [models.UniqueConstraint(fields=('community_id', 'last_day', 'shard'), name='one_point_liability_per_shard')],
            },
        ),
        migrations.CreateModel(
            name='PointReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('text', models.CharField(max_length=200)),
            ],
            options={
                'db_table': 'point_reason',
            },
        ),
        migrations.CreateModel(
            name='PointRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=63)),
                ('name', models.CharField(max_length=80)),
                ('event', models.CharField(choices=[('join', 'joining'), ('check_in', 'checking in'), ('task', 'completing a task'), ('survey', 'answering a survey'), ('order', 'paying an order'), ('review', 'writing a review')], max_length=20)),
                ('points', models.IntegerField()),
                ('per_amount', models.BigIntegerField(null=True)),
                ('currency', models.CharField(blank=True, default='', max_length=3)),
                ('wait_days', models.IntegerField(default=0)),
                ('valid_days', models.IntegerField(null=True)),
                ('day_cap', models.IntegerField(null=True)),
                ('week_cap', models.IntegerField(null=True)),
                ('month_cap', models.IntegerField(null=True)),
                ('starts_at', qunce.core.timestamps.TimestampField()),
                ('is_on', models.BooleanField(default=False)),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('changed_at', qunce.core.timestamps.TimestampField()),
            ],
            options={
                'db_table': 'point_rule',
            },
        ),
        migrations.CreateModel(
            name='PointScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('community_id', models.IntegerField()),
                ('month', models.IntegerField()),
                ('points', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'point_score',
                'indexes': [models.Index(fields=['community_id', 'month', '-points', 'account_id'], name='point_scores_in_order')],
                'constraints': [models.UniqueConstraint(fields=('account_id', 'month'), name='one_point_score_per_month')],
            },
        ),
        migrations.CreateModel(
            name='PointSettings',
            fields=[
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='core.community')),
                ('hand_limit', models.IntegerField(default=1000)),
                ('hand_valid_days', models.IntegerField(null=True)),
                ('cost', models.BigIntegerField(default=0)),
                ('has_leaderboard', models.BooleanField(default=True)),
            ],
            options={
                'db_table': 'point_settings',
            },
        ),
        migrations.CreateModel(
            name='PointUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.BigIntegerField()),
            ],
            options={
                'db_table': 'point_use',
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='point_use_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='ExpiryNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('community_id', models.IntegerField()),
                ('last_day', models.IntegerField()),
                ('at', qunce.core.timestamps.TimestampField()),
            ],
            options={
                'db_table': 'point_expiry_notice',
                'constraints': [models.UniqueConstraint(fields=('account_id', 'last_day'), name='one_point_notice_per_day')],
            },
        ),
        migrations.CreateModel(
            name='PointAccount',
            fields=[
                ('account_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('community_id', models.IntegerField()),
                ('owed', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'point_account',
                'constraints': [models.CheckConstraint(condition=models.Q(('owed__gte', 0)), name='points_owed_not_below_zero')],
            },
        ),
        migrations.CreateModel(
            name='PointAdjustment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('points', models.BigIntegerField()),
                ('reason', models.CharField(max_length=200)),
                ('key', models.CharField(max_length=250)),
                ('state', models.CharField(choices=[('waiting', 'waiting for approval'), ('approved', 'approved'), ('declined', 'declined')], default='waiting', max_length=10)),
                ('asked_at', qunce.core.timestamps.TimestampField()),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'point_adjustment',
                'indexes': [models.Index(fields=['community', 'state', 'id'], name='point_adjustments_by_state'), models.Index(fields=['account_id'], name='point_adjustments_of_account')],
                'constraints': [models.UniqueConstraint(fields=('community', 'key'), name='one_point_adjustment_per_key')],
            },
        ),
        migrations.CreateModel(
            name='PointLot',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='lot', serialize=False, to='points.pointentry')),
                ('community_id', models.IntegerField()),
                ('account_id', models.BigIntegerField()),
                ('amount', models.BigIntegerField()),
                ('left', models.BigIntegerField()),
                ('usable_from', models.IntegerField()),
                ('last_day', models.IntegerField(default=2147483647)),
                ('paid', models.BigIntegerField(default=0)),
                ('refunded', models.BigIntegerField(default=0)),
                ('taken', models.BigIntegerField(default=0)),
                ('root_id', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'point_lot',
                'indexes': [models.Index(condition=models.Q(('left__gt', 0)), fields=['account_id'], name='point_lots_of_account'), models.Index(condition=models.Q(('left__gt', 0)), fields=['community_id', 'last_day'], name='point_lots_by_last_day'), models.Index(condition=models.Q(('root_id__gt', 0)), fields=['root_id'], name='point_lots_of_root')],
                'constraints': [models.CheckConstraint(condition=models.Q(('left__gte', 0), ('left__lte', models.F('amount'))), name='point_lot_left_within_amount'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='point_lot_above_zero')],
            },
        ),
        migrations.AddField(
            model_name='pointreason',
            name='entry',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reason', to='points.pointentry'),
        ),
        migrations.AddField(
            model_name='pointrule',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pointrule',
            name='community',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community'),
        ),
        migrations.AddField(
            model_name='pointcap',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='used', to='points.pointrule'),
        ),
        migrations.AddField(
            model_name='pointuse',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='points.pointentry'),
        ),
        migrations.AddField(
            model_name='pointuse',
            name='lot',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='points.pointlot'),
        ),
        migrations.AddConstraint(
            model_name='pointrule',
            constraint=models.UniqueConstraint(fields=('community', 'key'), name='one_point_rule_per_key'),
        ),
        migrations.AddConstraint(
            model_name='pointcap',
            constraint=models.UniqueConstraint(fields=('rule', 'person_id', 'period'), name='one_point_cap_per_period'),
        ),
        migrations.AddConstraint(
            model_name='pointuse',
            constraint=models.UniqueConstraint(fields=('entry', 'lot'), name='one_point_use_per_entry_and_lot'),
        ),
    ]
