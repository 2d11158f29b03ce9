import django.db.models.deletion
import qunce.activities.activities.models
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
        ('core', '__first__'),
        ('prizes', '0002_staff_tasks'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlashSale',
            fields=[
                ('activity', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='flash_sale', serialize=False, to='activities.activity')),
                ('total', models.PositiveIntegerField()),
                ('left', models.PositiveIntegerField()),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.prizestock')),
            ],
            options={
                'db_table': 'flash_sale',
                'constraints': [models.CheckConstraint(condition=models.Q(('left__gte', 0), ('left__lte', models.F('total'))), name='pieces_left_from_0_to_total')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=qunce.activities.activities.models.new_public_id, max_length=12, unique=True)),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('n', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('reserved', 'reserved'), ('confirmed', 'confirmed'), ('lapsed', 'lapsed'), ('void', 'void')], default='reserved', max_length=10)),
                ('source', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('from_waitlist', models.BooleanField(default=False)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('held_until', qunce.core.timestamps.TimestampField()),
                ('ended_at', qunce.core.timestamps.TimestampField(null=True)),
                ('confirmed_by', models.CharField(blank=True, choices=[('points', 'with points'), ('order', 'by an order'), ('staff', 'by staff')], default='', max_length=10)),
                ('points', models.PositiveIntegerField(default=0)),
                ('order_fact', models.BigIntegerField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('award', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reservation', to='prizes.award')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sale', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='flash_sales.flashsale')),
            ],
            options={
                'db_table': 'flash_sale_reservation',
                'indexes': [models.Index(fields=['account_id'], name='reservations_of_account'), models.Index(condition=models.Q(('state', 'reserved')), fields=['held_until'], name='reservations_held')],
                'constraints': [models.UniqueConstraint(fields=('sale', 'person_id', 'n'), name='one_reservation_per_number'), models.UniqueConstraint(fields=('sale', 'order_fact'), name='one_reservation_per_order')],
            },
        ),
        migrations.CreateModel(
            name='Waiter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('offered', 'got a piece'), ('gone', 'may not join any more')], default='waiting', max_length=10)),
                ('source', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('sale', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='waiters', to='flash_sales.flashsale')),
            ],
            options={
                'db_table': 'flash_sale_waiter',
                'indexes': [models.Index(fields=['sale', 'state', 'id'], name='waiters_in_order'), models.Index(fields=['account_id'], name='waiters_of_account')],
                'constraints': [models.UniqueConstraint(fields=('sale', 'person_id'), name='one_waiter_per_person')],
            },
        ),
    ]
