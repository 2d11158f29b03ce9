"""Notices that the clock of the server was set back.

What waits for a time would wait until the clock is there again, and what was recorded
before has a time that is still to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from qunce.core import timestamps
from qunce.core.jobs import job_queue

INTERVAL = timedelta(minutes=1)
TOLERANCE = timedelta(minutes=5)
"""Several machines may share a database, and their clocks are never quite the same."""
TIME_TO_REPORT = timedelta(days=1)


class ClockReading(models.Model):
    """The one row: when the clock was read last, and from where it was last set back."""

    read_at = timestamps.TimestampField()
    set_back_at = timestamps.TimestampField(null=True)
    set_back_from = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "core_clock_reading"

    def __str__(self) -> str:
        return str(self.read_at)


@dataclass(frozen=True)
class SetBack:
    """The clock showed `before`, and then `after`."""

    before: datetime
    after: datetime


def check(*, at: datetime) -> None:
    """Compare the clock with the last reading; `at` is what it shows now."""
    row = ClockReading.objects.order_by("pk").first()
    if row is None:
        ClockReading.objects.get_or_create(pk=1, defaults={"read_at": at})
    elif at < row.read_at - TOLERANCE:
        job_queue.pull_back(at=at)
        ClockReading.objects.filter(pk=row.pk, read_at=row.read_at).update(
            read_at=at, set_back_at=at, set_back_from=row.read_at
        )
    elif at - row.read_at >= INTERVAL:
        is_old = row.set_back_at is not None and at - row.set_back_at >= TIME_TO_REPORT
        news = {"set_back_at": None, "set_back_from": None} if is_old else {}
        ClockReading.objects.filter(pk=row.pk).update(read_at=at, **news)


def find_set_back() -> SetBack | None:
    """The last time that the clock was set back, for a day."""
    row = ClockReading.objects.order_by("pk").first()
    if row is None or row.set_back_at is None or row.set_back_from is None:
        return None
    return SetBack(row.set_back_from, row.set_back_at)


def acknowledge() -> None:
    """Report it no longer: somebody knows."""
    ClockReading.objects.update(set_back_at=None, set_back_from=None)
