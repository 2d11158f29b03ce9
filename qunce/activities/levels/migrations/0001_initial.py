import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0003_provider_account'),
        ('core', '__first__'),
        ('prizes', '0002_staff_tasks'),
    ]

    operations = [
        migrations.CreateModel(
            name='LevelScheme',
            fields=[
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='core.community')),
                ('is_on', models.BooleanField(default=False)),
                ('period', models.CharField(choices=[('month', 'calendar month'), ('quarter', 'calendar quarter'), ('year', 'calendar year'), ('rolling', 'last days')], default='quarter', max_length=10)),
                ('days', models.IntegerField(default=90)),
                ('grace_days', models.IntegerField(default=14)),
                ('earlier', models.JSONField(default=list)),
                ('gift_budget', models.BigIntegerField(null=True)),
                ('counted_day', models.IntegerField(null=True)),
                ('definition', models.IntegerField(default=0)),
                ('changed_at', qunce.core.timestamps.TimestampField()),
            ],
            options={
                'db_table': 'level_scheme',
            },
        ),
        migrations.CreateModel(
            name='Badge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=63)),
                ('name', models.CharField(max_length=40)),
                ('letters', models.CharField(max_length=2)),
                ('description', models.CharField(blank=True, default='', max_length=200)),
                ('rule', models.JSONField(null=True)),
                ('is_on', models.BooleanField(default=False)),
                ('problem', models.CharField(blank=True, default='', max_length=300)),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('changed_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'level_badge',
                'constraints': [models.UniqueConstraint(fields=('community', 'key'), name='one_badge_per_key')],
            },
        ),
        migrations.CreateModel(
            name='BadgeAward',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('at', qunce.core.timestamps.TimestampField()),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('revoked_at', qunce.core.timestamps.TimestampField(null=True)),
                ('revoke_reason', models.CharField(blank=True, default='', max_length=200)),
                ('rev', models.BigIntegerField(default=0)),
                ('badge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='awards', to='levels.badge')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'level_badge_award',
                'indexes': [models.Index(fields=['account_id'], name='badge_awards_of_account'), models.Index(fields=['badge', 'rev'], name='badge_awards_by_rev')],
                'constraints': [models.UniqueConstraint(fields=('badge', 'person_id'), name='one_badge_award_per_person')],
            },
        ),
        migrations.CreateModel(
            name='Level',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=63)),
                ('name', models.CharField(max_length=40)),
                ('title', models.CharField(blank=True, default='', max_length=12)),
                ('position', models.IntegerField()),
                ('steps', models.JSONField(default=list)),
                ('percent', models.IntegerField(default=100)),
                ('gift_points', models.IntegerField(default=0)),
                ('gift_valid_days', models.IntegerField(null=True)),
                ('has_early_access', models.BooleanField(default=False)),
                ('benefits', models.CharField(blank=True, default='', max_length=200)),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('gift_stock', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.prizestock')),
            ],
            options={
                'db_table': 'level_level',
                'constraints': [models.UniqueConstraint(fields=('community', 'key'), name='one_level_per_key'), models.CheckConstraint(condition=models.Q(('percent__gte', 100), ('percent__lte', 1000)), name='level_percent_in_range')],
            },
        ),
        migrations.CreateModel(
            name='LevelGift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('month', models.IntegerField()),
                ('points', models.IntegerField(default=0)),
                ('award_id', models.BigIntegerField(null=True)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('level', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='levels.level')),
            ],
            options={
                'db_table': 'level_gift',
                'indexes': [models.Index(fields=['account_id'], name='level_gifts_of_account'), models.Index(fields=['community_id', 'month'], name='level_gifts_by_month')],
                'constraints': [models.UniqueConstraint(fields=('person_id', 'month'), name='one_level_gift_per_month')],
            },
        ),
        migrations.CreateModel(
            name='LevelGiftBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('month', models.IntegerField()),
                ('used', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'level_gift_budget',
                'constraints': [models.UniqueConstraint(fields=('community_id', 'month'), name='one_level_gift_budget'), models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='level_gift_budget_not_below_zero')],
            },
        ),
        migrations.CreateModel(
            name='LevelHolding',
            fields=[
                ('person_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('community_id', models.IntegerField()),
                ('since', models.IntegerField()),
                ('until', models.IntegerField(null=True)),
                ('rev', models.BigIntegerField(default=0)),
                ('level', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='levels.level')),
            ],
            options={
                'db_table': 'level_holding',
                'indexes': [models.Index(fields=['community_id', 'rev'], name='level_holdings_by_rev'), models.Index(fields=['community_id', 'level'], name='level_holdings_by_level')],
            },
        ),
        migrations.CreateModel(
            name='MembershipPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=63)),
                ('name', models.CharField(max_length=40)),
                ('months', models.IntegerField(default=12)),
                ('category', models.CharField(blank=True, default='', max_length=80)),
                ('remind_days', models.IntegerField(default=14)),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('level', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='levels.level')),
            ],
            options={
                'db_table': 'level_membership_plan',
                'constraints': [models.UniqueConstraint(fields=('community', 'key'), name='one_membership_plan_per_key')],
            },
        ),
        migrations.CreateModel(
            name='MembershipTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('source', models.CharField(choices=[('order', 'order'), ('staff', 'typed by staff')], max_length=10)),
                ('source_key', models.CharField(max_length=250)),
                ('months', models.IntegerField()),
                ('bought_day', models.IntegerField()),
                ('first_day', models.IntegerField()),
                ('last_day', models.IntegerField()),
                ('reminded_for', models.IntegerField(null=True)),
                ('paid', models.BigIntegerField(default=0)),
                ('refunded', models.BigIntegerField(default=0)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('cancelled_at', qunce.core.timestamps.TimestampField(null=True)),
                ('cancel_reason', models.CharField(blank=True, default='', max_length=200)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('cancelled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='levels.membershipplan')),
            ],
            options={
                'db_table': 'level_membership_term',
                'indexes': [models.Index(fields=['account_id'], name='membership_terms_of_account'), models.Index(fields=['community', 'last_day'], name='membership_terms_by_last_day')],
                'constraints': [models.UniqueConstraint(fields=('plan', 'source_key'), name='one_membership_term_per_key')],
            },
        ),
    ]
