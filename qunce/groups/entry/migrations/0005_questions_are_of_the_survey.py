from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("entry", "0004_questions_become_surveys")]

    operations = [migrations.RemoveField(model_name="entrygate", name="questions")]
