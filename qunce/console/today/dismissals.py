"""Items of Today that somebody has seen or dismissed, and that do not come back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from qunce.console.today.snoozes import MAX_KEY_LENGTH
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_AGE = timedelta(days=60)
"""No item has the same key for longer."""


@personal_texts.erased_in("key", community="staff__community_id")
class Dismissal(models.Model):
    """`key` is the key of an item; a new reason makes a new key."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "key"], name="one_dismissal_per_item"
            )
        ]

    def __str__(self) -> str:
        return self.key


def dismiss(*, staff: Staff, key: str, at: datetime) -> None:
    old = timestamps.to_micros(at - MAX_AGE)
    Dismissal.objects.filter(staff=staff, at__lt=old).delete()
    Dismissal.objects.update_or_create(
        staff=staff, key=key[:MAX_KEY_LENGTH], defaults={"at": at}
    )


def restore(*, staff: Staff, key: str) -> None:
    Dismissal.objects.filter(staff=staff, key=key[:MAX_KEY_LENGTH]).delete()


def list_keys(staff: Staff) -> set[str]:
    return set(Dismissal.objects.filter(staff=staff).values_list("key", flat=True))
