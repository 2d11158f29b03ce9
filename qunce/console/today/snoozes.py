"""What somebody has put off: it comes back by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.staff.models import Staff

MORNING, EVENING = time(8), time(20)
SPANS = ("hour", "tonight", "tomorrow")


class Snooze(models.Model):
    """`key` names a line of the queue for as long as that line says the same."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    until = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["staff", "key"], name="one_snooze_a_line")
        ]

    def __str__(self) -> str:
        return self.key


class UnknownSpan(errors.Invalid):
    """A line is put off for an hour, till tonight or till tomorrow."""


def end_of_span(span: str, *, at: datetime, zone: ZoneInfo) -> datetime:
    """The end of a span; tonight is tomorrow's evening once it has begun."""
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
    end = end_of_span(span, at=at, zone=ZoneInfo(staff.community.timezone))
    Snooze.objects.update_or_create(staff=staff, key=key[:200], defaults={"until": end})
    return end


def unsnooze(*, staff: Staff, key: str) -> None:
    Snooze.objects.filter(staff=staff, key=key[:200]).delete()


def list_active(staff: Staff, *, at: datetime) -> dict[str, datetime]:
    """Key → until when; what has run out is cleared away."""
    mine = Snooze.objects.filter(staff=staff)
    mine.filter(until__lte=timestamps.to_micros(at)).delete()
    return dict(mine.values_list("key", "until"))


def partition(
    keys: Iterable[str], sleeping: dict[str, datetime]
) -> tuple[list[str], list[str]]:
    """Those to be shown, in their order, and those that sleep."""
    listed = list(keys)
    return (
        [key for key in listed if key not in sleeping],
        [key for key in listed if key in sleeping],
    )
