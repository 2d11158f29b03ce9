import django.db.models.deletion
import qunce.activities.meetups.models
import qunce.core.encryption
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
        ('core', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Meetup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret', qunce.core.encryption.EncryptedField(default=qunce.activities.meetups.models.new_secret)),
                ('place', models.CharField(max_length=200)),
                ('place_changed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('places', models.PositiveIntegerField(default=0)),
                ('missed_noted_at', qunce.core.timestamps.TimestampField(null=True)),
                ('activity', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='meetup', to='activities.activity')),
            ],
            options={
                'db_table': 'meetups_meetup',
            },
        ),
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('starts_at', qunce.core.timestamps.TimestampField()),
                ('ends_at', qunce.core.timestamps.TimestampField()),
                ('capacity', models.PositiveIntegerField(null=True)),
                ('taken', models.PositiveIntegerField(default=0)),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetup_slots', to='activities.activity')),
            ],
            options={
                'db_table': 'meetups_slot',
                'indexes': [models.Index(fields=['starts_at'], name='slots_by_start')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'number'), name='one_slot_per_number'), models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('taken__lte', models.F('capacity')), _connector='OR'), name='slot_is_not_overbooked')],
            },
        ),
        migrations.CreateModel(
            name='SignUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('code', models.CharField(default=qunce.activities.meetups.models.new_code, max_length=10, unique=True)),
                ('state', models.CharField(choices=[('seated', 'has a seat'), ('waiting', 'on the waitlist'), ('attended', 'attended'), ('missed', 'did not come'), ('cancelled', 'cancelled')], max_length=10)),
                ('place', models.PositiveIntegerField()),
                ('answers', models.JSONField(default=list)),
                ('source', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('seat_at', qunce.core.timestamps.TimestampField(null=True)),
                ('reminded_at', qunce.core.timestamps.TimestampField(null=True)),
                ('cancelled_at', qunce.core.timestamps.TimestampField(null=True)),
                ('checked_in_at', qunce.core.timestamps.TimestampField(null=True)),
                ('checked_in_how', models.CharField(blank=True, choices=[('qr', 'by their QR code'), ('venue_code', 'by the code of the place'), ('list', 'from the list')], default='', max_length=10)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_ups', to='activities.activity')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('cancelled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('checked_in_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('slot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_ups', to='meetups.slot')),
            ],
            options={
                'db_table': 'meetups_sign_up',
                'indexes': [models.Index(fields=['account_id'], name='sign_ups_of_account'), models.Index(fields=['slot', 'state', 'place'], name='sign_ups_in_line')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'person_id'), name='one_sign_up_per_person')],
            },
        ),
    ]
