from typing import Any

from django.db import migrations


def recount(apps: Any, _editor: Any) -> None:
    """Count the words of all days again, as their counts are stored in another form."""
    apps.get_model("insight", "WordDay").objects.exclude(pairs="").update(pairs="")
    days = apps.get_model("members", "MessageDay").objects.filter(has_texts=True)
    days.update(counted=0)


class Migration(migrations.Migration):

    dependencies = [
        ("insight", "0010_positioning"),
        ("members", "0006_message_texts"),
    ]

    operations = [migrations.RunPython(recount, migrations.RunPython.noop)]
