"""Removes the free-text threshold of groups, which is the note of the entry gate now."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0001_initial"),
        ("entry", "0002_threshold_in_words"),
    ]

    operations = [migrations.RemoveField("group", "threshold")]
