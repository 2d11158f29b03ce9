import django.db.models.deletion
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
            name='Ballot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('choices', models.JSONField()),
                ('said_at', qunce.core.timestamps.TimestampField()),
                ('source', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='ballots', to='activities.activity')),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'activities_ballot',
                'indexes': [models.Index(fields=['account_id'], name='ballots_of_account')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'account_id'), name='one_ballot_per_account')],
            },
        ),
        migrations.CreateModel(
            name='BallotTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag_id', models.BigIntegerField()),
                ('ballot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='polls.ballot')),
            ],
            options={
                'db_table': 'activities_ballot_tag',
                'constraints': [models.UniqueConstraint(fields=('ballot', 'tag_id'), name='one_tag_per_ballot')],
            },
        ),
    ]
