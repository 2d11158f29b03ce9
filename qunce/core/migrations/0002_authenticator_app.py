from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('otp_totp', '0003_add_timestamps'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuthenticatorApp',
            fields=[],
            options={'proxy': True, 'indexes': [], 'constraints': []},
            bases=('otp_totp.totpdevice',),
        ),
    ]
