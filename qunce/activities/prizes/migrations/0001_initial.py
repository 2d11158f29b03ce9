import django.db.models.deletion
import qunce.activities.prizes.models
import qunce.core.encryption
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
            name='Award',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=qunce.activities.prizes.models.random_id, max_length=30, unique=True)),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('source', models.CharField(max_length=20)),
                ('source_key', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('to_claim', 'to claim'), ('claimed', 'claimed'), ('sent', 'sent'), ('delivered', 'handed over'), ('returned', 'returned')], default='to_claim', max_length=10)),
                ('is_held', models.BooleanField(default=False)),
                ('is_passed_on', models.BooleanField(default=False)),
                ('awarded_at', qunce.core.timestamps.TimestampField()),
                ('claim_until', qunce.core.timestamps.TimestampField()),
                ('reminded_at', qunce.core.timestamps.TimestampField(null=True)),
                ('claimed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('claimed_by', models.CharField(blank=True, choices=[('page', 'on the page'), ('message', 'by message'), ('staff', 'typed by staff')], default='', max_length=10)),
                ('sent_at', qunce.core.timestamps.TimestampField(null=True)),
                ('carrier', models.CharField(blank=True, default='', max_length=40)),
                ('parcel_number', models.CharField(blank=True, default='', max_length=40)),
                ('delivered_at', qunce.core.timestamps.TimestampField(null=True)),
                ('returned_at', qunce.core.timestamps.TimestampField(null=True)),
                ('return_reason', models.CharField(blank=True, default='', max_length=200)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'state', 'id'], name='awards_by_state'), models.Index(fields=['account_id'], name='awards_by_account'), models.Index(condition=models.Q(('state', 'to_claim')), fields=['claim_until'], name='awards_to_claim')],
                'constraints': [models.UniqueConstraint(fields=('community', 'source', 'source_key'), name='one_award_per_source_and_key')],
            },
        ),
        migrations.CreateModel(
            name='PrizeAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recipient', qunce.core.encryption.EncryptedField()),
                ('phone', qunce.core.encryption.EncryptedField()),
                ('address', qunce.core.encryption.EncryptedField()),
                ('typed_at', qunce.core.timestamps.TimestampField()),
                ('award', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='address', to='prizes.award')),
            ],
        ),
        migrations.CreateModel(
            name='PrizeStock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=30)),
                ('amount', models.PositiveIntegerField(null=True)),
                ('instructions', models.TextField(blank=True, default='')),
                ('value', models.PositiveBigIntegerField(default=0)),
                ('cost', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveIntegerField()),
                ('left', models.PositiveIntegerField()),
                ('claim_days', models.PositiveSmallIntegerField(default=14)),
                ('unclaimed', models.CharField(choices=[('return', 'it returns to the stock'), ('next', 'the next winner is drawn')], default='return', max_length=10)),
                ('archived_at', qunce.core.timestamps.TimestampField(null=True)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'id'], name='stocks_by_community')],
                'constraints': [models.CheckConstraint(condition=models.Q(('left__gte', 0), ('left__lte', models.F('total'))), name='stock_left_from_0_to_total')],
            },
        ),
        migrations.CreateModel(
            name='PrizeCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code_hash', models.CharField(max_length=64)),
                ('code', qunce.core.encryption.EncryptedField()),
                ('added_at', qunce.core.timestamps.TimestampField()),
                ('award', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prize_code', to='prizes.award')),
                ('stock', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='prizes.prizestock')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('award__isnull', True)), fields=['stock', 'id'], name='codes_without_award')],
                'constraints': [models.UniqueConstraint(fields=('stock', 'code_hash'), name='one_code_per_stock_and_hash')],
            },
        ),
        migrations.AddField(
            model_name='award',
            name='stock',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='awards', to='prizes.prizestock'),
        ),
    ]
