import django.db.models.deletion
import qunce.core.encryption
import qunce.core.timestamps
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
    ]

    operations = [
        migrations.CreateModel(
            name='RedPacket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('n', models.PositiveSmallIntegerField()),
                ('opens_at', qunce.core.timestamps.TimestampField()),
                ('total', models.PositiveIntegerField()),
                ('shares', models.PositiveIntegerField()),
                ('minimum', models.PositiveIntegerField()),
                ('taken', models.PositiveIntegerField(default=0)),
                ('seed', qunce.core.encryption.EncryptedField()),
                ('seed_hash', models.CharField(max_length=64)),
                ('closed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='red_packets', to='activities.activity')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['opens_at'], name='red_packets_not_over')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'n'), name='one_red_packet_per_number'), models.CheckConstraint(condition=models.Q(('shares__gt', 0), ('taken__lte', models.F('shares'))), name='red_packet_taken_to_shares')],
            },
        ),
        migrations.CreateModel(
            name='RedPacketShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('amount', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=110)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('packet', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='opened', to='red_packets.redpacket')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id', 'packet'], name='red_packet_shares_of_account')],
                'constraints': [models.UniqueConstraint(fields=('packet', 'position'), name='one_person_per_share'), models.UniqueConstraint(fields=('packet', 'person_id'), name='one_share_per_person'), models.UniqueConstraint(fields=('packet', 'key'), name='one_share_per_key')],
            },
        ),
    ]
