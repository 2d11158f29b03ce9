"""Snoozed items of Today, which return automatically when their time is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import errors, personal_texts, timestamps
from qunce.core.staff.models import Staff

MORNING, EVENING = time(8), time(20)
SPANS = ("hour", "tonight", "tomorrow")
MAX_KEY_LENGTH = 200


@personal_texts.erased_in("key", community="staff__community_id")
class Snooze(models.Model):
    """`key` is the key of an item of Today."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    until = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["staff", "key"], name="one_snooze_per_item")
        ]

    def __str__(self) -> str:
        return self.key


class UnknownSpan(errors.Invalid):
    """Choose “In an hour”, “Tonight” or “Tomorrow”."""


def end_of_span(span: str, *, at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a span ends. After 20:00, "tonight" means tomorrow's evening."""
    local = at.astimezone(zone)
    if span == "hour":
        return at + timedelta(hours=1)
    if span not in SPANS:
        raise UnknownSpan(_("Choose “In an hour”, “Tonight” or “Tomorrow”."))
    hour = EVENING if span == "tonight" else MORNING
    day = local.date()
    if span == "tomorrow" or local.time() >= EVENING:
        day += timedelta(days=1)
    return datetime.combine(day, hour, tzinfo=zone)


def snooze(*, staff: Staff, key: str, span: str, at: datetime) -> datetime:
    """Hide an item for a span, and return when it comes back."""
    end = end_of_span(span, at=at, zone=ZoneInfo(staff.community.timezone))
    Snooze.objects.update_or_create(
        staff=staff, key=key[:MAX_KEY_LENGTH], defaults={"until": end}
    )
    return end


def unsnooze(*, staff: Staff, key: str) -> None:
    Snooze.objects.filter(staff=staff, key=key[:MAX_KEY_LENGTH]).delete()


def list_active(staff: Staff, *, at: datetime) -> dict[str, datetime]:
    """Return key → end of the snoozes that still run, and delete the others."""
    snoozes = Snooze.objects.filter(staff=staff)
    snoozes.filter(until__lte=timestamps.to_micros(at)).delete()
    return dict(snoozes.values_list("key", "until"))


def partition(
    keys: Iterable[str], snoozed: dict[str, datetime]
) -> tuple[list[str], list[str]]:
    """Return the keys to show and the snoozed ones, both in the given order."""
    keys = list(keys)
    return (
        [key for key in keys if key not in snoozed],
        [key for key in keys if key in snoozed],
    )
