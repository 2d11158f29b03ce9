"""Moves the thresholds that groups had in words to their gates, beside the rule."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def move_texts(apps: Any, editor: Any) -> None:
    group_model = apps.get_model("groups", "Group")
    gate_model = apps.get_model("entry", "EntryGate")
    for group in group_model.objects.exclude(threshold="").order_by("pk"):
        gate, is_new = gate_model.objects.get_or_create(
            group_id=group.pk,
            defaults={
                "community_id": group.community_id,
                "note": group.threshold,
                "changed_at": group.created_at,
                "by_id": group.by_id,
            },
        )
        if not is_new:
            gate.note = group.threshold
            gate.save(update_fields=["note"])


class Migration(migrations.Migration):
    dependencies = [("entry", "0001_initial"), ("groups", "0001_initial")]

    operations = [
        migrations.AddField(
            "entrygate",
            "note",
            models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.RunPython(move_texts, migrations.RunPython.noop),
    ]
